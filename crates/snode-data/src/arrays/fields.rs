//! Lines of a table, and the fields in them.

use std::io::BufRead;
use std::path::Path;

use super::wrong;
use crate::{Error, Result};

/// The longest line that is read.
const LONGEST_LINE: u64 = 1 << 26;

/// The lines of a table, one after the other.
pub(super) struct Lines<'a, R> {
    reader: R,
    path: &'a Path,
    line: Vec<u8>,
    /// The number of the line last read, from 1.
    pub number: usize,
}

impl<'a, R: BufRead> Lines<'a, R> {
    pub fn new(reader: R, path: &'a Path) -> Self {
        Self { reader, path, line: Vec::new(), number: 0 }
    }

    /// The next line that is not blank, without its end; `None` at the end.
    pub fn next(&mut self) -> Result<Option<&str>> {
        loop {
            self.line.clear();
            let io = |source| Error::Io { path: self.path.to_owned(), action: "reading", source };
            let mut limited = std::io::Read::take(&mut self.reader, LONGEST_LINE + 1);
            let length = limited.read_until(b'\n', &mut self.line).map_err(io)?;
            if length == 0 {
                return Ok(None);
            }
            self.number += 1;
            if length as u64 > LONGEST_LINE {
                return Err(self.wrong(&format!("found a line of more than {LONGEST_LINE} bytes")));
            }
            if !self.line.iter().all(u8::is_ascii_whitespace) {
                break;
            }
        }
        match std::str::from_utf8(&self.line) {
            Ok(line) => {
                Ok(Some(line.trim_start_matches('\u{feff}').trim_end_matches(['\n', '\r'])))
            }
            Err(_) => Err(self.wrong("found bytes that are not UTF-8 text")),
        }
    }

    /// That something in the line last read is not as it should be.
    pub fn wrong(&self, problem: &str) -> Error {
        wrong(self.path, format!("line {}: {problem}", self.number))
    }
}

/// What separates the fields of a line: the first of comma, semicolon and tab that is in it.
pub(super) fn separator(line: &str) -> char {
    line.chars().find(|c| matches!(c, ',' | ';' | '\t')).unwrap_or(',')
}

/// The fields of a line, without blanks and quotes around them.
pub(super) fn fields(line: &str, separator: char) -> impl Iterator<Item = &str> {
    line.split(separator).map(|field| {
        let field = field.trim();
        field.strip_prefix('"').and_then(|field| field.strip_suffix('"')).unwrap_or(field)
    })
}
