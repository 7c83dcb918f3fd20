//! Showing what the cells of a grid do.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;
use std::time::Instant;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::error::Result;
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
        Self { style, bars, name: grid.name.clone(), cells: grid.cells.len() }
    }

    /// A cell begins.
    pub fn begin(&mut self, cell: &Cell, threads: usize) {
        if let Some(bars) = &mut self.bars {
            bars.begin(cell);
        }
        self.json("begin", cell, json!({ "threads": threads }));
    }

    /// A process at a cell says something.
    ///
    /// # Errors
    /// If the standard output cannot be written.
    pub fn event(&mut self, cell: &Cell, mut event: Value) -> Result<()> {
        if let Some(bars) = &self.bars {
            bars.event(cell, &event);
        }
        // Errors are told of by `failed`, once it is known whether the cell is merely elsewhere.
        if self.style.is_json() && event["event"] != "error" {
            event["cell"] = cell.number.into();
            event["identity"] = cell.identity.clone().into();
            print_line(&event.to_string())?;
        }
        Ok(())
    }

    /// A cell is done.
    pub fn done(&mut self, cell: &Cell, end: Option<&Value>) {
        let mut text = "done".to_owned();
        for (set, score) in end.into_iter().filter_map(|end| end["sets"].as_object()).flatten() {
            let accuracy = 100.0 * score["accuracy"].as_f64().unwrap_or(f64::NAN);
            text.push_str(&format!(", {set} {accuracy:.2} %"));
        }
        if let Some(seconds) = end.and_then(|end| end["seconds"].as_f64()) {
            text.push_str(&format!(", {} of training", show_seconds(seconds)));
        }
        self.ended(cell, &text);
        self.json("done", cell, json!({}));
    }

    /// A cell has failed.
    pub fn failed(&mut self, cell: &Cell, error: &str) {
        self.ended(cell, &format!("failed: {error}"));
        self.json("failed", cell, json!({ "error": error }));
    }

    /// A cell was interrupted.
    pub fn stopped(&mut self, cell: &Cell) {
        self.ended(cell, "interrupted");
        self.json("interrupted", cell, json!({}));
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
    pub fn summary(
        &self,
        before: usize,
        finished: usize,
        failed: usize,
        manifest: &Path,
    ) -> Result<()> {
        let manifest = manifest.display().to_string();
        match self.style {
            Style::Quiet => print_line(&manifest),
            Style::Json | Style::Watched => print_line(
                &json!({
                    "event": "summary",
                    "name": self.name,
                    "done_before": before,
                    "done": finished,
                    "failed": failed,
                    "manifest": manifest,
                })
                .to_string(),
            ),
            Style::People => print(&format!(
                "{}: {} of {} cells done, {finished} of them now, {failed} failed\nmanifest: \
                 {manifest}\n",
                self.name,
                before + finished,
                self.cells
            )),
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

    fn json(&self, state: &str, cell: &Cell, mut object: Value) {
        if self.style.is_json() {
            object["event"] = "cell".into();
            object["state"] = state.into();
            object["cell"] = cell.number.into();
            object["identity"] = cell.identity.clone().into();
            // Whether anybody reads is noticed at the next event of a child.
            let _ = print_line(&object.to_string());
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

    fn event(&self, cell: &Cell, event: &Value) {
        let Some(bar) = self.cells.get(&cell.number) else { return };
        if let Some(batches) = event["batches"].as_u64().filter(|_| event["event"] == "begin") {
            bar.set_style(style("  {bar:12} {pos}/{len} {prefix} {wide_msg}"));
            bar.set_length(batches);
        }
        if let Some(done) = event["batches_done"].as_u64() {
            bar.set_position(done);
        }
        match event["event"].as_str() {
            Some("iteration") => {
                bar.set_message(format!(
                    "cost {}",
                    fixed(event["cost"].as_f64().unwrap_or(f64::NAN), 4)
                ));
            }
            Some("analysis") => {
                bar.set_message(format!("measuring: {}", event["name"].as_str().unwrap_or("")));
            }
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
