//! Errors of the program, and the exit codes they end it with.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use snode_files::FileError;

/// Exit code when something failed while working.
pub const FAILED: u8 = 1;
/// Exit code when the command line, a configuration or a file it names is wrong.
pub const REFUSED: u8 = 2;
/// Exit code when another process holds what is asked for, so that it may be tried again later.
pub const BUSY: u8 = 75;
/// Exit code when a request to stop ended the program, and all progress is saved.
pub const INTERRUPTED: u8 = 130;
/// Exit code when a request to stop ended the program before its work was saved.
pub const NOT_SAVED: u8 = 131;

/// A result with the program's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why a command ends without success.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration is wrong: where, which key, and what about it.
    #[error("{place}{}: {problem}", key.as_ref().map(|key| format!(": {key}")).unwrap_or_default())]
    Config {
        /// The file, with the line where one is to blame, or the option of the command line.
        place: String,
        /// The key, as `table.key`.
        key: Option<String>,
        /// What was found, and what is allowed.
        problem: String,
    },
    /// The command line asks for what cannot be.
    #[error("{0}")]
    Usage(String),
    /// Another process has the files of the run.
    #[error("{0}")]
    Busy(String),
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
    /// A file cannot be read, written or locked.
    #[error(transparent)]
    Files(#[from] snode_files::FileError),
    /// A file of results cannot be read, written or used.
    #[error("{0}")]
    Results(String),
    /// Images cannot be had.
    #[error(transparent)]
    Data(#[from] snode_data::Error),
    /// Training failed, or an evaluation did.
    #[error("{0}")]
    Train(String),
    /// A check of the derivatives failed.
    #[error("{0}")]
    Check(String),
    /// The program was asked to stop, and all progress is saved.
    #[error("{0}")]
    Interrupted(String),
    /// The program was asked to stop, and its work could not be saved.
    #[error("{0}")]
    NotSaved(String),
    /// Whoever read the standard output has stopped reading.
    #[error("nobody reads the standard output any more")]
    BrokenPipe,
    /// The standard output cannot be written.
    #[error("the standard output cannot be written: {0}")]
    Stdout(io::Error),
    /// Threads cannot be started.
    #[error("cannot start the threads of the computation: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl Error {
    /// A file that could not be read or written.
    pub fn file(path: &Path, action: &'static str, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), action, source }
    }

    /// A file that cannot be written, with what to do about it.
    pub fn unwritable(error: FileError) -> Self {
        match error {
            FileError::Exists { path } => Self::Usage(format!(
                "{} exists and is not overwritten; give --force to replace it, or another name",
                path.display()
            )),
            FileError::Held { .. } => Self::Busy(format!("{error}; try again later")),
            error => error.into(),
        }
    }

    /// The same, found before any work.
    pub fn refused(error: FileError) -> Self {
        match Self::unwritable(error) {
            Self::Files(error) => Self::Usage(error.to_string()),
            error => error,
        }
    }

    /// The code the program ends with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Config { .. } | Self::Usage(_) => REFUSED,
            Self::Busy(_) => BUSY,
            Self::Interrupted(_) => INTERRUPTED,
            Self::NotSaved(_) => NOT_SAVED,
            _ => FAILED,
        })
    }
}

impl From<snode_train::TrainError> for Error {
    fn from(error: snode_train::TrainError) -> Self {
        Self::Train(error.to_string())
    }
}

impl From<snode_analysis::AnalysisError> for Error {
    fn from(error: snode_analysis::AnalysisError) -> Self {
        use snode_analysis::AnalysisError;
        match error {
            AnalysisError::Option { .. } | AnalysisError::Entry { .. } => {
                Self::Usage(error.to_string())
            }
            error => Self::Train(error.to_string()),
        }
    }
}

impl From<snode_attack::AttackError> for Error {
    fn from(error: snode_attack::AttackError) -> Self {
        use snode_attack::AttackError;
        match error {
            AttackError::Option { .. } => Self::Usage(error.to_string()),
            error => Self::Train(error.to_string()),
        }
    }
}

impl From<snode_store::StoreError> for Error {
    fn from(error: snode_store::StoreError) -> Self {
        use snode_store::StoreError;
        match error {
            StoreError::File(error) => Self::unwritable(error),
            StoreError::Damaged { ref path, .. } => Self::Results(format!(
                "{error}; if another program changed it on purpose: snode seal {}",
                path.display()
            )),
            StoreError::OtherNetwork { .. } => {
                Self::Results(format!("{error}; the run was trained anew meanwhile: measure again"))
            }
            StoreError::Kept { .. } => Self::Usage(format!(
                "{error}: it was measured on more images or draws than are asked for now; give \
                 --force to replace it"
            )),
            error => Self::Results(error.to_string()),
        }
    }
}
