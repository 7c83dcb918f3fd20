//! Files that are written where a user says.

use std::path::{Path, PathBuf};

use crate::error::FileError;
use crate::replacement::{Existing, same_file, try_writing, write};

/// Where work that reads some files writes others: what is there follows one rule, and what the work
/// reads is never replaced.
#[derive(Clone, Debug)]
pub struct Outputs {
    existing: Existing,
    /// The files that the work reads.
    inputs: Vec<PathBuf>,
}

impl Outputs {
    /// Of work that reads these files.
    pub fn new(existing: Existing, inputs: impl IntoIterator<Item: Into<PathBuf>>) -> Self {
        Self { existing, inputs: inputs.into_iter().map(Into::into).collect() }
    }

    /// Makes sure that a file can be written; to be asked before the work.
    ///
    /// # Errors
    /// If it is an input, is there and to be kept, or cannot be written.
    pub fn check(&self, path: &Path) -> Result<(), FileError> {
        self.check_input(path)?;
        try_writing(path, self.existing, 0)
    }

    /// Makes a folder, and makes sure that files of these names can be written there.
    ///
    /// # Errors
    /// As [`Outputs::check`], or if the folder cannot be made.
    pub fn check_in(&self, folder: &Path, names: &[String]) -> Result<(), FileError> {
        std::fs::create_dir_all(folder).map_err(FileError::io(folder, "cannot make the folder"))?;
        names.iter().try_for_each(|name| self.check(&folder.join(name)))
    }

    /// Writes a file.
    ///
    /// # Errors
    /// As [`Outputs::check`].
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), FileError> {
        self.check_input(path)?;
        write(path, self.existing, bytes)
    }

    /// What becomes of files that are there.
    pub fn existing(&self) -> Existing {
        self.existing
    }

    /// Refuses a path that leads to a file which the work reads.
    ///
    /// # Errors
    /// If it is one.
    pub fn check_input(&self, path: &Path) -> Result<(), FileError> {
        match self.inputs.iter().find(|input| same_file(input, path)) {
            None => Ok(()),
            Some(input) => Err(FileError::IsInput { path: path.to_owned(), input: input.clone() }),
        }
    }
}
