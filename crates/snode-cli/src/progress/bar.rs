//! A progress bar on a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use snode_train::{EvaluationRecord, IterationRecord};

use super::{Pace, Progressed, evaluation_line};
use crate::format::{fixed, show_seconds};
use crate::output::keep;

/// A bar on the standard error.
pub struct Bar {
    bar: ProgressBar,
    /// The last evaluation, as `test 93.21 %`.
    accuracy: Option<String>,
}

impl Bar {
    /// A bar for the run called `name`.
    pub fn new(name: &str, pace: &Pace) -> Self {
        let bar = ProgressBar::new(pace.batches as u64);
        let style =
            ProgressStyle::with_template("{prefix} {bar:20} {pos}/{len} batches {wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("━╸─");
        bar.set_style(style);
        bar.set_prefix(name.to_owned());
        bar.set_position(pace.done_before as u64);
        Self { bar, accuracy: None }
    }

    /// An iteration is done.
    pub fn iteration(&mut self, record: &IterationRecord, progressed: &Progressed) {
        let mut parts = vec![format!("cost {}", fixed(record.iteration.cost.total(), 4))];
        parts.extend(self.accuracy.clone());
        if progressed.batches_per_second.is_finite() {
            parts.push(format!("{:.2} batches/s", progressed.batches_per_second));
        }
        if let Some(remaining) = progressed.remaining {
            parts.push(format!("{} left", show_seconds(remaining)));
        }
        self.bar.set_message(parts.join(" · "));
        self.bar.set_position(progressed.batches as u64);
    }

    /// A set was evaluated.
    pub fn evaluation(&mut self, record: &EvaluationRecord, progressed: &Progressed) {
        self.accuracy = Some(format!("{} {:.2} %", record.set, 100.0 * record.score.accuracy()));
        let line = evaluation_line(record, progressed);
        keep(&line);
        self.bar.println(line);
    }

    /// Training is over.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
