//! Showing what a training does: a bar on a terminal, lines elsewhere, JSON for programs.

mod bar;
mod grid;

use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use snode_runner::{Completion, End, EventLines, RunEvent, summary};

use self::bar::Bar;
pub use self::grid::GridProgress;
use crate::error::Result;
use crate::output::{print, print_line, say};
use crate::table::summary_table;

/// How a training is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Not at all, but for the path of the results.
    Quiet,
    /// For people: a bar if the standard error is a terminal, else a line for each evaluation.
    Human,
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

/// Shows the events of a run.
pub struct Progress {
    style: Style,
    lines: EventLines,
    bar: Option<Bar>,
    /// When an iteration was last told of to who only watches.
    last: Option<Instant>,
}

impl Progress {
    /// In a style.
    pub fn new(style: Style) -> Self {
        Self { style, lines: EventLines::default(), bar: None, last: None }
    }

    /// Shows an event.
    ///
    /// # Errors
    /// If the standard output cannot be written.
    pub fn show(&mut self, event: &RunEvent) -> Result<()> {
        match self.style {
            Style::Json => {
                if matches!(event, RunEvent::Note { .. } | RunEvent::Warning { .. }) {
                    self.say_line(event)?;
                }
                print_event(event)
            }
            Style::Watched => self.watched(event),
            Style::Human => self.human(event),
            Style::Quiet => self.quiet(event),
        }
    }

    fn quiet(&mut self, event: &RunEvent) -> Result<()> {
        match event {
            RunEvent::End(end) => print_line(&end.results),
            RunEvent::Note { .. } | RunEvent::Warning { .. } => self.say_line(event),
            _ => Ok(()),
        }
    }

    fn watched(&mut self, event: &RunEvent) -> Result<()> {
        if matches!(event, RunEvent::Iteration { .. }) {
            if self.last.is_some_and(|last| last.elapsed() < WATCHED_EVERY) {
                return Ok(());
            }
            self.last = Some(Instant::now());
        }
        print_event(event)
    }

    fn human(&mut self, event: &RunEvent) -> Result<()> {
        if let RunEvent::Begin(begin) = event
            && std::io::stderr().is_terminal()
        {
            self.say_line(event)?;
            self.bar = Some(Bar::new(begin));
            return Ok(());
        }
        let Some(bar) = &mut self.bar else { return self.say_line(event) };
        match event {
            RunEvent::Iteration { .. } => {
                self.lines.line(event);
                bar.iteration(event);
            }
            RunEvent::Evaluation(record) => {
                bar.evaluation(record, self.lines.line(event));
            }
            RunEvent::Warning { .. } | RunEvent::Note { .. } => bar.line(self.lines.line(event)),
            // Training is over.
            _ => {
                self.bar = None;
                return self.say_line(event);
            }
        }
        Ok(())
    }

    /// Says the line that an event is worth.
    fn say_line(&mut self, event: &RunEvent) -> Result<()> {
        if let Some(line) = self.lines.line(event) {
            say(&line);
        }
        match event {
            RunEvent::End(end) if self.style == Style::Human => print_end(end),
            _ => Ok(()),
        }
    }
}

/// Prints what a run found, as its file of results says it.
fn print_end(end: &End) -> Result<()> {
    if !end.computed {
        say(&format!("{} is finished already; to train anew, give --fresh", end.results));
    }
    let (summary, experiment) = summary(Path::new(&end.results))?;
    print(&format!(
        "{}\n{}\nresults: {}\n",
        end.name,
        summary_table(&summary, experiment.as_ref()),
        end.results
    ))
}

/// Prints an event as a line of JSON.
///
/// # Errors
/// If the standard output cannot be written.
pub fn print_event(event: &RunEvent) -> Result<()> {
    // Texts, numbers and maps of them always can be serialised.
    print_line(&serde_json::to_string(event).unwrap_or_default())
}

/// The length of a bar for a run, which measures shares.
const FULL: u64 = 1000;

/// Shows how much of a run is done, with further parts of a message.
fn show_completion(bar: &ProgressBar, completion: Completion, parts: &[String]) {
    bar.set_position((completion.fraction() * FULL as f64) as u64);
    bar.set_message([&[completion.to_string()], parts].concat().join(" · "));
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template);
    style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─")
}
