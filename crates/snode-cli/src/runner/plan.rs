//! `--dry-run`: what would be done, and why.

use serde_json::json;

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
    let with_state = |cell| (cell, State::of(cell, &grid.folder));
    let all: Vec<(&Cell, State)> = grid.cells.iter().map(with_state).collect();
    let files = stored(&grid.folder);
    let time = Time::of(&all);
    let mut rows = Vec::new();
    let mut seconds = 0.0;
    let mut runs = 0;
    for (cell, state) in all.iter().filter(|(cell, state)| selection.takes(cell, state)) {
        let (runs_now, why) = reason(cell, state, &files, options);
        if runs_now {
            runs += 1;
            seconds += time.estimate(cell, state);
        }
        rows.push((*cell, state, runs_now, why));
    }
    let elapsed = seconds / options.share.jobs(runs.max(1)) as f64;
    let stale = stale(grid, &files)?;
    if options.style.is_json() {
        for (cell, state, runs, why) in &rows {
            let mut object = state.json();
            object["event"] = "plan".into();
            object["cell"] = cell.number.into();
            object["identity"] = cell.identity.clone().into();
            object["label"] = json!(cell.label);
            object["runs"] = (*runs).into();
            object["why"] = why.clone().into();
            print_line(&object.to_string())?;
        }
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
            &json!({ "event": "estimate", "cells": runs, "seconds": elapsed }).to_string(),
        );
    }
    let mut table = plain_table();
    table.set_header(["cell", "identity", "label", "state", "", "why"]);
    for (cell, state, runs, why) in rows {
        table.add_row([
            cell.number.to_string(),
            cell.short().to_owned(),
            cell.text(),
            state.name().to_owned(),
            if runs { "runs" } else { "stays" }.to_owned(),
            why,
        ]);
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
    let basis = if time.is_measured { "as finished cells took" } else { "by the products alone" };
    out.push_str(&match runs {
        0 => "nothing to do\n".to_owned(),
        _ => format!("{runs} cells to run, about {}, {basis}\n", show_seconds(elapsed)),
    });
    print(&out)
}

/// Whether a cell would run, and why or why not.
fn reason(cell: &Cell, state: &State, files: &[Stored], options: &Options) -> (bool, String) {
    let why = match state {
        State::Done(_) if !options.fresh => return (false, state.detail()),
        State::Running => return (true, "once the process that is at it has ended".into()),
        State::Missing => match nearest_results(cell, files) {
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
struct Time {
    /// Seconds of one thread for a floating-point operation.
    per_flop: f64,
    /// Whether that was measured on finished cells.
    is_measured: bool,
}

impl Time {
    fn of(cells: &[(&Cell, State)]) -> Self {
        let (mut seconds, mut flop) = (0.0, 0.0);
        for (cell, state) in cells {
            if let Some(summary) = state.summary() {
                seconds += summary.history.seconds();
                flop += estimate::training_flop(&cell.experiment, sizes(&cell.experiment));
            }
        }
        if flop > 0.0 && seconds > 0.0 {
            return Self { per_flop: seconds / flop, is_measured: true };
        }
        let Some((cell, _)) = cells.first() else {
            return Self { per_flop: 0.0, is_measured: false };
        };
        let experiment = &cell.experiment;
        let (width, batch) = (sizes(experiment).width, experiment.training.batch_size);
        let rate = with_precision!(experiment.precision, T => {
            estimate::rate_of_one::<T>(width, batch, experiment.network.layers)
        });
        Self { per_flop: 1.0 / rate, is_measured: false }
    }

    /// Seconds that a cell still takes.
    fn estimate(&self, cell: &Cell, state: &State) -> f64 {
        if matches!(state, State::Trained(..)) {
            return 0.0;
        }
        let experiment = &cell.experiment;
        let all = self.per_flop * estimate::training_flop(experiment, sizes(experiment));
        experiment.training.time_limit.map_or(all, |limit| all.min(limit))
    }
}
