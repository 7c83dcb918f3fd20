//! Reading within bounds.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{FileError, FileKind};

/// Whether a symbolic link is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Links {
    /// It is.
    #[default]
    Follow,
    /// It is refused: for files that this program makes itself, and that are none.
    Refuse,
}

/// Whether a pipe is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pipes {
    /// It is not.
    #[default]
    Refuse,
    /// One that the process was given open is: `/dev/stdin`, or `/dev/fd/63` of a shell's `<(…)`. A
    /// pipe with a name of its own is refused all the same: it could be waited for without end.
    Given,
}

/// How a file is read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The most bytes.
    pub limit: u64,
    /// Whether links are followed.
    pub links: Links,
    /// Whether pipes are read.
    pub pipes: Pipes,
}

impl Reading {
    /// A regular file of at most so many bytes, be it through links.
    pub fn new(limit: u64) -> Self {
        Self { limit, links: Links::Follow, pipes: Pipes::Refuse }
    }

    /// The whole contents.
    ///
    /// # Errors
    /// If there is no such file, it is of another kind, or larger than the limit.
    pub fn bytes(self, path: &Path) -> Result<Vec<u8>, FileError> {
        let file = open_as(path, self.links, self.pipes)?;
        let metadata = file.metadata().map_err(FileError::reading(path))?;
        let too_large = |found| FileError::TooLarge { path: path.into(), found, limit: self.limit };
        if metadata.is_file() && metadata.len() > self.limit {
            return Err(too_large(Some(metadata.len())));
        }
        let mut bytes = Vec::new();
        // One more, to know whether there is more.
        let mut bounded = file.take(self.limit.saturating_add(1));
        bounded.read_to_end(&mut bytes).map_err(FileError::reading(path))?;
        if bytes.len() as u64 > self.limit {
            return Err(too_large(None));
        }
        Ok(bytes)
    }

    /// The whole contents as text.
    ///
    /// # Errors
    /// As [`Reading::bytes`], or if they are not UTF-8.
    pub fn text(self, path: &Path) -> Result<String, FileError> {
        String::from_utf8(self.bytes(path)?).map_err(|error| FileError::NotText {
            path: path.to_owned(),
            at: error.utf8_error().valid_up_to(),
        })
    }
}

/// The contents of a regular file of at most `limit` bytes.
///
/// # Errors
/// As [`Reading::bytes`].
pub fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    Reading::new(limit).bytes(path)
}

/// The text in a regular file of at most `limit` bytes.
///
/// # Errors
/// As [`Reading::text`].
pub fn read_text(path: &Path, limit: u64) -> Result<String, FileError> {
    Reading::new(limit).text(path)
}

/// Opens a regular file for reading; what else there may be is refused, and not waited for.
///
/// # Errors
/// If there is no such file, it is of another kind, or cannot be read.
pub fn open(path: &Path, links: Links) -> Result<File, FileError> {
    open_as(path, links, Pipes::Refuse)
}

fn open_as(path: &Path, links: Links, pipes: Pipes) -> Result<File, FileError> {
    let found = match links {
        Links::Follow => std::fs::metadata(path),
        Links::Refuse => std::fs::symlink_metadata(path),
    }
    .map_err(FileError::reading(path))?;
    let given = FileKind::of(&found) == FileKind::Pipe && pipes == Pipes::Given && is_given(path);
    if given {
        return File::open(path).map_err(FileError::reading(path));
    }
    if !found.is_file() {
        return Err(FileError::kind(path, &found));
    }
    let mut options = OpenOptions::new();
    options.read(true);
    without_waiting(&mut options, links);
    let file = options.open(path).map_err(FileError::reading(path))?;
    // Something else may be there by now.
    let metadata = file.metadata().map_err(FileError::reading(path))?;
    if metadata.is_file() { Ok(file) } else { Err(FileError::kind(path, &metadata)) }
}

/// Opening is not to wait for the other end of a pipe, nor to make a terminal this process's own.
#[cfg(unix)]
pub(crate) fn without_waiting(options: &mut OpenOptions, links: Links) {
    use std::os::unix::fs::OpenOptionsExt;
    let no_links = if links == Links::Refuse { libc::O_NOFOLLOW } else { 0 };
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | no_links);
}

#[cfg(not(unix))]
pub(crate) fn without_waiting(_: &mut OpenOptions, _: Links) {}

/// Whether a path names what this process was given open when it started.
fn is_given(path: &Path) -> bool {
    let mut path = PathBuf::from(path);
    // `/dev/stdin` is a link to such a path, and so may be what the user has.
    for _ in 0..40 {
        let folder = path.parent().unwrap_or(Path::new(""));
        let text = folder.to_string_lossy();
        if text == "/dev/fd" || (text.starts_with("/proc/") && text.ends_with("/fd")) {
            return true;
        }
        match std::fs::read_link(&path) {
            Ok(next) => path = folder.join(next),
            Err(_) => return false,
        }
    }
    false
}
