//! What the tests of several schemes need.
#![allow(dead_code, reason = "every test program uses its own part")]

pub mod reference;

use faer::{Mat, MatMut, MatRef};
use snode_ode::{
    Initialisation, LastState, Network, Parameters, Perturbation, Problem, Real, Scheme,
    SolveError, Statistics, Stop, initialise,
};

/// The network with n times its parameters: initial ones are small, and larger ones exercise the
/// activation's whole range.
pub fn scaled<T: Real>(mut network: Network<T>) -> Network<T> {
    let scale = T::from_f64(network.width() as f64);
    let copy = network.parameters().clone();
    network.parameters_mut().combine(T::ZERO, &copy, scale);
    network
}

pub fn batch<T: Real>(rows: usize, columns: usize, phase: f64) -> Mat<T> {
    Mat::from_fn(rows, columns, |i, j| T::from_f64((phase + 1.7 * i as f64 + 0.9 * j as f64).sin()))
}

pub fn inner<T: Real>(a: MatRef<'_, T>, b: MatRef<'_, T>) -> f64 {
    (0..a.ncols())
        .flat_map(|j| (0..a.nrows()).map(move |i| (i, j)))
        .map(|at| a[at].to_f64() * b[at].to_f64())
        .sum()
}

pub fn norm<T: Real>(a: MatRef<'_, T>) -> f64 {
    inner(a, a).sqrt()
}

/// |⟨Jv, w⟩ − ⟨v, Jᵀw⟩| relative to ‖Jv‖‖w‖, for input and parameter perturbations together.
pub fn adjoint_gap<T: Real>(
    scheme: &mut dyn Scheme<T>,
    network: &Network<T>,
    columns: usize,
) -> f64 {
    let n = network.width();
    let (x0, xi0, w) =
        (batch(n, columns, 0.1), batch::<T>(n, columns, 0.5), batch::<T>(n, columns, 2.0));
    let direction = initialise::<T>(Initialisation::Independent, network.map(), network.grid(), 99);
    let mut trajectory = scheme.direct(network, x0.as_ref()).unwrap();
    let along = Perturbation { parameters: Some(&direction), input: Some(xi0.as_ref()) };
    let xi = trajectory.sensitivity(along).unwrap().sensitivity;
    let (forward, scale) = (inner(xi, w.as_ref()), norm(xi) * norm(w.as_ref()));
    let mut gradient = network.parameters().zeros_like();
    let lambda = trajectory.adjoint(w.as_ref(), Some(&mut gradient)).unwrap();
    let through_input = inner(xi0.as_ref(), lambda);
    let backward = gradient.inner(&direction, network.grid()) + through_input;
    (forward - backward).abs() / scale
}

/// Everything a scheme computes, as bits.
pub fn all_bits<T: Real>(
    scheme: &mut dyn Scheme<T>,
    network: &Network<T>,
    columns: usize,
) -> Vec<u64> {
    let n = network.width();
    let mut evaluated = Mat::zeros(n, columns);
    scheme.evaluate(network, batch(n, columns, 0.1).as_ref(), evaluated.as_mut()).unwrap();
    let mut trajectory = scheme.direct(network, batch(n, columns, 0.1).as_ref()).unwrap();
    let mut gradient = network.parameters().zeros_like();
    let terminal = batch(n, columns, 0.4);
    let lambda = trajectory.adjoint(terminal.as_ref(), Some(&mut gradient)).unwrap().to_owned();
    let xi0 = batch(n, columns, 0.8);
    let along = Perturbation { parameters: Some(&gradient), input: Some(xi0.as_ref()) };
    let solved = trajectory.sensitivity(along).unwrap();
    let mut values: Vec<f64> = gradient.as_slice().iter().map(|v| v.to_f64()).collect();
    for matrix in [solved.output, lambda.as_ref(), solved.sensitivity, evaluated.as_ref()] {
        for j in 0..columns {
            values.extend((0..n).map(|i| matrix[(i, j)].to_f64()));
        }
    }
    values.push(gradient.inner(network.parameters(), network.grid()));
    values.into_iter().map(f64::to_bits).collect()
}

/// The order of convergence: the slope of ln error over ln step, by least squares.
pub fn observed_order(steps: &[f64], errors: &[f64]) -> f64 {
    let count = steps.len() as f64;
    let mean = |values: &[f64]| values.iter().map(|v| v.ln()).sum::<f64>() / count;
    let (mean_step, mean_error) = (mean(steps), mean(errors));
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (step, error) in steps.iter().zip(errors) {
        covariance += (step.ln() - mean_step) * (error.ln() - mean_error);
        variance += (step.ln() - mean_step).powi(2);
    }
    covariance / variance
}

/// A scheme with copies of its last results, for tests that compare them.
pub struct Solver<T, S> {
    pub scheme: S,
    output: Mat<T>,
    input_adjoint: Mat<T>,
    output_sensitivity: Mat<T>,
    /// Where the steps of the last direct solution end.
    pub depths: Vec<f64>,
    statistics: [Statistics; 3],
}

impl<T: Real, S: Scheme<T>> Solver<T, S> {
    pub fn new(scheme: S) -> Self {
        Self {
            scheme,
            output: Mat::new(),
            input_adjoint: Mat::new(),
            output_sensitivity: Mat::new(),
            depths: Vec::new(),
            statistics: Default::default(),
        }
    }

    pub fn name(&self) -> &'static str {
        self.scheme.name()
    }

    pub fn direct(&mut self, network: &Network<T>, x0: MatRef<'_, T>) -> Result<(), SolveError> {
        let trajectory = self.scheme.direct(network, x0)?;
        self.output = trajectory.output().to_owned();
        self.depths = (0..=trajectory.steps()).map(|k| trajectory.depth(k)).collect();
        self.statistics = PROBLEMS.map(|problem| trajectory.statistics(problem));
        Ok(())
    }

    pub fn output(&self) -> MatRef<'_, T> {
        self.output.as_ref()
    }

    pub fn evaluate(
        &self,
        network: &Network<T>,
        x0: MatRef<'_, T>,
        out: MatMut<'_, T>,
    ) -> Result<Statistics, SolveError> {
        self.scheme.evaluate(network, x0, out)
    }

    /// Along the last direct solution.
    pub fn adjoint(
        &mut self,
        network: &Network<T>,
        terminal: MatRef<'_, T>,
        gradient: Option<&mut Parameters<T>>,
    ) -> Result<(), SolveError> {
        let mut trajectory = self.scheme.trajectory(network).expect("a direct solution");
        self.input_adjoint = trajectory.adjoint(terminal, gradient)?.to_owned();
        self.statistics = PROBLEMS.map(|problem| trajectory.statistics(problem));
        Ok(())
    }

    pub fn input_adjoint(&self) -> MatRef<'_, T> {
        self.input_adjoint.as_ref()
    }

    /// Along the last direct solution.
    pub fn sensitivity(
        &mut self,
        network: &Network<T>,
        perturbation: Perturbation<'_, T>,
    ) -> Result<(), SolveError> {
        let mut trajectory = self.scheme.trajectory(network).expect("a direct solution");
        self.output_sensitivity = trajectory.sensitivity(perturbation)?.sensitivity.to_owned();
        self.statistics = PROBLEMS.map(|problem| trajectory.statistics(problem));
        Ok(())
    }

    pub fn output_sensitivity(&self) -> MatRef<'_, T> {
        self.output_sensitivity.as_ref()
    }

    pub fn statistics(&self, problem: Problem) -> Statistics {
        PROBLEMS.iter().position(|p| *p == problem).map(|i| self.statistics[i]).unwrap_or_default()
    }
}

const PROBLEMS: [Problem; 3] = [Problem::Direct, Problem::Adjoint, Problem::Sensitivity];

/// The problem, reason and depth of a stop, and what it left.
pub fn stopped<V: std::fmt::Debug>(
    result: Result<V, SolveError>,
) -> (Problem, Stop, f64, Statistics, Option<Box<LastState>>) {
    match result {
        Err(SolveError::Stopped { problem, reason, time, last, statistics }) => {
            (problem, reason, time, statistics, last)
        }
        other => panic!("{other:?}"),
    }
}
