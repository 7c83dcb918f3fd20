//! One solve: diffsol steps, and everything else that decides when it ends.

use std::sync::Arc;

use diffsol::error::OdeSolverError;
use diffsol::{
    BdfState, DiffsolError, ExplicitRk, FaerLU, FaerMat, Matrix, OdeBuilder, OdeEquations,
    OdeSolverConfig, OdeSolverMethod, OdeSolverProblem, OdeSolverState, OdeSolverStopReason, Op,
    RkState, Tableau, Vector,
};

use super::batch::BatchContext;
use super::columns::Columns;
use super::equations::{Equations, State};
use super::options::{AdaptiveOptions, Method};
use super::pool::Pool;
use super::rhs::RightHandSide;
use super::tableaux;
use crate::{Real, Statistics, Stop, kernels};

/// The largest factors by which the step length changes from step to step.
const GROWTH: f64 = 5.0;
const SHRINKING: f64 = 0.2;

/// A problem to be solved on \[0, `horizon`\].
pub(super) struct Task<'a, T> {
    pub(super) options: &'a AdaptiveOptions,
    pub(super) horizon: f64,
    /// n, the numbers of a data point.
    pub(super) rows: usize,
    pub(super) initial: &'a [T],
    /// The absolute tolerance in the units of this problem.
    pub(super) atol: f64,
    /// The first step to try; estimated from the right-hand side if not given.
    pub(super) first_step: Option<f64>,
    pub(super) pool: &'a Arc<Pool<T>>,
}

/// How a solve ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct SolveOutcome {
    pub(super) result: Result<(), Stop>,
    /// How far it came.
    pub(super) time: f64,
    pub(super) statistics: Statistics,
}

/// Follows the steps of a solve.
pub(super) trait Follower<T> {
    /// The state and its slope at the start.
    fn begin(&mut self, step: &mut dyn Step<T>);

    /// A step has been accepted.
    fn accepted(&mut self, step: &mut dyn Step<T>);
}

/// An accepted step.
pub(super) trait Step<T> {
    /// Where it started.
    fn start(&self) -> f64;
    /// Where it ends.
    fn end(&self) -> f64;
    /// The state at its end.
    fn state(&mut self, out: &mut [T]);
    /// The slope at its end.
    fn slope(&mut self, out: &mut [T]);
    /// The state at a time inside it, by the method's own polynomial.
    fn inside(&mut self, time: f64, out: &mut [T]);
}

/// Solves, telling `follower` of every step.
pub(super) fn solve<T: Real, R: RightHandSide<T>>(
    task: &Task<'_, T>,
    rhs: &mut R,
    follower: &mut dyn Follower<T>,
) -> SolveOutcome {
    match task.options.method {
        Method::Tsit5 => explicit(task, rhs, follower, &Tableau::tsit45()),
        Method::Dopri5 => explicit(task, rhs, follower, &tableaux::dormand_prince()),
        Method::Bs3 => explicit(task, rhs, follower, &tableaux::bogacki_shampine()),
        Method::Bdf | Method::TrBdf2 | Method::Esdirk34 => implicit(task, rhs, follower),
    }
}

fn explicit<T: Real, R: RightHandSide<T>>(
    task: &Task<'_, T>,
    rhs: &mut R,
    follower: &mut dyn Follower<T>,
    tableau: &Tableau<f64>,
) -> SolveOutcome {
    let context = BatchContext::new(Arc::clone(task.pool), task.options.norm, task.rows);
    let equations = Equations::whole(rhs, task.initial, context.clone());
    with_problem(task, OdeBuilder::<Columns<T>>::new().context(context), equations, |problem| {
        let state = start::<T, _, RkState<_>>(task, problem, tableau.order())?;
        let solver: ExplicitRk<'_, _> =
            ExplicitRk::new(problem, state, *tableau).map_err(|_| Stop::NoConvergence)?;
        Ok(steps(task, problem, solver, follower))
    })
}

fn implicit<T: Real, R: RightHandSide<T>>(
    task: &Task<'_, T>,
    rhs: &mut R,
    follower: &mut dyn Follower<T>,
) -> SolveOutcome {
    let equations = Equations::by_point(rhs, task.initial, task.rows);
    let builder = OdeBuilder::<FaerMat<f64>>::new().context(*equations.context());
    with_problem(task, builder, equations, |problem| {
        let failed = |_| Stop::NoConvergence;
        match task.options.method {
            Method::TrBdf2 => {
                let state = start::<T, _, RkState<_>>(task, problem, 2)?;
                let solver = problem.tr_bdf2_solver::<FaerLU<f64>>(state).map_err(failed)?;
                Ok(steps(task, problem, solver, follower))
            }
            Method::Esdirk34 => {
                let state = start::<T, _, RkState<_>>(task, problem, 3)?;
                let solver = problem.esdirk34_solver::<FaerLU<f64>>(state).map_err(failed)?;
                Ok(steps(task, problem, solver, follower))
            }
            _ => {
                let state = start::<T, _, BdfState<_>>(task, problem, 1)?;
                let solver = problem.bdf_solver::<FaerLU<f64>>(state).map_err(failed)?;
                Ok(steps(task, problem, solver, follower))
            }
        }
    })
}

/// A problem of diffsol's with this task's tolerances, solved by `solve`.
fn with_problem<'a, T: Real, M, R: RightHandSide<T>>(
    task: &Task<'_, T>,
    builder: OdeBuilder<M>,
    equations: Equations<'a, T, M, R>,
    solve: impl FnOnce(&OdeSolverProblem<Equations<'a, T, M, R>>) -> Result<SolveOutcome, Stop>,
) -> SolveOutcome
where
    M: Matrix<T = f64>,
    M::V: State<T>,
{
    let nothing = |reason, calls| SolveOutcome {
        result: Err(reason),
        time: 0.0,
        statistics: Statistics { right_hand_sides: calls, ..Statistics::default() },
    };
    let builder = builder.rtol(task.options.rtol).atol([task.atol]);
    let Ok(mut problem) = builder.build_from_eqn(equations) else {
        return nothing(Stop::NoConvergence, 0);
    };
    let limits = &mut problem.ode_options;
    limits.min_timestep = AdaptiveOptions::shortest_step::<T>(task.horizon);
    limits.max_timestep_growth = Some(GROWTH);
    limits.min_timestep_shrink = Some(SHRINKING);
    match solve(&problem) {
        Ok(ended) => ended,
        Err(reason) => nothing(reason, problem.eqn.calls()),
    }
}

/// The state a solver starts from, with its first step.
fn start<'a, T: Real, Eqn, S>(
    task: &Task<'_, T>,
    problem: &OdeSolverProblem<Eqn>,
    order: usize,
) -> Result<S, Stop>
where
    Eqn: OdeEquations<T = f64> + 'a,
    Eqn::V: State<T>,
    S: OdeSolverState<Eqn::V>,
{
    let mut state = S::new_without_initialise(problem).map_err(|_| Stop::NoConvergence)?;
    let finite = |v: &Eqn::V| kernels::all_finite(v.read(&mut Vec::new()));
    if !finite(state.as_ref().y) || !finite(state.as_ref().dy) {
        return Err(Stop::NotFinite);
    }
    if let Some(step) = task.first_step {
        *state.as_mut().h = step;
    } else {
        let (atol, rtol) = (&problem.atol, problem.rtol);
        state.as_mut().set_step_size(task.horizon, atol, rtol, &problem.eqn, order);
    }
    let longest = task.options.max_step.unwrap_or(f64::INFINITY).min(task.horizon);
    let shortest = AdaptiveOptions::shortest_step::<T>(task.horizon);
    let h = state.as_mut().h;
    *h = if h.is_finite() { h.clamp(shortest.min(longest), longest) } else { shortest };
    Ok(state)
}

/// A solver that has just taken a step.
struct Taken<'s, S, Eqn: Op, T> {
    solver: &'s S,
    start: f64,
    inside: &'s mut Eqn::V,
    scratch: &'s mut Vec<T>,
}

impl<'p, T: Real, Eqn, S> Step<T> for Taken<'_, S, Eqn, T>
where
    Eqn: OdeEquations<T = f64> + 'p,
    Eqn::V: State<T>,
    S: OdeSolverMethod<'p, Eqn>,
{
    fn start(&self) -> f64 {
        self.start
    }
    fn end(&self) -> f64 {
        self.solver.state().t
    }
    fn state(&mut self, out: &mut [T]) {
        out.copy_from_slice(self.solver.state().y.read(self.scratch));
    }
    fn slope(&mut self, out: &mut [T]) {
        out.copy_from_slice(self.solver.state().dy.read(self.scratch));
    }
    fn inside(&mut self, time: f64, out: &mut [T]) {
        let time = time.clamp(self.start, self.end());
        if self.solver.interpolate_inplace(time, self.inside).is_err() {
            // Only times outside the step are refused.
            return self.state(out);
        }
        out.copy_from_slice(self.inside.read(self.scratch));
    }
}

/// Steps until the end, or until something stops it.
fn steps<'p, 'a, T: Real, M, R, S>(
    task: &Task<'_, T>,
    problem: &'p OdeSolverProblem<Equations<'a, T, M, R>>,
    mut solver: S,
    follower: &mut dyn Follower<T>,
) -> SolveOutcome
where
    M: Matrix<T = f64>,
    M::V: State<T>,
    R: RightHandSide<T>,
    S: OdeSolverMethod<'p, Equations<'a, T, M, R>>,
{
    let longest = task.options.max_step.unwrap_or(f64::INFINITY);
    let mut inside = M::V::zeros(problem.eqn.nstates(), problem.eqn.context().clone());
    let mut scratch = Vec::new();
    let mut statistics = Statistics::default();
    let mut time = 0.0;
    let mut is_at_end = solver.set_stop_time(task.horizon).is_err();
    follower.begin(&mut Taken {
        solver: &solver,
        start: 0.0,
        inside: &mut inside,
        scratch: &mut scratch,
    });
    let result = loop {
        if is_at_end {
            break Ok(());
        }
        let left = task.options.max_steps - (statistics.accepted + statistics.rejected);
        if left == 0 {
            break Err(Stop::MaxStepsReached);
        }
        *solver.config_mut().as_base_mut().maximum_error_test_failures = left;
        let step = solver.step();
        statistics.rejected = rejections(&solver);
        match step {
            Ok(reason) => is_at_end = matches!(reason, OdeSolverStopReason::TstopReached),
            Err(error) => {
                let out_of_steps =
                    statistics.accepted + statistics.rejected >= task.options.max_steps;
                break Err(why(&error, problem.eqn.seen().stop(), out_of_steps));
            }
        }
        if !kernels::all_finite(solver.state().y.read(&mut scratch)) {
            break Err(Stop::NotFinite);
        }
        let end = solver.state().t;
        statistics.accept(end - time);
        follower.accepted(&mut Taken {
            solver: &solver,
            start: time,
            inside: &mut inside,
            scratch: &mut scratch,
        });
        time = end;
        if !is_at_end && solver.state().h > longest {
            *solver.state_mut().h = longest;
        }
    };
    statistics.right_hand_sides = problem.eqn.calls();
    SolveOutcome { result, time, statistics }
}

fn rejections<'p, Eqn, S>(solver: &S) -> usize
where
    Eqn: OdeEquations + 'p,
    S: OdeSolverMethod<'p, Eqn>,
{
    let counts = solver.get_statistics();
    counts.number_of_error_test_failures + counts.number_of_nonlinear_solver_fails
}

/// What a solver's error means.
fn why(error: &DiffsolError, seen: Option<Stop>, out_of_steps: bool) -> Stop {
    use OdeSolverError::{StepSizeTooSmall, TooManyErrorTestFailures};
    if let Some(stop) = seen {
        return stop;
    }
    match error {
        _ if out_of_steps => Stop::MaxStepsReached,
        DiffsolError::OdeSolverError(StepSizeTooSmall { .. } | TooManyErrorTestFailures { .. }) => {
            Stop::StepUnderflow
        }
        _ => Stop::NoConvergence,
    }
}
