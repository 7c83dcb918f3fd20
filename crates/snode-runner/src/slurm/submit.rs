//! From a grid to jobs of Slurm.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use snode_files::Lock;

use super::arrays::{Array, arrays};
use super::command::{call, max_array_size};
use super::submission::{Head, SUBMISSIONS, Submission};
use crate::error::{Error, Result};
use crate::grid::{Cell, CellState, Grid, Selection};

/// How long before its time limit a task is asked for a checkpoint, in seconds.
const NOTICE: u64 = 120;
/// Options of `sbatch` that would make something else of a submission.
const OWN_OPTIONS: [&str; 5] = ["--array", "-a", "--wrap", "--parsable", "--test-only"];

/// How a grid is submitted.
#[derive(Clone, Debug)]
pub struct Submit {
    /// How many tasks run at the same time, if that is limited.
    pub parallel: Option<usize>,
    /// How many cells each task trains, one after the other.
    pub cells_per_task: usize,
    /// The time limit of a task as `sbatch` takes it; the partition's if not given.
    pub time: Option<String>,
    /// How often a task may be queued again that was stopped at a checkpoint.
    pub requeues: u32,
    /// Processors of a task, each of which computes with a thread; those of the experiment, or 1.
    pub processors: Option<usize>,
    /// Further options of `sbatch`, those of the user's file first.
    pub options: Vec<String>,
}

/// A grid that is ready to be submitted.
#[derive(Debug)]
pub struct Plan<'a> {
    grid: &'a Grid,
    submit: &'a Submit,
    /// The cells that are to be trained.
    pub cells: Vec<&'a Cell>,
    /// The arrays their tasks are in.
    pub arrays: Vec<Array>,
    /// The folder of the submission.
    pub folder: PathBuf,
    /// The script of all jobs.
    pub script: String,
}

/// What was submitted.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The folder of the submission.
    pub folder: PathBuf,
    /// The numbers of the jobs, one for each array.
    pub jobs: Vec<u64>,
}

impl<'a> Plan<'a> {
    /// The plan for those of the wanted cells that are neither done nor being trained nor queued. Slurm
    /// is asked how large its arrays may be, and nothing is written.
    ///
    /// # Errors
    /// If an option is refused, Slurm cannot be asked, or a path cannot be part of a script.
    pub fn new(grid: &'a Grid, selection: &Selection, submit: &'a Submit) -> Result<Self> {
        let is_own =
            |option: &&String| OWN_OPTIONS.contains(&option.split('=').next().unwrap_or_default());
        if let Some(option) = submit.options.iter().find(is_own) {
            return Err(Error::Refused(format!(
                "-- {option}: snode gives this option of sbatch itself; expected others"
            )));
        }
        let (mut cells, mut seen) = (Vec::new(), HashSet::new());
        for cell in &grid.cells {
            let state = selection.state(cell, &grid.folder);
            let is_there =
                matches!(state, CellState::Done(_) | CellState::Running(_) | CellState::Queued(_));
            if !is_there && selection.takes(cell, &state) && seen.insert(&cell.identity) {
                cells.push(cell);
            }
        }
        let tasks = cells.len().div_ceil(submit.cells_per_task.max(1));
        let limit = max_array_size(&call("scontrol", ["show", "config"])?);
        let arrays = arrays(tasks, limit, submit.parallel);
        let results = std::path::absolute(&grid.folder)
            .map_err(|error| Error::file(&grid.folder, "cannot find the folder", error))?;
        let folder = Submission::new_folder(&results);
        let program = std::env::current_exe()
            .map_err(|error| Error::Failed(format!("where is this program: {error}")))?;
        let script = format!(
            "#!/bin/sh\nexec {} task {} $(($1 + SLURM_ARRAY_TASK_ID))\n",
            quoted(&program)?,
            quoted(&folder)?
        );
        Ok(Self { grid, submit, cells, arrays, folder, script })
    }

    /// The options of `sbatch` for an array, and behind them the script with its argument. The array
    /// begins when the job `after` has ended, if there is one.
    fn sbatch(&self, array: &Array, after: Option<&str>) -> Vec<String> {
        let limit = array.parallel.map_or_else(String::new, |parallel| format!("%{parallel}"));
        let processors = self.submit.processors.or(self.grid.file.experiment.threads).unwrap_or(1);
        let folder = self.folder.display().to_string();
        let notice = self.submit.time.as_deref().and_then(seconds);
        let notice = notice.map_or(NOTICE, |limit| NOTICE.min(limit / 2));
        let mut options = vec![
            "--parsable".to_owned(),
            format!("--array=1-{}{limit}", array.tasks),
            format!("--job-name=snode-{}", self.grid.name),
            "--requeue".into(),
            "--open-mode=append".into(),
            format!("--signal=B:TERM@{notice}"),
            format!("--output={}/%A_%a.out", folder.replace('%', "%%")),
            format!("--cpus-per-task={processors}"),
        ];
        options.extend(self.submit.time.iter().map(|time| format!("--time={time}")));
        options.extend(after.map(|job| format!("--dependency=afterany:{job}")));
        options.extend(self.submit.options.iter().cloned());
        options.extend([format!("{folder}/job.sh"), array.offset.to_string()]);
        options
    }

    /// The calls of `sbatch` in their order, with `JOB1` for the number of the first job and so on.
    pub fn calls(&self) -> Vec<Vec<String>> {
        let call = |array: &Array| {
            let after = array.after.map(|index| format!("JOB{}", index + 1));
            [vec!["sbatch".to_owned()], self.sbatch(array, after.as_deref())].concat()
        };
        self.arrays.iter().map(call).collect()
    }

    /// Writes the manifest of the grid and the submission, and submits its arrays. Nothing is left of a
    /// submission of which Slurm has taken nothing.
    ///
    /// # Errors
    /// [`Error::Busy`] if another process submits at this moment; if a file cannot be written; or if
    /// Slurm refuses an array, with what it has taken before.
    pub fn submit(&self) -> Result<Submitted> {
        if let Some(cell) = self.grid.cells.first() {
            cell.files(&self.grid.folder).prepare()?;
        }
        let submissions = self.grid.folder.join(SUBMISSIONS);
        std::fs::create_dir_all(&submissions)
            .map_err(|error| Error::file(&submissions, "cannot make the folder", error))?;
        let _lock = Lock::try_acquire(&submissions.join("submit.lock"), None)?;
        self.grid.write_manifest()?;
        let source = self.grid.source();
        let (cells, each) = (self.grid.cells.len(), self.submit.cells_per_task.max(1));
        let head = Head::new(&self.grid.name, source, cells, each, self.submit.requeues);
        let submission = Submission::write(self.folder.clone(), head, &self.cells, &self.script)?;
        let mut jobs: Vec<u64> = Vec::new();
        for array in &self.arrays {
            let after = array.after.and_then(|index| jobs.get(index)).map(ToString::to_string);
            let answer = call("sbatch", self.sbatch(array, after.as_deref()));
            let job = answer.and_then(|answer| number(&answer));
            let job = job.map_err(|error| self.refused(error, array, &jobs))?;
            submission.note(job, array)?;
            jobs.push(job);
        }
        Ok(Submitted { folder: self.folder.clone(), jobs })
    }

    /// A refusal of Slurm, with what was submitted before.
    fn refused(&self, error: Error, array: &Array, jobs: &[u64]) -> Error {
        if jobs.is_empty() {
            // It would say nothing.
            let _ = std::fs::remove_dir_all(&self.folder);
            return error;
        }
        let jobs: Vec<String> = jobs.iter().map(ToString::to_string).collect();
        let tasks = self.arrays.iter().map(|array| array.tasks).sum::<usize>();
        Error::Failed(format!(
            "{error}; tasks 1 to {} of {tasks} are submitted (jobs {}); submit again later for the \
             others",
            array.offset,
            jobs.join(", ")
        ))
    }
}

/// The number of a job that `sbatch --parsable` prints, the name of the cluster behind it.
fn number(answer: &str) -> Result<u64> {
    let first = answer.lines().next_back().unwrap_or_default().split(';').next();
    first.unwrap_or_default().trim().parse().map_err(|_| Error::Scheduler {
        program: "sbatch",
        problem: format!("found {answer:?}; expected the number of a job"),
    })
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> Result<String> {
    let text = path.to_str().filter(|text| !text.contains(char::is_control)).ok_or_else(|| {
        Error::Refused(format!("{}: found a path that no script can name", path.display()))
    })?;
    Ok(format!("'{}'", text.replace('\'', "'\\''")))
}

/// A time limit as `sbatch` takes it, in seconds: MINUTES, MINUTES:SECONDS, HOURS:MINUTES:SECONDS,
/// DAYS-HOURS, DAYS-HOURS:MINUTES or DAYS-HOURS:MINUTES:SECONDS.
fn seconds(time: &str) -> Option<u64> {
    let numbers = |text: &str| {
        text.split(':').map(|part| part.parse::<u64>().ok()).collect::<Option<Vec<u64>>>()
    };
    let (days, parts) = match time.split_once('-') {
        Some((days, rest)) => (days.parse::<u64>().ok()?, [numbers(rest)?, vec![0, 0]].concat()),
        None => match numbers(time)?[..] {
            [minutes] => (0, vec![0, minutes, 0]),
            [minutes, seconds] => (0, vec![0, minutes, seconds]),
            [hours, minutes, seconds] => (0, vec![hours, minutes, seconds]),
            _ => return None,
        },
    };
    Some(((days * 24 + parts[0]) * 60 + parts[1]) * 60 + parts[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_limits_are_read_as_sbatch_reads_them() {
        let read = ["2", "1:30", "1:00:00", "1-0", "1-1:30", "1-0:0:5", "x", "1:2:3:4", ""];
        let expected = [120, 90, 3600, 86_400, 91_800, 86_405].map(Some);
        assert_eq!(read.map(seconds)[..6], expected);
        assert_eq!(read.map(seconds)[6..], [None; 3]);
    }

    #[test]
    fn the_number_of_a_job_is_read() {
        assert_eq!(number("12\n").unwrap(), 12);
        assert_eq!(number("12;cluster\n").unwrap(), 12);
        assert!(number("Submitted batch job 12\n").unwrap_err().to_string().contains("sbatch"));
    }

    #[test]
    fn paths_are_quoted_for_the_shell() {
        assert_eq!(quoted(Path::new("/a b/it's")).unwrap(), "'/a b/it'\\''s'");
        assert!(quoted(Path::new("/a\nb")).is_err());
    }
}
