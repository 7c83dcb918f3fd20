//! Why a file could not be written, read or locked.

use std::fmt;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use crate::holder::Holder;

/// What stands under a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, with a name or without.
    Pipe,
    /// A device, such as `/dev/zero` or a terminal.
    Device,
    /// A socket, or what this system has beside the others.
    Other,
}

impl FileKind {
    /// What metadata says.
    pub fn of(metadata: &Metadata) -> Self {
        let kind = metadata.file_type();
        if kind.is_file() {
            return Self::File;
        }
        if kind.is_dir() {
            return Self::Folder;
        }
        if kind.is_symlink() {
            return Self::Link;
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::FileTypeExt;
            if kind.is_fifo() {
                return Self::Pipe;
            }
            if kind.is_char_device() || kind.is_block_device() {
                return Self::Device;
            }
        }
        Self::Other
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "a regular file",
            Self::Folder => "a folder",
            Self::Link => "a symbolic link",
            Self::Pipe => "a pipe",
            Self::Device => "a device",
            Self::Other => "neither a file nor a folder",
        })
    }
}

/// Why a file could not be written, read or locked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// There is no such file.
    #[error("{}: no such file", path.display())]
    NotFound {
        /// The path asked for.
        path: PathBuf,
    },
    /// A file is already there, and is to be kept.
    #[error("{}: the file exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file to be written is one that the work reads.
    #[error(
        "{}: found a file that this command reads ({}); expected another one to write",
        path.display(),
        input.display()
    )]
    IsInput {
        /// The path to write to.
        path: PathBuf,
        /// The same file, as it is read.
        input: PathBuf,
    },
    /// Something else than a regular file is there.
    #[error("{}: found {found}; expected a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What is there.
        found: FileKind,
    },
    /// The file is larger than what is read.
    #[error("{}: found {}; expected at most {limit} bytes", path.display(), match found {
        Some(length) => format!("{length} bytes"),
        None => "more bytes".into(),
    })]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its length in bytes, where it has one.
        found: Option<u64>,
        /// The most that is read.
        limit: u64,
    },
    /// The file is not text.
    #[error("{}: found a byte that is not UTF-8 text at position {at}; expected text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// How many bytes are text.
        at: usize,
    },
    /// A file that is no lock stands where one is to be made.
    #[error("{}: found a file that is not a lock of snode; it is left as it is", path.display())]
    NotALock {
        /// The file.
        path: PathBuf,
    },
    /// Another process holds the lock.
    #[error("{}: held by {holder}", path.display())]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, as far as the file says.
        holder: Box<Holder>,
    },
    /// The operating system reported an error.
    #[error("{}: {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What failed, as `cannot write`.
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
}

impl FileError {
    /// An error of the operating system.
    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), action, source }
    }

    pub(crate) fn reading(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| {
            let path = path.to_owned();
            if source.kind() == io::ErrorKind::NotFound {
                Self::NotFound { path }
            } else {
                Self::Io { path, action: "cannot read", source }
            }
        }
    }

    pub(crate) fn kind(path: &Path, metadata: &Metadata) -> Self {
        Self::NotAFile { path: path.to_owned(), found: FileKind::of(metadata) }
    }
}

// Errors go from thread to thread, and into the boxes of other libraries.
const _: fn() = || {
    fn travels<E: std::error::Error + Send + Sync + 'static>() {}
    travels::<FileError>();
};
