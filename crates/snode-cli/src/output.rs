//! Writing to the standard output without panicking when nobody reads it, and without letting a
//! name or a text from a file do anything to a terminal.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::format::printable;

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

/// Where what is said is kept too.
static LOG: Mutex<Option<File>> = Mutex::new(None);

/// Says something on the standard error, as [`print()`]; that nobody reads it is no reason to stop.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", printable(text));
    keep(text);
}

/// Keeps what was said in another way, in the log if there is one.
pub fn keep(text: &str) {
    if let Some(log) = &mut *LOG.lock().unwrap_or_else(PoisonError::into_inner) {
        let _ = writeln!(log, "{text}");
    }
}

/// From now on what is said stands in this log too.
pub fn keep_in(log: File) {
    *LOG.lock().unwrap_or_else(PoisonError::into_inner) = Some(log);
}

/// From now on the standard error is this log: whatever is said there, by libraries and by the
/// system too.
///
/// # Errors
/// If the system refuses.
pub fn redirect_to(log: &File) -> io::Result<()> {
    #[cfg(unix)]
    rustix::stdio::dup2_stderr(log)?;
    #[cfg(not(unix))]
    keep_in(log.try_clone()?);
    Ok(())
}

/// A word of a command line as a shell takes it.
pub fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    // What no shell can be given is shown as it is.
    shlex::try_quote(&word).map_or_else(|_| word.to_string(), Into::into)
}
