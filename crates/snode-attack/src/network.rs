//! Neural ODEs, and residual networks, as maps that can be linearised.

use faer::{Mat, MatMut, MatRef};
use snode_ode::{Network, Real, Scheme};

use crate::{AttackError, Linearisable};

/// A neural ODE under a scheme: z is the first C components of x(T).
///
/// J v is the sensitivity problem (S3) with ξ₀ = v, Jᵀ w the adjoint problem (S5) with λ(T) = (w, 0);
/// under Euler and the Runge–Kutta schemes both are exact derivatives of the discrete map, under
/// adaptive ones they are as accurate as the tolerance. A residual network is the Euler network it
/// is (`ResNet::network`).
///
/// ```
/// use faer::Mat;
/// use snode_attack::{JacobianMode, SolvedNetwork, sensitivity_matrices};
/// use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network};
///
/// let grid = Grid::new(1.0, 10, Endpoint::Excluded)?;
/// let network = Network::<f64>::initial(6, grid, Activation::Tanh, Initialisation::Spline, 1);
/// let mut model = SolvedNetwork::new(&network, Box::new(Euler::new()), 3)?;
/// let x = Mat::from_fn(6, 2, |i, j| -((i + j) as f64) / 7.0);
/// let by_rows = sensitivity_matrices(&mut model, x.as_ref(), JacobianMode::Vjp)?;
/// let by_columns = sensitivity_matrices(&mut model, x.as_ref(), JacobianMode::Jvp)?;
/// assert!((&by_rows.matrix(1) - &by_columns.matrix(1)).norm_max() < 1e-14);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SolvedNetwork<'a, T: Real> {
    network: &'a Network<T>,
    scheme: Box<dyn Scheme<T> + 'a>,
    classes: usize,
    /// How many components of x₀ are the data's; the others have the value `padding`.
    inputs: usize,
    padding: T,
    /// Columns of height n for the scheme.
    columns: Vec<T>,
    /// The scheme's answers.
    answers: Vec<T>,
}

impl<'a, T: Real> SolvedNetwork<'a, T> {
    /// The network with C = `classes` classes.
    ///
    /// # Errors
    /// [`AttackError::Option`] if there are no classes, or more than the network is wide.
    pub fn new(
        network: &'a Network<T>,
        scheme: Box<dyn Scheme<T> + 'a>,
        classes: usize,
    ) -> Result<Self, AttackError> {
        let width = network.width();
        let allowed = format!("1 to {width}, the network's width");
        AttackError::require((1..=width).contains(&classes), "classes", classes, &allowed)?;
        Ok(Self {
            network,
            scheme,
            classes,
            inputs: width,
            padding: T::ZERO,
            columns: Vec::new(),
            answers: Vec::new(),
        })
    }

    /// The same for data of fewer components than the network is wide: x₀ is `inputs` numbers of the
    /// data, and `padding` in all components behind them. The model's inputs are the data's alone, so
    /// that an attack cannot move the others.
    ///
    /// # Errors
    /// [`AttackError::Option`] if there are no such components, or more than the network is wide.
    pub fn with_inputs(self, inputs: usize, padding: T) -> Result<Self, AttackError> {
        let width = self.network.width();
        let allowed = format!("1 to {width}, the network's width");
        AttackError::require((1..=width).contains(&inputs), "inputs", inputs, &allowed)?;
        Ok(Self { inputs, padding, ..self })
    }
}

/// `from` in the first rows of columns of height `width`, the others filled with `padding`.
fn pad<'m, T: Real>(
    memory: &'m mut Vec<T>,
    from: MatRef<'_, T>,
    width: usize,
    padding: T,
) -> MatRef<'m, T> {
    memory.clear();
    memory.resize(width * from.ncols(), padding);
    let padded = MatMut::from_column_major_slice_mut(memory, width, from.ncols());
    padded.subrows_mut(0, from.nrows()).copy_from(from);
    MatRef::from_column_major_slice(memory, width, from.ncols())
}

/// The first `rows` rows of columns of height n.
fn copy_rows<T: Real>(from: MatRef<'_, T>, rows: usize, mut to: MatMut<'_, T>) {
    to.copy_from(from.subrows(0, rows));
}

/// A matrix of `rows` rows in memory that is made larger if need be.
fn matrix<T: Real>(memory: &mut Vec<T>, rows: usize, columns: usize) -> MatMut<'_, T> {
    memory.resize(rows * columns, T::ZERO);
    MatMut::from_column_major_slice_mut(memory, rows, columns)
}

impl<T: Real> Linearisable<T> for SolvedNetwork<'_, T> {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn classes(&self) -> usize {
        self.classes
    }

    fn linearise(&mut self, x: MatRef<'_, T>, z: MatMut<'_, T>) -> Result<(), AttackError> {
        AttackError::require_shape("inputs", (self.inputs, x.ncols()), x.shape())?;
        AttackError::require_shape("outputs", (self.classes, x.ncols()), z.shape())?;
        let x0 = pad(&mut self.columns, x, self.network.width(), self.padding);
        let trajectory = self.scheme.direct(self.network, x0)?;
        copy_rows(trajectory.output(), self.classes, z);
        Ok(())
    }

    fn evaluate(&mut self, x: MatRef<'_, T>, z: MatMut<'_, T>) -> Result<(), AttackError> {
        AttackError::require_shape("inputs", (self.inputs, x.ncols()), x.shape())?;
        AttackError::require_shape("outputs", (self.classes, x.ncols()), z.shape())?;
        let x0 = pad(&mut self.columns, x, self.network.width(), self.padding);
        let mut answers = matrix(&mut self.answers, self.network.width(), x.ncols());
        self.scheme.evaluate(self.network, x0, answers.as_mut())?;
        copy_rows(answers.as_ref(), self.classes, z);
        Ok(())
    }

    fn jvp(&mut self, v: MatRef<'_, T>, out: MatMut<'_, T>) -> Result<(), AttackError> {
        AttackError::require_shape("directions", (self.inputs, v.ncols()), v.shape())?;
        AttackError::require_shape("J v", (self.classes, v.ncols()), out.shape())?;
        let xi0 = pad(&mut self.columns, v, self.network.width(), T::ZERO);
        let mut answers = matrix(&mut self.answers, self.network.width(), v.ncols());
        let trajectory = self.scheme.trajectory(self.network);
        let mut trajectory = trajectory.ok_or(AttackError::NotLinearised)?;
        trajectory.sensitivity_columns(xi0, answers.as_mut())?;
        copy_rows(answers.as_ref(), self.classes, out);
        Ok(())
    }

    fn vjp(&mut self, w: MatRef<'_, T>, out: MatMut<'_, T>) -> Result<(), AttackError> {
        AttackError::require_shape("weights of outputs", (self.classes, w.ncols()), w.shape())?;
        AttackError::require_shape("Jᵀ w", (self.inputs, w.ncols()), out.shape())?;
        let terminals = pad(&mut self.columns, w, self.network.width(), T::ZERO);
        let mut answers = matrix(&mut self.answers, self.network.width(), w.ncols());
        let trajectory = self.scheme.trajectory(self.network);
        let mut trajectory = trajectory.ok_or(AttackError::NotLinearised)?;
        trajectory.adjoint_columns(terminals, answers.as_mut())?;
        copy_rows(answers.as_ref(), self.inputs, out);
        Ok(())
    }
}

/// The class a model predicts for each image (n×N): the largest output, the first of equals.
///
/// `batch` images are evaluated at once.
///
/// # Errors
/// If the model cannot be evaluated.
pub fn predict<T: Real>(
    model: &mut dyn Linearisable<T>,
    images: MatRef<'_, T>,
    batch: usize,
) -> Result<Vec<usize>, AttackError> {
    let batch = batch.max(1);
    let mut z = Mat::zeros(model.classes(), batch.min(images.ncols()));
    let mut predicted = Vec::with_capacity(images.ncols());
    for first in (0..images.ncols()).step_by(batch) {
        let count = batch.min(images.ncols() - first);
        let mut z = z.as_mut().subcols_mut(0, count);
        model.evaluate(images.subcols(first, count), z.as_mut())?;
        predicted.extend((0..count).map(|j| class(z.as_ref().col(j).iter().copied())));
    }
    Ok(predicted)
}

/// The index of the largest output, the first of equals.
pub(crate) fn class<T: Real>(z: impl Iterator<Item = T>) -> usize {
    let mut best: Option<(usize, T)> = None;
    for (class, value) in z.enumerate() {
        if best.is_none_or(|(_, largest)| value > largest) {
            best = Some((class, value));
        }
    }
    best.map_or(0, |(class, _)| class)
}
