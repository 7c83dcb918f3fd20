//! The direct solution by a method that chooses its steps, and the problems along it.

use std::sync::Arc;

use faer::{MatMut, MatRef};

use super::dense_output::DenseOutput;
use super::gradient::{SampleMemory, Sampler};
use super::options::AdaptiveOptions;
use super::pool::Pool;
use super::rhs::{Adjoint, Along, Direct, Memory, RightHandSide, Sensitivity};
use super::solve::{Follower, SolveOutcome, Step, Task, solve};
use crate::scheme::checks::{copy_columns, gradient_not_finite};
use crate::scheme::{Perturbation, Solution};
use crate::{
    LastState, Network, NetworkStamp, Parameters, Problem, Real, SolveError, Statistics, Stop,
    kernels,
};

/// The memory of [`Adaptive`](super::Adaptive).
#[derive(Debug)]
pub(super) struct AdaptiveSolution<T: Real> {
    pub(super) options: AdaptiveOptions,
    pub(super) pool: Arc<Pool<T>>,
    /// The network that was solved, if the solution is good.
    network: Option<NetworkStamp>,
    memory: Memory<T>,
    sampling: SampleMemory<T>,
    dense: DenseOutput<T>,
    width: usize,
    batch: usize,
    /// What the problem being solved starts from.
    initial: Vec<T>,
    lambda: Vec<T>,
    xi: Vec<T>,
    no_bias: Vec<T>,
    /// What the last solves along this trajectory cost.
    costs: Costs,
}

#[derive(Clone, Copy, Debug, Default)]
struct Costs {
    direct: Statistics,
    adjoint: Statistics,
    sensitivity: Statistics,
}

/// Keeps the trajectory of a direct solve.
struct Recorder<'a, T>(&'a mut DenseOutput<T>);

impl<T: Real> Follower<T> for Recorder<'_, T> {
    fn begin(&mut self, step: &mut dyn Step<T>) {
        self.0.begin(|state, slope| {
            step.state(state);
            step.slope(slope);
        });
    }

    fn accepted(&mut self, step: &mut dyn Step<T>) {
        let middle = f64::midpoint(step.start(), step.end());
        self.0.push(step.end(), |inside, state, slope| {
            step.inside(middle, inside);
            step.state(state);
            step.slope(slope);
        });
    }
}

/// Keeps the last state only.
pub(super) struct Last<'a, T>(pub(super) &'a mut [T]);

impl<T: Real> Follower<T> for Last<'_, T> {
    fn begin(&mut self, step: &mut dyn Step<T>) {
        step.state(self.0);
    }

    fn accepted(&mut self, step: &mut dyn Step<T>) {
        step.state(self.0);
    }
}

/// The largest |v|; NaN if one is not finite.
fn largest<T: Real>(values: &[T]) -> f64 {
    if !kernels::all_finite(values) {
        return f64::NAN;
    }
    values.iter().fold(T::ZERO, |m, v| if v.abs() > m { v.abs() } else { m }).to_f64()
}

impl<T: Real> AdaptiveSolution<T> {
    /// No solution yet.
    pub(super) fn new(options: AdaptiveOptions) -> Self {
        Self {
            options,
            pool: Pool::new(),
            network: None,
            memory: Memory::default(),
            sampling: SampleMemory::default(),
            dense: DenseOutput::default(),
            width: 0,
            batch: 0,
            initial: Vec::new(),
            lambda: Vec::new(),
            xi: Vec::new(),
            no_bias: Vec::new(),
            costs: Costs::default(),
        }
    }

    /// Whether it is the direct solution of this network.
    pub(super) fn is_of(&self, network: &Network<T>) -> bool {
        self.network == Some(network.stamp())
    }

    fn matrix<'a>(&self, values: &'a [T]) -> MatRef<'a, T> {
        MatRef::from_column_major_slice(values, self.width, self.batch)
    }

    /// (S1) from `x0`, whose shape fits.
    pub(super) fn solve(
        &mut self,
        network: &Network<T>,
        x0: MatRef<'_, T>,
    ) -> Result<(), SolveError> {
        let (n, m) = x0.shape();
        (self.width, self.batch, self.network) = (n, m, None);
        self.costs = Costs::default();
        self.initial.resize(n * m, T::ZERO);
        copy_columns(x0, &mut self.initial);
        self.memory.prepare(network.map(), m);
        self.no_bias.resize(n, T::ZERO);
        self.dense.restart(n * m);
        if n * m == 0 {
            self.dense.begin(|_, _| {});
            self.network = Some(network.stamp());
            return Ok(());
        }
        let task = Task {
            options: &self.options,
            horizon: network.grid().horizon(),
            rows: n,
            initial: &self.initial,
            atol: self.options.atol,
            first_step: self.options.first_step,
            pool: &self.pool,
        };
        let interpolation = self.options.interpolation;
        let mut rhs = Direct { network, interpolation, memory: &mut self.memory };
        let SolveOutcome { result, time, statistics } =
            solve(&task, &mut rhs, &mut Recorder(&mut self.dense));
        self.costs.direct = statistics;
        match result {
            Ok(()) => {
                self.network = Some(network.stamp());
                Ok(())
            }
            Err(reason) => {
                // The solver may have been refused its start: then the start is the last state.
                let ends = self.dense.times().len();
                let state = ends.checked_sub(1).map_or(&self.initial[..], |k| self.dense.at_end(k));
                let last = LastState::new(time, self.matrix(state));
                Err(stopped(Problem::Direct, reason, time, last, statistics))
            }
        }
    }
}

fn stopped(
    problem: Problem,
    reason: Stop,
    time: f64,
    last: Option<Box<LastState>>,
    statistics: Statistics,
) -> SolveError {
    SolveError::Stopped { problem, reason, time, last, statistics }
}

impl<T: Real> Solution<T> for AdaptiveSolution<T> {
    fn steps(&self) -> usize {
        self.dense.times().len().saturating_sub(1)
    }

    fn depth(&self, k: usize) -> f64 {
        self.dense.times()[k]
    }

    fn state(&self, k: usize) -> MatRef<'_, T> {
        assert!(k <= self.steps(), "no state {k} of {}", self.steps());
        self.matrix(self.dense.at_end(k))
    }

    fn state_at(&self, t: f64, mut out: MatMut<'_, T>) {
        let mut x = vec![T::ZERO; self.width * self.batch];
        self.dense.state(t, &mut x);
        out.copy_from(self.matrix(&x));
    }

    fn adjoint(
        &mut self,
        network: &Network<T>,
        terminal: MatRef<'_, T>,
        mut gradient: Option<&mut Parameters<T>>,
    ) -> Result<(), SolveError> {
        copy_columns(terminal, &mut self.initial);
        self.lambda.resize(self.initial.len(), T::ZERO);
        let horizon = network.grid().horizon();
        self.costs.adjoint = Statistics::default();
        let scale = largest(&self.initial);
        if scale.is_nan() {
            let nothing = Statistics::default();
            return Err(stopped(Problem::Adjoint, Stop::NotFinite, horizon, None, nothing));
        }
        if scale == 0.0 {
            // A linear problem without a start has no solution but zero.
            self.lambda.fill(T::ZERO);
            if let Some(gradient) = &mut gradient {
                gradient.as_mut_slice().fill(T::ZERO);
            }
            return Ok(());
        }
        let task = Task {
            options: &self.options,
            horizon,
            rows: self.width,
            initial: &self.initial,
            atol: self.options.atol * scale,
            first_step: None,
            pool: &self.pool,
        };
        let mut rhs = Adjoint(Along {
            network,
            interpolation: self.options.interpolation,
            trajectory: &self.dense,
            memory: &mut self.memory,
        });
        let mut sampler = Sampler {
            network,
            trajectory: &self.dense,
            last: &mut self.lambda,
            gradient,
            memory: &mut self.sampling,
            nodes: network.grid().nodes(),
            bad: None,
        };
        let SolveOutcome { result, time, statistics } = solve(&task, &mut rhs, &mut sampler);
        let bad = sampler.bad;
        self.costs.adjoint = statistics;
        if let Err(reason) = result {
            let depth = horizon - time;
            let last = LastState::new(depth, self.matrix(&self.lambda));
            return Err(stopped(Problem::Adjoint, reason, depth, last, statistics));
        }
        gradient_not_finite(bad, &self.lambda, network.grid(), statistics)
    }

    fn input_adjoint(&self) -> MatRef<'_, T> {
        self.matrix(&self.lambda)
    }

    fn sensitivity(
        &mut self,
        network: &Network<T>,
        perturbation: Perturbation<'_, T>,
    ) -> Result<(), SolveError> {
        let Perturbation { parameters, input } = perturbation;
        match input {
            Some(xi0) => copy_columns(xi0, &mut self.initial),
            None => self.initial.fill(T::ZERO),
        }
        self.xi.resize(self.initial.len(), T::ZERO);
        self.memory.forget_direction();
        let horizon = network.grid().horizon();
        let mut rhs = Sensitivity {
            along: Along {
                network,
                interpolation: self.options.interpolation,
                trajectory: &self.dense,
                memory: &mut self.memory,
            },
            parameters,
            no_bias: &self.no_bias,
        };
        self.costs.sensitivity = Statistics::default();
        let driving = driving_size(&mut rhs, &self.initial, &mut self.xi, horizon);
        let looked = driving.looked;
        if let Some(time) = driving.not_finite_at {
            let cost = Statistics { right_hand_sides: looked, ..Statistics::default() };
            return Err(stopped(Problem::Sensitivity, Stop::NotFinite, time, None, cost));
        }
        if driving.size == 0.0 {
            self.xi.fill(T::ZERO);
            return Ok(());
        }
        let task = Task {
            options: &self.options,
            horizon,
            rows: self.width,
            initial: &self.initial,
            atol: self.options.atol * driving.size,
            // The same network along the same trajectory: what was a good first step there is here.
            first_step: self.dense.times().get(1).copied(),
            pool: &self.pool,
        };
        let mut ended = solve(&task, &mut rhs, &mut Last(&mut self.xi));
        ended.statistics.right_hand_sides += looked;
        let SolveOutcome { result, time, statistics } = ended;
        self.costs.sensitivity = statistics;
        result.map_err(|reason| {
            let last = LastState::new(time, self.matrix(&self.xi));
            stopped(Problem::Sensitivity, reason, time, last, statistics)
        })
    }

    fn output_sensitivity(&self) -> MatRef<'_, T> {
        self.matrix(&self.xi)
    }

    fn statistics(&self, problem: Problem) -> Statistics {
        match problem {
            Problem::Direct => self.costs.direct,
            Problem::Adjoint => self.costs.adjoint,
            Problem::Sensitivity => self.costs.sensitivity,
            Problem::Evaluation => Statistics::default(),
        }
    }
}

/// How large ξ becomes, roughly.
struct Driving {
    /// The largest |ξ₀|, or T times the largest slope at three depths of a solution that is still ξ₀.
    size: f64,
    /// The first of these depths where a number is not finite.
    not_finite_at: Option<f64>,
    /// How many right-hand sides it took.
    looked: usize,
}

fn driving_size<T: Real>(
    rhs: &mut Sensitivity<'_, T>,
    xi0: &[T],
    slope: &mut [T],
    horizon: f64,
) -> Driving {
    let start = largest(xi0);
    if start.is_nan() {
        return Driving { size: start, not_finite_at: Some(0.0), looked: 0 };
    }
    if rhs.parameters.is_none() || xi0.is_empty() {
        return Driving { size: start, not_finite_at: None, looked: 0 };
    }
    let depths = [0.0, horizon / 2.0, horizon];
    let mut size = start;
    for (before, &t) in depths.iter().enumerate() {
        rhs.evaluate(t, xi0, slope);
        let here = horizon * largest(slope);
        if !here.is_finite() {
            return Driving { size: here, not_finite_at: Some(t), looked: before + 1 };
        }
        size = size.max(here);
    }
    Driving { size, not_finite_at: None, looked: depths.len() }
}
