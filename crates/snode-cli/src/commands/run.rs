//! `snode run`: trains.

use std::path::{Path, PathBuf};

use clap::Args;
use snode_store::{has_appendix, read_info};

use super::pool;
use crate::analyses::{self, ANALYSIS};
use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::estimate::show_seconds;
use crate::interrupt;
use crate::number::with_precision;
use crate::output::{print, print_line, say};
use crate::prepare::Prepared;
use crate::progress::{self, Style};
use crate::report::summary_table;
use crate::session::{Begin, Files, Outcome, Session, begin, fingerprint, train};

/// Arguments of `snode run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The experiment, a TOML file.
    pub file: PathBuf,
    /// Sets a key, as training.epochs=2; can be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The folder for results, in place of the experiment's.
    #[arg(long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// The number of threads, in place of the experiment's.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Begins anew and replaces what an earlier run left under the same name.
    #[arg(long)]
    pub fresh: bool,
    /// Shows nothing but errors, and prints nothing but the path of the results.
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,
    /// Prints one JSON object a line for every event.
    #[arg(long)]
    pub json: bool,
}

/// Trains the network of an experiment, or goes on with it.
///
/// # Errors
/// If the experiment is refused, training fails or the user interrupts it.
pub fn run(args: &RunArgs) -> Result<()> {
    let result = train_experiment(args);
    if let (true, Err(error)) = (args.json, &result) {
        // The error itself is said on the standard error in any case.
        let _ = progress::json_error(error);
    }
    result
}

fn train_experiment(args: &RunArgs) -> Result<()> {
    let stop = interrupt::install()?;
    let mut overrides = args.set.clone();
    overrides.extend(args.threads.map(|threads| format!("threads={threads}")));
    let mut prepared = Prepared::read(&args.file, &overrides)?;
    if let Some(folder) = &args.output {
        prepared.experiment.output.directory = folder.display().to_string();
    }
    let experiment = &prepared.experiment;
    let folder = args.output.clone().unwrap_or_else(|| experiment.output.directory.clone().into());
    let files = Files::new(&folder, prepared.name());
    let per_epoch = prepared.train.len() / experiment.training.batch_size;
    let fingerprint = fingerprint(&[&prepared.train, &prepared.validation, &prepared.test]);
    let style = match (args.quiet, args.json) {
        (true, _) => Style::Quiet,
        (_, true) => Style::Json,
        _ => Style::People,
    };
    files.prepare()?;
    let lock = files.lock()?;
    let begin =
        if args.fresh { Begin::Anew } else { begin(&files, experiment, &fingerprint, per_epoch)? };
    match &begin {
        Begin::Finished(_) => {
            if style == Style::People {
                say(&format!(
                    "{} is finished already; to train anew, give --fresh",
                    files.results.display()
                ));
            }
            analyse(&files.results, experiment, style)?;
            return report(&files.results, style);
        }
        Begin::After { path, summary } if style == Style::People => say(&format!(
            "going on from {}, {} iterations and {} of training so far",
            path.display(),
            summary.history.iterations.len(),
            show_seconds(summary.history.seconds())
        )),
        _ => {}
    }
    if style == Style::People {
        interrupt::acknowledge(&stop);
    }

    if style != Style::Quiet && has_appendix(&files.results, ANALYSIS).unwrap_or(false) {
        say(&format!(
            "{} holds analyses of the network as it is; they are not kept with the new one",
            files.results.display()
        ));
    }

    let session = Session { prepared: &prepared, fingerprint, begin, files: &files, style, stop };
    let precision = experiment.precision;
    let outcome =
        pool(experiment.threads)?.install(|| with_precision!(precision, T => train::<T>(session)));
    drop(lock);
    let go_on = || {
        format!(
            "the checkpoint is {}; to go on: {}",
            files.checkpoint.display(),
            same_command(args)
        )
    };
    match outcome {
        Ok(Outcome::Finished) => {
            analyse(&files.results, experiment, style)?;
            report(&files.results, style)
        }
        Ok(Outcome::Interrupted { batches }) => {
            Err(Error::Interrupted(format!("interrupted after {batches} batches; {}", go_on())))
        }
        Err(error @ Error::BrokenPipe) => Err(Error::Interrupted(format!("{error}; {}", go_on()))),
        Err(error) => Err(error),
    }
}

/// Makes the analyses that the experiment asks for and the results do not hold yet.
fn analyse(results: &Path, experiment: &Experiment, style: Style) -> Result<()> {
    analyses::complete(results, experiment, |text| {
        if style == Style::People {
            say(text);
        }
    })
}

/// What the file of results says, in the style of the run.
fn report(results: &Path, style: Style) -> Result<()> {
    match style {
        Style::Quiet => print_line(&results.display().to_string()),
        Style::Json => progress::json_end(&read_info(results)?, results),
        Style::People => {
            let (summary, experiment) = super::summary(results)?;
            print(&format!(
                "{}\n{}\nresults: {}\n",
                summary.info.name,
                summary_table(&summary, experiment.as_ref()),
                results.display()
            ))
        }
    }
}

/// The command that goes on with the run.
fn same_command(args: &RunArgs) -> String {
    let mut command = format!("snode run {}", args.file.display());
    for set in &args.set {
        command.push_str(&format!(" --set {set}"));
    }
    if let Some(output) = &args.output {
        command.push_str(&format!(" --output {}", output.display()));
    }
    command
}
