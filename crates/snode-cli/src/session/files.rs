//! The files of a run.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The files of a run, held by this process alone.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A lock file that stays behind locks nothing.
        let _ = std::fs::remove_file(&self.path);
    }
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
        let cannot = |error| {
            Error::Usage(format!(
                "results cannot be written to the folder {}: {error}; choose another by \
                 `directory` in [output], or --output",
                folder.display()
            ))
        };
        std::fs::create_dir_all(folder).map_err(cannot)?;
        tempfile::Builder::new()
            .prefix(".snode-probe")
            .tempfile_in(folder)
            .and_then(tempfile::NamedTempFile::close)
            .map_err(cannot)
    }

    /// Keeps other processes from writing the same files until the lock is dropped.
    ///
    /// # Errors
    /// If another process is at it.
    pub fn lock(&self) -> Result<Lock> {
        let path = &self.lock;
        loop {
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(path)
                .map_err(|error| Error::file(path, "cannot write", error))?;
            // A file system without locks is no reason not to train.
            if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
                return Err(Error::Busy(format!(
                    "another snode is training {} at this moment; wait for it, or choose another \
                     `name` or --output",
                    self.results.display()
                )));
            }
            // Whoever held the lock may have removed the file since it was opened.
            if is_at(&file, path) {
                return Ok(Lock { path: path.clone(), _file: file });
            }
        }
    }

    /// Whether another process is training.
    pub fn is_locked(&self) -> bool {
        let file = File::open(&self.lock);
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Removes what processes that were killed while they wrote have left; to be called by who
    /// holds the lock.
    pub fn remove_leftovers(&self) {
        let Some(folder) = self.results.parent() else { return };
        let prefixes = [&self.results, &self.checkpoint]
            .map(|path| path.file_name().map(|name| format!("{}.tmp", name.to_string_lossy())));
        // What cannot be removed does no harm.
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if prefixes.iter().flatten().any(|prefix| name.starts_with(prefix)) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
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

/// Whether an open file is the one that has this name now.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let number = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(file), Ok(path)) => number(file) == number(path),
        _ => false,
    }
}

/// Whether an open file is the one that has this name now: elsewhere an open file stays.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}
