//! A submission: the cells of a grid as they were when they were handed to Slurm.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use snode_files::{Existing, utc_now};

use super::arrays::Array;
use crate::error::{Error, Result};
use crate::grid::Cell;
use crate::grid::manifest::{ManifestCell, SourceFile};

/// The folder of submissions in the folder of results.
pub const SUBMISSIONS: &str = "submissions";
/// The version of the format that is written, and the only one that is read.
const VERSION: u32 = 1;
/// What all tasks have in common.
const HEAD: &str = "submission.json";
/// The cells, one a line, in the order of the tasks.
const CELLS: &str = "cells.jsonl";
/// The jobs, one a line, in the order they were submitted.
const JOBS: &str = "jobs.jsonl";
/// Tasks that were cancelled by snode, one a line: job and index.
const CANCELLED: &str = "cancelled.jsonl";
/// The script of all jobs.
const SCRIPT: &str = "job.sh";

/// The folder of a submission: what was submitted, and as which jobs.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The folder, `submissions/ID` in the folder of results.
    pub folder: PathBuf,
    /// What all tasks have in common.
    pub head: Head,
}

/// What all tasks of a submission have in common.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    /// The version of the format.
    pub version: u32,
    /// The name of the grid.
    pub grid: String,
    /// The version of snode that wrote it.
    pub snode_version: String,
    /// The file of the grid, as it was.
    pub source: SourceFile,
    /// How many cells the grid has.
    pub cells: usize,
    /// How many of the submission's cells each task trains, one after the other.
    pub cells_per_task: usize,
    /// How often a task may be queued again that was stopped at a checkpoint.
    pub requeues: u32,
}

/// An array of jobs that was submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmittedArray {
    /// The number of the job.
    pub job: u64,
    /// Tasks of the submission before this array.
    pub offset: usize,
    /// How many tasks the array has.
    pub tasks: usize,
}

/// The identity of a cell, whatever else its line says.
#[derive(Deserialize)]
struct Identity {
    identity: String,
}

impl Head {
    /// Of a submission that is made now.
    pub fn new(
        grid: &str,
        source: SourceFile,
        cells: usize,
        cells_per_task: usize,
        requeues: u32,
    ) -> Self {
        let (version, snode_version) = (VERSION, env!("CARGO_PKG_VERSION").to_owned());
        let grid = grid.to_owned();
        Self { version, grid, snode_version, source, cells, cells_per_task, requeues }
    }
}

impl Submission {
    /// A folder for a submission in this folder of results that is not there yet, called after the
    /// present time.
    pub fn new_folder(results: &Path) -> PathBuf {
        let time = utc_now().replace([':', '-'], "");
        let named = |name: &str| results.join(SUBMISSIONS).join(name);
        let numbered = (2..).map(|number: u32| named(&format!("{time}-{number}")));
        let mut folders = std::iter::once(named(&time)).chain(numbered);
        folders.find(|folder| !folder.exists()).unwrap_or_default()
    }

    /// Writes the folder, with the script of its jobs and no jobs yet.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(folder: PathBuf, head: Head, cells: &[&Cell], script: &str) -> Result<Self> {
        let cannot = |error| Error::file(&folder, "cannot make the folder", error);
        std::fs::create_dir_all(&folder).map_err(cannot)?;
        let mut lines = Vec::new();
        for cell in cells {
            lines.extend(line(&folder, &ManifestCell::from(*cell))?.into_bytes());
        }
        let head_line = line(&folder, &head)?;
        let files = [
            (CELLS, &lines[..]),
            (SCRIPT, script.as_bytes()),
            (JOBS, b""),
            (CANCELLED, b""),
            (HEAD, head_line.as_bytes()),
        ];
        for (name, bytes) in files {
            snode_files::write(&folder.join(name), Existing::Keep, bytes)?;
        }
        Ok(Self { folder, head })
    }

    /// Reads what all tasks of a submission have in common.
    ///
    /// # Errors
    /// If the folder holds no submission of this version.
    pub fn open(folder: &Path) -> Result<Self> {
        const LIMIT: u64 = 1 << 26;
        let path = folder.join(HEAD);
        let text = snode_files::read_text(&path, LIMIT)?;
        let head: Head = serde_json::from_str(&text)
            .map_err(|error| strange(&path, &format!("no submission: {error}")))?;
        if head.version != VERSION || head.cells_per_task == 0 {
            let found = head.version;
            return Err(strange(
                &path,
                &format!("found a submission of version {found}; expected {VERSION}"),
            ));
        }
        Ok(Self { folder: folder.to_owned(), head })
    }

    /// The submissions in a folder of results, the oldest first. What is no submission of this version
    /// is left out.
    pub fn all_in(results: &Path) -> Vec<Self> {
        let entries = std::fs::read_dir(results.join(SUBMISSIONS)).into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        folders.sort();
        folders.iter().filter_map(|folder| Self::open(folder).ok()).collect()
    }

    /// The script of its jobs.
    pub fn script(&self) -> PathBuf {
        self.folder.join(SCRIPT)
    }

    /// The folder of the grid's results.
    pub fn results(&self) -> &Path {
        self.folder.ancestors().nth(2).unwrap_or(Path::new(""))
    }

    /// Notes an array of jobs that was submitted.
    ///
    /// # Errors
    /// If that cannot be written.
    pub fn note(&self, job: u64, array: &Array) -> Result<()> {
        let submitted = SubmittedArray { job, offset: array.offset, tasks: array.tasks };
        self.append(JOBS, std::iter::once(submitted))
    }

    /// Notes tasks that were cancelled, by job and index.
    ///
    /// # Errors
    /// If that cannot be written.
    pub fn note_cancelled<'a>(&self, tasks: impl Iterator<Item = &'a (u64, usize)>) -> Result<()> {
        self.append(CANCELLED, tasks)
    }

    /// The tasks that were cancelled, by job and index.
    ///
    /// # Errors
    /// If the file of them cannot be read.
    pub fn cancelled(&self) -> Result<Vec<(u64, usize)>> {
        let mut tasks = Vec::new();
        self.each_line(CANCELLED, |_, task| tasks.push(task))?;
        Ok(tasks)
    }

    fn append(&self, name: &str, values: impl Iterator<Item: Serialize>) -> Result<()> {
        let path = self.folder.join(name);
        let cannot = |error| Error::file(&path, "cannot write", error);
        let mut file = File::options().append(true).open(&path).map_err(cannot)?;
        for value in values {
            file.write_all(line(&path, &value)?.as_bytes()).map_err(cannot)?;
        }
        file.sync_all().map_err(cannot)
    }

    /// The arrays of jobs that were submitted.
    ///
    /// # Errors
    /// If the file of jobs cannot be read.
    pub fn arrays(&self) -> Result<Vec<SubmittedArray>> {
        let mut arrays = Vec::new();
        self.each_line(JOBS, |_, array| arrays.push(array))?;
        Ok(arrays)
    }

    /// The identities of its cells, each with the number of its task, from 1.
    ///
    /// # Errors
    /// If the file of cells cannot be read.
    pub fn identities(&self) -> Result<Vec<(usize, String)>> {
        let mut identities = Vec::new();
        self.each_line(CELLS, |index, Identity { identity }| {
            identities.push((index / self.head.cells_per_task + 1, identity));
        })?;
        Ok(identities)
    }

    /// The cells of a task, by its number, from 1.
    ///
    /// # Errors
    /// If there is no such task, or the file of cells cannot be read.
    pub fn cells(&self, task: usize) -> Result<Vec<Cell>> {
        let path = self.folder.join(CELLS);
        let each = self.head.cells_per_task;
        let before = task.saturating_sub(1).saturating_mul(each);
        let mut cells = Vec::new();
        for line in lines(&path)?.skip(before).take(each) {
            let line = line.map_err(|error| Error::file(&path, "cannot read", error))?;
            cells.push(Cell::from(parse::<ManifestCell>(&path, &line)?));
        }
        if cells.is_empty() || task == 0 {
            return Err(Error::Refused(format!("{}: there is no task {task}", path.display())));
        }
        Ok(cells)
    }

    /// How often a task was queued again so far.
    pub fn requeues(&self, task: usize) -> u32 {
        let text = std::fs::read_to_string(self.requeues_of(task));
        text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    /// Notes that a task is queued once more.
    ///
    /// # Errors
    /// If that cannot be written.
    pub fn note_requeue(&self, task: usize) -> Result<()> {
        let text = format!("{}\n", self.requeues(task) + 1);
        Ok(snode_files::write(&self.requeues_of(task), Existing::Replace, text.as_bytes())?)
    }

    fn requeues_of(&self, task: usize) -> PathBuf {
        self.folder.join(format!("task-{task}.requeues"))
    }

    fn each_line<T: DeserializeOwned>(
        &self,
        name: &str,
        mut visit: impl FnMut(usize, T),
    ) -> Result<()> {
        let path = self.folder.join(name);
        for (index, line) in lines(&path)?.enumerate() {
            let line = line.map_err(|error| Error::file(&path, "cannot read", error))?;
            visit(index, parse(&path, &line)?);
        }
        Ok(())
    }
}

fn lines(path: &Path) -> Result<std::io::Lines<BufReader<File>>> {
    Ok(BufReader::new(snode_files::open(path, snode_files::Links::Follow)?).lines())
}

fn parse<T: DeserializeOwned>(path: &Path, line: &str) -> Result<T> {
    serde_json::from_str(line).map_err(|error| strange(path, &error.to_string()))
}

fn line(path: &Path, value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string(value);
    text.map(|text| text + "\n").map_err(|error| strange(path, &error.to_string()))
}

fn strange(path: &Path, problem: &str) -> Error {
    Error::Results(format!("{}: {problem}", path.display()))
}
