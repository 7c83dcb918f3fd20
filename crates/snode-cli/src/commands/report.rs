//! `snode report`: tables, figures and claims of many runs.

use std::path::PathBuf;

use clap::Args;
use snode_report::claims::Claim;
use snode_report::{Followed, Format, Made, PageServer, Reporter, follow};

use crate::error::{Error, Result};
use crate::interrupt;
use crate::output::{print, print_line, say};
use crate::outputs::ForceArgs;
use crate::table::{plain_table, text};

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
    /// Makes the report again whenever the runs change, and serves its page to browsers on this
    /// computer, until Ctrl-C.
    #[arg(long)]
    pub watch: bool,
    /// The port that --watch serves the page at; 0 for any that is free.
    #[arg(long, value_name = "NUMBER", default_value_t = 7475, requires = "watch")]
    pub port: u16,
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
    /// Prints one JSON object, with --watch one for each report.
    #[arg(long)]
    pub json: bool,
}

/// Writes a report of what the runs found, of as many as are there.
///
/// # Errors
/// If there are no runs, or a file cannot be written.
pub fn run(args: &ReportArgs) -> Result<()> {
    let folder = args.output.as_deref();
    let formats = args.formats.iter().copied().collect();
    let existing = args.force.existing();
    let reporter = Reporter::new(&args.source, folder, existing, formats, args.claims);
    if args.watch { watch(args, reporter) } else { show(args, &reporter.make()?) }
}

/// Serves the page and follows the runs.
fn watch(args: &ReportArgs, reporter: Reporter) -> Result<()> {
    let server = PageServer::start(args.port).map_err(|error| match error {
        snode_report::Error::Port { .. } => {
            Error::Usage(format!("--port: {error}; give another one, or 0 for any that is free"))
        }
        error => error.into(),
    })?;
    say(&format!("{} shows the report as the runs change; Ctrl-C ends it", server.url()));
    let page = reporter.page();
    interrupt::end_at_once(format!("interrupted; the report is {}", page.display()), true);
    let tell = |followed: Followed<'_>| match followed {
        Followed::Made(made) if args.json => print_line(&made.json().to_string()),
        Followed::Made(made) => {
            let (there, planned) = made.counts();
            say(&format!("{there} of {planned} runs: {}", made.page.display()));
            Ok(())
        }
        Followed::Waiting(error) => {
            say(&format!("note: {error}; the report is made as soon as it can be"));
            Ok(())
        }
    };
    match follow(reporter, &server, tell)? {}
}

fn show(args: &ReportArgs, made: &Made) -> Result<()> {
    for (name, problem) in made.problems() {
        say(&format!("{name}: {problem}"));
    }
    if args.json {
        return print_line(&made.json().to_string());
    }
    let (there, planned) = made.counts();
    let found = match &made.report.claims {
        Some(claims) => claims_table(claims),
        None => "the paper's claims are not judged; --claims does it".into(),
    };
    print(&format!("{there} of {planned} runs\n{found}\nreport: {}\n", made.page.display()))
}

fn claims_table(claims: &[Claim]) -> String {
    let mut table = plain_table();
    for claim in claims {
        table.add_row([claim.experiment, claim.verdict().text(), claim.text]);
    }
    text(&table)
}
