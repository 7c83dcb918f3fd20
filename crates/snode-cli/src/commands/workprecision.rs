//! `snode workprecision`: error against work, for schemes on a trained network.

use std::path::PathBuf;

use clap::Args;
use snode_files::Outputs;
use snode_report::measured::{WorkFiles, order_rows, work_files, work_json, work_rows};
use snode_runner::import::stem;
use snode_runner::workprecision::{WorkOptions, work_precision};
use snode_runner::{ImageSelection, subject};

use super::{RunFileArgs, ThreadArgs};
use crate::error::Result;
use crate::output::{print, print_line, say};
use crate::outputs::ForceArgs;
use crate::table::{align_right, plain_table, text};
use snode_experiment::SchemeName;
use snode_experiment::numbers::{count, real};

/// Arguments of `snode workprecision`.
#[derive(Debug, Args)]
pub struct WorkArgs {
    /// The run.
    #[command(flatten)]
    pub run: RunFileArgs,
    /// The schemes.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "SCHEMES",
        default_value = "euler,rk2,rk4,dopri5"
    )]
    pub schemes: Vec<SchemeName>,
    /// Relative and absolute tolerances of the adaptive ones.
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS", value_parser = real, default_value = "1e-2,1e-3,1e-4")]
    pub tolerances: Vec<f64>,
    /// Steps of the others: multiples or divisors of the run's layers; those, twice and four times as
    /// many if not given.
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS", value_parser = count)]
    pub steps: Vec<usize>,
    /// How many of the images, from the first on.
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = count)]
    pub images: usize,
    /// The images.
    #[command(flatten)]
    pub source: ImageSelection,
    /// Writes the table (CSV) and the figure (SVG, PNG) into a folder.
    #[arg(long, short, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// The threads.
    #[command(flatten)]
    pub threads: ThreadArgs,
    /// Whether files are replaced.
    #[command(flatten)]
    pub force: ForceArgs,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Solves the network of a run by schemes, holds x(T), gradient and sensitivity against a reference at a
/// tolerance of 1e-12, and prints errors with what they took.
///
/// # Errors
/// If the run or the images cannot be read, an option is refused, or a file cannot be written.
pub fn run(args: &WorkArgs) -> Result<()> {
    let run = args.run.path()?;
    let outputs = Outputs::new(args.force.existing(), [&run]);
    let names =
        ["csv", "svg", "png"].map(|ending| format!("{}-workprecision.{ending}", stem(&run)));
    if let Some(folder) = &args.output {
        outputs.check_in(folder, &names)?;
    }
    let mut warn = |warning: &str| say(&format!("warning: {warning}"));
    let subject = subject(&run, &args.source, &mut warn)?;
    let options = WorkOptions {
        schemes: args.schemes.clone(),
        tolerances: args.tolerances.clone(),
        steps: args.steps.clone(),
        images: args.images,
    };
    let found = work_precision(&subject, &options, args.threads.number())?;
    if let Some(folder) = &args.output {
        let WorkFiles { csv, svg, png } = work_files(&found)?;
        for (name, bytes) in names.iter().zip([csv, svg.into_bytes(), png]) {
            outputs.write(&folder.join(name), &bytes)?;
        }
    }
    if args.json {
        return print_line(&work_json(&run.display().to_string(), &found).to_string());
    }
    print(&format!("{}\n\n{}\n", table(work_rows(&found)), table(order_rows(&found))))
}

fn table(rows: Vec<Vec<String>>) -> String {
    let mut table = plain_table();
    align_right(table.add_rows(rows), &(1..12).collect::<Vec<_>>());
    text(&table)
}
