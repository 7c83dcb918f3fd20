//! How far a cell is, by its files.

use std::path::Path;

use serde_json::{Value, json};
use snode_store::{RunSummary, read_info};

use super::Cell;
use super::scheduled::{Phase, Scheduled};
use crate::analyses::{self, Analysis};
use crate::files::Files;
use crate::records::{HistorySummary, SetScore, last_scores};

/// How far a cell is.
#[derive(Clone, Debug)]
pub enum CellState {
    /// Trained, and everything is measured.
    Done(Box<RunSummary>),
    /// Trained; these analyses are missing.
    Trained(Box<RunSummary>, Vec<Analysis>),
    /// A process is at it, or about to be: which one, and where.
    Running(String),
    /// It waits for a scheduler: in which job, and why.
    Queued(String),
    /// The job of a scheduler in which it was trained ended too early: which one, and why.
    Lost(String),
    /// Its last session failed, and said this.
    Failed(String),
    /// There is a checkpoint to go on from, after so many iterations.
    Interrupted(usize),
    /// Nothing is there.
    Missing,
}

impl CellState {
    /// The names of states, as `--only` and `--skip` take them.
    pub const NAMES: [&str; 8] =
        ["done", "trained", "running", "queued", "lost", "failed", "interrupted", "missing"];
    /// The names of those that only a scheduler knows.
    pub const OF_A_SCHEDULER: [&str; 2] = ["queued", "lost"];

    /// That of a cell with results in `folder`, by its files alone.
    pub fn of(cell: &Cell, folder: &Path) -> Self {
        let files = cell.files(folder);
        if let Some(holder) = files.holder() {
            return Self::Running(holder.to_string());
        }
        if files.results.exists() {
            return Self::of_results(cell, &files);
        }
        if let Some(error) = files.failure() {
            return Self::Failed(error);
        }
        if files.checkpoint.exists() {
            return match read_info(&files.checkpoint) {
                Ok(summary) => Self::Interrupted(summary.history.iterations.len()),
                Err(error) => Self::Failed(error.to_string()),
            };
        }
        Self::Missing
    }

    /// The same with what a scheduler says of the cell. The files are right about what is there; the
    /// scheduler knows what is still to come, and why it does not.
    #[must_use]
    pub fn with(self, cell: &Cell, scheduled: &Scheduled) -> Self {
        let Some(job) = scheduled.job(&cell.identity) else { return self };
        let name = &job.name;
        match (&self, &job.phase) {
            // What has failed says itself why.
            (Self::Done(_) | Self::Running(_), _)
            | (Self::Failed(_), Phase::Lost { .. })
            | (_, Phase::Over) => self,
            (_, Phase::Queued { reason }) => Self::Queued(format!("job {name}, {reason}")),
            (_, Phase::Running { node, since }) => {
                Self::Running(format!("job {name} on {node}, since {since}"))
            }
            (_, Phase::Lost { why }) => {
                let kept = self.detail();
                let kept = if kept.is_empty() { kept } else { format!(" ({kept})") };
                Self::Lost(format!("job {name}: {why}{kept}"))
            }
        }
    }

    fn of_results(cell: &Cell, files: &Files) -> Self {
        let summary = match read_info(&files.results) {
            Ok(summary) => Box::new(summary),
            Err(error) => return Self::Failed(error.to_string()),
        };
        match analyses::pending(&files.results, cell.experiment.keys(), None) {
            Ok(pending) if pending.is_empty() => Self::Done(summary),
            Ok(pending) => match files.failure() {
                Some(error) => Self::Failed(error),
                None => Self::Trained(summary, pending),
            },
            Err(error) => Self::Failed(error.to_string()),
        }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Trained(..) => "trained",
            Self::Running(_) => "running",
            Self::Queued(_) => "queued",
            Self::Lost(_) => "lost",
            Self::Failed(_) => "failed",
            Self::Interrupted(_) => "interrupted",
            Self::Missing => "missing",
        }
    }

    /// Whether there is nothing left to do.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }

    /// What a trained cell's file says.
    pub fn summary(&self) -> Option<&RunSummary> {
        match self {
            Self::Done(summary) | Self::Trained(summary, _) => Some(summary),
            _ => None,
        }
    }

    /// What there is to say beside the name.
    pub fn detail(&self) -> String {
        match self {
            Self::Done(summary) => scores_text(summary),
            Self::Trained(_, pending) => {
                let names: Vec<String> = pending.iter().map(Analysis::name).collect();
                format!("not measured yet: {}", names.join("; "))
            }
            Self::Failed(error) => error.lines().next_back().unwrap_or_default().to_owned(),
            Self::Interrupted(iterations) => format!("after {iterations} iterations"),
            Self::Running(text) | Self::Queued(text) | Self::Lost(text) => text.clone(),
            Self::Missing => String::new(),
        }
    }

    /// All of it for programs.
    pub fn json(&self) -> Value {
        let mut object = json!({ "state": self.name() });
        match self {
            Self::Done(summary) | Self::Trained(summary, _) => {
                object["results"] = json!(HistorySummary::from(&summary.history));
            }
            Self::Failed(error) => object["error"] = error.clone().into(),
            Self::Interrupted(iterations) => object["iterations"] = (*iterations).into(),
            Self::Running(text) | Self::Queued(text) | Self::Lost(text) => {
                object["detail"] = text.clone().into();
            }
            Self::Missing => {}
        }
        if let Self::Trained(_, pending) = self {
            let names: Vec<String> = pending.iter().map(Analysis::name).collect();
            object["pending"] = names.into();
        }
        object
    }
}

/// How many cells are in which state.
#[derive(Clone, Copy, Debug, Default)]
pub struct StateCounts([usize; CellState::NAMES.len()]);

impl StateCounts {
    /// Counts one more.
    pub fn add(&mut self, state: &CellState) {
        let index = CellState::NAMES.iter().position(|name| *name == state.name());
        if let Some(index) = index {
            self.0[index] += 1;
        }
    }

    /// The names of the states that occur, with how often.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, usize)> {
        CellState::NAMES.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }
}

/// The last accuracies of a run, as `test 97.31 %`.
pub fn scores_text(summary: &RunSummary) -> String {
    let scores = last_scores(&summary.history).into_iter();
    let texts = scores.map(|(set, score)| format!("{set} {}", SetScore::from(&score).short()));
    texts.collect::<Vec<_>>().join(", ")
}
