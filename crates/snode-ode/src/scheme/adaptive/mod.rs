//! Schemes with step-length control: diffsol's solvers for the three problems.

mod batch;
mod columns;
mod equations;
mod gradient;
mod options;
mod passes;
mod pool;
mod rhs;
mod solve;
mod tableaux;
mod trajectory;

use std::sync::Arc;

use faer::{MatMut, MatRef};

pub use options::{AdaptiveOptions, ErrorNorm, Method, UnknownMethod};

use self::gradient::{SampleMemory, Sampler};
use self::pool::Pool;
use self::rhs::{Adjoint, Along, Direct, Memory, RightHandSide, Sensitivity};
use self::solve::{Ended, Follower, Step, Task, solve};
use self::trajectory::Trajectory;
use super::checks::{all_finite, check_network, check_parameters, check_shape, copy_columns};
use super::{OptionError, Perturbation, Problem, Scheme, Statistics, Stop};
use crate::depth::Parameters;
use crate::{Network, Real, SolveError, parallel};

/// The three problems by a method that chooses its steps: each solved as an ODE of its own, the
/// whole batch as one state, one product per right-hand side.
///
/// * The direct problem (S1) from t = 0 to T; its trajectory is kept as one quartic a step.
/// * The adjoint problem (S5) in τ = T − t along that trajectory. The gradient (S6) is sampled at
///   the nodes of the grid, where λ is the method's own polynomial: it is the gradient of the
///   continuous problem up to the tolerance, not the exact derivative of the numbers that the
///   direct solve gave.
/// * The sensitivity problem (S3) from t = 0 to T along that trajectory.
///
/// Parameters are interpolated between the nodes once per right-hand side. A network on an open
/// grid, as Euler trains it, is continued by its last node.
///
/// The steps depend on the whole batch, so a data point's result depends on its company, within the
/// tolerance. [`evaluate`](Scheme::evaluate) therefore divides its columns in groups of
/// [`EVALUATION_BATCH`](Self::EVALUATION_BATCH), however many threads there are.
///
/// Explicit methods compute in the network's own precision. The implicit ones compute in `f64` and
/// factorise an n×n matrix for every data point: at n = 196, M = 100 a solve costs sixty to a
/// hundred times an explicit one's, so they are for stiff networks only.
///
/// ```
/// use faer::Mat;
/// use snode_ode::{Activation, Adaptive, AdaptiveOptions, Ends, Grid, Initialisation, Network};
/// use snode_ode::{Problem, Scheme};
///
/// let grid = Grid::new(2.0, 40, Ends::Closed)?;
/// let network = Network::<f64>::initial(5, grid, Activation::Tanh, Initialisation::Spline, 1);
/// let mut scheme = Adaptive::new(AdaptiveOptions::default().tolerance(1e-6))?;
/// let x0 = Mat::from_fn(5, 3, |i, j| (i as f64 - j as f64) / 4.0);
/// scheme.direct(&network, x0.as_ref())?;
/// let cost = scheme.statistics(Problem::Direct);
/// assert!(cost.accepted < 40 && cost.right_hand_sides >= 6 * cost.accepted);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Adaptive<T: Real> {
    options: AdaptiveOptions,
    pool: Arc<Pool<T>>,
    memory: Memory<T>,
    sampling: SampleMemory<T>,
    trajectory: Trajectory<T>,
    width: usize,
    batch: usize,
    solved: bool,
    /// What the problem being solved starts from.
    initial: Vec<T>,
    lambda: Vec<T>,
    xi: Vec<T>,
    no_bias: Vec<T>,
    outcomes: [Option<Outcome>; 3],
}

/// How the last solve of a problem ended.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    /// The depth it came to.
    depth: f64,
    statistics: Statistics,
}

impl<T: Real> Adaptive<T> {
    /// Columns that [`evaluate`](Scheme::evaluate) solves together.
    pub const EVALUATION_BATCH: usize = 100;

    /// A scheme with no memory yet.
    ///
    /// # Errors
    /// If an option is out of range for `T`.
    pub fn new(options: AdaptiveOptions) -> Result<Self, OptionError> {
        options.check::<T>()?;
        Ok(Self {
            options,
            pool: Pool::new(),
            memory: Memory::default(),
            sampling: SampleMemory::default(),
            trajectory: Trajectory::default(),
            width: 0,
            batch: 0,
            solved: false,
            initial: Vec::new(),
            lambda: Vec::new(),
            xi: Vec::new(),
            no_bias: Vec::new(),
            outcomes: [None; 3],
        })
    }

    /// Its choices.
    pub fn options(&self) -> &AdaptiveOptions {
        &self.options
    }

    /// The depths 0 = t₀ < t₁ < … = T between which the last direct solve stepped.
    pub fn steps(&self) -> &[f64] {
        self.trajectory.times()
    }

    /// x(t) of the last direct solve into `out` (n×M), by the method's own polynomial. Depths
    /// outside \[0, T\] are taken as its ends.
    ///
    /// # Errors
    /// If there is no direct solution, or `out` has another shape.
    pub fn state(&self, t: f64, mut out: MatMut<'_, T>) -> Result<(), SolveError> {
        self.check_solved(Problem::Direct, out.as_ref())?;
        let mut x = vec![T::ZERO; self.width * self.batch];
        self.trajectory.state(t, &mut x);
        out.copy_from(self.matrix(&x));
        Ok(())
    }

    fn matrix<'a>(&self, values: &'a [T]) -> MatRef<'a, T> {
        MatRef::from_column_major_slice(values, self.width, self.batch)
    }

    fn check_solved(&self, problem: Problem, found: MatRef<'_, T>) -> Result<(), SolveError> {
        if !self.solved {
            return Err(SolveError::NoTrajectory { problem });
        }
        check_shape(problem, (self.width, self.batch), found)
    }

    fn check(
        &self,
        problem: Problem,
        network: &Network<T>,
        found: MatRef<'_, T>,
    ) -> Result<(), SolveError> {
        self.check_solved(problem, found)?;
        check_network(problem, (self.width, network.grid().steps()), network)
    }

    /// Notes how a solve ended; `depth` is where it stopped.
    fn note(&mut self, problem: Problem, ended: &Ended, depth: f64) -> Result<(), SolveError> {
        let Ended { result, statistics, .. } = *ended;
        if let Some(slot) = slot(problem) {
            self.outcomes[slot] = Some(Outcome { depth, statistics });
        }
        result.map_err(|reason| SolveError::Stopped { problem, reason, time: depth, statistics })
    }
}

fn slot(problem: Problem) -> Option<usize> {
    match problem {
        Problem::Direct => Some(0),
        Problem::Adjoint => Some(1),
        Problem::Sensitivity => Some(2),
        Problem::Evaluation => None,
    }
}

/// Keeps the trajectory of a direct solve.
struct Recorder<'a, T>(&'a mut Trajectory<T>);

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
struct Last<'a, T>(&'a mut [T]);

impl<T: Real> Follower<T> for Last<'_, T> {
    fn begin(&mut self, step: &mut dyn Step<T>) {
        step.state(self.0);
    }

    fn accepted(&mut self, step: &mut dyn Step<T>) {
        step.state(self.0);
    }
}

/// The largest |v|; NaN if there is one.
fn largest<T: Real>(values: &[T]) -> f64 {
    if !all_finite(values) {
        return f64::NAN;
    }
    values.iter().fold(T::ZERO, |m, v| if v.abs() > m { v.abs() } else { m }).to_f64()
}

/// What a linear problem that starts from zero, or is not driven, costs.
fn nothing(result: Result<(), Stop>) -> Ended {
    Ended { result, time: 0.0, statistics: Statistics::default() }
}

impl<T: Real> Scheme<T> for Adaptive<T> {
    fn name(&self) -> &'static str {
        self.options.method.name()
    }

    fn direct(&mut self, network: &Network<T>, x0: MatRef<'_, T>) -> Result<(), SolveError> {
        let (n, m) = (network.width(), x0.ncols());
        check_network(Problem::Direct, (n, network.grid().steps()), network)?;
        check_shape(Problem::Direct, (n, m), x0)?;
        (self.width, self.batch, self.solved) = (n, m, false);
        self.outcomes = [None; 3];
        self.initial.resize(n * m, T::ZERO);
        copy_columns(x0, &mut self.initial);
        self.memory.prepare(n * m);
        self.no_bias.resize(n, T::ZERO);
        self.trajectory.restart(n * m);
        if n * m == 0 {
            self.trajectory.begin(|_, _| {});
            self.solved = true;
            return self.note(Problem::Direct, &nothing(Ok(())), network.grid().horizon());
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
        let ended = solve(&task, &mut rhs, &mut Recorder(&mut self.trajectory));
        self.solved = ended.result.is_ok();
        self.note(Problem::Direct, &ended, ended.time)
    }

    fn output(&self) -> MatRef<'_, T> {
        if self.trajectory.times().is_empty() {
            // There is no solution; what there is is where one was to begin.
            return self.matrix(&self.initial);
        }
        self.matrix(self.trajectory.last())
    }

    fn evaluate(
        &self,
        network: &Network<T>,
        x0: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
    ) -> Result<Statistics, SolveError> {
        let (n, m) = (network.width(), x0.ncols());
        check_network(Problem::Evaluation, (n, network.grid().steps()), network)?;
        check_shape(Problem::Evaluation, (n, m), x0)?;
        check_shape(Problem::Evaluation, (n, m), out.as_ref())?;
        let mut from = vec![T::ZERO; n * m];
        let mut to = vec![T::ZERO; n * m];
        copy_columns(x0, &mut from);
        let group = Self::EVALUATION_BATCH * n;
        let groups = (n * m).div_ceil(group.max(1));
        let mut ended: Vec<Option<Ended>> = (0..groups).map(|_| None).collect();
        let shared_ended = parallel::Shared::new(&mut ended, 1);
        let shared_to = parallel::Shared::new(&mut to, n * m);
        parallel::for_each(0..groups, &|g| {
            let part = g * group..((g + 1) * group).min(n * m);
            // SAFETY: every group is visited once.
            let (last, slot) =
                unsafe { (shared_to.part_mut(0, part.clone()), shared_ended.part_mut(g, 0..1)) };
            let mut memory = Memory::default();
            memory.prepare(part.len());
            let task = Task {
                options: &self.options,
                horizon: network.grid().horizon(),
                rows: n,
                initial: &from[part],
                atol: self.options.atol,
                first_step: self.options.first_step,
                pool: &self.pool,
            };
            let interpolation = self.options.interpolation;
            let mut rhs = Direct { network, interpolation, memory: &mut memory };
            slot[0] = Some(solve(&task, &mut rhs, &mut Last(last)));
        });
        let mut statistics = Statistics::default();
        let mut stopped = None;
        for ended in ended.into_iter().flatten() {
            statistics.add(&ended.statistics);
            if let (Err(reason), None) = (ended.result, stopped) {
                stopped = Some((reason, ended.time));
            }
        }
        if let Some((reason, time)) = stopped {
            let problem = Problem::Evaluation;
            return Err(SolveError::Stopped { problem, reason, time, statistics });
        }
        out.copy_from(MatRef::from_column_major_slice(&to, n, m));
        Ok(statistics)
    }

    fn adjoint(
        &mut self,
        network: &Network<T>,
        terminal: MatRef<'_, T>,
        mut gradient: Option<&mut Parameters<T>>,
    ) -> Result<(), SolveError> {
        self.check(Problem::Adjoint, network, terminal)?;
        if let Some(gradient) = &gradient {
            check_parameters(Problem::Adjoint, network, gradient)?;
        }
        copy_columns(terminal, &mut self.initial);
        self.lambda.resize(self.initial.len(), T::ZERO);
        let horizon = network.grid().horizon();
        let scale = largest(&self.initial);
        if scale == 0.0 || scale.is_nan() {
            // A linear problem without a start has no solution but zero.
            self.lambda.copy_from_slice(&self.initial);
            if let Some(gradient) = &mut gradient {
                gradient.as_mut_slice().fill(T::ZERO);
            }
            let (result, depth) =
                if scale == 0.0 { (Ok(()), 0.0) } else { (Err(Stop::NotFinite), horizon) };
            return self.note(Problem::Adjoint, &nothing(result), depth);
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
            trajectory: &self.trajectory,
            memory: &mut self.memory,
        });
        let mut sampler = Sampler {
            network,
            trajectory: &self.trajectory,
            last: &mut self.lambda,
            gradient,
            memory: &mut self.sampling,
            nodes: network.grid().nodes(),
        };
        let ended = solve(&task, &mut rhs, &mut sampler);
        let depth = if ended.result.is_ok() { 0.0 } else { horizon - ended.time };
        self.note(Problem::Adjoint, &ended, depth)
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
        self.check(Problem::Sensitivity, network, input.unwrap_or(self.output()))?;
        if let Some(parameters) = parameters {
            check_parameters(Problem::Sensitivity, network, parameters)?;
        }
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
                trajectory: &self.trajectory,
                memory: &mut self.memory,
            },
            parameters,
            no_bias: &self.no_bias,
        };
        let (scale, looked) = driving_size(&mut rhs, &self.initial, &mut self.xi, horizon);
        if scale == 0.0 || scale.is_nan() {
            self.xi.fill(T::ZERO);
            let (result, depth) =
                if scale == 0.0 { (Ok(()), horizon) } else { (Err(Stop::NotFinite), 0.0) };
            return self.note(Problem::Sensitivity, &nothing(result), depth);
        }
        let task = Task {
            options: &self.options,
            horizon,
            rows: self.width,
            initial: &self.initial,
            atol: self.options.atol * scale,
            // The same network along the same trajectory: what was a good first step there is here.
            first_step: self.trajectory.times().get(1).copied(),
            pool: &self.pool,
        };
        let mut ended = solve(&task, &mut rhs, &mut Last(&mut self.xi));
        ended.statistics.right_hand_sides += looked;
        self.note(Problem::Sensitivity, &ended, ended.time)
    }

    fn output_sensitivity(&self) -> MatRef<'_, T> {
        self.matrix(&self.xi)
    }

    fn statistics(&self, problem: Problem) -> Statistics {
        let outcome = slot(problem).and_then(|slot| self.outcomes[slot]);
        outcome.map_or_else(Statistics::default, |outcome| outcome.statistics)
    }

    fn last_state(&self, problem: Problem) -> Option<(f64, MatRef<'_, T>)> {
        let outcome = self.outcomes[slot(problem)?]?;
        let state = match problem {
            Problem::Direct if self.trajectory.times().is_empty() => return None,
            Problem::Direct => self.output(),
            Problem::Adjoint => self.input_adjoint(),
            _ => self.output_sensitivity(),
        };
        Some((outcome.depth, state))
    }
}

/// How large ξ becomes, roughly: the largest |ξ₀|, or T times the largest slope at three depths of
/// a solution that is still ξ₀. And how many right-hand sides it took.
fn driving_size<T: Real>(
    rhs: &mut Sensitivity<'_, T>,
    xi0: &[T],
    slope: &mut [T],
    horizon: f64,
) -> (f64, usize) {
    let start = largest(xi0);
    if rhs.parameters.is_none() || start.is_nan() || xi0.is_empty() {
        return (start, 0);
    }
    let depths = [0.0, horizon / 2.0, horizon];
    let mut size = start;
    for t in depths {
        rhs.evaluate(t, xi0, slope);
        let here = horizon * largest(slope);
        if here.is_nan() {
            return (here, depths.len());
        }
        size = size.max(here);
    }
    (size, depths.len())
}
