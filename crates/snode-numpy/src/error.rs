//! Why arrays could not be read or written.

use std::io;
use std::sync::Arc;

/// Why an array file could not be read or written.
///
/// Messages name the array, what was found and what was expected; the file's name is the caller's to
/// add.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NumpyError {
    /// The bytes are not of the format.
    #[error("not a {format} file: {problem}")]
    Format {
        /// The format.
        format: &'static str,
        /// What about them is not.
        problem: String,
    },
    /// An array is of another type.
    #[error("{object}: found type {found}; expected {expected}")]
    Type {
        /// The array.
        object: String,
        /// Its type.
        found: String,
        /// The types it may have.
        expected: String,
    },
    /// An array has another shape.
    #[error("{object} has shape {found:?}; expected {expected}")]
    Shape {
        /// The array.
        object: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape it should have.
        expected: String,
    },
    /// Something is larger than what is read.
    #[error("{object}: found a size of {found}; expected at most {limit}")]
    TooLarge {
        /// What.
        object: String,
        /// How large it is.
        found: u128,
        /// How large it may be.
        limit: u64,
    },
    /// An array is damaged.
    #[error("{object} is damaged: its checksum is wrong")]
    Damaged {
        /// The array.
        object: String,
    },
    /// The file cannot be read.
    #[error("it cannot be read")]
    Read(#[source] ReadError),
    /// The file cannot be written.
    #[error("{format}: {problem}")]
    Unwritable {
        /// The format.
        format: &'static str,
        /// Why not.
        problem: String,
    },
}

/// What the system said when a file could not be read.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct ReadError(Arc<io::Error>);

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self(Arc::new(error))
    }
}

impl PartialEq for ReadError {
    fn eq(&self, other: &Self) -> bool {
        self.0.kind() == other.0.kind()
    }
}

impl NumpyError {
    /// An error of a reader: damage, which decompressors report too, or the system's.
    pub(crate) fn reading(format: &'static str, error: io::Error) -> Self {
        use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
        match error.kind() {
            UnexpectedEof => Self::format(format, "it ends too early"),
            InvalidData | InvalidInput | Other => Self::format(format, error),
            _ => Self::Read(error.into()),
        }
    }

    /// Bytes that are not of a format, by the words of whoever read them.
    #[allow(clippy::needless_pass_by_value)] // as map_err gives it
    pub(crate) fn format(format: &'static str, problem: impl ToString) -> Self {
        Self::Format { format, problem: problem.to_string() }
    }

    /// Refuses what is larger than `limit`.
    pub(crate) fn limit(object: &str, found: u128, limit: u64) -> Result<(), Self> {
        if found <= u128::from(limit) {
            return Ok(());
        }
        Err(Self::TooLarge { object: object.into(), found, limit })
    }
}

/// What an array is called in messages.
pub(crate) fn object(name: &str) -> String {
    format!("the array `{name}`")
}
