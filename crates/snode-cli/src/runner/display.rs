//! Showing what the cells of a grid do.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;
use std::time::Instant;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::event::{End, RunEvent};
use crate::format::{fixed, show_seconds};
use crate::grid::{Cell, Grid};
use crate::output::{print, print_line, say};
use crate::progress::Style;

/// Shows what the cells of a grid do: bars on a terminal, a line for every end elsewhere, JSON for
/// programs.
pub struct Display {
    style: Style,
    bars: Option<Bars>,
    name: String,
    cells: usize,
    /// That the standard output cannot be written any more.
    problem: Option<Error>,
}

/// How many cells ended how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Cells that were done before.
    pub before: usize,
    /// Cells that this program has finished.
    pub finished: usize,
    /// Cells that others have finished meanwhile.
    pub by_others: usize,
    /// Cells that failed.
    pub failed: usize,
}

impl Counts {
    /// Cells that are done.
    pub fn done(&self) -> usize {
        self.before + self.finished + self.by_others
    }
}

struct Bars {
    all: MultiProgress,
    total: ProgressBar,
    /// Those of the cells that processes are at.
    cells: BTreeMap<usize, ProgressBar>,
    begin: Instant,
    to_do: usize,
    ended: usize,
}

impl Display {
    /// For so many cells to do, when others are done before.
    pub fn new(style: Style, grid: &Grid, to_do: usize, done: usize) -> Self {
        let on_terminal = style == Style::People && std::io::stderr().is_terminal();
        let bars = on_terminal.then(|| Bars::new(&grid.name, to_do, done));
        if style == Style::People && bars.is_none() && done > 0 {
            say(&format!("{done} cells are done already"));
        }
        Self { style, bars, name: grid.name.clone(), cells: grid.cells.len(), problem: None }
    }

    /// A cell begins.
    pub fn begin(&mut self, cell: &Cell, threads: usize) {
        if let Some(bars) = &mut self.bars {
            bars.begin(cell);
        }
        self.json("begin", cell, json!({ "threads": threads }));
    }

    /// A process at a cell says something.
    pub fn event(&mut self, cell: &Cell, event: &RunEvent) {
        if let Some(bars) = &self.bars {
            bars.event(cell, event);
        }
        match event {
            // Errors are told of by `failed`, once it is known whether the cell is merely elsewhere.
            RunEvent::Error { .. } => {}
            RunEvent::Warning { message } if self.style == Style::People => {
                self.line(cell, &format!("warning: {message}"));
            }
            _ if self.style.is_json() => {
                self.print_json(cell, serde_json::to_value(event).unwrap_or_default());
            }
            _ => {}
        }
    }

    /// A cell is done.
    pub fn done(&mut self, cell: &Cell, end: Option<&End>) {
        let mut text = "done".to_owned();
        if let Some(end) = end {
            for (set, score) in &end.sets {
                text.push_str(&format!(", {set} {:.2} %", 100.0 * score.accuracy));
            }
            text.push_str(&format!(", {} of training", show_seconds(end.seconds)));
        }
        self.ended(cell, &text);
        self.json("done", cell, json!({}));
    }

    /// A cell is done by another program.
    pub fn done_by_other(&mut self, cell: &Cell) {
        self.ended(cell, "done by another snode");
        self.json("done", cell, json!({ "by_other": true }));
    }

    /// A cell has failed.
    pub fn failed(&mut self, cell: &Cell, error: &str) {
        self.ended(cell, &format!("failed: {error}"));
        self.json("failed", cell, json!({ "error": error }));
    }

    /// A cell was interrupted.
    pub fn stopped(&mut self, cell: &Cell, is_saved: bool) {
        let text = if is_saved { "interrupted" } else { "interrupted before it was saved" };
        self.ended(cell, text);
        self.json("interrupted", cell, json!({ "saved": is_saved }));
    }

    /// Why the standard output cannot be written any more, once.
    pub fn take_problem(&mut self) -> Option<Error> {
        self.problem.take()
    }

    /// Another process is at a cell.
    pub fn elsewhere(&mut self, cell: &Cell) {
        if let Some(bar) = self.bars.as_mut().and_then(|bars| bars.cells.remove(&cell.number)) {
            bar.finish_and_clear();
        }
        self.line(cell, "another snode is at it; looked at again at the end");
        self.json("elsewhere", cell, json!({}));
    }

    /// Everyone was told to stop.
    pub fn stopping(&self, children: usize) {
        if self.style == Style::People {
            let text = format!(
                "stopping {children} cells, which write checkpoints; a second Ctrl-C ends at once"
            );
            self.say(&text);
        }
    }

    /// Nothing is shown any more.
    pub fn end(&self) {
        if let Some(bars) = &self.bars {
            bars.total.finish_and_clear();
        }
    }

    /// What there is to say at the end.
    ///
    /// # Errors
    /// If the standard output cannot be written.
    pub fn summary(&self, counts: &Counts, manifest: &Path) -> Result<()> {
        let Counts { before, finished, by_others, failed } = *counts;
        let manifest = manifest.display().to_string();
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
            Style::People => {
                let others = match by_others {
                    0 => String::new(),
                    n => format!(", {n} by another snode meanwhile"),
                };
                print(&format!(
                    "{}: {} of {} cells done, {finished} of them now{others}, {failed} failed\n\
                     manifest: {manifest}\n",
                    self.name,
                    counts.done(),
                    self.cells
                ))
            }
        }
    }

    fn ended(&mut self, cell: &Cell, text: &str) {
        if let Some(bars) = &mut self.bars {
            bars.total.inc(1);
            bars.ended += 1;
            if let Some(bar) = bars.cells.remove(&cell.number) {
                bar.finish_and_clear();
            }
        }
        self.line(cell, text);
    }

    /// A line about a cell, for people.
    fn line(&self, cell: &Cell, text: &str) {
        if self.style == Style::People {
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

    fn json(&mut self, state: &str, cell: &Cell, mut object: Value) {
        if self.style.is_json() {
            object["event"] = "cell".into();
            object["state"] = state.into();
            self.print_json(cell, object);
        }
    }

    fn print_json(&mut self, cell: &Cell, mut object: Value) {
        object["cell"] = cell.number.into();
        object["identity"] = cell.identity.clone().into();
        if let Err(error) = print_line(&object.to_string()) {
            self.problem.get_or_insert(error);
        }
    }
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

    fn begin(&mut self, cell: &Cell) {
        let bar = self.all.add(ProgressBar::new(0));
        // There is no length before the process says it.
        bar.set_style(style("  {prefix} begins"));
        bar.set_prefix(cell.text());
        self.cells.insert(cell.number, bar);
    }

    fn event(&self, cell: &Cell, event: &RunEvent) {
        let Some(bar) = self.cells.get(&cell.number) else { return };
        match event {
            RunEvent::Begin { batches, batches_done, .. } => {
                bar.set_style(style("  {bar:12} {pos}/{len} {prefix} {wide_msg}"));
                bar.set_length(*batches as u64);
                bar.set_position(*batches_done as u64);
            }
            RunEvent::Iteration { cost, batches_done, .. } => {
                bar.set_message(format!("cost {}", fixed(*cost, 4)));
                if let Some(done) = batches_done {
                    bar.set_position(*done as u64);
                }
            }
            RunEvent::Analysis { name } => bar.set_message(format!("measuring: {name}")),
            _ => {}
        }
        if let Some(remaining) = self.remaining() {
            self.total.set_message(format!(" · about {} left", show_seconds(remaining)));
        }
    }

    /// How long it may take, if the rest goes on as it went so far; nothing while that is a guess.
    fn remaining(&self) -> Option<f64> {
        let part = |bar: &ProgressBar| {
            bar.length()
                .filter(|&all| all > 0)
                .map_or(0.0, |all| bar.position() as f64 / all as f64)
        };
        let done = self.ended as f64 + self.cells.values().map(part).sum::<f64>();
        let elapsed = self.begin.elapsed().as_secs_f64();
        (elapsed > 3.0 && done > 0.0).then(|| elapsed / done * (self.to_do as f64 - done).max(0.0))
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template);
    style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─")
}
