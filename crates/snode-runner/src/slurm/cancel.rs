//! Cancelling the jobs of cells.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::arrays::ranges;
use super::command::call;
use super::queue::Element;
use super::submission::Submission;
use crate::error::Result;
use crate::grid::ScheduledJob;

/// Cancels jobs that wait or run, of cells with results in `folder`, and says which as Slurm writes
/// them: `12_[1-3]`. A task that trains several cells is cancelled as a whole. A task that runs writes
/// its checkpoint.
///
/// # Errors
/// If Slurm refuses, or what was done cannot be noted.
pub fn cancel<'a>(
    folder: &Path,
    jobs: impl Iterator<Item = &'a ScheduledJob>,
) -> Result<Vec<String>> {
    /// More would make a command line that is too long.
    const MOST: usize = 1000;
    let name = |job: &ScheduledJob| {
        let (job, index) = job.name.split_once('_')?;
        Some((job.parse().ok()?, index.parse().ok()?))
    };
    let elements: BTreeSet<Element> = jobs.filter(|job| job.is_alive()).filter_map(name).collect();
    let elements: Vec<Element> = elements.into_iter().collect();
    let mut cancelled = Vec::new();
    for some in elements.chunks(MOST) {
        let mut indices: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (job, index) in some {
            indices.entry(*job).or_default().push(*index);
        }
        let names: Vec<String> =
            indices.iter().map(|(job, indices)| format!("{job}_[{}]", ranges(indices))).collect();
        call("scancel", &names)?;
        for submission in Submission::all_in(folder) {
            let arrays = submission.arrays()?;
            let own = some.iter().filter(|(job, _)| arrays.iter().any(|array| array.job == *job));
            submission.note_cancelled(own)?;
        }
        cancelled.extend(names);
    }
    Ok(cancelled)
}
