//! Neural ODEs, and residual networks, as maps that can be linearised.

use faer::{Mat, MatMut, MatRef};
use snode_ode::{Lifting, Network, Real, Scheme, Scores};

use crate::{AttackError, Linearisable};

/// A neural ODE under a scheme: from its data to its scores, z = R x(T) with x(0) = E a + e (S41).
///
/// The model's inputs are the data alone: an attack cannot move the components of x(0) that the network
/// adds to them. J v is the sensitivity problem (S3) with ξ₀ = E v, Jᵀ w the adjoint problem (S5) with λ(T) = Rᵀ w;
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
    lifting: Lifting,
    scores: Scores<T>,
    /// Columns of height n for the scheme.
    columns: Vec<T>,
    /// The scheme's answers.
    answers: Vec<T>,
}

impl<'a, T: Real> SolvedNetwork<'a, T> {
    /// The network with C = `classes` classes.
    ///
    /// # Errors
    /// [`AttackError::Option`] if there are no classes, or more than the network has scores.
    pub fn new(
        network: &'a Network<T>,
        scheme: Box<dyn Scheme<T> + 'a>,
        classes: usize,
    ) -> Result<Self, AttackError> {
        let width = network.width();
        let allowed = format!("1 to {width}, the network's width");
        AttackError::require((1..=width).contains(&classes), "classes", classes, &allowed)?;
        let scores = Scores::new(network.readout(), network.map(), classes);
        let scores = scores.map_err(|error| AttackError::Option {
            option: error.what,
            found: error.found,
            allowed: error.expected,
        })?;
        Ok(Self {
            network,
            scheme,
            lifting: network.lifting(),
            scores,
            columns: Vec::new(),
            answers: Vec::new(),
        })
    }
}

/// A matrix of `rows` rows in memory that is made larger if need be.
fn matrix<T: Real>(memory: &mut Vec<T>, rows: usize, columns: usize) -> MatMut<'_, T> {
    memory.resize(rows * columns, T::ZERO);
    MatMut::from_column_major_slice_mut(memory, rows, columns)
}

impl<T: Real> Linearisable<T> for SolvedNetwork<'_, T> {
    fn inputs(&self) -> usize {
        self.lifting.inputs()
    }

    fn classes(&self) -> usize {
        self.scores.classes()
    }

    fn linearise(&mut self, x: MatRef<'_, T>, z: MatMut<'_, T>) -> Result<(), AttackError> {
        AttackError::require_shape("inputs", (self.inputs(), x.ncols()), x.shape())?;
        AttackError::require_shape("outputs", (self.classes(), x.ncols()), z.shape())?;
        let mut x0 = matrix(&mut self.columns, self.lifting.width(), x.ncols());
        self.lifting.lift(x, x0.as_mut());
        let trajectory = self.scheme.direct(self.network, x0.as_ref())?;
        self.scores.read(trajectory.output(), z);
        Ok(())
    }

    fn evaluate(&mut self, x: MatRef<'_, T>, z: MatMut<'_, T>) -> Result<(), AttackError> {
        AttackError::require_shape("inputs", (self.inputs(), x.ncols()), x.shape())?;
        AttackError::require_shape("outputs", (self.classes(), x.ncols()), z.shape())?;
        let mut x0 = matrix(&mut self.columns, self.lifting.width(), x.ncols());
        self.lifting.lift(x, x0.as_mut());
        let mut answers = matrix(&mut self.answers, self.lifting.width(), x.ncols());
        self.scheme.evaluate(self.network, x0.as_ref(), answers.as_mut())?;
        self.scores.read(answers.as_ref(), z);
        Ok(())
    }

    fn jvp(&mut self, v: MatRef<'_, T>, out: MatMut<'_, T>) -> Result<(), AttackError> {
        AttackError::require_shape("directions", (self.inputs(), v.ncols()), v.shape())?;
        AttackError::require_shape("J v", (self.classes(), v.ncols()), out.shape())?;
        let mut xi0 = matrix(&mut self.columns, self.lifting.width(), v.ncols());
        self.lifting.lift_perturbation(v, xi0.as_mut());
        let mut answers = matrix(&mut self.answers, self.lifting.width(), v.ncols());
        let trajectory = self.scheme.trajectory(self.network);
        let mut trajectory = trajectory.ok_or(AttackError::NotLinearised)?;
        trajectory.sensitivity_columns(xi0.as_ref(), answers.as_mut())?;
        self.scores.read(answers.as_ref(), out);
        Ok(())
    }

    fn vjp(&mut self, w: MatRef<'_, T>, out: MatMut<'_, T>) -> Result<(), AttackError> {
        AttackError::require_shape("weights of outputs", (self.classes(), w.ncols()), w.shape())?;
        AttackError::require_shape("Jᵀ w", (self.inputs(), w.ncols()), out.shape())?;
        let mut terminals = matrix(&mut self.columns, self.lifting.width(), w.ncols());
        self.scores.pull_back(w, terminals.as_mut());
        let mut answers = matrix(&mut self.answers, self.lifting.width(), w.ncols());
        let trajectory = self.scheme.trajectory(self.network);
        let mut trajectory = trajectory.ok_or(AttackError::NotLinearised)?;
        trajectory.adjoint_columns(terminals.as_ref(), answers.as_mut())?;
        self.lifting.restrict(answers.as_ref(), out);
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
