//! Reading IDX files.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::{GZIP_MAGIC, IMAGES_MAGIC, LABELS_MAGIC};
use crate::limits::{MAX_PIXELS, MAX_SIDE};
use crate::{Error, Images, Result};

/// Reads the images in an IDX file, plain or gzipped. Their maximal value is 255.
///
/// # Errors
///
/// If the file cannot be read, is not a regular file or is not an IDX file of images; if its
/// header declares sides outside 1..=[`MAX_SIDE`] or more than [`MAX_PIXELS`] pixels; if it is
/// shorter or longer than its header declares.
pub fn read_images(path: &Path) -> Result<Images> {
    images_from_reader(open(path)?, path)
}

/// Reads the labels in an IDX file, plain or gzipped.
///
/// # Errors
///
/// If the file cannot be read, is not a regular file or is not an IDX file of labels; if its
/// header declares more than [`MAX_PIXELS`] labels; if it is shorter or longer than its header
/// declares.
pub fn read_labels(path: &Path) -> Result<Vec<u8>> {
    labels_from_reader(open(path)?, path)
}

/// Reads the images in IDX data, plain or gzipped; `origin` names the data in errors.
///
/// # Errors
///
/// As [`read_images`].
pub fn images_from_reader(reader: impl Read, origin: &Path) -> Result<Images> {
    let mut input = Input::new(reader, origin)?;
    input.magic(IMAGES_MAGIC, "IDX, unsigned bytes, 3 dimensions: images")?;
    let [count, rows, cols] = input.sizes()?;
    input.check_declared("rows", rows, 1, MAX_SIDE as u64)?;
    input.check_declared("columns", cols, 1, MAX_SIDE as u64)?;
    input.check_declared("images", count, 0, MAX_PIXELS as u64 / (rows * cols))?;
    let mut pixels: Vec<u16> = Vec::new();
    input.data(count * rows * cols, |bytes| {
        pixels.extend(bytes.iter().map(|&byte| u16::from(byte)));
    })?;
    pixels.shrink_to_fit();
    Images::new(rows as usize, cols as usize, u16::from(u8::MAX), pixels)
}

/// Reads the labels in IDX data, plain or gzipped; `origin` names the data in errors.
///
/// # Errors
///
/// As [`read_labels`].
pub fn labels_from_reader(reader: impl Read, origin: &Path) -> Result<Vec<u8>> {
    let mut input = Input::new(reader, origin)?;
    input.magic(LABELS_MAGIC, "IDX, unsigned bytes, 1 dimension: labels")?;
    let [count] = input.sizes()?;
    input.check_declared("labels", count, 0, MAX_PIXELS as u64)?;
    let mut labels = Vec::new();
    input.data(count, |bytes| labels.extend_from_slice(bytes))?;
    Ok(labels)
}

/// Opens a regular file; a pipe could keep us waiting forever.
fn open(path: &Path) -> Result<File> {
    let metadata = fs::metadata(path).map_err(|source| io_error(path, "opening", source))?;
    if !metadata.is_file() {
        return Err(Error::NotAFile { path: path.to_owned() });
    }
    File::open(path).map_err(|source| io_error(path, "opening", source))
}

fn io_error(path: &Path, action: &'static str, source: io::Error) -> Error {
    Error::Io { path: path.to_owned(), action, source }
}

/// Decompressed data and where it comes from.
struct Input<'a> {
    reader: Box<dyn Read + 'a>,
    origin: &'a Path,
}

impl<'a> Input<'a> {
    /// Looks at the first two bytes to tell whether to decompress.
    fn new(mut raw: impl Read + 'a, origin: &'a Path) -> Result<Self> {
        let mut head = [0; GZIP_MAGIC.len()];
        let found = fill(&mut raw, &mut head).map_err(|e| io_error(origin, "reading", e))?;
        let whole = BufReader::new(io::Cursor::new(head).take(found as u64).chain(raw));
        let reader: Box<dyn Read + 'a> = if head[..found] == GZIP_MAGIC {
            Box::new(MultiGzDecoder::new(whole))
        } else {
            Box::new(whole)
        };
        Ok(Self { reader, origin })
    }

    /// Reads until `buffer` is full or the data ends; returns the number of bytes read.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize> {
        fill(&mut self.reader, buffer).map_err(|e| io_error(self.origin, "reading", e))
    }

    fn magic(&mut self, expected: [u8; 4], meaning: &'static str) -> Result<()> {
        let mut found = [0; 4];
        let length = self.fill(&mut found)?;
        if found[..length] == expected {
            return Ok(());
        }
        Err(Error::Magic {
            path: self.origin.to_owned(),
            found: found[..length].to_vec(),
            expected: expected.to_vec(),
            meaning,
        })
    }

    /// The sizes of `D` dimensions.
    fn sizes<const D: usize>(&mut self) -> Result<[u64; D]> {
        let mut sizes = [0; D];
        for (d, size) in sizes.iter_mut().enumerate() {
            let mut bytes = [0; 4];
            let length = self.fill(&mut bytes)?;
            if length < bytes.len() {
                let (found, declared) = ((4 + 4 * d + length) as u64, (4 + 4 * D) as u64);
                return Err(self.truncated("header", found, declared));
            }
            *size = u64::from(u32::from_be_bytes(bytes));
        }
        Ok(sizes)
    }

    fn check_declared(&self, what: &'static str, found: u64, min: u64, max: u64) -> Result<()> {
        if (min..=max).contains(&found) {
            return Ok(());
        }
        Err(Error::Declared { path: self.origin.to_owned(), what, found, min, max })
    }

    /// Passes the `declared` bytes of data on in pieces and checks that nothing follows.
    fn data(&mut self, declared: u64, mut pass_on: impl FnMut(&[u8])) -> Result<()> {
        let mut buffer = [0; 16 * 1024];
        let mut found = 0;
        while found < declared {
            let wanted = (declared - found).min(buffer.len() as u64) as usize;
            let length = self.fill(&mut buffer[..wanted])?;
            pass_on(&buffer[..length]);
            found += length as u64;
            if length < wanted {
                return Err(self.truncated("data", found, declared));
            }
        }
        // At the end of gzip data this also verifies its checksum.
        if self.fill(&mut buffer[..1])? > 0 {
            return Err(Error::TrailingBytes { path: self.origin.to_owned(), declared });
        }
        Ok(())
    }

    fn truncated(&self, part: &'static str, found: u64, declared: u64) -> Error {
        Error::Truncated { path: self.origin.to_owned(), part, found, declared }
    }
}

/// Reads until `buffer` is full or the data ends; returns the number of bytes read.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}
