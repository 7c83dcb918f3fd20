//! A scheme whose gradient is wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use faer::{Mat, MatMut, MatRef};
use snode_ode::{
    LinearProblem, Network, Parameters, Perturbation, Problem, Real, Scheme, Solution, SolveError,
    Statistics, Trajectory,
};

/// Another scheme, with a gradient that is too long by a factor.
pub struct Wrong<T> {
    solution: WrongSolution<T>,
    /// Whether sensitivity problems fail.
    pub fails: Arc<AtomicBool>,
}

struct WrongSolution<T> {
    scheme: Box<dyn Scheme<T>>,
    factor: f64,
    fails: Arc<AtomicBool>,
    states: Vec<Mat<T>>,
    depths: Vec<f64>,
    lambda: Mat<T>,
    xi: Mat<T>,
    direct: Statistics,
}

impl<T: Real> Wrong<T> {
    pub fn new(scheme: Box<dyn Scheme<T>>, factor: f64) -> Self {
        let (lambda, xi, direct) = (Mat::new(), Mat::new(), Statistics::default());
        let (states, depths) = (Vec::new(), Vec::new());
        let fails = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&fails);
        let solution =
            WrongSolution { scheme, factor, fails: seen, states, depths, lambda, xi, direct };
        Self { solution, fails }
    }
}

impl<T: Real> WrongSolution<T> {
    /// The trajectory of the scheme that is right.
    fn right<'a>(&'a mut self, network: &'a Network<T>) -> Trajectory<'a, T> {
        self.scheme.trajectory(network).expect("a solution of this network")
    }
}

impl<T: Real> Scheme<T> for Wrong<T> {
    fn name(&self) -> &'static str {
        "wrong"
    }

    fn direct<'a>(
        &'a mut self,
        network: &'a Network<T>,
        x0: MatRef<'_, T>,
    ) -> Result<Trajectory<'a, T>, SolveError> {
        let trajectory = self.solution.scheme.direct(network, x0)?;
        let ends = 0..=trajectory.steps();
        self.solution.states = ends.clone().map(|k| trajectory.state(k).to_owned()).collect();
        self.solution.depths = ends.map(|k| trajectory.depth(k)).collect();
        self.solution.direct = trajectory.statistics(Problem::Direct);
        Ok(Trajectory::new(network, &mut self.solution))
    }

    fn trajectory<'a>(&'a mut self, network: &'a Network<T>) -> Option<Trajectory<'a, T>> {
        self.solution.scheme.trajectory(network)?;
        Some(Trajectory::new(network, &mut self.solution))
    }

    fn evaluate(
        &self,
        network: &Network<T>,
        x0: MatRef<'_, T>,
        out: MatMut<'_, T>,
    ) -> Result<Statistics, SolveError> {
        self.solution.scheme.evaluate(network, x0, out)
    }
}

impl<T: Real> Solution<T> for WrongSolution<T> {
    fn steps(&self) -> usize {
        self.states.len() - 1
    }

    fn depth(&self, k: usize) -> f64 {
        self.depths[k]
    }

    fn state(&self, k: usize) -> MatRef<'_, T> {
        self.states[k].as_ref()
    }

    fn adjoint(
        &mut self,
        network: &Network<T>,
        terminal: MatRef<'_, T>,
        mut gradient: Option<&mut Parameters<T>>,
    ) -> Result<(), SolveError> {
        let mut right = self.right(network);
        let lambda = right.adjoint(terminal, gradient.as_deref_mut())?.to_owned();
        self.lambda = lambda;
        if let Some(gradient) = gradient {
            let copy = gradient.clone();
            gradient.combine(T::ZERO, &copy, T::from_f64(self.factor));
        }
        Ok(())
    }

    fn input_adjoint(&self) -> MatRef<'_, T> {
        self.lambda.as_ref()
    }

    fn sensitivity(
        &mut self,
        network: &Network<T>,
        perturbation: Perturbation<'_, T>,
    ) -> Result<(), SolveError> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(SolveError::OpenGrid { scheme: "wrong" });
        }
        let xi = self.right(network).sensitivity(perturbation)?.sensitivity.to_owned();
        self.xi = xi;
        Ok(())
    }

    fn output_sensitivity(&self) -> MatRef<'_, T> {
        self.xi.as_ref()
    }

    fn find_stop(&mut self, _: &Network<T>, posed: LinearProblem<'_, T>) -> SolveError {
        unreachable!("the right scheme has stopped before: {posed:?}")
    }

    fn statistics(&self, problem: Problem) -> Statistics {
        if problem == Problem::Direct { self.direct } else { Statistics::default() }
    }
}
