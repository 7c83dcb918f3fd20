//! Why a network could not be brought in or out.

use std::io;

use snode_numpy::{NumpyError, ReadError};
use snode_ode::{GridError, KeyError, SolveError};

/// Why a network could not be read from another program's file, or written for one.
///
/// Messages name the object in the file, what was found and what is allowed; the file's name is the
/// caller's to add.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The bytes are not of the format.
    #[error("not a {format} file: {problem}")]
    Format {
        /// The format.
        format: &'static str,
        /// What about them is not.
        problem: String,
    },
    /// MATLAB's newest format, which is HDF5 and is not read by this crate.
    #[error("this is a MATLAB 7.3 file, which is HDF5")]
    Hdf5,
    /// An object that must be there is not.
    #[error("{object} is missing; there are: {found}")]
    Missing {
        /// The object.
        object: String,
        /// The objects that are there.
        found: String,
    },
    /// An object is of another type.
    #[error("{object}: found type {found}; expected {allowed}")]
    Type {
        /// The object.
        object: String,
        /// Its type.
        found: String,
        /// The types it may have.
        allowed: String,
    },
    /// An object has another shape.
    #[error("{object} has shape {found:?}; expected {expected}")]
    Shape {
        /// The object.
        object: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape it should have.
        expected: String,
    },
    /// A number is infinite or NaN.
    #[error("{object} has a number that is not finite")]
    NotFinite {
        /// The object.
        object: String,
    },
    /// Something is larger than any network that is read or written.
    #[error("{object}: found a size of {found}; expected at most {limit}")]
    TooLarge {
        /// What.
        object: String,
        /// How large it is.
        found: u128,
        /// How large it may be.
        limit: u64,
    },
    /// A file claims more numbers than it can hold, however well they are compressed.
    #[error("the network is said to have {numbers} numbers, but the file has only {stored} bytes")]
    Claim {
        /// How many numbers it claims.
        numbers: u128,
        /// How many bytes the file has.
        stored: u64,
    },
    /// The network does not fit into memory.
    #[error("the network takes {bytes} bytes, which this computer has no memory for")]
    Memory {
        /// How many bytes it takes.
        bytes: usize,
    },
    /// The file has tensors or arrays that are no part of the network.
    #[error(
        "not part of the network: {}; leave out what is not wanted by name (`--ignore NAME`)",
        names.join(", ")
    )]
    LeftOver {
        /// What they are called.
        names: Vec<String>,
    },
    /// What was to be left out is not in the file, or is part of the network.
    #[error("nothing that is called `{name}` can be left out; {}", could(left_over))]
    NotLeftOver {
        /// The name or pattern given.
        name: String,
        /// What could be left out.
        left_over: Vec<String>,
    },
    /// The file is of a later version of the layout.
    #[error("found version {found} of snode's layout; expected 1 or 2: this snode is too old")]
    Version {
        /// The version.
        found: String,
    },
    /// Something in the file is damaged.
    #[error("{object} is damaged: its checksum is wrong")]
    Damaged {
        /// What.
        object: String,
    },
    /// The file cannot be read.
    #[error("it cannot be read")]
    Read(#[source] ReadError),
    /// A property of the network has a value it cannot have.
    #[error("{key}: found {found}; expected {allowed}")]
    Value {
        /// The property.
        key: &'static str,
        /// Its value.
        found: String,
        /// The values it may have.
        allowed: String,
    },
    /// The file does not say what has to be known.
    #[error("the file does not say the {key}")]
    Unknown {
        /// The property.
        key: &'static str,
    },
    /// The network cannot be written in this format.
    #[error("{format}: {problem}")]
    Unwritable {
        /// The format.
        format: &'static str,
        /// Why not.
        problem: String,
    },
    /// An option of the scheme has a text without meaning.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The grid in depth cannot be.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The parameters do not fit the grid.
    #[error(transparent)]
    Parameters(#[from] SolveError),
}

impl From<NumpyError> for ExchangeError {
    fn from(error: NumpyError) -> Self {
        match error {
            NumpyError::Format { format, problem } => Self::Format { format, problem },
            NumpyError::Type { object, found, expected } => {
                Self::Type { object, found, allowed: expected }
            }
            NumpyError::Shape { object, found, expected } => {
                Self::Shape { object, found, expected }
            }
            NumpyError::TooLarge { object, found, limit } => {
                Self::TooLarge { object, found, limit }
            }
            NumpyError::Damaged { object } => Self::Damaged { object },
            NumpyError::Read(error) => Self::Read(error),
            NumpyError::Unwritable { format, problem } => Self::Unwritable { format, problem },
            error => Self::format("NumPy", error),
        }
    }
}

fn could(left_over: &[String]) -> String {
    if left_over.is_empty() {
        return "all there is belongs to the network".into();
    }
    format!("expected one of: {}", left_over.join(", "))
}

impl ExchangeError {
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
