//! The sensitivity matrix (S10).

use faer::{Mat, MatMut, MatRef};
use snode_ode::Real;

use crate::{AttackError, Linearisable};

/// How sensitivity matrices are computed. Both are exact and agree to round-off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum JacobianMode {
    /// C vector–Jacobian products for each point: row c of P is Jᵀ e_c.
    #[default]
    Vjp,
    /// n Jacobian–vector products for each point: column i of P is J e_i. n/C times the work.
    Jvp,
}

/// P = ∂z/∂x₀ (C×n) for each of M points (S10).
#[derive(Clone, Debug)]
pub struct SensitivityMatrices<T> {
    /// n×CM: column c·M + j is row c of point j's matrix.
    rows: Mat<T>,
    points: usize,
    classes: usize,
}

impl<T: Real> SensitivityMatrices<T> {
    /// M.
    pub fn points(&self) -> usize {
        self.points
    }

    /// P of point j, C×n.
    ///
    /// # Panics
    /// If there is no such point.
    pub fn matrix(&self, j: usize) -> Mat<T> {
        Mat::from_fn(self.classes, self.rows.nrows(), |class, i| self.row(j, class)[i])
    }

    /// Row `class` of P of point j: how that output changes with the input, n numbers.
    ///
    /// # Panics
    /// If there is no such point or class.
    pub fn row(&self, j: usize, class: usize) -> &[T] {
        assert!(j < self.points && class < self.classes, "no row {class} of point {j}");
        let column = self.rows.as_ref().col(class * self.points + j);
        column.try_as_col_major().map_or(&[], faer::ColRef::as_slice)
    }
}

/// Jacobian–vector products that are solved for at once.
const JVP_COLUMNS: usize = 16;

/// P at each of the points `x` (n×M).
///
/// # Errors
/// If the model cannot be solved there.
pub fn sensitivity_matrices<T: Real>(
    model: &mut dyn Linearisable<T>,
    x: MatRef<'_, T>,
    mode: JacobianMode,
) -> Result<SensitivityMatrices<T>, AttackError> {
    let (n, points, classes) = (model.inputs(), x.ncols(), model.classes());
    AttackError::require_shape("inputs", (n, points), x.shape())?;
    let mut z = Mat::zeros(classes, points);
    model.linearise(x, z.as_mut())?;
    let mut rows = Mat::zeros(n, classes * points);
    match mode {
        JacobianMode::Vjp => adjoint_rows(model, points, rows.as_mut())?,
        JacobianMode::Jvp => {
            for first in (0..n).step_by(JVP_COLUMNS) {
                let count = JVP_COLUMNS.min(n - first);
                let v = unit_vectors::<T>(n, points, first..first + count);
                let mut columns = Mat::zeros(classes, count * points);
                model.jvp(v.as_ref(), columns.as_mut())?;
                for (i, j) in (0..count).flat_map(|i| (0..points).map(move |j| (i, j))) {
                    for class in 0..classes {
                        rows[(first + i, class * points + j)] = columns[(class, i * points + j)];
                    }
                }
            }
        }
    }
    Ok(SensitivityMatrices { rows, points, classes })
}

/// The rows of P of the points where the model was linearised: column c·M + j of `rows` (n×CM) is
/// row c of point j's.
pub(crate) fn adjoint_rows<T: Real>(
    model: &mut dyn Linearisable<T>,
    points: usize,
    rows: MatMut<'_, T>,
) -> Result<(), AttackError> {
    let classes = model.classes();
    model.vjp(unit_vectors(classes, points, 0..classes).as_ref(), rows)
}

/// e_i for each i of the range, `points` times each.
fn unit_vectors<T: Real>(height: usize, points: usize, which: std::ops::Range<usize>) -> Mat<T> {
    Mat::from_fn(height, which.len() * points, |i, column| {
        if i == which.start + column / points.max(1) { T::ONE } else { T::ZERO }
    })
}
