//! The distance to the boundary of a class in the linearised map (S11).

use snode_ode::Real;

use super::{Norm, Products, check_not_negative};
use crate::AttackError;

/// How far beyond the boundary an attack aims, so that it gets across.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Margin {
    /// κ z_j must reach z_c, 0 < κ ≤ 1: (S11) as the paper's authors have it. Where z_j < 0 the margin lies on
    /// this side of the boundary.
    Multiplicative(f64),
    /// z_j must reach z_c + m, m ≥ 0: right for outputs of any sign.
    Additive(f64),
}

impl Default for Margin {
    fn default() -> Self {
        Self::Multiplicative(0.975)
    }
}

impl Margin {
    /// # Errors
    /// If κ or m is out of its range.
    pub(crate) fn check(self) -> Result<(), AttackError> {
        match self {
            Self::Multiplicative(kappa) => {
                let holds = kappa > 0.0 && kappa <= 1.0;
                AttackError::require(holds, "margin κ", kappa, "more than 0, at most 1")
            }
            Self::Additive(m) => check_not_negative("margin m", m),
        }
    }

    /// κ, which is 1 for an additive margin.
    pub(crate) fn factor(self) -> f64 {
        match self {
            Self::Multiplicative(kappa) => kappa,
            Self::Additive(_) => 1.0,
        }
    }

    /// z_c − κ z_j, or z_c + m − z_j: what is left to gain.
    fn gap<T: Real>(self, z: &[T], class: usize, target: usize) -> f64 {
        let (own, other) = (z[class].to_f64(), z[target].to_f64());
        match self {
            Self::Multiplicative(kappa) => own - kappa * other,
            Self::Additive(m) => own + m - other,
        }
    }
}

/// The way to the boundary of another class in the linearised map (S11).
#[derive(Clone, Debug, PartialEq)]
pub struct Approach<T> {
    /// j.
    pub target: usize,
    /// (z_c − κ z_j)/‖v_j‖₂, or with an additive margin (z_c + m − z_j)/‖v_j‖₂: how far it is;
    /// negative on the other side of it, infinite where the class is out of reach (v_j = 0).
    pub distance: f64,
    /// v_j = κ P_jᵀ − P_cᵀ, n numbers: `distance`·v_j/‖v_j‖₂ is the shortest way there.
    pub direction: Vec<T>,
}

/// The way from a point with the outputs `z` and the rows P_c and P_j of its sensitivity matrix to
/// the boundary between `class` and `target`.
///
/// ```
/// use snode_attack::{Margin, approach};
///
/// // z = x in the plane, at x = (1, 0): the boundary is the diagonal.
/// let way = approach(&[1.0, 0.0], 0, 1, &[1.0, 0.0], &[0.0, 1.0], Margin::Additive(0.0));
/// assert_eq!(way.direction, [-1.0, 1.0]);
/// assert!((way.distance - 0.5_f64.sqrt()).abs() < 1e-15);
/// ```
///
/// # Panics
/// If there is no such class.
pub fn approach<T: Real>(
    z: &[T],
    class: usize,
    target: usize,
    own_row: &[T],
    target_row: &[T],
    margin: Margin,
) -> Approach<T> {
    let kappa = T::from_f64(margin.factor());
    let rows = own_row.iter().zip(target_row);
    let direction: Vec<T> = rows.map(|(own, other)| kappa * *other - *own).collect();
    let distance = distance(margin.gap(z, class, target), &direction);
    Approach { target, distance, direction }
}

/// `gap`/‖`direction`‖₂, infinite where nothing changes with the input.
fn distance<T: Real>(gap: f64, direction: &[T]) -> f64 {
    let norm = Norm::Two.of(direction);
    if norm > 0.0 && norm.is_finite() { gap / norm } else { f64::INFINITY }
}

/// The nearest boundary of `class`: the least of all distances, the first of equals; nothing if no
/// other class is in reach. `row(c)` is row c of the sensitivity matrix.
pub fn closest<'a, T: Real>(
    z: &[T],
    class: usize,
    row: impl Fn(usize) -> &'a [T],
    margin: Margin,
) -> Option<Approach<T>> {
    (0..z.len())
        .filter(|&target| target != class)
        .map(|target| approach(z, class, target, row(class), row(target), margin))
        .filter(|way| way.distance < f64::INFINITY)
        .reduce(|nearest, way| if way.distance < nearest.distance { way } else { nearest })
}

/// [`closest`] with the rows of the sensitivity matrix as products.
pub(super) fn closest_of<T: Real>(
    z: &[T],
    class: usize,
    products: &Products<'_, T>,
    margin: Margin,
) -> Option<Approach<T>> {
    closest(z, class, |class| products.get(class), margin)
}
