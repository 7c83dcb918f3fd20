//! One JSON object a line on the standard output, for programs.
//!
//! Every object has a key `event`: `begin`, `iteration`, `evaluation`, `checkpoint`,
//! `analysis`, `end` or `error`. A number that is not finite is `null`.

use std::path::Path;

use serde_json::{Value, json};
use snode_store::RunSummary;
use snode_train::{EvaluationRecord, IterationRecord};

use super::{Pace, Progressed};
use crate::error::{Error, Result};
use crate::output::print_line;
use crate::prepare::Prepared;
use crate::records;

/// Training begins.
pub fn begin(prepared: &Prepared, pace: &Pace, results: &Path) -> Result<()> {
    let experiment = serde_json::to_value(&prepared.experiment).unwrap_or(Value::Null);
    emit(
        "begin",
        json!({
            "name": prepared.name(),
            "batches_done": pace.done_before,
            "batches": pace.batches,
            "results": results.display().to_string(),
            "experiment": experiment,
        }),
    )
}

/// An iteration is done.
pub fn iteration(record: &IterationRecord) -> Result<()> {
    emit("iteration", records::iteration(record))
}

/// An iteration is done: what who watches wants to know of it.
pub fn watched(record: &IterationRecord, progressed: &Progressed) -> Result<()> {
    let (cost, done) = (record.iteration.cost.total(), progressed.batches);
    emit("iteration", json!({ "cost": cost, "batches_done": done }))
}

/// An analysis of the trained network begins.
///
/// # Errors
/// If the standard output cannot be written.
pub fn analysis(name: &str) -> Result<()> {
    emit("analysis", json!({ "name": name }))
}

/// A set was evaluated.
pub fn evaluation(record: &EvaluationRecord) -> Result<()> {
    emit("evaluation", records::evaluation(record))
}

/// A checkpoint was written because the run was interrupted.
pub fn checkpoint(path: &Path) -> Result<()> {
    emit("checkpoint", json!({ "path": path.display().to_string() }))
}

/// The run has ended: what its file of results says.
///
/// # Errors
/// If the standard output cannot be written.
pub fn end(summary: &RunSummary, results: &Path) -> Result<()> {
    let mut object = records::history(&summary.history);
    object["name"] = summary.info.name.clone().into();
    object["reason"] = summary.info.stop_reason.clone().into();
    object["results"] = results.display().to_string().into();
    emit("end", object)
}

/// The run has failed.
///
/// # Errors
/// If the standard output cannot be written.
pub fn error(error: &Error) -> Result<()> {
    let busy = matches!(error, Error::Busy(_));
    emit("error", json!({ "message": error.to_string(), "busy": busy }))
}

fn emit(event: &str, mut object: Value) -> Result<()> {
    object["event"] = event.into();
    print_line(&object.to_string())
}
