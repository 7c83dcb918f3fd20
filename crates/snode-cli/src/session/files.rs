//! The files of a run.

use std::path::{Path, PathBuf};

use snode_files::{Existing, FileError, Lock, remove_unfinished, try_writing};

use crate::error::{Error, Result};

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
            results: folder.join(format!("{name}.h5")),
            checkpoint: folder.join(format!("{name}.checkpoint.h5")),
            failed: folder.join(format!("{name}.failed")),
            log: folder.join(format!("{name}.log")),
            lock: folder.join(format!("{name}.lock")),
        }
    }

    /// Makes the folder, and makes sure that files can be written there.
    ///
    /// # Errors
    /// If they cannot.
    pub fn prepare(&self) -> Result<()> {
        let folder = self.results.parent().unwrap_or(Path::new("."));
        let cannot = |error: &dyn std::error::Error| {
            Error::Usage(format!(
                "results cannot be written to the folder {}: {error}; choose another by \
                 `directory` in [output], or --output",
                folder.display()
            ))
        };
        std::fs::create_dir_all(folder).map_err(|error| cannot(&error))?;
        try_writing(&self.results, Existing::Replace, 0).map_err(|error| cannot(&error))
    }

    /// Keeps other processes from writing the same files until the lock is dropped.
    ///
    /// # Errors
    /// If another process is at it.
    pub fn lock(&self) -> Result<Lock> {
        Lock::try_acquire(&self.lock, None).map_err(|error| match error {
            FileError::Held { holder, .. } => Error::Busy(format!(
                "another snode is training {} at this moment ({holder}); wait for it, or choose \
                 another `name` or --output",
                self.results.display()
            )),
            error => error.into(),
        })
    }

    /// Whether another process is training.
    pub fn is_locked(&self) -> bool {
        Lock::look(&self.lock).is_ok_and(|holder| holder.is_some())
    }

    /// Removes what processes that were killed while they wrote have left.
    pub fn remove_leftovers(&self) {
        remove_unfinished(self.results.parent().unwrap_or(Path::new(".")));
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
