//! Showing what the cells of a grid do.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Instant;

use indicatif::{MultiProgress, ProgressBar};
use serde_json::{Value, json};
use snode_experiment::format::{fixed, show_seconds};
use snode_runner::grid::Cell;
use snode_runner::{Counts, End, GridEvent, GridOutcome, Pace, RunEvent};

use super::{FULL, Style, show_completion, style};
use crate::error::Result;
use crate::output::{print, print_line, say};

/// Shows what the cells of a grid do: bars on a terminal, a line for every end elsewhere, JSON for
/// programs.
pub struct GridProgress {
    style: Style,
    bars: Option<Bars>,
    name: String,
    cells: usize,
}

struct Bars {
    all: MultiProgress,
    total: ProgressBar,
    /// Those of the cells that are being trained.
    cells: BTreeMap<usize, (ProgressBar, Option<Pace>)>,
    begin: Instant,
    to_do: usize,
    ended: usize,
}

impl GridProgress {
    /// In a style.
    pub fn new(style: Style) -> Self {
        Self { style, bars: None, name: String::new(), cells: 0 }
    }

    /// Shows an event.
    ///
    /// # Errors
    /// If the standard output cannot be written.
    pub fn show(&mut self, event: &GridEvent<'_>) -> Result<()> {
        match *event {
            GridEvent::Begin { name, cells, to_do, done } => {
                self.begin(name, cells, to_do, done);
                Ok(())
            }
            GridEvent::Started { cell, threads } => {
                if let Some(bars) = &mut self.bars {
                    bars.started(cell);
                }
                self.json("begin", cell, json!({ "threads": threads }))
            }
            GridEvent::Run { cell, event } => self.run(cell, event),
            GridEvent::Done { cell, end } => {
                self.ended(cell, &end_text(end));
                self.json("done", cell, json!({}))
            }
            GridEvent::DoneByOther { cell } => {
                self.ended(cell, "done by another snode");
                self.json("done", cell, json!({ "by_other": true }))
            }
            GridEvent::Failed { cell, error } => {
                self.ended(cell, &format!("failed: {error}"));
                self.json("failed", cell, json!({ "error": error }))
            }
            GridEvent::Interrupted { cell, is_saved } => {
                let text = if is_saved { "interrupted" } else { "interrupted before it was saved" };
                self.ended(cell, text);
                self.json("interrupted", cell, json!({ "saved": is_saved }))
            }
            GridEvent::Elsewhere { cell } => {
                self.remove_bar(cell);
                self.line(cell, "another snode is at it; looked at again at the end");
                self.json("elsewhere", cell, json!({}))
            }
            GridEvent::Stopping { running } => {
                if self.style == Style::Human {
                    self.say(&format!(
                        "stopping {running} cells, which write checkpoints; a second Ctrl-C ends \
                         at once"
                    ));
                }
                Ok(())
            }
            _ => {
                if let Some(bars) = &self.bars {
                    bars.total.finish_and_clear();
                }
                Ok(())
            }
        }
    }

    fn begin(&mut self, name: &str, cells: usize, to_do: usize, done: usize) {
        name.clone_into(&mut self.name);
        self.cells = cells;
        if self.style != Style::Human {
            return;
        }
        if std::io::stderr().is_terminal() {
            self.bars = Some(Bars::new(name, to_do, done));
        } else if done > 0 {
            say(&format!("{done} cells are done already"));
        }
    }

    /// Something happens in the run of a cell.
    fn run(&mut self, cell: &Cell, event: &RunEvent) -> Result<()> {
        if let Some(bars) = &mut self.bars {
            bars.run(cell, event);
        }
        match event {
            // Told of as the end of the cell, once it is known whether it is merely elsewhere.
            RunEvent::Error { .. } => Ok(()),
            RunEvent::Warning { message } if self.style == Style::Human => {
                self.line(cell, &format!("warning: {message}"));
                Ok(())
            }
            _ if self.style.is_json() => {
                print_json(cell, serde_json::to_value(event).unwrap_or_default())
            }
            _ => Ok(()),
        }
    }

    /// What there is to say at the end.
    ///
    /// # Errors
    /// If the standard output cannot be written.
    pub fn summary(&self, outcome: &GridOutcome) -> Result<()> {
        let Counts { before, finished, by_others, failed } = outcome.counts;
        let manifest = outcome.manifest.display().to_string();
        match self.style {
            Style::Quiet => print_line(&manifest),
            Style::Json | Style::Watched => print_line(
                &json!({
                    "event": "summary",
                    "name": self.name,
                    "done_before": before,
                    "done": finished,
                    "done_by_others": by_others,
                    "failed": failed,
                    "manifest": manifest,
                })
                .to_string(),
            ),
            Style::Human => {
                let others = match by_others {
                    0 => String::new(),
                    n => format!(", {n} by another snode meanwhile"),
                };
                print(&format!(
                    "{}: {} of {} cells done, {finished} of them now{others}, {failed} failed\n\
                     manifest: {manifest}\n",
                    self.name,
                    outcome.counts.done(),
                    self.cells
                ))
            }
        }
    }

    fn remove_bar(&mut self, cell: &Cell) {
        let shown = self.bars.as_mut().and_then(|bars| bars.cells.remove(&cell.number));
        if let Some((bar, _)) = shown {
            bar.finish_and_clear();
        }
    }

    fn ended(&mut self, cell: &Cell, text: &str) {
        if let Some(bars) = &mut self.bars {
            bars.total.inc(1);
            bars.ended += 1;
        }
        self.remove_bar(cell);
        self.line(cell, text);
    }

    /// A line about a cell, for people.
    fn line(&self, cell: &Cell, text: &str) {
        if self.style == Style::Human {
            let (number, of, label) = (cell.number, self.cells, cell.text());
            self.say(&format!("cell {number} of {of}, {label}: {text}"));
        }
    }

    fn say(&self, text: &str) {
        match &self.bars {
            Some(bars) => {
                let _ = bars.all.println(text);
            }
            None => say(text),
        }
    }

    fn json(&self, state: &str, cell: &Cell, mut object: Value) -> Result<()> {
        if !self.style.is_json() {
            return Ok(());
        }
        object["event"] = "cell".into();
        object["state"] = state.into();
        print_json(cell, object)
    }
}

fn print_json(cell: &Cell, mut object: Value) -> Result<()> {
    object["cell"] = cell.number.into();
    object["identity"] = cell.identity.clone().into();
    print_line(&object.to_string())
}

/// How a run ended, in words.
fn end_text(end: Option<&End>) -> String {
    let mut text = "done".to_owned();
    if let Some(End { history, .. }) = end {
        for (set, score) in &history.sets {
            text.push_str(&format!(", {set} {}", score.short()));
        }
        text.push_str(&format!(", {} of training", show_seconds(history.seconds)));
    }
    text
}

impl Bars {
    fn new(name: &str, to_do: usize, done: usize) -> Self {
        let all = MultiProgress::new();
        let total = all.add(ProgressBar::new((to_do + done) as u64));
        total.set_style(style("{prefix} {bar:20} {pos}/{len} cells {elapsed}{msg}"));
        total.set_prefix(name.to_owned());
        total.set_position(done as u64);
        total.enable_steady_tick(std::time::Duration::from_secs(1));
        Self { all, total, cells: BTreeMap::new(), begin: Instant::now(), to_do, ended: 0 }
    }

    fn started(&mut self, cell: &Cell) {
        let bar = self.all.add(ProgressBar::new(FULL));
        bar.set_style(style("  {prefix} begins"));
        bar.set_prefix(cell.text());
        // There is no plan before the process says it.
        self.cells.insert(cell.number, (bar, None));
    }

    fn run(&mut self, cell: &Cell, event: &RunEvent) {
        let Some((bar, pace)) = self.cells.get_mut(&cell.number) else { return };
        match (event, *pace) {
            (RunEvent::Begin(begin), _) => {
                bar.set_style(style("  {bar:12} {prefix} {wide_msg}"));
                show_completion(bar, pace.insert(Pace::new(begin)).start(), &[]);
            }
            (RunEvent::Iteration { batches_done, record }, Some(pace)) => {
                let completion = pace.after(record, *batches_done).completion;
                show_completion(bar, completion, &[format!("cost {}", fixed(record.cost, 4))]);
            }
            (RunEvent::Analysis { name }, _) => bar.set_message(format!("measuring: {name}")),
            _ => {}
        }
        if let Some(remaining) = self.remaining() {
            self.total.set_message(format!(" · about {} left", show_seconds(remaining)));
        }
    }

    /// How long it may take, if the rest goes on as it went so far; nothing while that is a guess.
    fn remaining(&self) -> Option<f64> {
        let part = |(bar, _): &(ProgressBar, _)| bar.position() as f64 / FULL as f64;
        let done = self.ended as f64 + self.cells.values().map(part).sum::<f64>();
        let elapsed = self.begin.elapsed().as_secs_f64();
        (elapsed > 3.0 && done > 0.0).then(|| elapsed / done * (self.to_do as f64 - done).max(0.0))
    }
}
