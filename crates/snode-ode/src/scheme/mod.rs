//! Schemes: how the direct, adjoint and sensitivity problems are solved.

#[cfg(feature = "adaptive")]
mod adaptive;
mod checks;
mod choice;
mod euler;
mod keys;
mod outcome;
mod runge_kutta;

use faer::{MatMut, MatRef};

#[cfg(feature = "adaptive")]
pub use adaptive::{Adaptive, AdaptiveOptions, ErrorNorm, Method, UnknownMethod};
pub use choice::{OptionError, SchemeChoice};
pub use euler::{Distances, Euler, PerturbedWalk};
pub use keys::{KeyError, SolverKeys};
pub use outcome::{Problem, Statistics, Stop};
pub use runge_kutta::RungeKutta;

use crate::{Network, Parameters, Real, SolveError};

/// What the sensitivity problem (S3) perturbs: the parameters, the input, or both.
#[derive(Clone, Copy, Debug)]
pub struct Perturbation<'a, T> {
    /// (ω, β), or `None` for an unperturbed network.
    pub parameters: Option<&'a Parameters<T>>,
    /// ξ₀ of shape n×M, or `None` for an unperturbed input.
    pub input: Option<MatRef<'a, T>>,
}

/// A numerical scheme with its memory: solves the three problems of a batch of inputs.
///
/// A batch is a column-major n×M matrix, one data point a column. The direct problem is solved
/// first and its trajectory kept; adjoint and sensitivity problems run along it, any number of
/// times, with the network that made it or one of the same shape. Memory is allocated when a batch
/// is larger than any before, never otherwise. A batch without data points is a batch like others:
/// its results are empty, its gradient is zero.
///
/// Implement this trait to plug in another scheme; training, analysis and attacks use nothing else.
///
/// ```
/// use faer::Mat;
/// use snode_ode::{Activation, Ends, Euler, Grid, Initialisation, Network, Perturbation, Scheme};
///
/// let grid = Grid::new(1.0, 10, Ends::Open)?;
/// let network = Network::<f64>::initial(4, grid, Activation::Tanh, Initialisation::Spline, 1);
/// let x0 = Mat::from_fn(4, 3, |i, j| (i + j) as f64 / 5.0);
/// let mut scheme = Euler::new();
/// scheme.direct(&network, x0.as_ref())?;
///
/// // ⟨J ξ₀, w⟩ = ⟨ξ₀, Jᵀ w⟩ for the derivative J of the output by the input.
/// let xi0 = Mat::from_fn(4, 3, |i, j| (i * j) as f64 - 1.0);
/// let w = Mat::from_fn(4, 3, |i, j| 1.0 / (1 + i + j) as f64);
/// scheme.sensitivity(&network, Perturbation { parameters: None, input: Some(xi0.as_ref()) })?;
/// let forward: f64 = (0..3).map(|j| (0..4).map(|i| scheme.output_sensitivity()[(i, j)] * w[(i, j)]).sum::<f64>()).sum();
/// scheme.adjoint(&network, w.as_ref(), None)?;
/// let backward: f64 = (0..3).map(|j| (0..4).map(|i| scheme.input_adjoint()[(i, j)] * xi0[(i, j)]).sum::<f64>()).sum();
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
    fn direct(&mut self, network: &Network<T>, x0: MatRef<'_, T>) -> Result<(), SolveError>;

    /// x(T) of the last direct solution, n×M.
    fn output(&self) -> MatRef<'_, T>;

    /// Solves (S1) from `x0` into `out` (both n×M) without keeping anything: for evaluation.
    ///
    /// # Errors
    /// As [`direct`](Self::direct).
    fn evaluate(
        &self,
        network: &Network<T>,
        x0: MatRef<'_, T>,
        out: MatMut<'_, T>,
    ) -> Result<Statistics, SolveError>;

    /// Solves (S5) from λ(T) = `terminal` (n×M) along the last direct solution, and writes the
    /// L²-gradient (S6) that belongs to it, without a weight-decay term, where one is wanted.
    ///
    /// # Errors
    /// If there is no direct solution, or a shape differs from its or the parameters'.
    fn adjoint(
        &mut self,
        network: &Network<T>,
        terminal: MatRef<'_, T>,
        gradient: Option<&mut Parameters<T>>,
    ) -> Result<(), SolveError>;

    /// λ(0) of the last adjoint solution: Jᵀ `terminal` for the derivative J of x(T) by x₀. n×M.
    fn input_adjoint(&self) -> MatRef<'_, T>;

    /// Solves (S3) for `perturbation` along the last direct solution.
    ///
    /// # Errors
    /// If there is no direct solution, or a shape differs from its.
    fn sensitivity(
        &mut self,
        network: &Network<T>,
        perturbation: Perturbation<'_, T>,
    ) -> Result<(), SolveError>;

    /// Sets `direction` = `keep`·`direction` + `add`·`x` and solves (S3) for it as a perturbation of
    /// the parameters: what a conjugate gradient step does. A scheme that goes through the nodes in
    /// order can do both in one pass through memory.
    ///
    /// # Errors
    /// As [`sensitivity`](Self::sensitivity); `direction` is then undefined.
    ///
    /// # Panics
    /// If `direction` and `x` differ in shape.
    fn sensitivity_of_combination(
        &mut self,
        network: &Network<T>,
        direction: &mut Parameters<T>,
        keep: T,
        x: &Parameters<T>,
        add: T,
    ) -> Result<(), SolveError> {
        direction.combine(keep, x, add);
        self.sensitivity(network, Perturbation { parameters: Some(direction), input: None })
    }

    /// Solves r adjoint problems at once along the last direct solution, without gradients: `out` =
    /// λ(0) for each λ(T) in `terminals`, both n×rM, where column i·M + j belongs to data point j.
    ///
    /// Rows of the derivative J of x(T) by x₀ come from unit vectors (S10). What
    /// [`input_adjoint`](Self::input_adjoint) gives afterwards is not defined.
    ///
    /// # Errors
    /// As [`adjoint`](Self::adjoint).
    fn adjoints(
        &mut self,
        network: &Network<T>,
        terminals: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
    ) -> Result<(), SolveError> {
        if self.last_state(Problem::Direct).is_none() {
            return Err(SolveError::NoTrajectory { problem: Problem::Adjoint });
        }
        for block in checks::blocks(Problem::Adjoint, self.output(), terminals, out.as_ref())? {
            let (first, columns) = (block.start, block.len());
            self.adjoint(network, terminals.subcols(first, columns), None)?;
            out.as_mut().subcols_mut(first, columns).copy_from(self.input_adjoint());
        }
        Ok(())
    }

    /// Solves r sensitivity problems at once along the last direct solution, for perturbations of
    /// the input: `out` = ξ(T) for each ξ₀ in `inputs`, both n×rM, where column i·M + j belongs to
    /// data point j.
    ///
    /// What [`output_sensitivity`](Self::output_sensitivity) gives afterwards is not defined.
    ///
    /// # Errors
    /// As [`sensitivity`](Self::sensitivity).
    fn sensitivities(
        &mut self,
        network: &Network<T>,
        inputs: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
    ) -> Result<(), SolveError> {
        if self.last_state(Problem::Direct).is_none() {
            return Err(SolveError::NoTrajectory { problem: Problem::Sensitivity });
        }
        for block in checks::blocks(Problem::Sensitivity, self.output(), inputs, out.as_ref())? {
            let (first, columns) = (block.start, block.len());
            let input = Some(inputs.subcols(first, columns));
            self.sensitivity(network, Perturbation { parameters: None, input })?;
            out.as_mut().subcols_mut(first, columns).copy_from(self.output_sensitivity());
        }
        Ok(())
    }

    /// ξ(T) of the last sensitivity solution, n×M.
    fn output_sensitivity(&self) -> MatRef<'_, T>;

    /// What the last solve of a problem cost, successful or not; nothing of one never solved.
    fn statistics(&self, problem: Problem) -> Statistics;

    /// How far the last solve of a problem came: the depth and the state there, n×M. That is
    /// (T, x(T)), (0, λ(0)) or (T, ξ(T)) after a success, the last good state after a stop, and
    /// nothing before any solve or for evaluations.
    fn last_state(&self, problem: Problem) -> Option<(f64, MatRef<'_, T>)>;
}
