//! What a scheme keeps of a direct solution, and does with it.

use faer::{MatMut, MatRef};

use super::grams::{Across, by_gradients};
use crate::{Combination, Network, Parameters, Problem, Real, SolveError, Statistics, Stop};

/// What the sensitivity problem (S3) perturbs: the parameters, the input, or both.
#[derive(Clone, Copy, Debug)]
pub struct Perturbation<'a, T> {
    /// (ω, β), or `None` for an unperturbed network.
    pub parameters: Option<&'a Parameters<T>>,
    /// ξ₀ of shape n×M, or `None` for an unperturbed input.
    pub input: Option<MatRef<'a, T>>,
}

/// A linear problem as it is posed along a trajectory.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum LinearProblem<'a, T> {
    /// (S5).
    Adjoint {
        /// λ(T), n×M.
        terminal: MatRef<'a, T>,
    },
    /// (S3).
    Sensitivity(Perturbation<'a, T>),
}

impl<T> LinearProblem<'_, T> {
    /// Its name.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Adjoint { .. } => Problem::Adjoint,
            Self::Sensitivity(_) => Problem::Sensitivity,
        }
    }
}

/// The part of a scheme's memory that keeps a direct solution, for implementations of
/// [`Scheme`](super::Scheme): the problems along it, one at a time.
///
/// Users of a scheme see it as a [`Trajectory`](super::Trajectory), which has checked all shapes before
/// it calls, and passes the network that was solved. It also checks λ(0), ξ(T) and all columns
/// afterwards: an implementation answers for a finite gradient only.
pub trait Solution<T: Real>: Send {
    /// The number of steps from 0 to T.
    fn steps(&self) -> usize;

    /// The depth at which step number k begins, for k = 0 … `steps`.
    fn depth(&self, k: usize) -> f64;

    /// x there, n×M. Panics if there is no such k.
    fn state(&self, k: usize) -> MatRef<'_, T>;

    /// x(T), n×M.
    fn output(&self) -> MatRef<'_, T> {
        self.state(self.steps())
    }

    /// x(t) into `out` (n×M), the ends of \[0, T\] for depths outside. Linear between the ends of steps
    /// unless the scheme knows better.
    fn state_at(&self, t: f64, mut out: MatMut<'_, T>) {
        let steps = self.steps();
        let end = (1..steps).find(|&k| self.depth(k) >= t).unwrap_or(steps);
        let begin = end.saturating_sub(1);
        let (from, to) = (self.depth(begin), self.depth(end));
        let weight = if to > from { ((t - from) / (to - from)).clamp(0.0, 1.0) } else { 0.0 };
        let (before, after) = (self.state(begin), self.state(end));
        let (keep, add) = (T::from_f64(1.0 - weight), T::from_f64(weight));
        for j in 0..out.ncols() {
            for i in 0..out.nrows() {
                out[(i, j)] = after[(i, j)].mul_add(add, keep * before[(i, j)]);
            }
        }
    }

    /// Solves (S5) from λ(T) = `terminal`, and writes the L²-gradient (S6), without a weight-decay term,
    /// where one is wanted.
    ///
    /// # Errors
    /// If the solve comes to a stop, or a number of the gradient is not finite although all of λ are.
    fn adjoint(
        &mut self,
        network: &Network<T>,
        terminal: MatRef<'_, T>,
        gradient: Option<&mut Parameters<T>>,
    ) -> Result<(), SolveError>;

    /// λ(0) of the last adjoint solution, n×M.
    fn input_adjoint(&self) -> MatRef<'_, T>;

    /// Solves (S3) for `perturbation`.
    ///
    /// # Errors
    /// If the solve comes to a stop.
    fn sensitivity(
        &mut self,
        network: &Network<T>,
        perturbation: Perturbation<'_, T>,
    ) -> Result<(), SolveError>;

    /// ξ(T) of the last sensitivity solution, n×M.
    fn output_sensitivity(&self) -> MatRef<'_, T>;

    /// Sets `direction` to the combination and solves (S3) for it as a perturbation of the parameters.
    ///
    /// # Errors
    /// As [`sensitivity`](Self::sensitivity).
    fn sensitivity_of_combination(
        &mut self,
        network: &Network<T>,
        direction: &mut Parameters<T>,
        combination: Combination<'_, T>,
    ) -> Result<(), SolveError> {
        direction.set_combination(combination);
        self.sensitivity(network, Perturbation { parameters: Some(direction), input: None })
    }

    /// Solves r adjoint problems without gradients: `out` = λ(0) for each λ(T) in `terminals`, both
    /// n×rM, column i·M + j for data point j.
    ///
    /// # Errors
    /// As [`adjoint`](Self::adjoint).
    fn adjoint_columns(
        &mut self,
        network: &Network<T>,
        terminals: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
    ) -> Result<(), SolveError> {
        let columns = self.output().ncols().max(1);
        for first in (0..terminals.ncols()).step_by(columns) {
            self.adjoint(network, terminals.subcols(first, columns), None)?;
            out.as_mut().subcols_mut(first, columns).copy_from(self.input_adjoint());
        }
        Ok(())
    }

    /// Solves r sensitivity problems for perturbations of the input: `out` = ξ(T) for each ξ₀ in
    /// `inputs`, both n×rM, column i·M + j for data point j.
    ///
    /// # Errors
    /// As [`sensitivity`](Self::sensitivity).
    fn sensitivity_columns(
        &mut self,
        network: &Network<T>,
        inputs: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
    ) -> Result<(), SolveError> {
        let columns = self.output().ncols().max(1);
        for first in (0..inputs.ncols()).step_by(columns) {
            let input = Some(inputs.subcols(first, columns));
            self.sensitivity(network, Perturbation { parameters: None, input })?;
            out.as_mut().subcols_mut(first, columns).copy_from(self.output_sensitivity());
        }
        Ok(())
    }

    /// Gram matrices of the derivatives of r functionals of x(T) by the parameters, for each data point j
    /// by itself: `out` (r²×M) = ⟨∇ᵃ, ∇ᵇ⟩ in its row a r + b, for the functionals x(T) ↦ ⟨w, x(T)⟩ with
    /// the w in `terminals` (n×rM, column a·M + j).
    ///
    /// # Errors
    /// As [`adjoint`](Self::adjoint).
    fn parameter_grams(
        &mut self,
        network: &Network<T>,
        terminals: MatRef<'_, T>,
        across: Across,
        out: MatMut<'_, f64>,
    ) -> Result<(), SolveError> {
        let shape = self.output().shape();
        by_gradients(shape, network, terminals, across, out, |terminal, gradient| {
            self.adjoint(network, terminal, Some(gradient))
        })
    }

    /// The error of a problem that was just solved and ended with numbers that are not finite. A scheme
    /// that walks through its steps again can tell where that began; otherwise it is said of the end.
    fn find_stop(&mut self, network: &Network<T>, posed: LinearProblem<'_, T>) -> SolveError {
        let time = match posed {
            LinearProblem::Adjoint { .. } => 0.0,
            LinearProblem::Sensitivity(_) => network.grid().horizon(),
        };
        let problem = posed.problem();
        let statistics = self.statistics(problem);
        SolveError::Stopped { problem, reason: Stop::NotFinite, time, last: None, statistics }
    }

    /// What the last solve of a problem cost; nothing of one never solved.
    fn statistics(&self, problem: Problem) -> Statistics;
}
