//! Mini-batch training: batches, history, observers, and the trainer that brings them together.

mod batches;
mod classify;
mod evaluation;
mod history;
mod observers;
mod perturbation;
mod score;
mod trainer;

pub use batches::BatchSource;
pub use classify::classify;
pub use evaluation::{EvaluationSet, outputs, scores};
pub use history::{AVERAGE, EvaluationRecord, History, IterationRecord};
pub use observers::{EarlyStop, StopSignal, TimeLimit};
pub use perturbation::InputPerturbation;
pub use score::{ErrorSums, Fit, Score, ValueErrors};
pub use trainer::{
    Control, Event, Observer, ObserverError, Plan, Snapshot, State, StopReason, Trainer,
};
