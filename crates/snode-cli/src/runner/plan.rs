//! `--dry-run`: what would be done, and why.

use serde_json::{Value, json};

use super::Options;
use crate::error::Result;
use crate::estimate;
use crate::format::show_seconds;
use crate::grid::{
    Cell, Grid, Selection, Stale, State, Stored, differences_text, nearest_results, stale, stored,
};
use crate::number::with_precision;
use crate::output::{print, print_line};
use crate::prepare::sizes;
use crate::report::{align_right, plain_table, text};

/// Shows the cells that are wanted, with their states and why they would run, the results that no
/// cell has any more, and an estimate of the time. Writes nothing.
///
/// # Errors
/// If the folder of results cannot be read, or the standard output not written.
pub fn dry_run(grid: &Grid, selection: &Selection, options: &Options) -> Result<()> {
    let files = stored(grid);
    let mut time = Time::default();
    let mut table = plain_table();
    table.set_header(["cell", "identity", "label", "state", "", "why"]);
    for cell in &grid.cells {
        let state = State::of(cell, &grid.folder);
        time.measure(cell, &state);
        if !selection.takes(cell, &state) {
            continue;
        }
        let (runs, why) = reason(grid, cell, &state, &files, options);
        if runs {
            time.add(cell, &state);
        }
        if options.style.is_json() {
            print_line(&as_json(cell, &state, runs, why).to_string())?;
        } else {
            table.add_row([
                cell.number.to_string(),
                cell.short().to_owned(),
                cell.text(),
                state.name().to_owned(),
                if runs { "runs" } else { "stays" }.to_owned(),
                why,
            ]);
        }
    }
    let elapsed = time.seconds(grid) / options.share.jobs(time.runs.max(1)) as f64;
    let stale = stale(grid, &files)?;
    if options.style.is_json() {
        for Stale { stored, nearest, differences } in &stale {
            print_line(
                &json!({
                    "event": "stale",
                    "path": stored.path.display().to_string(),
                    "nearest": nearest.map(|cell| cell.number),
                    "differences": differences_text(differences),
                })
                .to_string(),
            )?;
        }
        return print_line(
            &json!({ "event": "estimate", "cells": time.runs, "seconds": elapsed }).to_string(),
        );
    }
    align_right(&mut table, &[0]);
    let mut out = format!("{}\n{}\n", grid.name, text(&table));
    for Stale { stored, nearest, differences } in &stale {
        out.push_str(&format!("stale: {}", stored.path.display()));
        if let Some(cell) = nearest {
            let differences = differences_text(differences);
            out.push_str(&format!(" (nearest is cell {}: {differences})", cell.number));
        }
        out.push('\n');
    }
    let basis = if time.is_measured() { "as finished cells took" } else { "by the products alone" };
    out.push_str(&match time.runs {
        0 => "nothing to do\n".to_owned(),
        runs => format!("{runs} cells to run, about {}, {basis}\n", show_seconds(elapsed)),
    });
    print(&out)
}

fn as_json(cell: &Cell, state: &State, runs: bool, why: String) -> Value {
    let mut object = state.json();
    object["event"] = "plan".into();
    object["cell"] = cell.number.into();
    object["identity"] = cell.identity.clone().into();
    object["label"] = json!(cell.label);
    object["runs"] = runs.into();
    object["why"] = why.into();
    object
}

/// Whether a cell would run, and why or why not.
fn reason(
    grid: &Grid,
    cell: &Cell,
    state: &State,
    files: &[Stored],
    options: &Options,
) -> (bool, String) {
    let why = match state {
        State::Done(_) if !options.fresh => return (false, state.detail()),
        State::Running => return (true, "once the process that is at it has ended".into()),
        State::Missing => match nearest_results(grid, cell, files) {
            Some((stored, differences)) => {
                let name = stored.path.file_stem().unwrap_or_default().to_string_lossy();
                format!("no results; nearest is {name}: {}", differences_text(&differences))
            }
            None => "no results yet".into(),
        },
        State::Done(_) => "begins anew, as asked for".into(),
        State::Trained(..) | State::Failed(_) | State::Interrupted(_) => state.detail(),
    };
    (true, why)
}

/// An estimate of time.
#[derive(Debug, Default)]
struct Time {
    /// Cells that would run.
    runs: usize,
    /// Floating-point operations of those without a limit of their time.
    flop: f64,
    /// The operations and the limit, in seconds, of the others.
    limited: Vec<(f64, f64)>,
    /// Operations of finished cells, and the seconds they took.
    measured: (f64, f64),
}

impl Time {
    /// Learns from a finished cell.
    fn measure(&mut self, cell: &Cell, state: &State) {
        if let Some(summary) = state.summary() {
            let (flop, seconds) = &mut self.measured;
            *flop += estimate::training_flop(&cell.experiment, sizes(&cell.experiment));
            *seconds += summary.history.seconds();
        }
    }

    /// Adds a cell that would run.
    fn add(&mut self, cell: &Cell, state: &State) {
        self.runs += 1;
        if matches!(state, State::Trained(..)) {
            return;
        }
        let experiment = &cell.experiment;
        let flop = estimate::training_flop(experiment, sizes(experiment));
        match experiment.training.time_limit {
            None => self.flop += flop,
            Some(limit) => self.limited.push((flop, limit)),
        }
    }

    /// Whether there are finished cells to go by.
    fn is_measured(&self) -> bool {
        let (flop, seconds) = self.measured;
        flop > 0.0 && seconds > 0.0
    }

    /// Seconds that one thread would take for all of it.
    fn seconds(&self, grid: &Grid) -> f64 {
        if self.runs == 0 {
            return 0.0;
        }
        let per_flop = self.per_flop(&grid.cells[0]);
        let limited = self.limited.iter().map(|(flop, limit)| (per_flop * flop).min(*limit));
        per_flop * self.flop + limited.sum::<f64>()
    }

    /// Seconds of one thread for an operation.
    fn per_flop(&self, cell: &Cell) -> f64 {
        if self.is_measured() {
            let (flop, seconds) = self.measured;
            return seconds / flop;
        }
        let experiment = &cell.experiment;
        let (width, batch) = (sizes(experiment).width, experiment.training.batch_size);
        let rate = with_precision!(experiment.precision, T => {
            estimate::rate_of_one::<T>(width, batch, experiment.network.layers)
        });
        1.0 / rate
    }
}
