//! The commands of the program, one a file.

pub mod attack;
pub mod cancel;
pub mod collect;
pub mod compare;
pub mod completions;
pub mod data;
pub mod doctor;
pub mod dry_run;
pub mod eval;
pub mod export;
pub mod gradcheck;
pub mod import;
pub mod init;
pub mod ls;
pub mod man;
pub mod measure;
pub mod noise;
pub mod report;
pub mod robustness;
pub mod run;
pub mod seal;
pub mod show;
pub mod solvers;
pub mod status;
pub mod submit;
pub mod task;
pub mod train_cell;
pub mod uncertainty;
pub mod validate;
pub mod workprecision;

use std::path::PathBuf;

use clap::Args;

use snode_experiment::SchemeName;
use snode_experiment::threads::MOST_THREADS;
pub(crate) use snode_experiment::threads::pool;
use snode_ode::SchemeChoice;
use snode_runner::{Grid, Selection, Subject, slurm, summary};

use crate::error::{Error, Result};
use crate::output::say;
use crate::settings::SetArgs;

/// The option that says how many threads compute.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ThreadArgs {
    /// The number of threads, in a grid of each cell. If not given: what the experiment says, or
    /// else the environment variables SLURM_CPUS_PER_TASK and RAYON_NUM_THREADS, or all there are.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS as i64))]
    threads: Option<u16>,
}

impl ThreadArgs {
    pub(crate) fn number(self) -> Option<usize> {
        self.threads.map(usize::from)
    }
}

/// The arguments that name a run.
#[derive(Clone, Debug, Args)]
pub struct RunFileArgs {
    /// The run file; or the folder, the manifest or the file of a grid, of which --only takes one cell.
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Takes the cell of a grid in which a key has this value, or that is in this state; can be given
    /// several times.
    #[arg(long, value_name = "KEY=VALUE|STATE")]
    pub only: Vec<String>,
}

impl RunFileArgs {
    /// The run file.
    fn path(&self) -> Result<PathBuf> {
        Ok(snode_runner::grid::run_file(&self.run, &self.only)?)
    }
}

/// The arguments that name a grid by its file.
#[derive(Clone, Debug, Args)]
pub struct GridFileArgs {
    /// The grid, a TOML file.
    pub file: PathBuf,
    /// What is changed in it.
    #[command(flatten)]
    pub set: SetArgs,
    /// The folder for results, in place of the file's.
    #[arg(long, short, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
}

impl GridFileArgs {
    fn read(&self) -> Result<Grid> {
        let file = self.set.read(&self.file)?;
        let grid = Grid::of(file, &self.set.overrides(), self.output.as_deref())?;
        grid.notes.iter().for_each(|note| say(&format!("note: {note}")));
        Ok(grid)
    }
}

/// The options that choose cells of a grid.
#[derive(Clone, Debug, Default, Args)]
pub struct CellArgs {
    /// Takes only the cells in which a key has this value, e.g. case=NAME or training.method=adam, or
    /// that are in this state: done, trained, running, queued, lost, failed, interrupted or missing.
    #[arg(long, value_name = "KEY=VALUE|STATE")]
    pub only: Vec<String>,
    /// Leaves out the cells in which a key has this value, or that are in this state.
    #[arg(long, value_name = "KEY=VALUE|STATE")]
    pub skip: Vec<String>,
}

impl CellArgs {
    /// The selection, by what the files say; by what Slurm says too if it names a state of it.
    fn selection(&self, grid: &Grid) -> Result<Selection> {
        let selection = Selection::new(&self.only, &self.skip, grid)?;
        if selection.asks_scheduler() { self.joined(grid) } else { Ok(selection) }
    }

    /// The selection, by what the files and Slurm say.
    fn joined(&self, grid: &Grid) -> Result<Selection> {
        let slurm::Look { scheduled, problem } = slurm::look(&grid.folder)?;
        problem.map_or(Ok(()), Err)?;
        Ok(Selection::new(&self.only, &self.skip, grid)?.with_scheduled(scheduled))
    }
}

/// What the run file of a measurement says, and the images asked for; a warning is said.
fn subject(args: &measure::MeasureArgs) -> Result<Subject> {
    let mut warn = |warning: &str| say(&format!("warning: {warning}"));
    Ok(snode_runner::subject(&args.run.path()?, &args.selection(), &mut warn)?)
}

/// The name of a scheme that was chosen.
fn known_scheme(choice: &SchemeChoice) -> Result<SchemeName> {
    let unknown = || Error::Usage(format!("--scheme: `{}` is not known", choice.name()));
    SchemeName::named(choice.name()).ok_or_else(unknown)
}
