//! Showing what a training does: a bar on a terminal, lines elsewhere, JSON for programs.

mod bar;
mod json;
mod pace;

use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

use snode_train::{
    Control, EvaluationRecord, Event, Observer, ObserverError, Plan, Snapshot, State,
};

use self::bar::Bar;
pub use self::json::{analysis as json_analysis, end as json_end, error as json_error};
pub use self::pace::{Pace, Progressed};
use crate::error::Result;
use crate::format::fixed;
use crate::number::Number;
use crate::output::say;
use crate::prepare::Prepared;

/// How a training is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Not at all.
    Quiet,
    /// For people: a bar if the standard error is a terminal, else a line for each evaluation.
    People,
    /// For programs: a JSON object a line on the standard output.
    Json,
    /// For the process that runs a grid: the same, but only some of the iterations.
    Watched,
}

impl Style {
    /// Whether the standard output is for programs.
    pub fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Watched)
    }
}

/// How often an iteration is told of to who only watches.
const WATCHED_EVERY: Duration = Duration::from_millis(200);

/// Shows a training.
pub struct Progress {
    display: Display,
    pace: Pace,
}

enum Display {
    None,
    Bar(Bar),
    Lines,
    Json,
    /// With the time of the last iteration that was told of.
    Watched(Option<Instant>),
}

impl Progress {
    /// For a session of `prepared` that begins at `snapshot`.
    pub fn new<T: Number>(
        style: Style,
        prepared: &Prepared,
        snapshot: &Snapshot<T>,
        plan: Plan,
    ) -> Self {
        let training = &prepared.experiment.training;
        let per_epoch = prepared.train.len() / training.batch_size;
        let pace = Pace::new(snapshot, plan, per_epoch, training.time_limit);
        let display = match style {
            Style::Quiet => Display::None,
            Style::Json => Display::Json,
            Style::Watched => Display::Watched(None),
            Style::People if std::io::stderr().is_terminal() => {
                Display::Bar(Bar::new(prepared.name(), &pace))
            }
            Style::People => Display::Lines,
        };
        Self { display, pace }
    }

    /// Training begins; its results will be in `results`.
    ///
    /// # Errors
    /// If the standard output cannot be written.
    pub fn begin(&self, prepared: &Prepared, results: &Path) -> Result<()> {
        match self.display {
            Display::Json | Display::Watched(_) => json::begin(prepared, &self.pace, results),
            _ => Ok(()),
        }
    }

    /// A checkpoint was written because the run was interrupted.
    ///
    /// # Errors
    /// If the standard output cannot be written.
    pub fn checkpoint(&self, path: &Path) -> Result<()> {
        match self.display {
            Display::Json | Display::Watched(_) => json::checkpoint(path),
            _ => Ok(()),
        }
    }

    /// Training is over.
    pub fn end(&self) {
        if let Display::Bar(bar) = &self.display {
            bar.end();
        }
    }
}

impl<T: Number> Observer<T> for Progress {
    fn observe(
        &mut self,
        event: &Event<'_>,
        state: &State<'_, T>,
    ) -> std::result::Result<Control, ObserverError> {
        let progressed = self.pace.at(state.position, state.history);
        match (&mut self.display, event) {
            (Display::Bar(bar), Event::Iteration(record)) => bar.iteration(record, &progressed),
            (Display::Bar(bar), Event::Evaluation(record)) => bar.evaluation(record, &progressed),
            (Display::Lines, Event::Evaluation(record)) => {
                say(&evaluation_line(record, &progressed));
            }
            (Display::Json, Event::Iteration(record)) => json::iteration(record)?,
            (Display::Watched(last), Event::Iteration(record))
                if last.is_none_or(|last| last.elapsed() >= WATCHED_EVERY) =>
            {
                *last = Some(Instant::now());
                json::watched(record, &progressed)?;
            }
            (Display::Json | Display::Watched(_), Event::Evaluation(record)) => {
                json::evaluation(record)?;
            }
            _ => {}
        }
        Ok(Control::Continue)
    }
}

/// What there is to say about an evaluation in a line.
fn evaluation_line(record: &EvaluationRecord, progressed: &Progressed) -> String {
    format!(
        "batch {} of {}: {} {:.2} % ({} of {}), cost {}, training cost {}, {} s",
        record.batches,
        progressed.of,
        record.set,
        100.0 * record.score.accuracy(),
        record.score.correct,
        record.score.total,
        fixed(record.score.cost, 4),
        fixed(progressed.cost, 4),
        fixed(record.seconds, 1),
    )
}
