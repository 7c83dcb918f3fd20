//! Showing what a training does: a bar on a terminal, lines elsewhere, JSON for programs.

mod bar;
mod pace;

use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

use snode_train::{
    Control, EvaluationRecord, Event, Observer, ObserverError, Plan, Snapshot, State,
};

use self::bar::Bar;
pub use self::pace::{Pace, Progressed};
use crate::error::Result;
use crate::event::RunEvent;
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

/// Says that something is not as it should be, while the run goes on.
pub fn warn(style: Style, message: &str) {
    say(&format!("warning: {message}"));
    if style.is_json() {
        // Whether anybody reads is noticed at the next event.
        let _ = RunEvent::Warning { message: message.to_owned() }.print();
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
            Display::Json | Display::Watched(_) => RunEvent::Begin {
                name: prepared.name().to_owned(),
                batches_done: self.pace.done_before,
                batches: self.pace.batches,
                results: results.display().to_string(),
                experiment: serde_json::to_value(&prepared.experiment).unwrap_or_default(),
            }
            .print(),
            _ => Ok(()),
        }
    }

    /// A checkpoint was written because the run was interrupted.
    ///
    /// # Errors
    /// If the standard output cannot be written.
    pub fn checkpoint(&self, path: &Path) -> Result<()> {
        match self.display {
            Display::Json | Display::Watched(_) => {
                RunEvent::Checkpoint { path: path.display().to_string() }.print()
            }
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
            (Display::Json, Event::Iteration(record)) => RunEvent::iteration(record).print()?,
            (Display::Watched(last), Event::Iteration(record))
                if last.is_none_or(|last| last.elapsed() >= WATCHED_EVERY) =>
            {
                *last = Some(Instant::now());
                let cost = record.iteration.cost.total();
                RunEvent::progress(cost, progressed.batches).print()?;
            }
            (Display::Json, Event::Evaluation(record)) => RunEvent::evaluation(record).print()?,
            (Display::Watched(_), Event::Evaluation(record)) => {
                // In the log of the cell.
                say(&evaluation_line(record, &progressed));
                RunEvent::evaluation(record).print()?;
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
