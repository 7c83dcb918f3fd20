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
use snode_store::{RunSummary, read_info};

use crate::config::Experiment;
use crate::error::Result;

/// The option that says how many threads compute.
#[derive(Clone, Copy, Debug, Args)]
pub struct ThreadArgs {
    /// The number of threads; all there are if not given.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl ThreadArgs {
    fn number(self) -> Option<usize> {
        self.threads.map(usize::from)
    }
}

/// What a file is called, without folder and ending: the beginning of the names of its figures.
fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "run".into(), |stem| stem.to_string_lossy().into_owned())
}

/// Starts a pool of threads for the computation.
pub(crate) fn pool(threads: Option<usize>) -> Result<rayon::ThreadPool> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build()?)
}

/// What a file of results says, and the experiment in it if this version understands it.
fn summary(path: &Path) -> Result<(RunSummary, Option<Experiment>)> {
    let summary = read_info(path)?;
    let experiment = toml::from_str(&summary.configuration.resolved).ok();
    Ok((summary, experiment))
}
