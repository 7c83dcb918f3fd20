//! The commands of the program, one a file.

pub mod attack;
pub mod cells;
pub mod collect;
pub mod completions;
pub mod data;
pub mod doctor;
pub mod eval;
pub mod export;
pub mod gradcheck;
pub mod images;
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
pub mod validate;

use std::path::Path;

use clap::Args;

use crate::records::summary;
use crate::threads::MOST_THREADS;
pub(crate) use crate::threads::pool;

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

/// What a file is called, without folder and ending: the beginning of the names of its figures.
fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "run".into(), |stem| stem.to_string_lossy().into_owned())
}
