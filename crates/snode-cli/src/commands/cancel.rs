//! `snode cancel`: takes cells of a grid back from Slurm.

use clap::Args;
use serde_json::json;
use snode_runner::slurm;

use super::{CellArgs, GridFileArgs};
use crate::error::Result;
use crate::output::{print, print_line};

/// Arguments of `snode cancel`.
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// The grid.
    #[command(flatten)]
    pub grid: GridFileArgs,
    /// Its cells.
    #[command(flatten)]
    pub cells: CellArgs,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Cancels the tasks of the cells that are queued or being trained; these write checkpoints.
///
/// # Errors
/// If the grid is refused, Slurm cannot be asked, or it refuses.
pub fn run(args: &CancelArgs) -> Result<()> {
    let grid = args.grid.read()?;
    let selection = args.cells.joined(&grid)?;
    let wanted = grid
        .cells
        .iter()
        .filter(|cell| selection.takes(cell, &selection.state(cell, &grid.folder)));
    let jobs = wanted.filter_map(|cell| selection.job(cell));
    let cancelled = slurm::cancel(&grid.folder, jobs)?;
    if args.json {
        let object = json!({ "name": grid.name, "cancelled": cancelled });
        return print_line(&object.to_string());
    }
    match cancelled {
        cancelled if cancelled.is_empty() => print("nothing to cancel\n"),
        cancelled => print(&format!("cancelled: {}\n", cancelled.join(" "))),
    }
}
