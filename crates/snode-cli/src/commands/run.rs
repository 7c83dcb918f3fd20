//! `snode run`: trains an experiment, or all of a grid.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::Args;
use snode_experiment::threads::default_threads;
use snode_experiment::{ExperimentFile, Prepared, check, resolve};
use snode_runner::grid::manifest::SourceFile;
use snode_runner::grid::{CellName, Definition, Expansion, Grid, ensure_manifest, folder};
use snode_runner::{ErrorKind, Files, GridOptions, Job, RunEvent, RunOptions, Share, run_grid};

use super::train_cell::processes;
use super::{CellArgs, ThreadArgs, dry_run};
use crate::error::{Error, Result};
use crate::interrupt;
use crate::output::{quoted, say};
use crate::progress::{GridProgress, Style, print_event};
use crate::settings::SetArgs;
use crate::watch::Watch;

/// Arguments of `snode run`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // flags of a command line
pub struct RunArgs {
    /// The experiment, a TOML file, or a pipe such as /dev/stdin.
    pub file: PathBuf,
    /// What is changed in it.
    #[command(flatten)]
    pub set: SetArgs,
    /// The folder for results, in place of the experiment's.
    #[arg(long, short, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// How many threads compute.
    #[command(flatten)]
    pub threads: ThreadArgs,
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
    /// Which cells.
    #[command(flatten)]
    pub cells: CellArgs,
    /// Shows the cells, what would be done with each and why, and does nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Goes on with the other cells when one has failed; this is what happens by default.
    #[arg(long, conflicts_with = "fail_fast")]
    pub keep_going: bool,
    /// Stops the other cells when one has failed.
    #[arg(long)]
    pub fail_fast: bool,
    /// Trains this one cell, in this process: a number from 1, or `id:` and at least 4 digits that
    /// its identity begins with, as id:6c59c4dc.
    #[arg(long, value_name = "CELL", conflicts_with_all = ["jobs", "only", "skip", "dry_run"])]
    pub cell: Option<CellName>,
}

impl GridArgs {
    /// The first option that is given and has a meaning for grids alone.
    fn given(&self) -> Option<&'static str> {
        let options = [
            (self.jobs.is_some(), "--jobs"),
            (!self.cells.only.is_empty(), "--only"),
            (!self.cells.skip.is_empty(), "--skip"),
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
    let result = args.set.read(&args.file).and_then(|file| train_file(args, file));
    if let (true, Err(error)) = (args.json, &result) {
        // The error itself is said on the standard error in any case.
        let busy = error.kind() == ErrorKind::Busy;
        let _ = print_event(&RunEvent::Error { message: error.to_string(), busy });
    }
    result
}

fn train_file(args: &RunArgs, file: ExperimentFile) -> Result<()> {
    match (&args.grid.cell, args.grid.given()) {
        (Some(wanted), _) if file.is_grid() => train_cell(args, &file, wanted),
        (None, _) if file.is_grid() => train_grid(args, file),
        (_, Some(option)) => Err(Error::Usage(format!(
            "{option}: only valid for a grid, and {} describes one experiment",
            args.file.display()
        ))),
        _ => {
            let mut watch = Watch::new(style(args), same_command(args));
            let (threads, output) = (args.threads.number(), args.output.as_deref());
            train_experiment(file, threads, output, args.fresh, &mut watch)
        }
    }
}

fn style(args: &RunArgs) -> Style {
    match (args.quiet, args.json) {
        (true, _) => Style::Quiet,
        (_, true) => Style::Json,
        _ => Style::Human,
    }
}

/// Trains the experiment of a file that is read already, with this number of threads and this
/// folder for results if they are given.
///
/// # Errors
/// If it is refused, training fails or the user interrupts it.
pub(super) fn train_experiment(
    mut file: ExperimentFile,
    threads: Option<usize>,
    output: Option<&Path>,
    fresh: bool,
    watch: &mut Watch,
) -> Result<()> {
    file.experiment.threads = threads.or(file.experiment.threads);
    if let Some(folder) = output {
        let text = folder.to_str().ok_or_else(|| {
            Error::Usage(format!("--output {}: the path is not UTF-8 text", folder.display()))
        })?;
        text.clone_into(&mut file.experiment.output.directory);
    }
    // Where results go is looked at before images are read, and the files of other runs are kept
    // from this one's before they are looked at.
    let name = resolve(&file)?.name().to_owned();
    let files = Files::new(&folder(&file, output), &name);
    check(&file.experiment, &file.locator)?;
    files.check()?;
    let prepared = Prepared::of(&file)?;
    files.prepare()?;
    let lock = files.lock()?;
    watch.results(&files.results);
    let options = RunOptions { fresh, stop: watch.stop() };
    let result = snode_runner::run(&prepared, &files, &lock, &options, &mut watch.observer());
    watch.end(result)
}

/// Trains one cell of a grid in this process.
fn train_cell(args: &RunArgs, file: &ExperimentFile, wanted: &CellName) -> Result<()> {
    let output = args.output.as_deref();
    let definition = Definition::read(file)?;
    let cell = Expansion::new(file, &definition).find(wanted)?;
    let folder = folder(file, output);
    cell.files(&folder).prepare()?;
    ensure_manifest(file, &definition, &args.set.overrides(), output, &cell)?;
    let source = SourceFile { path: file.path.clone(), text: file.text.clone() };
    let threads = args.threads.number().or(file.experiment.threads);
    let threads = threads.map_or_else(default_threads, Ok)?;
    let mut watch = Watch::new(style(args), same_command(args));
    watch.results(&cell.files(&folder).results);
    if style(args) == Style::Human {
        say(&format!("cell {}: {}", cell.number, cell.text()));
    }
    let job = Job::new(&cell, &source, folder, threads, args.fresh);
    let result = job.run(&watch.stop(), &mut |_| Ok(()), &mut watch.observer());
    watch.end(result)
}

fn train_grid(args: &RunArgs, file: ExperimentFile) -> Result<()> {
    let grid = Grid::of(file, &args.set.overrides(), args.output.as_deref())?;
    grid.notes.iter().for_each(|note| say(&format!("note: {note}")));
    let selection = args.grid.cells.selection(&grid)?;
    let share = Share::new(
        default_threads()?,
        args.grid.jobs.map(usize::from),
        args.threads.number().or(grid.file.experiment.threads),
    );
    if args.grid.dry_run {
        return dry_run::show(&grid, &selection, args.fresh, &share, args.json);
    }
    let stop = interrupt::finish_work(None);
    let (fresh, fail_fast) = (args.fresh, args.grid.fail_fast);
    let options = GridOptions { fresh, fail_fast, share, stop };
    let mut progress = GridProgress::new(style(args));
    let mut observer = |event: &snode_runner::GridEvent<'_>| Ok(progress.show(event)?);
    let ended = run_grid(&grid, &selection, &options, &processes(), &mut observer);
    let outcome = ended.map_err(|error| Error::from(error).with_command(&same_command(args)))?;
    let shown = progress.summary(&outcome);
    if outcome.failures.is_empty() { shown } else { Err(Error::Failed(outcome.failure(fail_fast))) }
}

/// The command that goes on with the run, as a shell takes it.
fn same_command(args: &RunArgs) -> String {
    let mut command = format!("snode run {}{}", quoted(args.file.as_os_str()), args.set.words());
    let mut option = |name: &str, value: &OsStr| {
        command.push_str(&format!(" {name} {}", quoted(value)));
    };
    if let Some(output) = &args.output {
        option("--output", output.as_os_str());
    }
    if let Some(cell) = &args.grid.cell {
        option("--cell", cell.to_string().as_ref());
    }
    let CellArgs { only, skip } = &args.grid.cells;
    for (name, texts) in [("--only", only), ("--skip", skip)] {
        for text in texts {
            option(name, text.as_ref());
        }
    }
    command
}
