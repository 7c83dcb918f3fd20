//! Writing to the standard output without panicking when nobody reads it.

use std::io::{self, Write};

use crate::error::{Error, Result};

/// Writes a text to the standard output.
///
/// # Errors
/// [`Error::BrokenPipe`] if its reader is gone, [`Error::Stdout`] if it cannot be written.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| {
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

/// Says something on the standard error; that nobody reads it is no reason to stop.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
