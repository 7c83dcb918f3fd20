//! `snode run`: trains an experiment, or all of a grid.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;
use snode_store::{has_appendix, read_info};

use super::pool;
use crate::analyses::{self, ANALYSIS};
use crate::config::{self, Experiment, ExperimentFile};
use crate::error::{Error, Result};
use crate::estimate::show_seconds;
use crate::grid::{Definition, Expansion, Grid, Selection, folder, no_cell};
use crate::interrupt;
use crate::number::with_precision;
use crate::output::{print, print_line, say};
use crate::prepare::Prepared;
use crate::progress::{self, Style};
use crate::report::summary_table;
use crate::runner;
use crate::session::{Begin, Files, Outcome, Session, begin, fingerprint, train};

/// Arguments of `snode run`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // flags of a command line
pub struct RunArgs {
    /// The experiment, a TOML file.
    pub file: PathBuf,
    /// Sets a key, as training.epochs=2; can be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The folder for results, in place of the experiment's.
    #[arg(long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// The number of threads, in place of the experiment's; in a grid, of each cell.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Begins anew and replaces what an earlier run left under the same name.
    #[arg(long, visible_alias = "force")]
    pub fresh: bool,
    /// Shows nothing but errors, and prints nothing but the path of the results.
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,
    /// Prints one JSON object a line for every event.
    #[arg(long)]
    pub json: bool,
    /// What is for grids alone.
    #[command(flatten)]
    pub grid: GridArgs,
}

/// Arguments of `snode run` for grids.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Grids")]
#[allow(clippy::struct_excessive_bools)] // flags of a command line
pub struct GridArgs {
    /// How many cells are trained at the same time; as many as there are cores for if not given.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Takes only the cells in which a key has this value, as case=NAME or training.method=adam, or
    /// that are in this state: done, trained, running, failed, interrupted or missing.
    #[arg(long, value_name = "KEY=VALUE|STATE")]
    pub only: Vec<String>,
    /// Leaves out the cells in which a key has this value, or that are in this state.
    #[arg(long, value_name = "KEY=VALUE|STATE")]
    pub skip: Vec<String>,
    /// Shows the cells, what would be done with each and why, and does nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Goes on with the other cells when one has failed; this is what happens by default.
    #[arg(long, conflicts_with = "fail_fast")]
    pub keep_going: bool,
    /// Stops the other cells when one has failed.
    #[arg(long)]
    pub fail_fast: bool,
    /// Trains this one cell, in this process: a number from 1, or digits an identity begins with.
    #[arg(long, value_name = "CELL", conflicts_with_all = ["jobs", "only", "skip", "dry_run"])]
    pub cell: Option<String>,
    /// Stops when the standard input ends.
    #[arg(long, hide = true, requires = "cell")]
    pub supervised: bool,
}

impl GridArgs {
    /// The first option that is given and has a meaning for grids alone.
    fn given(&self) -> Option<&'static str> {
        let options = [
            (self.jobs.is_some(), "--jobs"),
            (!self.only.is_empty(), "--only"),
            (!self.skip.is_empty(), "--skip"),
            (self.dry_run, "--dry-run"),
            (self.keep_going, "--keep-going"),
            (self.fail_fast, "--fail-fast"),
            (self.cell.is_some(), "--cell"),
        ];
        options.into_iter().find(|(given, _)| *given).map(|(_, option)| option)
    }
}

/// Trains the network of an experiment or those of a grid, or goes on with them.
///
/// # Errors
/// If an experiment is refused, training fails or the user interrupts it.
pub fn run(args: &RunArgs) -> Result<()> {
    let result = train_file(args);
    if let (true, Err(error)) = (args.json, &result) {
        // The error itself is said on the standard error in any case.
        let _ = progress::json_error(error);
    }
    result
}

fn train_file(args: &RunArgs) -> Result<()> {
    let stop = interrupt::install()?;
    if args.grid.supervised {
        interrupt::raise_at_end_of_input(&stop);
    }
    let file = ExperimentFile::read_any(&args.file, &args.set)?;
    match (&args.grid.cell, args.grid.given()) {
        (Some(wanted), _) if file.is_grid() => train_cell(args, wanted, stop),
        (None, _) if file.is_grid() => train_grid(args, file, &stop),
        (_, Some(option)) => Err(Error::Usage(format!(
            "{option}: has a meaning only for a grid, and {} describes one experiment",
            args.file.display()
        ))),
        _ => train_experiment(args, stop),
    }
}

fn style(args: &RunArgs) -> Style {
    match (args.quiet, args.json) {
        (true, _) => Style::Quiet,
        (_, true) if args.grid.supervised => Style::Watched,
        (_, true) => Style::Json,
        _ => Style::People,
    }
}

/// What `--set` and `--threads` say.
fn overrides(args: &RunArgs) -> Vec<String> {
    let mut overrides = args.set.clone();
    overrides.extend(args.threads.map(|threads| format!("threads={threads}")));
    overrides
}

fn train_experiment(args: &RunArgs, stop: Arc<AtomicBool>) -> Result<()> {
    let mut prepared = Prepared::read(&args.file, &overrides(args))?;
    if let Some(folder) = &args.output {
        prepared.experiment.output.directory = folder.display().to_string();
    }
    let by_file = || prepared.experiment.output.directory.clone().into();
    let folder: PathBuf = args.output.clone().unwrap_or_else(by_file);
    let files = Files::new(&folder, prepared.name());
    train_prepared(args, &prepared, &files, stop)
}

/// Trains one cell of a grid in this process.
fn train_cell(args: &RunArgs, wanted: &str, stop: Arc<AtomicBool>) -> Result<()> {
    let file = ExperimentFile::read_any(&args.file, &overrides(args))?;
    let folder = folder(&file, args.output.as_deref());
    let definition = Definition::read(&file)?;
    let mut expansion = Expansion::new(&file, &definition);
    let mut count = 0;
    let (cell, cell_file) = loop {
        match expansion.next_cell()? {
            Some((cell, file)) if cell.is_called(wanted) => break (cell, file),
            Some(_) => count += 1,
            None => return Err(no_cell(wanted, count)),
        }
    };
    let files = cell.files(&folder);
    let mut experiment = cell.experiment.clone();
    experiment.output.directory = folder.display().to_string();
    experiment.name = Some(cell.short().to_owned());
    let dataset = expansion.dataset(&cell_file, &experiment)?;
    let prepared = Prepared::with_data(&cell_file, experiment, dataset)?;
    if style(args) == Style::People {
        say(&format!("cell {}: {}", cell.number, cell.text()));
    }
    let result = train_prepared(args, &prepared, &files, stop);
    if let Err(error) = &result
        && !matches!(error, Error::Busy(_) | Error::Interrupted(_) | Error::BrokenPipe)
    {
        // The error is said in any case; this is for who looks later.
        let _ = std::fs::write(&files.failed, format!("{error}\n"));
    }
    result
}

fn train_grid(args: &RunArgs, file: ExperimentFile, stop: &Arc<AtomicBool>) -> Result<()> {
    let grid = Grid::of(file, &args.set, args.output.as_deref())?;
    let selection = Selection::new(&args.grid.only, &args.grid.skip, &grid)?;
    let options = runner::Options {
        style: style(args),
        fresh: args.fresh,
        fail_fast: args.grid.fail_fast,
        share: runner::Share::new(
            config::all_threads(),
            args.grid.jobs.map(usize::from),
            args.threads.map(usize::from).or(grid.file.experiment.threads),
        ),
        arguments: cell_arguments(args),
        same_command: same_command(args),
    };
    if args.grid.dry_run {
        return runner::dry_run(&grid, &selection, &options);
    }
    runner::run(&grid, &selection, &options, stop)
}

/// What the process of a cell is given beside the cell.
fn cell_arguments(args: &RunArgs) -> Vec<std::ffi::OsString> {
    let mut arguments = vec!["run".into(), args.file.clone().into_os_string()];
    arguments.extend(args.set.iter().map(|set| format!("--set={set}").into()));
    if let Some(output) = &args.output {
        arguments.extend(["--output".into(), output.clone().into_os_string()]);
    }
    arguments.extend(args.fresh.then(|| "--fresh".into()));
    arguments
}

/// Trains, or goes on, and makes the analyses.
fn train_prepared(
    args: &RunArgs,
    prepared: &Prepared,
    files: &Files,
    stop: Arc<AtomicBool>,
) -> Result<()> {
    let experiment = &prepared.experiment;
    let per_epoch = prepared.train.len() / experiment.training.batch_size;
    let fingerprint = fingerprint(&[&prepared.train, &prepared.validation, &prepared.test]);
    let style = style(args);
    files.prepare()?;
    let _lock = files.lock()?;
    files.remove_leftovers();
    let begin =
        if args.fresh { Begin::Anew } else { begin(files, experiment, &fingerprint, per_epoch)? };
    // Whatever failed before is tried again.
    let _ = std::fs::remove_file(&files.failed);
    match &begin {
        Begin::Finished(_) => {
            if style == Style::People {
                say(&format!(
                    "{} is finished already; to train anew, give --fresh",
                    files.results.display()
                ));
            }
            analyse(args, &files.results, experiment, &stop)?;
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

    for remark in &prepared.remarks {
        say(&format!("note: {remark}"));
    }

    let watched = Arc::clone(&stop);
    let session = Session { prepared, fingerprint, begin, files, style, stop };
    let precision = experiment.precision;
    let outcome =
        pool(experiment.threads)?.install(|| with_precision!(precision, T => train::<T>(session)));
    let go_on = || {
        format!(
            "the checkpoint is {}; to go on: {}",
            files.checkpoint.display(),
            same_command(args)
        )
    };
    match outcome {
        Ok(Outcome::Finished) => {
            analyse(args, &files.results, experiment, &watched)?;
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
fn analyse(
    args: &RunArgs,
    results: &Path,
    experiment: &Experiment,
    stop: &Arc<AtomicBool>,
) -> Result<()> {
    let style = style(args);
    let _at_once = interrupt::end_when_raised(
        stop,
        format!(
            "interrupted; {} is trained, but not all is measured; to go on: {}",
            results.display(),
            same_command(args)
        ),
    );
    analyses::complete(results, experiment, |name| {
        if style == Style::People {
            say(&format!("measuring: {name}"));
        } else if style.is_json() {
            progress::json_analysis(name)?;
        }
        Ok(())
    })
}

/// What the file of results says, in the style of the run.
fn report(results: &Path, style: Style) -> Result<()> {
    match style {
        Style::Quiet => print_line(&results.display().to_string()),
        Style::Json | Style::Watched => progress::json_end(&read_info(results)?, results),
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
    if let Some(cell) = &args.grid.cell {
        command.push_str(&format!(" --cell {cell}"));
    }
    for (option, texts) in [("--only", &args.grid.only), ("--skip", &args.grid.skip)] {
        for text in texts {
            command.push_str(&format!(" {option} \"{text}\""));
        }
    }
    command
}
