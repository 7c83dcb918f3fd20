//! What every scheme asks of its arguments and results.

use std::ops::Range;

use faer::{MatMut, MatRef};

use super::LinearProblem;
use crate::{
    Grid, LastState, Network, Parameters, Problem, Real, SolveError, Statistics, Stop, kernels,
};

pub(super) fn check_shape<T>(
    problem: Problem,
    expected: (usize, usize),
    found: MatRef<'_, T>,
) -> Result<(), SolveError> {
    let found = found.shape();
    if found == expected {
        return Ok(());
    }
    Err(SolveError::Shape { operation: problem.to_string(), expected, found })
}

/// That there are parameters between two nodes.
pub(super) fn check_uniform<T: Real>(
    scheme: &'static str,
    network: &Network<T>,
) -> Result<(), SolveError> {
    if network.map().is_uniform() { Ok(()) } else { Err(SolveError::SeveralMaps { scheme }) }
}

/// The columns of each of several problems along one trajectory with this `output`, one range for as
/// many columns as that has.
pub(super) fn blocks<T>(
    problem: Problem,
    output: MatRef<'_, T>,
    starts: MatRef<'_, T>,
    out: MatRef<'_, T>,
) -> Result<impl Iterator<Item = Range<usize>> + use<T>, SolveError> {
    let ((width, batch), columns) = (output.shape(), starts.ncols());
    let blocks = columns.div_ceil(batch.max(1));
    check_shape(problem, (width, blocks * batch), starts)?;
    check_shape(problem, (width, columns), out)?;
    Ok((0..blocks).map(move |block| block * batch..(block + 1) * batch))
}

pub(super) fn check_parameters<T: Real>(
    problem: Problem,
    network: &Network<T>,
    found: &Parameters<T>,
) -> Result<(), SolveError> {
    if found.same_shape(network.parameters()) {
        return Ok(());
    }
    let expected = network.parameters();
    Err(SolveError::Shape {
        operation: format!("parameters of the {problem}"),
        expected: (expected.width(), expected.nodes()),
        found: (found.width(), found.nodes()),
    })
}

/// Copies n×M numbers, column by column.
pub(super) fn copy_columns<T: Real>(from: MatRef<'_, T>, to: &mut [T]) {
    let (rows, columns) = from.shape();
    MatMut::from_column_major_slice_mut(to, rows, columns).copy_from(from);
}

/// That a problem stopped with a state that is not finite.
pub(super) fn not_finite(
    problem: Problem,
    time: f64,
    last: Option<Box<LastState>>,
    statistics: Statistics,
) -> SolveError {
    SolveError::Stopped { problem, reason: Stop::NotFinite, time, last, statistics }
}

/// That the gradient at a node is not finite although the adjoint states, down to `lambda`, are. Where
/// they are not, the fault is theirs.
pub(super) fn gradient_not_finite<T: Real>(
    node: Option<usize>,
    lambda: &[T],
    grid: &Grid,
    statistics: Statistics,
) -> Result<(), SolveError> {
    match node {
        Some(node) if kernels::all_finite(lambda) => Err(SolveError::Stopped {
            problem: Problem::Adjoint,
            reason: Stop::GradientNotFinite,
            time: grid.time(node),
            last: None,
            statistics,
        }),
        _ => Ok(()),
    }
}

/// A second pass through a problem that ended with numbers that are not finite, to find where they
/// began: `go(i, state)` goes the i-th of `steps` steps, none for i = 0, and copies the state there.
///
/// The result is the number of steps after which the state is not finite, and the state before.
pub(super) fn first_not_finite<T: Real>(
    len: usize,
    steps: usize,
    mut go: impl FnMut(usize, &mut [T]),
) -> (usize, Option<Vec<T>>) {
    let mut before: Option<Vec<T>> = None;
    for i in 0..=steps {
        let mut state = vec![T::ZERO; len];
        go(i, &mut state);
        if !kernels::all_finite(&state) {
            return (i, before);
        }
        before = Some(state);
    }
    (steps, before)
}

/// That a linear problem stopped after so many `steps` of so many `stages`, `before` the last of which
/// the state, n×M by `shape`, was finite.
pub(super) fn linear_not_finite<T: Real>(
    posed: &LinearProblem<'_, T>,
    grid: &Grid,
    stages: usize,
    shape: (usize, usize),
    steps: usize,
    before: Option<Vec<T>>,
) -> SolveError {
    let time = |steps: usize| match posed {
        LinearProblem::Adjoint { .. } => grid.time(grid.steps() - steps),
        LinearProblem::Sensitivity(_) => grid.time(steps),
    };
    let last = before.and_then(|state| {
        let state = MatRef::from_column_major_slice(&state, shape.0, shape.1);
        LastState::new(time(steps.saturating_sub(1)), state)
    });
    not_finite(posed.problem(), time(steps), last, Statistics::fixed(steps, grid.step(), stages))
}
