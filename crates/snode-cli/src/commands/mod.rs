//! The commands of the program, one a file.

pub mod attack;
pub mod cancel;
pub mod collect;
pub mod completions;
pub mod data;
pub mod doctor;
pub mod dry_run;
pub mod eval;
pub mod export;
pub mod gradcheck;
pub mod import;
pub mod init;
pub mod man;
pub mod report;
pub mod robustness;
pub mod run;
pub mod seal;
pub mod sensitivity;
pub mod show;
pub mod solvers;
pub mod status;
pub mod submit;
pub mod task;
pub mod train_cell;
pub mod uncertainty;
pub mod validate;

use std::path::{Path, PathBuf};

use clap::Args;

use snode_experiment::ExperimentFile;
use snode_experiment::threads::MOST_THREADS;
pub(crate) use snode_experiment::threads::pool;
use snode_runner::{Grid, ImageSelection, Selection, Subject, slurm, summary};

use crate::error::Result;
use crate::output::say;

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

/// The arguments that name a grid by its file.
#[derive(Clone, Debug, Args)]
pub struct GridFileArgs {
    /// The grid, a TOML file.
    pub file: PathBuf,
    /// Sets a key, as in `snode run`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The folder for results, in place of the file's.
    #[arg(long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
}

impl GridFileArgs {
    fn read(&self) -> Result<Grid> {
        let file = ExperimentFile::read_any(&self.file, &self.set)?;
        Ok(Grid::of(file, &self.set, self.output.as_deref())?)
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

/// What a file of results says, and the images asked for; a warning is said.
fn subject(run: &Path, images: &ImageSelection) -> Result<Subject> {
    let mut warn = |warning: &str| say(&format!("warning: {warning}"));
    Ok(snode_runner::subject(run, images, &mut warn)?)
}
