//! Errors of the program, and the exit codes they end it with.

use std::io;
use std::process::ExitCode;

use snode_exchange::ExchangeError;
use snode_files::FileError;
use snode_runner::ErrorKind;
use snode_store::StoreError;

/// A result with the program's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why a command ends without success.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An experiment, a run or a measurement failed or was refused.
    #[error("{}", with_advice(.0))]
    Run(#[from] snode_runner::Error),
    /// A report could not be made.
    #[error("{}", report_with_advice(.0))]
    Report(#[from] snode_report::Error),
    /// The command line asks for what cannot be.
    #[error("{0}")]
    Usage(String),
    /// A file of results does not hold what is needed, or nothing can be made of it.
    #[error("{0}")]
    Results(String),
    /// Something failed while working.
    #[error("{0}")]
    Failed(String),
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
}

impl Error {
    /// What the error means for whoever started the program.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Run(error) | Self::Report(snode_report::Error::Run(error)) => error.kind(),
            Self::Report(snode_report::Error::Files(error)) => file_kind(error),
            Self::Usage(_)
            | Self::Report(snode_report::Error::NoRuns(_) | snode_report::Error::Refused(_)) => {
                ErrorKind::Refused
            }
            Self::Interrupted(_) => ErrorKind::Interrupted,
            Self::NotSaved(_) => ErrorKind::NotSaved,
            _ => ErrorKind::Failed,
        }
    }

    /// The code the program ends with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind().code())
    }

    /// The same error about a file that was tried before any work.
    pub fn before_work(error: FileError) -> Self {
        Self::Run(snode_runner::Error::from(error).before_work())
    }

    /// The end of a run or a grid by a request to stop, with the command that goes on with it; other
    /// errors as they are.
    #[must_use]
    pub fn with_command(self, go_on: &str) -> Self {
        use snode_runner::Error as Run;
        match self {
            Self::Run(Run::Interrupted(text)) => {
                Self::Interrupted(format!("{text}; to go on: {go_on}"))
            }
            Self::Run(Run::NotSaved(text)) => Self::NotSaved(format!("{text}; to go on: {go_on}")),
            Self::Run(Run::Observer { source, kept }) => match source.downcast::<Self>() {
                Ok(own) => match *own {
                    Self::BrokenPipe if !kept.is_empty() => {
                        let why = Self::BrokenPipe;
                        Self::Interrupted(format!("{why}; {kept}; to go on: {go_on}"))
                    }
                    own => own,
                },
                Err(source) => Self::Run(Run::Observer { source, kept }),
            },
            other => other,
        }
    }
}

fn file_kind(error: &FileError) -> ErrorKind {
    match error {
        FileError::Exists { .. } | FileError::IsInput { .. } => ErrorKind::Refused,
        FileError::Held { .. } => ErrorKind::Busy,
        _ => ErrorKind::Failed,
    }
}

/// What a library says, with the option or the command that helps.
fn with_advice(error: &snode_runner::Error) -> String {
    use snode_runner::Error as Run;
    match error {
        Run::OtherRun(_) | Run::UnreadableRun(_) => {
            format!("{error}; give --fresh to begin anew and replace it, or another `name`")
        }
        Run::MoreMeasured(_) => format!("{error}; give --force to replace it"),
        Run::Busy(_) => format!("{error}; wait for it, or choose another `name` or --output"),
        Run::Files(error) | Run::Store(StoreError::File(error)) => file_with_advice(error),
        Run::Store(StoreError::Damaged { path, .. }) => {
            let path = path.display();
            format!("{error}; if another program changed it on purpose: snode seal {path}")
        }
        Run::Store(StoreError::OtherNetwork { .. }) => {
            format!("{error}; the run was trained anew meanwhile: measure again")
        }
        Run::Store(StoreError::Kept { .. }) => format!(
            "{error}: it was measured on more images or draws than are asked for now; give --force \
             to replace it"
        ),
        Run::Exchange { source: ExchangeError::Unknown { key }, .. } => {
            format!("{error}: give --{key}")
        }
        Run::Exchange { source: ExchangeError::NotLeftOver { .. }, .. } => {
            format!("--ignore: {error}")
        }
        error => error.to_string(),
    }
}

fn file_with_advice(error: &FileError) -> String {
    match error {
        FileError::Exists { path } => format!(
            "{} exists and is not overwritten; give --force to replace it, or another name",
            path.display()
        ),
        FileError::Held { .. } => format!("{error}; try again later"),
        error => error.to_string(),
    }
}

fn report_with_advice(error: &snode_report::Error) -> String {
    match error {
        snode_report::Error::Run(error) => with_advice(error),
        snode_report::Error::Files(error) => file_with_advice(error),
        error => error.to_string(),
    }
}

/// Errors that are those of a run.
macro_rules! of_a_run {
    ($($error:ty)*) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::Run(error.into())
            }
        }
    )*};
}

of_a_run! {
    snode_experiment::Error
    snode_data::Error
    snode_files::FileError
    snode_store::StoreError
    snode_train::TrainError
    snode_analysis::AnalysisError
    snode_attack::AttackError
}

impl From<snode_figures::FigureError> for Error {
    fn from(error: snode_figures::FigureError) -> Self {
        Self::Results(error.to_string())
    }
}
