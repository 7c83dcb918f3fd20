//! The direct solution of a batch, and the problems that are solved along it.

use std::fmt;

use faer::{MatMut, MatRef};

use super::checks::{blocks, check_parameters, check_shape};
use super::{Across, LinearProblem, Perturbation, Solution};
use crate::kernels::matrix_is_finite as is_finite;
use crate::{Combination, Network, Parameters, Problem, Real, SolveError, Statistics};

/// The direct solution of a batch, on which the other problems are posed.
///
/// It borrows the network and the memory of the scheme that solved it, and allocates nothing. While it
/// lives the network cannot change and the scheme cannot solve anything else, so that no problem is
/// ever solved along a trajectory that does not belong to the network. What it gives is finite.
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
/// assert_eq!(trajectory.state(0), x0);
///
/// let w = trajectory.output().to_owned();
/// let mut gradient = network.parameters().clone();
/// let lambda0 = trajectory.adjoint(w.as_ref(), Some(&mut gradient))?;
/// assert_eq!(lambda0.shape(), (4, 3));
///
/// let along = Perturbation { parameters: Some(&gradient), input: None };
/// let solved = trajectory.sensitivity(along)?;
/// assert_eq!(solved.output.shape(), solved.sensitivity.shape());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// There is no adjoint problem without a direct solution:
///
/// ```compile_fail,E0599
/// # use faer::Mat;
/// # use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network, Scheme};
/// # let grid = Grid::new(1.0, 10, Endpoint::Excluded).unwrap();
/// # let network = Network::<f64>::initial(4, grid, Activation::Tanh, Initialisation::Spline, 1);
/// # let w = Mat::<f64>::zeros(4, 3);
/// let mut scheme = Euler::<f64>::new();
/// scheme.adjoint(&network, w.as_ref(), None).unwrap();
/// ```
///
/// none for another network:
///
/// ```compile_fail,E0061
/// # use faer::Mat;
/// # use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network, Scheme};
/// # let grid = Grid::new(1.0, 10, Endpoint::Excluded).unwrap();
/// # let network = Network::<f64>::initial(4, grid, Activation::Tanh, Initialisation::Spline, 1);
/// # let (other, x0) = (network.clone(), Mat::<f64>::zeros(4, 3));
/// # let mut scheme = Euler::new();
/// let mut trajectory = scheme.direct(&network, x0.as_ref()).unwrap();
/// trajectory.adjoint(&other, x0.as_ref(), None).unwrap();
/// ```
///
/// and none for a network that has changed meanwhile:
///
/// ```compile_fail,E0502
/// # use faer::Mat;
/// # use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network, Scheme};
/// # let grid = Grid::new(1.0, 10, Endpoint::Excluded).unwrap();
/// # let mut network = Network::<f64>::initial(4, grid, Activation::Tanh, Initialisation::Spline, 1);
/// # let x0 = Mat::<f64>::zeros(4, 3);
/// # let mut scheme = Euler::new();
/// let mut trajectory = scheme.direct(&network, x0.as_ref()).unwrap();
/// network.parameters_mut().bias_mut(0)[0] = 1.0;
/// trajectory.adjoint(x0.as_ref(), None).unwrap();
/// ```
pub struct Trajectory<'a, T: Real> {
    network: &'a Network<T>,
    solution: &'a mut (dyn Solution<T> + 'a),
}

/// x(T) and ξ(T), both n×M.
#[derive(Clone, Copy, Debug)]
pub struct OutputSensitivity<'a, T> {
    /// x(T).
    pub output: MatRef<'a, T>,
    /// ξ(T): how x(T) moves with what is perturbed.
    pub sensitivity: MatRef<'a, T>,
}

impl<'a, T: Real> Trajectory<'a, T> {
    /// For implementations of [`Scheme`](super::Scheme): what `solution` keeps is the direct solution
    /// of `network`, and finite.
    pub fn new(network: &'a Network<T>, solution: &'a mut (dyn Solution<T> + 'a)) -> Self {
        Self { network, solution }
    }

    /// The network that was solved.
    pub fn network(&self) -> &'a Network<T> {
        self.network
    }

    /// x(T), n×M.
    pub fn output(&self) -> MatRef<'_, T> {
        self.solution.output()
    }

    /// How many steps were made from 0 to T; L with the schemes of fixed steps.
    pub fn steps(&self) -> usize {
        self.solution.steps()
    }

    /// The depth at which step number k − 1 ended and step number k began, k = 0 … [`steps`](Self::steps).
    ///
    /// # Panics
    /// May panic if there is no such k.
    pub fn depth(&self, k: usize) -> f64 {
        self.solution.depth(k)
    }

    /// x at [`depth`](Self::depth) k, n×M.
    ///
    /// # Panics
    /// If there is no such k.
    pub fn state(&self, k: usize) -> MatRef<'_, T> {
        self.solution.state(k)
    }

    /// x(t) at any depth, into `out` (n×M): by the method's own polynomial under an adaptive scheme,
    /// linear between the ends of steps under the others. Depths outside \[0, T\] are taken as its ends.
    ///
    /// # Errors
    /// If `out` has another shape.
    pub fn state_at(&self, t: f64, out: MatMut<'_, T>) -> Result<(), SolveError> {
        check_shape(Problem::Direct, self.output().shape(), out.as_ref())?;
        self.solution.state_at(t, out);
        Ok(())
    }

    /// What the last solve of a problem along this trajectory cost; that of
    /// [`Problem::Direct`] is the trajectory's own. Nothing of one never solved.
    pub fn statistics(&self, problem: Problem) -> Statistics {
        self.solution.statistics(problem)
    }

    /// Solves (S5) from λ(T) = `terminal` (n×M), writes the L²-gradient (S6) that belongs to it, without
    /// a weight-decay term, where one is wanted, and gives λ(0): Jᵀ `terminal` for the derivative J of
    /// x(T) by x₀, n×M.
    ///
    /// # Errors
    /// If a shape differs from the trajectory's or the parameters', or a number of λ or the gradient is
    /// not finite. The gradient is then undefined.
    pub fn adjoint(
        &mut self,
        terminal: MatRef<'_, T>,
        gradient: Option<&mut Parameters<T>>,
    ) -> Result<MatRef<'_, T>, SolveError> {
        check_shape(Problem::Adjoint, self.output().shape(), terminal)?;
        if let Some(gradient) = &gradient {
            check_parameters(Problem::Adjoint, self.network, gradient)?;
        }
        self.solution.adjoint(self.network, terminal, gradient)?;
        // λ goes on from layer to layer by additions, λ_k = λ_{k+1} + …: an entry that is infinite or
        // NaN once is so to the end. To look at λ(0) alone, n M numbers, is to look at all of them.
        if !is_finite(self.solution.input_adjoint()) {
            return Err(self.solution.find_stop(self.network, LinearProblem::Adjoint { terminal }));
        }
        Ok(self.solution.input_adjoint())
    }

    /// Solves (S3) for `perturbation`, and gives ξ(T) beside x(T).
    ///
    /// # Errors
    /// If a shape differs from the trajectory's or the parameters', or a number of ξ is not finite.
    pub fn sensitivity(
        &mut self,
        perturbation: Perturbation<'_, T>,
    ) -> Result<OutputSensitivity<'_, T>, SolveError> {
        if let Some(input) = perturbation.input {
            check_shape(Problem::Sensitivity, self.output().shape(), input)?;
        }
        if let Some(parameters) = perturbation.parameters {
            check_parameters(Problem::Sensitivity, self.network, parameters)?;
        }
        self.solution.sensitivity(self.network, perturbation)?;
        self.output_sensitivity(perturbation)
    }

    /// Sets `direction` to the combination, `keep`·`last` + `add`·`x`, and solves (S3) for it as a perturbation of the
    /// parameters: what a conjugate gradient step does. A scheme that goes through the nodes in order
    /// does both in one pass through memory.
    ///
    /// # Errors
    /// As [`sensitivity`](Self::sensitivity); `direction` is then undefined.
    pub fn sensitivity_of_combination(
        &mut self,
        direction: &mut Parameters<T>,
        combination: Combination<'_, T>,
    ) -> Result<OutputSensitivity<'_, T>, SolveError> {
        let operands = [Some(&*direction), Some(combination.last), combination.x];
        for parameters in operands.into_iter().flatten() {
            check_parameters(Problem::Sensitivity, self.network, parameters)?;
        }
        self.solution.sensitivity_of_combination(self.network, direction, combination)?;
        self.output_sensitivity(Perturbation { parameters: Some(direction), input: None })
    }

    /// ξ(T) of the problem just solved, if it is finite.
    fn output_sensitivity(
        &mut self,
        posed: Perturbation<'_, T>,
    ) -> Result<OutputSensitivity<'_, T>, SolveError> {
        // As for λ: ξ_{k+1} = ξ_k + … keeps what is infinite or NaN.
        if !is_finite(self.solution.output_sensitivity()) {
            let problem = LinearProblem::Sensitivity(posed);
            return Err(self.solution.find_stop(self.network, problem));
        }
        let (output, sensitivity) = (self.solution.output(), self.solution.output_sensitivity());
        Ok(OutputSensitivity { output, sensitivity })
    }

    /// Solves r adjoint problems at once, without gradients: `out` = λ(0) for each λ(T) in `terminals`,
    /// both n×rM, where column i·M + j belongs to data point j.
    ///
    /// Rows of the derivative J of x(T) by x₀ come from unit vectors (S10).
    ///
    /// # Errors
    /// As [`adjoint`](Self::adjoint); `out` is then undefined.
    pub fn adjoint_columns(
        &mut self,
        terminals: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
    ) -> Result<(), SolveError> {
        let blocks = blocks(Problem::Adjoint, self.output(), terminals, out.as_ref())?;
        self.solution.adjoint_columns(self.network, terminals, out.as_mut())?;
        for block in blocks {
            let (first, columns) = (block.start, block.len());
            if !is_finite(out.as_ref().subcols(first, columns)) {
                let terminal = terminals.subcols(first, columns);
                let problem = LinearProblem::Adjoint { terminal };
                return Err(self.solution.find_stop(self.network, problem));
            }
        }
        Ok(())
    }

    /// Gram matrices of the derivatives of r functionals of x(T) by the parameters, for each data point j
    /// by itself (S64): `out` (r²×M) has in row a r + b the inner product of the derivatives of
    /// x(T) ↦ ⟨w, x(T)⟩ for column a·M + j and b·M + j of `terminals` (n×rM) as w.
    ///
    /// s² times it is the covariance of these functionals under noise of level s on the parameters, to
    /// first order. Under Euler's scheme [`Across::Nodes`] costs about as much as
    /// [`adjoint_columns`](Self::adjoint_columns). All else solves r adjoint problems with gradients for
    /// every data point, with the batch as it is: solve the direct problem for one data point at a time.
    ///
    /// # Errors
    /// As [`adjoint`](Self::adjoint); `out` is then undefined.
    pub fn parameter_grams(
        &mut self,
        terminals: MatRef<'_, T>,
        across: Across,
        mut out: MatMut<'_, f64>,
    ) -> Result<(), SolveError> {
        let (n, m) = self.output().shape();
        let r = terminals.ncols().checked_div(m).unwrap_or(0);
        check_shape(Problem::Adjoint, (n, r * m), terminals)?;
        if out.shape() != (r * r, m) {
            let (operation, found) = (Problem::Adjoint.to_string(), out.shape());
            return Err(SolveError::Shape { operation, expected: (r * r, m), found });
        }
        self.solution.parameter_grams(self.network, terminals, across, out.as_mut())?;
        if m == 0 || r == 0 || out.col_iter().all(|gram| gram.iter().all(|g| g.is_finite())) {
            return Ok(());
        }
        let problem = LinearProblem::Adjoint { terminal: terminals.subcols(0, m) };
        Err(self.solution.find_stop(self.network, problem))
    }

    /// Solves r sensitivity problems at once, for perturbations of the input: `out` = ξ(T) for each ξ₀
    /// in `inputs`, both n×rM, where column i·M + j belongs to data point j.
    ///
    /// # Errors
    /// As [`sensitivity`](Self::sensitivity); `out` is then undefined.
    pub fn sensitivity_columns(
        &mut self,
        inputs: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
    ) -> Result<(), SolveError> {
        let blocks = blocks(Problem::Sensitivity, self.output(), inputs, out.as_ref())?;
        self.solution.sensitivity_columns(self.network, inputs, out.as_mut())?;
        for block in blocks {
            let (first, columns) = (block.start, block.len());
            if !is_finite(out.as_ref().subcols(first, columns)) {
                let input = Some(inputs.subcols(first, columns));
                let problem = LinearProblem::Sensitivity(Perturbation { parameters: None, input });
                return Err(self.solution.find_stop(self.network, problem));
            }
        }
        Ok(())
    }
}

impl<T: Real> fmt::Debug for Trajectory<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (width, batch) = self.output().shape();
        f.debug_struct("Trajectory")
            .field("width", &width)
            .field("batch", &batch)
            .field("steps", &self.steps())
            .finish_non_exhaustive()
    }
}
