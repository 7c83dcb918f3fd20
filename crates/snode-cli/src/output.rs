//! Writing to the standard output without panicking when nobody reads it, and without letting a
//! name or a text from a file do anything to a terminal.

use std::io::{self, Write};

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

/// Says something on the standard error, as [`print()`]; that nobody reads it is no reason to stop.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", printable(text));
}
