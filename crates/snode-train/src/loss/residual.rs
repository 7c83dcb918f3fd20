//! Residuals of real targets.

use faer::MatRef;
use snode_ode::Real;

use crate::{TargetsRef, TrainError};

/// Targets y of `components` components, one for each column of outputs.
///
/// # Errors
/// If the targets are no real vectors, or of another shape, or outputs have fewer components, or there
/// are none.
pub(super) fn fitting<'a, T>(
    components: usize,
    output: MatRef<'_, T>,
    targets: TargetsRef<'a>,
) -> Result<MatRef<'a, f64>, TrainError> {
    let values = targets.values()?;
    let expected = (components, output.ncols());
    if values.shape() != expected {
        return Err(TrainError::TargetShape { found: values.shape(), expected });
    }
    if output.nrows() < components {
        return Err(TrainError::TargetWidth { width: output.nrows(), components });
    }
    if values.ncols() == 0 {
        return Err(TrainError::EmptyBatch);
    }
    Ok(values)
}

/// The rows, columns and residuals z − y of all components of all targets, column by column.
pub(super) fn residuals<'a, T: Real>(
    output: MatRef<'a, T>,
    values: MatRef<'a, f64>,
) -> impl Iterator<Item = (usize, usize, f64)> + 'a {
    let (components, count) = values.shape();
    (0..count).flat_map(move |j| {
        (0..components).map(move |i| (i, j, output[(i, j)].to_f64() - values[(i, j)]))
    })
}

/// Refuses targets without components.
pub(super) fn check_components(components: usize) -> Result<(), TrainError> {
    if components == 0 {
        return Err(TrainError::Cost("targets have no components".into()));
    }
    Ok(())
}
