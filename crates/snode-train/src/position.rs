//! Where a training stands.

/// The next iteration to be done, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The epoch.
    pub epoch: usize,
    /// The batch within the epoch.
    pub batch: usize,
    /// The iteration within the batch.
    pub iteration: usize,
}
