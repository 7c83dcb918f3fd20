//! `snode ls`: runs as a table.

use std::path::PathBuf;

use clap::Args;
use snode_report::Listing;

use crate::error::Result;
use crate::output::{print, print_line};
use crate::table::{align_right, plain_table, text};

/// Arguments of `snode ls`.
#[derive(Debug, Args)]
pub struct LsArgs {
    /// Folders of results, run files, or files that `snode collect` wrote.
    #[arg(value_name = "FOLDER", default_value = "results")]
    pub sources: Vec<PathBuf>,
    /// Sorts by a key, e.g. training.learning_rate, or by run, state, accuracy, cost or time: the
    /// largest accuracy first, else the least value; -KEY turns that round.
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// Shows only the runs in which a key or a column has this value; can be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub filter: Vec<String>,
    /// Prints one JSON object a line for every run.
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Prints the table as CSV, with numbers in full.
    #[arg(long)]
    pub csv: bool,
}

/// Prints a table of runs: the keys in which they differ, accuracy, cost and time, and how far they are.
///
/// # Errors
/// If there are no runs, a key is not known, or a folder cannot be read.
pub fn run(args: &LsArgs) -> Result<()> {
    let mut listing = Listing::read(&args.sources)?;
    listing.filter(&args.filter)?;
    if let Some(key) = &args.sort {
        listing.sort(key)?;
    }
    if args.json {
        let rows = listing.json();
        return rows
            .as_array()
            .into_iter()
            .flatten()
            .try_for_each(|row| print_line(&row.to_string()));
    }
    if args.csv {
        return print(&String::from_utf8_lossy(&listing.csv()?));
    }
    let (header, rows) = listing.table();
    let columns = header.len();
    let mut table = plain_table();
    table.set_header(header);
    table.add_rows(rows);
    align_right(&mut table, &(1..columns - 1).collect::<Vec<_>>());
    print(&format!("{}\n", text(&table)))
}
