//! `snode report`: tables, figures and claims of many runs.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use snode_files::Existing;

use crate::error::Result;
use crate::output::{print, print_line, say};
use crate::outputs::ForceArgs;
use crate::table::{plain_table, text};
use snode_files::Outputs;
use snode_report::claims::Claim;
use snode_report::{Collection, Format};

/// Arguments of `snode report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The folder of a grid's results (with NAME.grid.json), a folder of runs, or a run.
    pub source: PathBuf,
    /// The folder for the report; `report` in the folder of the runs if not given.
    #[arg(long, short, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Judges the paper's claims; done unasked only where all runs have the paper's network and
    /// training.
    #[arg(long)]
    pub claims: bool,
    /// Whether files in that folder are replaced.
    #[command(flatten)]
    pub force: ForceArgs,
    /// The formats of figures (svg, png, pdf) and of tables (csv, md, tex), with commas between.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "svg,png,pdf,csv,md,tex"
    )]
    pub formats: Vec<Format>,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Writes a report of what the runs found, of as many as are there.
///
/// # Errors
/// If there are no runs, or a file cannot be written.
pub fn run(args: &ReportArgs) -> Result<()> {
    let collection = Collection::read(&args.source)?;
    for cell in &collection.cells {
        if let Some(problem) = cell.problem() {
            say(&format!("{}: {problem}", cell.name()));
        }
    }
    let (there, planned) = (collection.runs().count(), collection.cells.len());
    // A report in its own place follows the runs; one that the user names is a file as any other.
    let existing = match &args.output {
        Some(_) => args.force.existing(),
        None => Existing::Replace,
    };
    let folder = args.output.clone().unwrap_or_else(|| {
        if args.source.is_dir() {
            args.source.join("report")
        } else {
            args.source.with_extension("report")
        }
    });
    let outputs = Outputs::new(existing, [&args.source]);
    outputs.check_in(&folder, &snode_report::PAGES.map(str::to_owned))?;
    let report = snode_report::report(collection, args.claims);
    let formats = args.formats.iter().copied().collect();
    snode_report::write(&report, &folder, &formats, &outputs)?;
    let page = folder.join("report.html");
    if args.json {
        let claim = |claim: &Claim| {
            json!({
                "experiment": claim.experiment,
                "verdict": claim.verdict().text(),
                "text": claim.text,
            })
        };
        let claims: Option<Vec<Value>> =
            report.claims.as_ref().map(|claims| claims.iter().map(claim).collect());
        let page = page.display().to_string();
        return print_line(
            &json!({ "report": page, "runs": there, "planned": planned, "claims": claims })
                .to_string(),
        );
    }
    let found = match &report.claims {
        Some(claims) => claims_table(claims),
        None => "the paper's claims are not judged; --claims does it".into(),
    };
    print(&format!("{there} of {planned} runs\n{found}\nreport: {}\n", page.display()))
}

fn claims_table(claims: &[Claim]) -> String {
    let mut table = plain_table();
    for claim in claims {
        table.add_row([claim.experiment, claim.verdict().text(), claim.text]);
    }
    text(&table)
}
