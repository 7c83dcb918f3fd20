//! `snode task`: a task of a submission, started by Slurm.

use std::path::PathBuf;

use clap::Args;
use snode_experiment::threads::default_threads;
use snode_runner::GridEvent;
use snode_runner::slurm::run_task;

use super::train_cell::processes;
use crate::error::Result;
use crate::interrupt;
use crate::progress::{GridProgress, Style};

/// Arguments of `snode task`.
#[derive(Debug, Args)]
pub struct TaskArgs {
    /// The folder of the submission.
    pub submission: PathBuf,
    /// The number of the task, from 1.
    pub number: usize,
}

/// Trains the cells of a task.
///
/// # Errors
/// As [`run_task`].
pub fn run(args: &TaskArgs) -> Result<()> {
    let (threads, stop) = (default_threads()?, interrupt::finish_work(None));
    let mut progress = GridProgress::new(Style::Human);
    let mut observer = |event: &GridEvent<'_>| Ok(progress.show(event)?);
    let (folder, number) = (&args.submission, args.number);
    Ok(run_task(folder, number, threads, &processes(), &stop, &mut observer)?)
}
