//! gzip files as gunzip reads them.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// The contents of a gzip file: of all its members, one after the other. Zeros behind the last one,
/// which fill up blocks of tapes and disks, are passed over.
pub(super) struct Gunzip<R> {
    /// None at the end.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Gunzip<R> {
    pub fn new(reader: R) -> Self {
        Self { member: Some(GzDecoder::new(reader)) }
    }
}

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let Some(member) = &mut self.member else { return Ok(0) };
            // At the end of a member its checksum has been verified.
            let length = member.read(buffer)?;
            if length > 0 {
                return Ok(length);
            }
            let rest = self.member.take().map(GzDecoder::into_inner);
            self.member = match rest {
                Some(rest) => next_member(rest)?,
                None => None,
            };
        }
    }
}

/// What follows a member, if it is another one.
fn next_member<R: BufRead>(mut rest: R) -> io::Result<Option<GzDecoder<R>>> {
    match rest.fill_buf()?.first() {
        None => return Ok(None),
        Some(0) => {}
        Some(_) => return Ok(Some(GzDecoder::new(rest))),
    }
    loop {
        let bytes = rest.fill_buf()?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if bytes.iter().any(|&byte| byte != 0) {
            let problem = "the gzip data is followed by something else than zeros";
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        let length = bytes.len();
        rest.consume(length);
    }
}
