//! The commands of the program, one a file.

pub mod data;
pub mod eval;
pub mod gradcheck;
pub mod init;
pub mod run;
pub mod show;
pub mod solvers;
pub mod validate;

use std::path::Path;

use snode_store::{RunSummary, read_info};

use crate::config::Experiment;
use crate::error::Result;

/// Starts a pool of threads for the computation.
fn pool(threads: Option<usize>) -> Result<rayon::ThreadPool> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build()?)
}

/// What a file of results says, and the experiment in it if this version understands it.
fn summary(path: &Path) -> Result<(RunSummary, Option<Experiment>)> {
    let summary = read_info(path)?;
    let experiment = toml::from_str(&summary.configuration.resolved).ok();
    Ok((summary, experiment))
}
