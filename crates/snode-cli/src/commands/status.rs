//! `snode status`: how far a grid is.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use crate::error::Result;
use crate::output::{print, print_line, say};
use crate::settings::SetArgs;
use crate::table::{align_right, plain_table, text};
use snode_runner::grid::{Cell, CellState, FoundGrid, StateCounts, find};
use snode_runner::slurm;

/// Arguments of `snode status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The grid, a TOML file; or its manifest, or the folder of its results.
    pub file: PathBuf,
    /// What is changed in it.
    #[command(flatten)]
    pub set: SetArgs,
    /// The folder for results, in place of the file's.
    #[arg(long, short, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Prints one JSON object a grid.
    #[arg(long)]
    pub json: bool,
}

/// Prints how many cells are in which state, and a row for every cell: by the files of the grid, and by
/// what Slurm says of what was submitted to it.
///
/// # Errors
/// If there is no grid, or it is refused.
pub fn run(args: &StatusArgs) -> Result<()> {
    for found in find(&args.file, &args.set.overrides(), args.output.as_deref())? {
        let slurm::Look { scheduled, problem } = slurm::look(&found.folder)?;
        if let Some(problem) = problem {
            say(&format!("note: the files alone are looked at; {problem}"));
        }
        // One state at a time: that of a trained cell holds the history of its training.
        let state = |cell| CellState::of(cell, &found.folder).with(cell, &scheduled);
        let states = found.cells.iter().map(|cell| (cell, state(cell)));
        if args.json {
            print_line(&as_json(&found, states).to_string())?;
        } else {
            print(&as_table(&found, states))?;
        }
    }
    Ok(())
}

fn as_table<'a>(found: &FoundGrid, states: impl Iterator<Item = (&'a Cell, CellState)>) -> String {
    let mut counts = StateCounts::default();
    let mut table = plain_table();
    table.set_header(["cell", "identity", "label", "state", ""]);
    for (cell, state) in states {
        counts.add(&state);
        table.add_row([
            cell.number.to_string(),
            cell.short().to_owned(),
            cell.text(),
            state.name().to_owned(),
            state.detail(),
        ]);
    }
    align_right(&mut table, &[0]);
    let counts: Vec<String> =
        counts.named().map(|(name, count)| format!("{count} {name}")).collect();
    let cells = found.cells.len();
    format!("{}: {cells} cells, {}\n{}\n", found.name, counts.join(", "), text(&table))
}

fn as_json<'a>(found: &FoundGrid, states: impl Iterator<Item = (&'a Cell, CellState)>) -> Value {
    let mut counts = StateCounts::default();
    let cells: Vec<Value> = states
        .map(|(cell, state)| {
            counts.add(&state);
            let mut object = state.json();
            object["cell"] = cell.number.into();
            object["label"] = json!(cell.label);
            object["identity"] = cell.identity.clone().into();
            object["path"] = cell.files(&found.folder).results.display().to_string().into();
            object
        })
        .collect();
    let counts: Map<String, Value> =
        counts.named().map(|(name, count)| (name.to_owned(), count.into())).collect();
    json!({ "name": found.name, "counts": counts, "cells": cells })
}
