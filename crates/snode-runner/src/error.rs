//! Why a run, a grid or a measurement ends without success.

use std::io;
use std::path::{Path, PathBuf};

use snode_files::FileError;

/// A result with the crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Any error, as observers give it.
pub type ObserverError = Box<dyn std::error::Error + Send + Sync>;

/// Why a run, a grid or a measurement ends without success.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An experiment is refused, or its images cannot be had.
    #[error(transparent)]
    Experiment(#[from] snode_experiment::Error),
    /// What is asked for cannot be, found before any work.
    #[error("{0}")]
    Refused(String),
    /// Results of another training are in the place of those asked for; they are replaced only by a
    /// run that starts [afresh](crate::RunOptions::fresh).
    #[error("{0}")]
    OtherRun(String),
    /// A file that stands in the place of results cannot be read; it is replaced only by a run that
    /// starts afresh.
    #[error("{0}")]
    UnreadableRun(String),
    /// More was measured already than is asked for now; it is replaced only by
    /// [`Existing::Replace`](snode_files::Existing::Replace).
    #[error("{0}")]
    MoreMeasured(String),
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
    Files(#[from] FileError),
    /// A file of results cannot be read, written or used.
    #[error(transparent)]
    Store(#[from] snode_store::StoreError),
    /// A file of results does not say what is needed.
    #[error("{0}")]
    Results(String),
    /// The file of a network of another program cannot be read or written, or does not say enough.
    #[error("{}: {source}{}", path.display(), of(source))]
    Exchange {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: snode_exchange::ExchangeError,
    },
    /// A network cannot be trained or evaluated.
    #[error(transparent)]
    Train(#[from] snode_train::TrainError),
    /// A network cannot be analysed.
    #[error(transparent)]
    Analysis(#[from] snode_analysis::AnalysisError),
    /// A network cannot be attacked.
    #[error(transparent)]
    Attack(#[from] snode_attack::AttackError),
    /// A command of the scheduler cannot be run, or fails.
    #[error("{program}: {problem}")]
    Scheduler {
        /// The command.
        program: &'static str,
        /// What it says, or why it cannot be run.
        problem: String,
    },
    /// A run or cells of a grid failed; what is kept of them is said.
    #[error("{0}")]
    Failed(String),
    /// A run or a grid was asked to stop, and all progress is saved.
    #[error("{0}")]
    Interrupted(String),
    /// A run or a grid was asked to stop, and some of its work could not be saved.
    #[error("{0}")]
    NotSaved(String),
    /// An observer could not go on; `kept` says what is saved.
    #[error("{source}{}{kept}", if kept.is_empty() { "" } else { "; " })]
    Observer {
        /// What it said.
        source: ObserverError,
        /// What is saved.
        kept: String,
    },
}

/// What an [`Error`] means for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is wrong, and nothing was done.
    Refused,
    /// Another process is at it; it may be tried again later.
    Busy,
    /// Work was stopped, and all of it is saved.
    Interrupted,
    /// Work was stopped before it was saved.
    NotSaved,
    /// Something failed while working.
    Failed,
}

impl ErrorKind {
    /// All kinds.
    const ALL: [Self; 5] =
        [Self::Failed, Self::Refused, Self::Busy, Self::Interrupted, Self::NotSaved];

    /// The exit code of a program that ends with such an error.
    pub fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Refused => 2,
            // EX_TEMPFAIL of sysexits.h.
            Self::Busy => 75,
            Self::Interrupted => 130,
            Self::NotSaved => 131,
        }
    }

    /// The kind that a program's exit code stands for.
    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl Error {
    /// A file that could not be read or written.
    pub fn file(path: &Path, action: &'static str, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), action, source }
    }

    /// What the error means.
    pub fn kind(&self) -> ErrorKind {
        use snode_analysis::AnalysisError;
        use snode_attack::AttackError;
        use snode_exchange::ExchangeError;
        use snode_experiment::Error as Experiment;
        use snode_store::StoreError;
        match self {
            Self::Experiment(
                Experiment::Config { .. } | Experiment::Meaningless { .. } | Experiment::Usage(_),
            )
            | Self::Refused(_)
            | Self::OtherRun(_)
            | Self::MoreMeasured(_)
            | Self::Store(StoreError::Kept { .. } | StoreError::File(FileError::Exists { .. }))
            | Self::Exchange {
                source: ExchangeError::Unknown { .. } | ExchangeError::NotLeftOver { .. },
                ..
            }
            | Self::Analysis(AnalysisError::Option { .. } | AnalysisError::Entry { .. })
            | Self::Attack(AttackError::Option { .. })
            | Self::Files(FileError::Exists { .. } | FileError::IsInput { .. }) => {
                ErrorKind::Refused
            }
            Self::Busy(_)
            | Self::Files(FileError::Held { .. })
            | Self::Store(StoreError::File(FileError::Held { .. })) => ErrorKind::Busy,
            Self::Interrupted(_) => ErrorKind::Interrupted,
            Self::NotSaved(_) => ErrorKind::NotSaved,
            _ => ErrorKind::Failed,
        }
    }

    /// The same error about something that was tried before any work: a file that cannot be written
    /// then is one that the request should not have named.
    #[must_use]
    pub fn before_work(self) -> Self {
        match self {
            Self::Files(error)
                if !matches!(error, FileError::Exists { .. } | FileError::Held { .. }) =>
            {
                Self::Refused(error.to_string())
            }
            error => error,
        }
    }
}

impl From<snode_data::Error> for Error {
    fn from(error: snode_data::Error) -> Self {
        Self::Experiment(error.into())
    }
}

/// What an error is based on, behind a colon.
fn of(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(String::new, |source| format!(": {source}"))
}
