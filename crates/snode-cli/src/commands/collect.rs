//! `snode collect`: the results of all cells of a grid in one file.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use snode_files::Existing;
use snode_store::write_collection;

use crate::error::{Error, Result};
use crate::output::{print, print_line, say};
use crate::outputs::ForceArgs;
use crate::settings::SetArgs;
use snode_files::Outputs;
use snode_runner::Files;
use snode_runner::grid::{Members, find};

/// Arguments of `snode collect`.
#[derive(Debug, Args)]
pub struct CollectArgs {
    /// The grid, a TOML file; or its manifest, or the folder of its results.
    pub file: PathBuf,
    /// The file to write; the grid's name with .cells.h5 beside its results if not given.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What is changed in it.
    #[command(flatten)]
    pub set: SetArgs,
    /// The folder the results are in, in place of the file's.
    #[arg(long, value_name = "FOLDER")]
    pub results: Option<PathBuf>,
    /// Copies the networks too.
    #[arg(long)]
    pub networks: bool,
    /// Whether a file is replaced.
    #[command(flatten)]
    pub force: ForceArgs,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Copies configuration, history and analyses of every cell into one file. Cells without results are
/// named and left out.
///
/// # Errors
/// If there is no grid, no cell has results, or a file cannot be read or written.
pub fn run(args: &CollectArgs) -> Result<()> {
    let grids = find(&args.file, &args.set.overrides(), args.results.as_deref())?;
    let Members { members, missing } = Members::of(&grids);
    if members.is_empty() {
        return Err(Error::Results(format!("{}: no cell has results yet", args.file.display())));
    }
    let beside = || Files::collected(&grids[0].folder, &grids[0].name);
    let path = args.output.clone().unwrap_or_else(beside);
    // A collection in its own place follows the cells; one that the user names is a file as any other.
    let existing = if args.output.is_some() { args.force.existing() } else { Existing::Replace };
    let read = grids.iter().flat_map(|grid| grid.sources.iter().cloned());
    let results = members.iter().map(|member| member.path.clone());
    let outputs = Outputs::new(existing, read.chain(results));
    outputs.check(&path)?;
    write_collection(&path, &members, args.networks, existing)?;
    if args.json {
        let missing: Vec<Value> = missing
            .iter()
            .map(|(grid, cell)| json!({ "grid": grid.name, "cell": cell.number, "label": cell.label }))
            .collect();
        return print_line(
            &json!({
                "path": path.display().to_string(),
                "cells": members.len(),
                "missing": missing,
            })
            .to_string(),
        );
    }
    for (grid, cell) in &missing {
        say(&format!("{}: no results of cell {} ({})", grid.name, cell.number, cell.text()));
    }
    print(&format!(
        "{} cells collected, {} missing: {}\n",
        members.len(),
        missing.len(),
        path.display()
    ))
}
