//! Training on perturbed inputs.

use faer::MatMut;
use snode_ode::Network;

use crate::{Position, TargetsRef, TrainError};

/// Replaces inputs of a mini-batch by perturbed ones before its first iteration (S67).
///
/// The batch then stays as it is until its last iteration: the cost must not change under conjugate
/// directions. An interrupted training goes on with the perturbed inputs it had
/// ([`Snapshot::perturbed`](crate::Snapshot::perturbed)).
pub trait InputPerturbation<T> {
    /// Perturbs the data points `x` (n×M, one a column) with their `targets`, as `network` is before the
    /// batch at `position`. What it does depends on its arguments alone, random numbers included.
    ///
    /// # Errors
    /// [`TrainError::Perturbation`] if it cannot be done.
    fn perturb(
        &mut self,
        network: &Network<T>,
        position: Position,
        x: MatMut<'_, T>,
        targets: TargetsRef<'_>,
    ) -> Result<(), TrainError>;
}
