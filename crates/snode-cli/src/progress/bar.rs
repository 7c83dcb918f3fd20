//! A progress bar on a terminal.

use indicatif::ProgressBar;
use snode_experiment::format::{fixed, show_seconds};
use snode_runner::records::EvaluationRow;
use snode_runner::{Begin, Pace, RunEvent};

use super::{FULL, show_completion, style};

/// A bar on the standard error, there until it is dropped.
pub struct Bar {
    shown: ProgressBar,
    pace: Pace,
    /// The last evaluation, as `test 93.21 %`.
    score: Option<String>,
}

impl Bar {
    /// A bar for a run.
    pub fn new(begin: &Begin) -> Self {
        let pace = Pace::new(begin);
        let bar = ProgressBar::new(FULL);
        bar.set_style(style("{prefix} {bar:20} {wide_msg}"));
        bar.set_prefix(begin.name.clone());
        show_completion(&bar, pace.start(), &[]);
        Self { shown: bar, pace, score: None }
    }

    /// An iteration is done.
    pub fn iteration(&mut self, event: &RunEvent) {
        let RunEvent::Iteration { batches_done, record } = event else { return };
        let progressed = self.pace.after(record, *batches_done);
        let mut parts = vec![format!("cost {}", fixed(record.cost, 4))];
        parts.extend(self.score.clone());
        if progressed.batches_per_second.is_finite() {
            parts.push(format!("{:.2} batches/s", progressed.batches_per_second));
        }
        if let Some(remaining) = progressed.remaining {
            parts.push(format!("{} left", show_seconds(remaining)));
        }
        show_completion(&self.shown, progressed.completion, &parts);
    }

    /// A set was evaluated, of which there is something to say.
    pub fn evaluation(&mut self, record: &EvaluationRow, line: Option<String>) {
        self.score = Some(format!("{} {}", record.set, record.score.short()));
        self.line(line);
    }

    /// A line above the bar.
    pub fn line(&self, line: Option<String>) {
        let _ = line.map(|line| self.shown.println(line));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.shown.finish_and_clear();
    }
}
