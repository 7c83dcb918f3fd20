//! Why there is no report.

use std::io;
use std::path::{Path, PathBuf};

/// A result with the crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There are no runs where they are looked for.
    #[error("{0}")]
    NoRuns(String),
    /// What is asked for cannot be: a key that no run has, or the like.
    #[error("{0}")]
    Refused(String),
    /// A run cannot be read or its images cannot be had.
    #[error(transparent)]
    Run(#[from] snode_runner::Error),
    /// A run holds no experiment that this version understands.
    #[error("{}: its experiment is not understood: {}", path.display(), source.message())]
    Experiment {
        /// The file of the run.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<toml::de::Error>,
    },
    /// The only run there is cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// A table cannot be written as CSV.
    #[error("a table as CSV: {0}")]
    Csv(#[from] csv::Error),
    /// A table cannot be written as JSON.
    #[error("as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A figure cannot be drawn.
    #[error(transparent)]
    Figure(#[from] snode_figures::FigureError),
    /// A folder cannot be read or made.
    #[error("{}: {action}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What was tried, as `cannot read the folder`.
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// A port of this computer cannot be had.
    #[cfg(feature = "serve")]
    #[error("port {port} of this computer cannot be had: {source}")]
    Port {
        /// The port.
        port: u16,
        /// The system's answer.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Files(#[from] snode_files::FileError),
}

impl Error {
    pub(crate) fn folder(path: &Path, action: &'static str, source: io::Error) -> Self {
        Self::Folder { path: path.to_owned(), action, source }
    }
}

impl From<snode_data::Error> for Error {
    fn from(error: snode_data::Error) -> Self {
        Self::Run(error.into())
    }
}

impl From<snode_store::StoreError> for Error {
    fn from(error: snode_store::StoreError) -> Self {
        Self::Run(error.into())
    }
}
