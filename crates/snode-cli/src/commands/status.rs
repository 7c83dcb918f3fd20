//! `snode status`: how far a grid is.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use super::cells::{Found, find};
use crate::error::Result;
use crate::grid::State;
use crate::output::{print, print_line};
use crate::report::{align_right, plain_table, text};

/// Arguments of `snode status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The grid, a TOML file; or its manifest, or the folder of its results.
    pub file: PathBuf,
    /// Sets a key, as in `snode run`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The folder for results, in place of the file's.
    #[arg(long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Prints one JSON object a grid.
    #[arg(long)]
    pub json: bool,
}

/// Prints how many cells are in which state, and a row for every cell.
///
/// # Errors
/// If there is no grid, or it is refused.
pub fn run(args: &StatusArgs) -> Result<()> {
    for found in find(&args.file, &args.set, args.output.as_deref())? {
        let states: Vec<State> =
            found.cells.iter().map(|cell| State::of(cell, &found.folder)).collect();
        if args.json {
            print_line(&as_json(&found, &states).to_string())?;
        } else {
            print(&as_table(&found, &states))?;
        }
    }
    Ok(())
}

/// The names of the states that occur, with how often.
fn counts(states: &[State]) -> Vec<(&'static str, usize)> {
    let count = |name| states.iter().filter(|state| state.name() == name).count();
    let counts = State::NAMES.into_iter().map(|name| (name, count(name)));
    counts.filter(|(_, count)| *count > 0).collect()
}

fn as_table(found: &Found, states: &[State]) -> String {
    let counts = counts(states).into_iter().map(|(name, count)| format!("{count} {name}"));
    let counts = counts.collect::<Vec<_>>().join(", ");
    let mut table = plain_table();
    table.set_header(["cell", "identity", "label", "state", ""]);
    for (cell, state) in found.cells.iter().zip(states) {
        table.add_row([
            cell.number.to_string(),
            cell.short().to_owned(),
            cell.text(),
            state.name().to_owned(),
            state.detail(),
        ]);
    }
    align_right(&mut table, &[0]);
    format!("{}: {} cells, {counts}\n{}\n", found.name, states.len(), text(&table))
}

fn as_json(found: &Found, states: &[State]) -> Value {
    let counts: Map<String, Value> =
        counts(states).into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect();
    let cells = found.cells.iter().zip(states).map(|(cell, state)| {
        let mut object = state.json();
        object["cell"] = cell.number.into();
        object["label"] = json!(cell.label);
        object["identity"] = cell.identity.clone().into();
        object["path"] = cell.files(&found.folder).results.display().to_string().into();
        object
    });
    json!({ "name": found.name, "counts": counts, "cells": cells.collect::<Vec<_>>() })
}
