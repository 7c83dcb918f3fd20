//! What is recorded of a training.

use super::Score;
use crate::{Iteration, Position};

/// One iteration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IterationRecord {
    /// Which one it was.
    pub position: Position,
    /// What it did.
    pub iteration: Iteration,
    /// Seconds of training up to its end, evaluations excluded; earlier sessions included.
    pub seconds: f64,
}

/// What follows the name of a set in the record of an evaluation of the average of the iterates.
pub const AVERAGE: &str = " (average)";

/// One evaluation of one set.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluationRecord {
    /// How many batches had been trained on, over all epochs.
    pub batches: usize,
    /// The set's name; with [`AVERAGE`] after it where the average of the iterates was evaluated.
    pub set: String,
    /// How the network did.
    pub score: Score,
    /// Seconds of training before it.
    pub seconds: f64,
}

/// Everything recorded so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// One row per iteration.
    pub iterations: Vec<IterationRecord>,
    /// One row per evaluated set.
    pub evaluations: Vec<EvaluationRecord>,
}

impl History {
    /// Seconds of training so far.
    pub fn seconds(&self) -> f64 {
        self.iterations.last().map_or(0.0, |record| record.seconds)
    }

    /// The last score on the set called `name`.
    pub fn last_score(&self, name: &str) -> Option<Score> {
        self.evaluations.iter().rev().find(|record| record.set == name).map(|record| record.score)
    }

    /// How many iterations found the cost higher than before the preceding step on the same batch,
    /// and how many could tell (all but the first of each batch).
    pub fn rises(&self) -> (usize, usize) {
        let comparable = || self.iterations.iter().filter(|r| r.position.iteration > 0);
        (comparable().filter(|r| r.iteration.rose).count(), comparable().count())
    }

    /// How many iterations restarted with steepest descent.
    pub fn restarts(&self) -> usize {
        self.iterations.iter().filter(|record| record.iteration.restarted).count()
    }
}
