//! The commands of the program, one a file.

pub mod attack;
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
pub mod train_cell;
pub mod uncertainty;
pub mod validate;

use std::path::Path;

use clap::Args;

use snode_experiment::threads::MOST_THREADS;
pub(crate) use snode_experiment::threads::pool;
use snode_runner::summary;
use snode_runner::{ImageSelection, Subject};

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

/// What a file of results says, and the images asked for; a warning is said.
fn subject(run: &Path, images: &ImageSelection) -> Result<Subject> {
    let mut warn = |warning: &str| say(&format!("warning: {warning}"));
    Ok(snode_runner::subject(run, images, &mut warn)?)
}
