//! Events as lines of text, for logs and for people.

use snode_experiment::format::{fixed, show_seconds};

use crate::event::{Begin, RunEvent};

/// Tells the events of a run in lines of text.
#[derive(Clone, Debug, Default)]
pub struct EventLines {
    /// Batches of the whole run.
    batches: usize,
    /// The cost before the last step.
    cost: f64,
}

impl EventLines {
    /// The line that an event is worth; most iterations are worth none.
    pub fn line(&mut self, event: &RunEvent) -> Option<String> {
        match event {
            RunEvent::Begin(begin) => {
                self.batches = begin.batches;
                self.cost = f64::NAN;
                going_on(begin)
            }
            RunEvent::Iteration { record, .. } => {
                self.cost = record.cost;
                None
            }
            RunEvent::Evaluation(record) => {
                let score = &record.score;
                Some(format!(
                    "batch {} of {}: {} {}, cost {}, training cost {}, {} s",
                    record.batches,
                    self.batches,
                    record.set,
                    score.long(),
                    fixed(score.cost, 4),
                    fixed(self.cost, 4),
                    fixed(record.seconds, 1),
                ))
            }
            RunEvent::Analysis { name } => Some(format!("measuring: {name}")),
            RunEvent::Note { message } => Some(format!("note: {message}")),
            RunEvent::Warning { message } => Some(format!("warning: {message}")),
            RunEvent::Error { message, .. } => Some(format!("error: {message}")),
            _ => None,
        }
    }
}

/// What is said of a run that goes on.
fn going_on(begin: &Begin) -> Option<String> {
    begin.continued.as_ref().map(|continued| {
        format!(
            "going on from {}, {} iterations and {} of training so far",
            continued.path,
            continued.iterations,
            show_seconds(continued.seconds)
        )
    })
}
