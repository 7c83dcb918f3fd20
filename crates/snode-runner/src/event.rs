//! What a run says of itself while it goes on.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use snode_store::RunSummary;

use crate::error::{Error, ErrorKind, ObserverError};
use crate::records::{EvaluationRow, HistorySummary, IterationRow};

/// Something that happened in a run. As JSON it is one object whose key `event` has its name; a number
/// that is not finite is `null` there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
#[non_exhaustive]
pub enum RunEvent {
    /// Training begins.
    Begin(Box<Begin>),
    /// An iteration is done.
    Iteration {
        /// Batches done so far, over all epochs.
        batches_done: usize,
        /// Its record.
        #[serde(flatten)]
        record: IterationRow,
    },
    /// A set was evaluated.
    Evaluation(EvaluationRow),
    /// A checkpoint was written because the run was asked to stop.
    Checkpoint {
        /// The file.
        path: String,
    },
    /// An analysis of the trained network begins; those before are saved.
    Analysis {
        /// Its name.
        name: String,
    },
    /// Something worth knowing that changes nothing.
    Note {
        /// What.
        message: String,
    },
    /// Something is not as it should be, and the run goes on.
    Warning {
        /// What.
        message: String,
    },
    /// The run has ended.
    End(Box<End>),
    /// The run has failed.
    Error {
        /// Why.
        message: String,
        /// Whether that is because another process is at it.
        busy: bool,
    },
}

/// How a run begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    /// The name of the run.
    pub name: String,
    /// Batches that were done before.
    pub batches_done: usize,
    /// Batches of the whole run.
    pub batches: usize,
    /// Iterations on each batch.
    pub iterations: usize,
    /// Seconds of training after which it ends, if there is such a limit.
    pub time_limit: Option<f64>,
    /// Where it goes on from, if not at its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continued: Option<Continued>,
    /// Where its results will be.
    pub results: String,
    /// The experiment, with every value.
    pub experiment: Value,
}

/// Where a run goes on from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Continued {
    /// The file.
    pub path: String,
    /// Iterations done before.
    pub iterations: usize,
    /// Seconds of training before.
    pub seconds: f64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Its name.
    pub name: String,
    /// Why it ended.
    pub reason: String,
    /// The file of its results.
    pub results: String,
    /// Whether this session computed something; not if all was there before.
    pub computed: bool,
    /// Its history in a few numbers.
    #[serde(flatten)]
    pub history: HistorySummary,
}

impl RunEvent {
    /// The end of a run, as its file of results tells it.
    pub fn end(summary: &RunSummary, results: &Path, computed: bool) -> Self {
        Self::End(Box::new(End {
            name: summary.info.name.clone(),
            reason: summary.info.stop_reason.clone(),
            results: results.display().to_string(),
            computed,
            history: (&summary.history).into(),
        }))
    }

    /// The failure of a run.
    pub fn error(error: &Error) -> Self {
        Self::Error { message: error.to_string(), busy: error.kind() == ErrorKind::Busy }
    }
}

/// Who is told of events. An error ends the run as a request to stop would.
pub type RunObserver<'a> = dyn FnMut(&RunEvent) -> Result<(), ObserverError> + Send + 'a;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What the process of a cell prints, its grid's process reads.
    #[test]
    fn events_come_back() {
        let events = [
            json!({ "event": "begin", "name": "a", "batches_done": 1, "batches": 2, "results": "r",
                    "iterations": 6, "time_limit": null, "experiment": { "seed": 1 } }),
            json!({ "event": "begin", "name": "a", "batches_done": 1, "batches": 2, "results": "r",
                    "iterations": 6, "time_limit": 1.5, "experiment": { "seed": 1 },
                    "continued": { "path": "p", "iterations": 3, "seconds": 0.5 } }),
            json!({ "event": "iteration", "batches_done": 3, "epoch": 0, "batch": 2,
                    "iteration": 1, "cost": null, "gradient_norm": 0.5, "seconds": 1.0,
                    "gamma": 0.1, "eta": null, "slope": -1.0, "rose": false, "restarted": true,
                    "capped": false, "halvings": 2 }),
            json!({ "event": "iteration", "batches_done": 3, "epoch": 0, "batch": 2,
                    "iteration": 0, "cost": 0.5, "gradient_norm": 0.5, "seconds": 1.0,
                    "learning_rate": 0.01 }),
            json!({ "event": "evaluation", "set": "test", "batches": 3, "seconds": 1.0,
                    "accuracy": 0.5, "correct": 1, "total": 2, "cost": 0.25 }),
            json!({ "event": "warning", "message": "w" }),
            json!({ "event": "end", "name": "a", "reason": "plan done", "results": "r",
                    "computed": true, "seconds": 1.5, "iterations": 7, "restarts": 0, "rises": 1,
                    "comparable": 5, "sets": { "test": {
                        "accuracy": 0.5, "correct": 1, "total": 2, "cost": 0.25 } } }),
            json!({ "event": "error", "message": "m", "busy": true }),
        ];
        for event in events {
            let read: RunEvent = serde_json::from_value(event.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), event);
        }
    }
}
