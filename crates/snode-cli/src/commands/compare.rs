//! `snode compare`: two runs side by side.

use std::path::PathBuf;

use clap::Args;
use snode_report::Compared;
use snode_runner::grid::two_run_files;

use crate::error::Result;
use crate::output::{print, print_line};
use crate::table::{align_right, plain_table, text};

/// Arguments of `snode compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Two run files or grids, of each of which --only takes one cell; or a grid, of which it takes two.
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
    let [first, second] = two_run_files(&args.runs, &args.only)?;
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
