//! What was recorded of a training, as JSON. A number that is not finite is `null`.

use std::path::Path;

use serde_json::{Map, Value, json};
use snode_store::{RunInfo, RunSummary, read_info};
use snode_train::{EvaluationRecord, History, IterationRecord, Score};

use crate::config::Experiment;
use crate::error::Result;

/// What a file of results says, and the experiment in it if this version understands it.
///
/// # Errors
/// If it cannot be read.
pub fn summary(path: &Path) -> Result<(RunSummary, Option<Experiment>)> {
    let summary = read_info(path)?;
    let experiment = toml::from_str(&summary.configuration.resolved).ok();
    Ok((summary, experiment))
}

/// Whether a network was imported, and so trained by something that the file does not know.
pub fn is_imported(summary: &RunSummary) -> bool {
    let info = &summary.info;
    summary.history.iterations.is_empty()
        && (info.stop_reason == IMPORTED || info.provenance.contains_key(RunInfo::IMPORTED_FROM))
}

/// Why a run ended whose network was imported.
pub const IMPORTED: &str = "imported";

/// An iteration.
pub fn iteration(record: &IterationRecord) -> Value {
    let (position, iteration) = (record.position, &record.iteration);
    let mut object = json!({
        "epoch": position.epoch,
        "batch": position.batch,
        "iteration": position.iteration,
        "cost": iteration.cost.total(),
        "gradient_norm": iteration.gradient_norm,
        "seconds": record.seconds,
    });
    if let Some(rate) = iteration.learning_rate {
        object["learning_rate"] = rate.into();
    } else {
        object["gamma"] = iteration.gamma.into();
        object["eta"] = iteration.eta.into();
        object["slope"] = iteration.slope.into();
        object["rose"] = iteration.rose.into();
        object["restarted"] = iteration.restarted.into();
        object["capped"] = iteration.capped.into();
        object["halvings"] = iteration.halvings.into();
    }
    object
}

/// An evaluation.
pub fn evaluation(record: &EvaluationRecord) -> Value {
    let mut object = score(&record.score);
    object["batches"] = record.batches.into();
    object["set"] = record.set.clone().into();
    object["seconds"] = record.seconds.into();
    object
}

/// A score.
pub fn score(score: &Score) -> Value {
    json!({
        "accuracy": score.accuracy(),
        "correct": score.correct,
        "total": score.total,
        "cost": score.cost,
    })
}

/// The names of the sets that were evaluated, and the last score on each.
pub fn last_scores(history: &History) -> Vec<(&str, Score)> {
    let mut scores: Vec<(&str, Score)> = Vec::new();
    for record in &history.evaluations {
        match scores.iter_mut().find(|(set, _)| *set == record.set) {
            Some((_, last)) => *last = record.score,
            None => scores.push((&record.set, record.score)),
        }
    }
    scores
}

/// A whole history in a few numbers.
pub fn history(history: &History) -> Value {
    let sets: Map<String, Value> = last_scores(history)
        .into_iter()
        .map(|(set, last)| (set.to_owned(), score(&last)))
        .collect();
    let (rises, comparable) = history.rises();
    json!({
        "sets": sets,
        "iterations": history.iterations.len(),
        "restarts": history.restarts(),
        "rises": rises,
        "comparable": comparable,
        "seconds": history.seconds(),
    })
}
