//! What every scheme asks of its arguments and results.

use std::ops::Range;

use faer::{MatMut, MatRef};

use super::{Problem, Statistics, Stop};
use crate::{Grid, Network, Parameters, Real, SolveError, kernels};

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

/// That `network` is whole, and has the width and the layers of the `trajectory` that a problem is
/// solved along.
pub(super) fn check_network<T: Real>(
    problem: Problem,
    trajectory: (usize, usize),
    network: &Network<T>,
) -> Result<(), SolveError> {
    let (width, grid) = (network.width(), network.grid());
    let refuse = |what, expected, found| {
        let operation = format!("{what} of the {problem}");
        Err(SolveError::Shape { operation, expected, found })
    };
    if (width, grid.steps()) != trajectory {
        return refuse("width and layers", trajectory, (width, grid.steps()));
    }
    let nodes = network.parameters.nodes();
    if nodes != grid.nodes() {
        return refuse("parameters", (width, grid.nodes()), (width, nodes));
    }
    Ok(())
}

pub(super) fn check_parameters<T: Real>(
    problem: Problem,
    network: &Network<T>,
    found: &Parameters<T>,
) -> Result<(), SolveError> {
    if found.same_shape(&network.parameters) {
        return Ok(());
    }
    let expected = &network.parameters;
    Err(SolveError::Shape {
        operation: format!("parameters of the {problem}"),
        expected: (expected.width(), expected.nodes()),
        found: (found.width(), found.nodes()),
    })
}

pub(super) fn copy_columns<T: Real>(from: MatRef<'_, T>, to: &mut [T]) {
    let (rows, columns) = from.shape();
    MatMut::from_column_major_slice_mut(to, rows, columns).copy_from(from);
}

pub(super) fn all_finite<T: Real>(values: &[T]) -> bool {
    kernels::dot(values, values).is_finite() || values.iter().all(|v| v.is_finite())
}

/// That the state after `steps` steps with so many `stages` each is not finite.
pub(super) fn not_finite(problem: Problem, grid: &Grid, steps: usize, stages: usize) -> SolveError {
    SolveError::Stopped {
        problem,
        reason: Stop::NotFinite,
        time: grid.time(steps),
        statistics: Statistics::fixed(steps, grid.step(), stages),
    }
}
