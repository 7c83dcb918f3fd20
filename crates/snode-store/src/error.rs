//! Why a run could not be written or read.

use std::io;
use std::path::PathBuf;

use snode_files::FileError;

use crate::Precision;

/// Why a run file could not be written or read.
///
/// Messages name the file, the object in it, what was found and what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such file.
    #[error("{}: no such file", path.display())]
    NotFound {
        /// The path asked for.
        path: PathBuf,
    },
    /// The path names a folder, a pipe or a device.
    #[error("{}: not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The operating system reported an error.
    #[error("{}: {action} failed: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done, such as `"reading"`.
        action: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error(transparent)]
    File(FileError),
    /// The file is not an HDF5 file.
    #[error("{}: not an HDF5 file: {found}", path.display())]
    NotHdf5 {
        /// The file.
        path: PathBuf,
        /// What it is instead, as far as its first bytes tell.
        found: String,
    },
    /// An HDF5 file, but not one of a run.
    #[error("{}: an HDF5 file, but not a snode run: {found}", path.display())]
    NotSnode {
        /// The file.
        path: PathBuf,
        /// What tells so.
        found: String,
    },
    /// The layout of the file is newer than this program.
    #[error(
        "{}: layout version {found}; this version of snode reads versions up to {newest}",
        path.display()
    )]
    FutureLayout {
        /// The file.
        path: PathBuf,
        /// Its layout version.
        found: u64,
        /// The newest one known here.
        newest: u64,
    },
    /// The file is shorter than it was when written.
    #[error("{}: truncated: {found} bytes{}", path.display(), match expected {
        Some(expected) => format!(" of {expected}"),
        None => String::new(),
    })]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        found: u64,
        /// The length it was written with, if the file still says so.
        expected: Option<u64>,
    },
    /// The contents are not what was written.
    #[error(
        "{}: damaged, or changed by another program: {found}, but {expected} was written",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found, such as a checksum.
        found: String,
        /// What should have been found.
        expected: String,
    },
    /// The HDF5 library reported an error.
    #[error("{}: {action} {object} failed: {}{}", path.display(), words(source), hint(source))]
    Hdf5 {
        /// The file.
        path: PathBuf,
        /// The object in it, such as `/network/weights`.
        object: String,
        /// What was being done, such as `"reading"`.
        action: &'static str,
        /// The library's words.
        source: hdf5::Error,
    },
    /// An object or attribute that every run file has is missing.
    #[error("{}: {object} is missing", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What is missing.
        object: String,
    },
    /// An object or attribute has another type.
    #[error("{}: {object} is {found}, expected {expected}", path.display())]
    WrongType {
        /// The file.
        path: PathBuf,
        /// The object or attribute.
        object: String,
        /// Its type.
        found: String,
        /// The type it should have.
        expected: String,
    },
    /// A dataset has a shape that does not fit the rest of the file.
    #[error("{}: {object} has shape {found:?}, expected {expected}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// The dataset.
        object: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape it should have.
        expected: String,
    },
    /// A dataset claims more numbers than its bytes in the file can hold.
    #[error("{}: {object} claims {claimed} bytes, but only {stored} are stored", path.display())]
    Claim {
        /// The file.
        path: PathBuf,
        /// The dataset.
        object: String,
        /// The bytes its shape needs.
        claimed: u128,
        /// The bytes the file has for it.
        stored: u64,
    },
    /// A value is not allowed.
    #[error("{}: {object}: found {found}; expected {allowed}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The attribute or dataset.
        object: String,
        /// The value.
        found: String,
        /// The allowed values.
        allowed: String,
    },
    /// Results were measured on another network than the one that the file holds now.
    #[error(
        "{}: found another network than the one that was measured; {object} is not written",
        path.display()
    )]
    OtherNetwork {
        /// The file.
        path: PathBuf,
        /// The group of the results.
        object: String,
    },
    /// Results are there already that are not to be replaced.
    #[error("{}: {object} is kept as it is", path.display())]
    Kept {
        /// The file.
        path: PathBuf,
        /// The group of the results.
        object: String,
    },
    /// The file holds numbers of another precision than was asked for.
    #[error("{}: holds {found} numbers, {asked} asked for{}", path.display(), match found {
        Precision::F32 => " (they can be had as f64 without loss, if that is asked for)",
        Precision::F64 => " (f32 cannot hold them without loss)",
    })]
    Precision {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: Precision,
        /// What was asked for.
        asked: Precision,
    },
    /// A record cannot be stored as it is.
    #[error("{}: {object} cannot be stored: found {found}; expected {allowed}", path.display())]
    Unwritable {
        /// The file that was to be written.
        path: PathBuf,
        /// What cannot be stored.
        object: String,
        /// What it is.
        found: String,
        /// What it may be.
        allowed: String,
    },
}

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::NotFound { path } => Self::NotFound { path },
            FileError::NotAFile { path, .. } => Self::NotAFile { path },
            error => Self::File(error),
        }
    }
}

/// The words of the library in one line; if it quotes the operating system, that is what matters.
fn words(error: &hdf5::Error) -> String {
    let text = error.to_string();
    let quoted = text.split_once("error message = '").and_then(|(_, rest)| rest.split_once('\''));
    match (quoted, text.split_once("()")) {
        (Some((message, _)), Some((function, _))) => format!("{message} ({function})"),
        _ => text.replace('\n', " "),
    }
}

/// What to do about an error of the library that has a well-known cause.
fn hint(error: &hdf5::Error) -> &'static str {
    if error.to_string().contains("lock file") {
        " (a file system without locks? set HDF5_USE_FILE_LOCKING=FALSE)"
    } else {
        ""
    }
}

// Errors go from thread to thread, and into the boxes of other libraries.
const _: fn() = || {
    fn travels<E: std::error::Error + Send + Sync + 'static>() {}
    travels::<StoreError>();
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operating_systems_words_are_picked_out() {
        let source = |text: &str| hdf5::Error::from(text);
        let full = "H5Dwrite(): can't write data: file write failed: time = Sun Nov 22 18:38:09\n, \
                    errno = 28, error message = 'No space left on device', buf = 0x563f4c73d4b8";
        assert_eq!(words(&source(full)), "No space left on device (H5Dwrite)");
        assert_eq!(words(&source("one\ntwo")), "one two");
        let lock =
            "H5Fopen(): unable to lock file, errno = 37, error message = 'No locks available'";
        assert!(hint(&source(lock)).contains("HDF5_USE_FILE_LOCKING"));
    }
}
