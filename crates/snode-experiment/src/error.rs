//! Why an experiment is refused.

use std::path::{Path, PathBuf};
use std::{fmt, io};

/// A result with the crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why an experiment is refused, or its images cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration is wrong: where, which key, and what about it.
    #[error("{place}{}: {problem}", Prefixed(key.as_deref()))]
    Config {
        /// The file, with the line where one is to blame, or the override.
        place: String,
        /// The key, as `table.key`.
        key: Option<String>,
        /// What was found, and what is expected.
        problem: String,
    },
    /// A key has a meaning with some values of other keys only, and not with those it is given with.
    #[error("{place}: {key}: only valid with {condition}; remove it")]
    Meaningless {
        /// The file, with the line of the key, or the override.
        place: String,
        /// The key, as `table.key`.
        key: String,
        /// With which values of which keys it has a meaning.
        condition: String,
    },
    /// An override, a variable of the environment or another request is wrong.
    #[error("{0}")]
    Usage(String),
    /// A file cannot be read or written.
    #[error("{}: {action}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried, as `cannot read`.
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error(transparent)]
    Files(#[from] snode_files::FileError),
    /// Images cannot be had.
    #[error(transparent)]
    Data(#[from] snode_data::Error),
    /// Threads cannot be started.
    #[error("cannot start the threads of the computation: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl Error {
    /// A file that could not be read or written.
    pub fn file(path: &Path, action: &'static str, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), action, source }
    }
}

/// A key behind the place where it stands.
struct Prefixed<'a>(Option<&'a str>);

impl fmt::Display for Prefixed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |key| write!(f, ": {key}"))
    }
}
