//! The one rule for files that a command writes where the user says: what is there is kept unless
//! `--force` is given, and what the command reads is never replaced.

use std::path::{Path, PathBuf};

use clap::Args;
use snode_files::{Existing, same_file, try_writing};

use crate::error::{Error, Result};
use crate::tables::Csv;

/// The option that lets files be replaced.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ForceArgs {
    /// Replaces what is there already; files that the command reads are kept in any case.
    #[arg(long)]
    pub force: bool,
}

impl ForceArgs {
    /// What becomes of a file that is there.
    pub fn existing(self) -> Existing {
        if self.force { Existing::Replace } else { Existing::Keep }
    }
}

/// Where a command writes.
#[derive(Debug)]
pub struct Outputs {
    existing: Existing,
    /// The files that the command reads.
    inputs: Vec<PathBuf>,
}

impl Outputs {
    /// Of a command that reads these files.
    pub fn new(existing: Existing, inputs: impl IntoIterator<Item: Into<PathBuf>>) -> Self {
        Self { existing, inputs: inputs.into_iter().map(Into::into).collect() }
    }

    /// Makes sure that a file can be written; to be asked before the work.
    ///
    /// # Errors
    /// If it is an input, is there and to be kept, or cannot be written.
    pub fn check(&self, path: &Path) -> Result<()> {
        self.check_input(path)?;
        try_writing(path, self.existing, 0).map_err(Error::refused)
    }

    /// Makes a folder, and makes sure that files of these names can be written there.
    ///
    /// # Errors
    /// As [`Outputs::check`], or if the folder cannot be made.
    pub fn check_in(&self, folder: &Path, names: &[String]) -> Result<()> {
        std::fs::create_dir_all(folder)
            .map_err(|source| Error::file(folder, "cannot make the folder", source))?;
        names.iter().try_for_each(|name| self.check(&folder.join(name)))
    }

    /// Writes a file.
    ///
    /// # Errors
    /// As [`Outputs::check`].
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        self.check_input(path)?;
        snode_files::write(path, self.existing, bytes).map_err(Error::unwritable)
    }

    /// Writes a table.
    ///
    /// # Errors
    /// As [`Outputs::check`].
    pub fn write_table(&self, path: &Path, table: &Csv) -> Result<()> {
        self.write(path, &table.bytes(path)?)
    }

    /// What becomes of files that are there.
    pub fn existing(&self) -> Existing {
        self.existing
    }

    /// Refuses a path that leads to a file which the command reads.
    ///
    /// # Errors
    /// If it is one.
    pub fn check_input(&self, path: &Path) -> Result<()> {
        match self.inputs.iter().find(|input| same_file(input, path)) {
            None => Ok(()),
            Some(input) => Err(Error::Usage(format!(
                "{}: found a file that this command reads ({}); expected another one to write",
                path.display(),
                input.display()
            ))),
        }
    }
}
