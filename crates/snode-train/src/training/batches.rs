use faer::MatMut;

use crate::{Targets, TrainError};

/// Where mini-batches come from.
///
/// A batch is asked for by epoch and number, and must be the same every time it is asked for: that
/// is what lets an interrupted training go on with the same bits.
pub trait BatchSource<T> {
    /// How many batches an epoch has; at least one.
    fn batches_per_epoch(&self) -> usize;

    /// M, the number of data points of every batch.
    fn batch_size(&self) -> usize;

    /// Writes batch number `batch` of `epoch` into `x` (d×M, one data point a column; d is n, unless the
    /// network lifts its data) and its targets into `targets`: [`Targets::classes_mut`] and
    /// [`Targets::values_mut`] are places for them, the same from batch to batch.
    ///
    /// # Errors
    /// [`TrainError::Data`] if the data cannot be had.
    fn load(
        &mut self,
        epoch: usize,
        batch: usize,
        x: MatMut<'_, T>,
        targets: &mut Targets,
    ) -> Result<(), TrainError>;
}
