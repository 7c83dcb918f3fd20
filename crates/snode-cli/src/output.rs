//! Writing to the standard output without panicking when nobody reads it, and without letting a
//! name or a text from a file do anything to a terminal.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};

use crate::error::{Error, Result};
use snode_experiment::format::printable;

/// Writes a text to the standard output; control characters in it are written out.
///
/// # Errors
/// [`Error::BrokenPipe`] if its reader is gone, [`Error::Stdout`] if it cannot be written.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(printable(text).as_bytes()).and_then(|()| out.flush()).map_err(|error| {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Error::BrokenPipe
        } else {
            Error::Stdout(error)
        }
    })
}

/// Writes a line to the standard output.
///
/// # Errors
/// As [`print()`].
pub fn print_line(text: &str) -> Result<()> {
    print(&format!("{text}\n"))
}

/// Says something on the standard error, as [`print()`]; that nobody reads it is no reason to stop.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", printable(text));
}

/// From now on the standard error is this log: whatever is said there, by libraries and by the
/// system too. Only on Unix.
///
/// # Errors
/// If the system refuses.
pub fn redirect_to(log: &File) -> io::Result<()> {
    #[cfg(unix)]
    rustix::stdio::dup2_stderr(log)?;
    #[cfg(not(unix))]
    let _ = log;
    Ok(())
}

/// A word of a command line as a shell takes it.
pub fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    // What no shell can be given is shown as it is.
    shlex::try_quote(&word).map_or_else(|_| word.to_string(), Into::into)
}
