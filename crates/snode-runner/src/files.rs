//! The files of a run.

use std::fs::File;
use std::io::ErrorKind::{NotADirectory, NotFound};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

pub use snode_files::Lock;
use snode_files::{
    Existing, FileError, FileKind, Holder, Links, Reading, remove_unfinished, try_writing,
};

use crate::error::{Error, Result};

/// The endings of their names.
const RESULTS: &str = ".h5";
const CHECKPOINT: &str = ".checkpoint.h5";
const FAILURE: &str = ".failed";
/// The ending of a file into which the results of a grid are collected.
const COLLECTED: &str = ".cells.h5";

/// What a file of a run holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileRole {
    /// The results of a run that has ended.
    Results,
    /// What a run goes on from.
    Checkpoint,
    /// Why the last session of a cell failed.
    Failure,
}

/// The files of a run.
#[derive(Clone, Debug)]
pub struct Files {
    /// `NAME.h5`: the results, written when the run ends.
    pub results: PathBuf,
    /// `NAME.checkpoint.h5`: what a run goes on from, there until it ends.
    pub checkpoint: PathBuf,
    /// `NAME.failed`: of a cell of a grid, why its last session failed.
    pub failed: PathBuf,
    /// `NAME.log`: of a cell of a grid, what its last session said.
    pub log: PathBuf,
    /// `NAME.lock`: there while a process trains.
    lock: PathBuf,
}

impl Files {
    /// The files of the run called `name` in `folder`.
    pub fn new(folder: &Path, name: &str) -> Self {
        Self {
            results: folder.join(format!("{name}{RESULTS}")),
            checkpoint: folder.join(format!("{name}{CHECKPOINT}")),
            failed: folder.join(format!("{name}{FAILURE}")),
            log: folder.join(format!("{name}.log")),
            lock: folder.join(format!("{name}.lock")),
        }
    }

    /// The files of the run whose results are `path`.
    pub fn of_results(path: &Path) -> Self {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Self::new(path.parent().unwrap_or(Path::new("")), &name)
    }

    /// The files of the run to which `path` belongs, by its name, and what that file holds; `None` of a log, a
    /// lock, the collected results of a grid and all other files.
    pub fn with(path: &Path) -> Option<(Self, FileRole)> {
        let name = path.file_name()?.to_str().filter(|name| !name.ends_with(COLLECTED))?;
        let (ending, role) = [
            (CHECKPOINT, FileRole::Checkpoint),
            (RESULTS, FileRole::Results),
            (FAILURE, FileRole::Failure),
        ]
        .into_iter()
        .find(|(ending, _)| name.ends_with(ending))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Some((Self::new(folder, name.strip_suffix(ending)?), role))
    }

    /// Where the results of the grid called `name` are collected unless told otherwise.
    pub fn collected(folder: &Path, name: &str) -> PathBuf {
        folder.join(format!("{name}{COLLECTED}"))
    }

    /// Refuses a place that cannot hold results, before anything is made there or computed.
    ///
    /// # Errors
    /// If it is certain that they cannot be written.
    pub fn check(&self) -> Result<()> {
        let folder = self.folder();
        if self.results.to_str().is_none() {
            return Err(unwritable(folder, "its path is not UTF-8 text"));
        }
        for ancestor in folder.ancestors() {
            let ancestor = if ancestor.as_os_str().is_empty() { Path::new(".") } else { ancestor };
            let found = match std::fs::symlink_metadata(ancestor) {
                Err(error) if matches!(error.kind(), NotFound | NotADirectory) => continue,
                found => found.map_err(|error| unwritable(folder, &error.to_string()))?,
            };
            let shown = ancestor.display();
            let problem = match std::fs::metadata(ancestor) {
                Err(error) if found.is_symlink() && error.kind() == NotFound => {
                    format!("{shown} is a symbolic link to something that does not exist")
                }
                Err(error) => error.to_string(),
                Ok(target) if !target.is_dir() => format!("{shown} is not a folder"),
                Ok(_) if !may_write(ancestor) => format!("{shown} may not be written to"),
                Ok(_) => return Ok(()),
            };
            return Err(unwritable(folder, &problem));
        }
        Ok(())
    }

    /// Makes the folder, and makes sure that files can be written there.
    ///
    /// # Errors
    /// If they cannot.
    pub fn prepare(&self) -> Result<()> {
        self.check()?;
        let folder = self.folder();
        std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error.to_string()))?;
        try_writing(&self.results, Existing::Replace, 0)
            .map_err(|error| unwritable(folder, &error.to_string()))
    }

    fn folder(&self) -> &Path {
        self.results.parent().unwrap_or(Path::new("."))
    }

    /// Keeps other processes from writing the same files until the lock is dropped, which gives signs of
    /// life until then.
    ///
    /// # Errors
    /// If another process is at it.
    pub fn lock(&self) -> Result<Lock> {
        let job = std::env::var("SLURM_JOB_ID").ok();
        let lock = Lock::try_acquire(&self.lock, job.as_deref());
        lock.map(Lock::with_heartbeat).map_err(|error| match error {
            FileError::Held { holder, .. } => Error::Busy(format!(
                "another snode is training {} at this moment ({holder})",
                self.results.display()
            )),
            error => Error::Refused(error.to_string()),
        })
    }

    /// Begins the log anew. One that was there is removed, and never what a link leads to.
    ///
    /// # Errors
    /// If something else than a regular file is there, or the log cannot be written.
    pub fn begin_log(&self, _: &Lock) -> Result<File> {
        new_file(&self.log)
    }

    /// Keeps for later why a session failed.
    pub fn note_failure(&self, _: &Lock, error: &str) {
        // It is said in any case.
        let _ = new_file(&self.failed).map(|mut file| writeln!(file, "{error}"));
    }

    /// Forgets why the last session failed.
    pub fn forget_failure(&self, _: &Lock) {
        let _ = std::fs::remove_file(&self.failed);
    }

    /// Why the last session failed, if it did.
    pub fn failure(&self) -> Option<String> {
        const LIMIT: u64 = 1 << 20;
        let reading = Reading { links: Links::Refuse, ..Reading::new(LIMIT) };
        match reading.text(&self.failed) {
            Ok(text) => Some(text.trim_end().to_owned()),
            Err(FileError::NotFound { .. }) => None,
            Err(error) => Some(error.to_string()),
        }
    }

    /// The end of the log of a session that died: its last line, or that in which it panicked.
    pub fn last_words(&self) -> Option<String> {
        const READ: u64 = 1 << 16;
        let mut file = snode_files::open(&self.log, Links::Refuse).ok()?;
        let length = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(READ))).ok()?;
        let mut bytes = Vec::new();
        file.take(READ).read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.trim_end().lines().rev();
        let panic = lines.clone().find(|line| line.contains("panicked"));
        panic.or_else(|| lines.next()).map(|line| line.trim().to_owned())
    }

    /// Who is training at this moment, if another process is.
    pub fn holder(&self) -> Option<Holder> {
        Lock::look(&self.lock).ok().flatten()
    }

    /// Whether another process is training.
    pub fn is_locked(&self) -> bool {
        self.holder().is_some()
    }

    /// Removes what processes that were killed while they wrote have left.
    pub fn remove_leftovers(&self) {
        remove_unfinished(self.folder());
    }

    /// Removes the checkpoint, which the results have made superfluous.
    ///
    /// # Errors
    /// If it is there and cannot be removed.
    pub fn remove_checkpoint(&self) -> Result<()> {
        match std::fs::remove_file(&self.checkpoint) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::file(&self.checkpoint, "cannot remove the checkpoint", error))
            }
            _ => Ok(()),
        }
    }
}

fn unwritable(folder: &Path, problem: &str) -> Error {
    Error::Refused(format!(
        "results cannot be written to the folder {}: {problem}; choose another by `directory` in \
         [output], or --output",
        folder.display()
    ))
}

#[cfg(unix)]
fn may_write(folder: &Path) -> bool {
    use rustix::fs::{Access, access};
    access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn may_write(_: &Path) -> bool {
    true
}

/// A new file in the place of one that was there.
fn new_file(path: &Path) -> Result<File> {
    let cannot = |error| Error::file(path, "cannot write", error);
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => std::fs::remove_file(path).map_err(cannot)?,
        Ok(found) => {
            return Err(
                FileError::NotAFile { path: path.into(), found: FileKind::of(&found) }.into()
            );
        }
        Err(_) => {}
    }
    File::options().write(true).create_new(true).open(path).map_err(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_names() {
        let files = Files::new(Path::new("runs"), "a.b");
        for (path, role) in [
            (&files.results, FileRole::Results),
            (&files.checkpoint, FileRole::Checkpoint),
            (&files.failed, FileRole::Failure),
        ] {
            let (found, found_role) = Files::with(path).unwrap();
            assert_eq!((&found.results, found_role), (&files.results, role));
        }
        for path in [&files.log, &files.lock, &Files::collected(Path::new("runs"), "grid")] {
            assert!(Files::with(path).is_none(), "{path:?}");
        }
    }
}
