//! What a run says of itself while it goes on: for programs one JSON object a line, and between the
//! process of a cell and that of its grid the same.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use snode_store::RunSummary;
use snode_train::{EvaluationRecord, IterationRecord};

use crate::error::{Error, Result};
use crate::output::print_line;
use crate::records;

/// Something that happened in a run. The key `event` has its name. A number that is not finite is
/// `null`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
#[non_exhaustive]
pub enum RunEvent {
    /// Training begins.
    Begin {
        /// The name of the run.
        name: String,
        /// Batches that were done before.
        batches_done: usize,
        /// Batches of the whole run.
        batches: usize,
        /// Where its results will be.
        results: String,
        /// The experiment, with every value.
        experiment: Value,
    },
    /// An iteration is done.
    Iteration {
        /// The cost before its step.
        #[serde(deserialize_with = "number")]
        cost: f64,
        /// Batches done so far.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batches_done: Option<usize>,
        /// The rest of its record.
        #[serde(flatten)]
        record: Map<String, Value>,
    },
    /// A set was evaluated.
    Evaluation {
        /// The name of the set.
        set: String,
        /// The rest of its record.
        #[serde(flatten)]
        record: Map<String, Value>,
    },
    /// A checkpoint was written because the run was asked to stop.
    Checkpoint {
        /// The file.
        path: String,
    },
    /// An analysis of the trained network begins.
    Analysis {
        /// Its name.
        name: String,
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

/// How a run ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct End {
    /// Its name.
    pub name: String,
    /// Why it ended.
    pub reason: String,
    /// The file of its results.
    pub results: String,
    /// Whether this process computed something; not if all was there before.
    pub computed: bool,
    /// The last score on each set.
    pub sets: BTreeMap<String, SetScore>,
    /// Seconds of training.
    #[serde(deserialize_with = "number")]
    pub seconds: f64,
    /// The rest of its history in a few numbers.
    #[serde(flatten)]
    pub history: Map<String, Value>,
}

/// A score on a set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetScore {
    /// The fraction that was right.
    #[serde(deserialize_with = "number")]
    pub accuracy: f64,
    /// The rest of the score.
    #[serde(flatten)]
    pub record: Map<String, Value>,
}

impl RunEvent {
    /// An iteration, with all that is recorded of it.
    pub fn iteration(record: &IterationRecord) -> Self {
        let cost = record.iteration.cost.total();
        let record = object(records::iteration(record), &["cost"]);
        Self::Iteration { cost, batches_done: None, record }
    }

    /// An iteration, with what who only watches wants to know of it.
    pub fn progress(cost: f64, batches_done: usize) -> Self {
        Self::Iteration { cost, batches_done: Some(batches_done), record: Map::new() }
    }

    /// An evaluation.
    pub fn evaluation(record: &EvaluationRecord) -> Self {
        let set = record.set.clone();
        Self::Evaluation { set, record: object(records::evaluation(record), &["set"]) }
    }

    /// The end of a run, as its file of results tells it.
    pub fn end(summary: &RunSummary, results: &Path, computed: bool) -> Self {
        let score = |score| SetScore {
            accuracy: snode_train::Score::accuracy(&score),
            record: object(records::score(&score), &["accuracy"]),
        };
        let sets = records::last_scores(&summary.history).into_iter();
        Self::End(Box::new(End {
            name: summary.info.name.clone(),
            reason: summary.info.stop_reason.clone(),
            results: results.display().to_string(),
            computed,
            sets: sets.map(|(set, last)| (set.to_owned(), score(last))).collect(),
            seconds: summary.history.seconds(),
            history: object(records::history(&summary.history), &["sets", "seconds"]),
        }))
    }

    /// The failure of a run.
    pub fn error(error: &Error) -> Self {
        Self::Error { message: error.to_string(), busy: matches!(error, Error::Busy(_)) }
    }

    /// Prints it as a line of JSON on the standard output.
    ///
    /// # Errors
    /// If the standard output cannot be written.
    pub fn print(&self) -> Result<()> {
        // Texts, numbers and maps of them always can be serialised.
        print_line(&serde_json::to_string(self).unwrap_or_default())
    }
}

/// A record without the keys that an event has by itself.
fn object(record: Value, own: &[&str]) -> Map<String, Value> {
    let mut object = match record {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    object.retain(|key, _| !own.contains(&key.as_str()));
    object
}

/// A number, of which JSON has only the finite ones.
fn number<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What the process of a cell prints, its grid's process reads.
    #[test]
    fn events_come_back() {
        let events = [
            json!({ "event": "begin", "name": "a", "batches_done": 1, "batches": 2, "results": "r",
                    "experiment": { "seed": 1 } }),
            json!({ "event": "iteration", "cost": null, "batches_done": 3 }),
            json!({ "event": "iteration", "cost": 0.5, "gamma": 0.1, "epoch": 0 }),
            json!({ "event": "evaluation", "set": "test", "accuracy": 0.5, "correct": 1 }),
            json!({ "event": "warning", "message": "w" }),
            json!({ "event": "end", "name": "a", "reason": "plan done", "results": "r",
                    "computed": true, "sets": { "test": { "accuracy": 0.5, "total": 2 } },
                    "seconds": 1.5, "iterations": 7 }),
            json!({ "event": "error", "message": "m", "busy": true }),
        ];
        for event in events {
            let read: RunEvent = serde_json::from_value(event.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), event);
        }
    }
}
