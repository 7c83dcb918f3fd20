//! Where a session begins: anew, at a checkpoint, or behind results that are to go further.

use std::path::{Path, PathBuf};

use snode_experiment::{Difference, Experiment, Kind, differences};
use snode_store::{RunSummary, read_info};
use snode_train::Position;

use super::rules::early_stop;
use crate::error::{Error, Result};
use crate::event::RunEvent;
use crate::files::Files;

/// Where a session begins.
#[derive(Debug)]
pub enum Begin {
    /// At the beginning.
    Fresh,
    /// Where a file stands: a checkpoint, or results of a run that now is to go further.
    After {
        /// The file.
        path: PathBuf,
        /// What it says of itself.
        summary: Box<RunSummary>,
    },
    /// Nowhere: the run is finished.
    Finished,
}

/// Looks for files of an earlier session of the same experiment.
///
/// # Errors
/// If there are some that belong to another experiment or to other data: they are not replaced
/// unless asked for.
pub fn begin(
    files: &Files,
    experiment: &Experiment,
    fingerprint: &str,
    batches_per_epoch: usize,
    tell: &mut dyn FnMut(&RunEvent) -> Result<()>,
) -> Result<Begin> {
    if files.checkpoint.exists() {
        let summary = same_experiment(&files.checkpoint, experiment, fingerprint)?;
        if let Some((_, longer)) = longer_than_asked(experiment, &summary, batches_per_epoch) {
            let message = format!(
                "{} holds a longer training than is asked for: {longer}; it becomes the result",
                files.checkpoint.display()
            );
            tell(&RunEvent::Warning { message })?;
        }
        return Ok(Begin::After { path: files.checkpoint.clone(), summary: Box::new(summary) });
    }
    if !files.results.exists() {
        return Ok(Begin::Fresh);
    }
    let summary = same_experiment(&files.results, experiment, fingerprint)?;
    let stored = stored_experiment(&summary, &files.results)?;
    if let Some((key, longer)) = longer_than_asked(experiment, &summary, batches_per_epoch)
        && differences(&stored, experiment).iter().any(|other| other.key == key)
    {
        return Err(Error::OtherRun(format!(
            "{} holds a longer training than is asked for: {longer}",
            files.results.display()
        )));
    }
    let further = !differences(&stored, experiment).is_empty();
    let more = |position| is_more_to_do(experiment, position, &summary, batches_per_epoch);
    match summary.position {
        Some(position) if further && more(position) => {
            Ok(Begin::After { path: files.results.clone(), summary: Box::new(summary) })
        }
        _ => Ok(Begin::Finished),
    }
}

/// The experiment a file of results holds.
///
/// # Errors
/// If this version of the program does not understand it.
pub fn stored_experiment(summary: &RunSummary, path: &Path) -> Result<Experiment> {
    toml::from_str(&summary.configuration.resolved).map_err(|error| {
        Error::Results(format!(
            "{}: the configuration in it is not one of this version of snode: {}",
            path.display(),
            error.message()
        ))
    })
}

fn same_experiment(path: &Path, experiment: &Experiment, fingerprint: &str) -> Result<RunSummary> {
    let summary = read_info(path).map_err(|error| Error::UnreadableRun(error.to_string()))?;
    let stored = stored_experiment(&summary, path)
        .map_err(|error| Error::UnreadableRun(error.to_string()))?;
    let others: Vec<Difference> = differences(&stored, experiment)
        .into_iter()
        .filter(|difference| difference.kind == Kind::Computation)
        .collect();
    if let Some(first) = others.first() {
        let more = match others.len() {
            1 => String::new(),
            2 => " (and one other key differs)".into(),
            n => format!(" (and {} other keys differ)", n - 1),
        };
        return Err(Error::OtherRun(format!(
            "{} belongs to another experiment: {first}{more}",
            path.display()
        )));
    }
    match summary.info.provenance.get(FINGERPRINT) {
        Some(known) if known != fingerprint => Err(Error::OtherRun(format!(
            "{} was trained on other images: those of {} have changed since",
            path.display(),
            experiment.data.source
        ))),
        _ => Ok(summary),
    }
}

/// The key of the data's fingerprint in the provenance of a run.
pub(super) const FINGERPRINT: &str = "data_fingerprint";

/// The key by which a training is longer than the one that an experiment asks for, if it is, and by how
/// much.
fn longer_than_asked(
    experiment: &Experiment,
    summary: &RunSummary,
    batches_per_epoch: usize,
) -> Option<(&'static str, String)> {
    let training = &experiment.training;
    let iterations = &summary.history.iterations;
    let done = iterations.iter().filter(|record| record.position.iteration == 0).count();
    let by_epochs = training.epochs.saturating_mul(batches_per_epoch);
    if done > by_epochs {
        let longer = format!(
            "found {done} batches, {batches_per_epoch} an epoch; expected at most {by_epochs}, as \
             training.epochs says now"
        );
        return Some(("training.epochs", longer));
    }
    if let Some(batches) = training.batches.filter(|batches| done > *batches) {
        let longer = format!(
            "found {done} batches; expected at most {batches}, as training.batches says now"
        );
        return Some(("training.batches", longer));
    }
    // Every training goes on for a moment behind its limit.
    let seconds = summary.history.seconds();
    let limit = training.time_limit.filter(|limit| seconds > *limit)?;
    let longer = format!(
        "found {seconds:.1} seconds; expected about {limit}, as training.time_limit says now"
    );
    Some(("training.time_limit", longer))
}

fn is_more_to_do(
    experiment: &Experiment,
    position: Position,
    summary: &RunSummary,
    batches_per_epoch: usize,
) -> bool {
    let training = &experiment.training;
    let done = position.epoch * batches_per_epoch + position.batch;
    position.epoch < training.epochs
        && training.batches.is_none_or(|batches| done < batches)
        && training.time_limit.is_none_or(|limit| summary.history.seconds() < limit)
        && early_stop(training).is_none_or(|rule| !rule.is_over(&summary.history))
}
