//! A progress bar on a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use snode_experiment::format::{fixed, show_seconds};
use snode_runner::records::EvaluationRow;
use snode_runner::{Begin, Pace, RunEvent};

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
        let bar = ProgressBar::new(pace.batches as u64);
        let style =
            ProgressStyle::with_template("{prefix} {bar:20} {pos}/{len} batches {wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("━╸─");
        bar.set_style(style);
        bar.set_prefix(begin.name.clone());
        bar.set_position(pace.done_before as u64);
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
        self.shown.set_message(parts.join(" · "));
        self.shown.set_position(progressed.batches as u64);
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
