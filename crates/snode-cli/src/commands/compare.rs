//! `snode compare`: two runs side by side.

use std::path::PathBuf;

use clap::Args;
use snode_report::Compared;
use snode_runner::grid::{chosen, names_grids, run_file};

use crate::error::{Error, Result};
use crate::output::{print, print_line};
use crate::table::{align_right, plain_table, text};

/// Arguments of `snode compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Two run files; or a grid, of which --only takes two cells.
    #[arg(value_name = "RUN", required = true, num_args = 1..=2)]
    pub runs: Vec<PathBuf>,
    /// Takes the cells of the grid in which a key has this value, or that are in this state.
    #[arg(long, value_name = "KEY=VALUE|STATE")]
    pub only: Vec<String>,
    /// Prints one JSON object.
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Prints keys and results as CSV, with numbers in full.
    #[arg(long)]
    pub csv: bool,
}

/// Prints in what the experiments of two runs differ, and their results side by side.
///
/// # Errors
/// If the runs cannot be read, or not two of them are named.
pub fn run(args: &CompareArgs) -> Result<()> {
    let [first, second] = files(args)?;
    let compared = Compared::read([&first, &second])?;
    if args.json {
        return print_line(&compared.json().to_string());
    }
    if args.csv {
        return print(&String::from_utf8_lossy(&compared.csv()?));
    }
    let [a, b] = &compared.runs;
    let mut keys = plain_table();
    keys.set_header(["configuration", a, b]);
    keys.add_rows(compared.keys());
    let mut results = plain_table();
    results.set_header(["results", a, b]);
    results.add_rows(compared.rows());
    align_right(&mut results, &[1, 2]);
    let keys = if compared.differences.is_empty() {
        "the experiments are the same".to_owned()
    } else {
        text(&keys)
    };
    print(&format!("{keys}\n\n{}\n", text(&results)))
}

fn files(args: &CompareArgs) -> Result<[PathBuf; 2]> {
    if let [a, b] = &args.runs[..] {
        return Ok([run_file(a, &args.only)?, run_file(b, &args.only)?]);
    }
    let grid = &args.runs[0];
    let cells = if names_grids(grid) { chosen(grid, &args.only)? } else { Vec::new() };
    match &cells[..] {
        [(_, a), (_, b)] => Ok([a.clone(), b.clone()]),
        _ => Err(Error::Usage(format!(
            "{}: found {} cells; expected two run files, or a grid with --only twice, e.g. --only \
             seed=1 --only seed=2",
            grid.display(),
            cells.len()
        ))),
    }
}
