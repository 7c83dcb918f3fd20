//! Schemes: how the direct, adjoint and sensitivity problems are solved.

#[cfg(feature = "adaptive")]
mod adaptive;
mod checks;
mod choice;
mod euler;
mod grams;
mod keys;
mod runge_kutta;
mod solution;
mod trajectory;

use faer::{MatMut, MatRef};

#[cfg(feature = "adaptive")]
pub use adaptive::{Adaptive, AdaptiveOptions, ErrorNorm, Method, UnknownMethod};
pub use choice::SchemeChoice;
pub use euler::{Distances, Euler, PerturbedWalk};
pub use grams::Across;
pub use keys::{KeyError, SolverKeys};
pub use runge_kutta::RungeKutta;
pub use solution::{LinearProblem, Perturbation, Solution};
pub use trajectory::{OutputSensitivity, Trajectory};

use crate::{Network, Real, SolveError, Statistics};

/// A numerical scheme with its memory: solves the direct problem of a batch of inputs.
///
/// A batch is a column-major n×M matrix, one data point a column. The other problems are posed on the
/// [`Trajectory`] that [`direct`](Self::direct) gives, any number of times. Memory is allocated when a
/// batch is larger than any before, never otherwise. A batch without data points is a batch like
/// others: its results are empty, its gradient is zero.
///
/// To plug in another scheme, implement this trait, and [`Solution`] for the part of its memory that
/// keeps the direct solution; training, analysis and attacks use nothing else.
///
/// ```
/// use faer::Mat;
/// use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network, Perturbation, Scheme};
///
/// let grid = Grid::new(1.0, 10, Endpoint::Excluded)?;
/// let network = Network::<f64>::initial(4, grid, Activation::Tanh, Initialisation::Spline, 1);
/// let x0 = Mat::from_fn(4, 3, |i, j| (i + j) as f64 / 5.0);
/// let mut scheme = Euler::new();
/// let mut trajectory = scheme.direct(&network, x0.as_ref())?;
///
/// // ⟨J ξ₀, w⟩ = ⟨ξ₀, Jᵀ w⟩ for the derivative J of the output by the input.
/// let xi0 = Mat::from_fn(4, 3, |i, j| (i * j) as f64 - 1.0);
/// let w = Mat::from_fn(4, 3, |i, j| 1.0 / (1 + i + j) as f64);
/// let along = Perturbation { parameters: None, input: Some(xi0.as_ref()) };
/// let xi = trajectory.sensitivity(along)?.sensitivity;
/// let forward: f64 = (0..3).map(|j| (0..4).map(|i| xi[(i, j)] * w[(i, j)]).sum::<f64>()).sum();
/// let lambda = trajectory.adjoint(w.as_ref(), None)?;
/// let backward: f64 = (0..3).map(|j| (0..4).map(|i| lambda[(i, j)] * xi0[(i, j)]).sum::<f64>()).sum();
/// assert!((forward - backward).abs() < 1e-14);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Scheme<T: Real>: Send {
    /// Its name in configurations and files.
    fn name(&self) -> &'static str;

    /// Solves (S1) from `x0` (n×M) and keeps the trajectory.
    ///
    /// # Errors
    /// If the width differs from the network's, or a state is not finite.
    fn direct<'a>(
        &'a mut self,
        network: &'a Network<T>,
        x0: MatRef<'_, T>,
    ) -> Result<Trajectory<'a, T>, SolveError>;

    /// The trajectory of the last [`direct`](Self::direct) solve, if that succeeded and was of a
    /// network that has `network`'s [stamp](Network::stamp): one that has not changed since.
    fn trajectory<'a>(&'a mut self, network: &'a Network<T>) -> Option<Trajectory<'a, T>>;

    /// Solves (S1) from `x0` into `out` (both n×M) without keeping anything: for evaluation.
    ///
    /// # Errors
    /// As [`direct`](Self::direct); `out` is then as it was.
    fn evaluate(
        &self,
        network: &Network<T>,
        x0: MatRef<'_, T>,
        out: MatMut<'_, T>,
    ) -> Result<Statistics, SolveError>;
}

/// A scheme that somebody else owns.
impl<T: Real, S: Scheme<T> + ?Sized> Scheme<T> for &mut S {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn direct<'a>(
        &'a mut self,
        network: &'a Network<T>,
        x0: MatRef<'_, T>,
    ) -> Result<Trajectory<'a, T>, SolveError> {
        (**self).direct(network, x0)
    }

    fn trajectory<'a>(&'a mut self, network: &'a Network<T>) -> Option<Trajectory<'a, T>> {
        (**self).trajectory(network)
    }

    fn evaluate(
        &self,
        network: &Network<T>,
        x0: MatRef<'_, T>,
        out: MatMut<'_, T>,
    ) -> Result<Statistics, SolveError> {
        (**self).evaluate(network, x0, out)
    }
}
