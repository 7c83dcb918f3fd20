//! Reading IDX files.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::gunzip::Gunzip;
use super::{GZIP_MAGIC, IMAGES_MAGIC, LABELS_MAGIC, WIDE_LABELS_MAGIC};
use crate::limits::{MAX_PIXELS, MAX_SIDE};
use crate::{Error, Images, Result};

/// Reads the images in an IDX file, plain or gzipped. Their maximal value is 255.
///
/// # Errors
///
/// If the file cannot be read, is not a regular file or is not an IDX file of images; if its
/// header declares sides outside 1..=[`MAX_SIDE`] or more than [`MAX_PIXELS`] pixels; if it is
/// shorter or longer than its header declares, or damaged.
pub fn read_images(path: &Path) -> Result<Images> {
    ImageFile::open(path)?.read()
}

/// Reads the labels in an IDX file, plain or gzipped.
///
/// # Errors
///
/// If the file cannot be read, is not a regular file or is not an IDX file of labels; if its
/// header declares more than [`MAX_PIXELS`] labels; if it is shorter or longer than its header
/// declares, or damaged.
pub fn read_labels(path: &Path) -> Result<Vec<u8>> {
    LabelFile::open(path)?.read()
}

/// Reads the images in IDX data, plain or gzipped; `origin` names the data in errors.
///
/// # Errors
///
/// As [`read_images`].
pub fn images_from_reader(reader: impl Read, origin: &Path) -> Result<Images> {
    ImageFile::begin(Input::new(reader, origin, None)?)?.read()
}

/// Reads the labels in IDX data, plain or gzipped; `origin` names the data in errors.
///
/// # Errors
///
/// As [`read_labels`].
pub fn labels_from_reader(reader: impl Read, origin: &Path) -> Result<Vec<u8>> {
    LabelFile::begin(Input::new(reader, origin, None)?)?.read()
}

/// A file of images whose header has been read.
pub(super) struct ImageFile<'a> {
    input: Input<'a>,
    /// How many images it declares.
    pub count: usize,
    /// Their rows and columns.
    pub shape: (usize, usize),
}

impl<'a> ImageFile<'a> {
    pub fn open(path: &'a Path) -> Result<Self> {
        Self::begin(Input::open(path)?)
    }

    fn begin(mut input: Input<'a>) -> Result<Self> {
        input.magic(&[IMAGES_MAGIC], "IDX, unsigned bytes, 3 dimensions: images")?;
        let [count, rows, cols] = input.sizes()?;
        input.check_declared("rows", rows, 1, MAX_SIDE as u64)?;
        input.check_declared("columns", cols, 1, MAX_SIDE as u64)?;
        input.check_declared("images", count, 0, MAX_PIXELS as u64 / (rows * cols))?;
        input.check_length(16, count * rows * cols)?;
        Ok(Self { input, count: count as usize, shape: (rows as usize, cols as usize) })
    }

    pub fn read(mut self) -> Result<Images> {
        let (rows, cols) = self.shape;
        let declared = self.count * rows * cols;
        let mut pixels: Vec<u16> = Vec::new();
        self.input.data(declared, &mut pixels, |&byte| u16::from(byte))?;
        Images::new(rows, cols, u16::from(u8::MAX), pixels)
    }
}

/// The most numbers that a label has; those of QMNIST have 8.
const MOST_NUMBERS: u64 = 64;

/// A file of labels whose header has been read.
pub(super) struct LabelFile<'a> {
    input: Input<'a>,
    /// How many labels it declares.
    pub count: usize,
    /// The bytes of a label of several numbers of 4 bytes each; 0 if a label is a byte.
    row: usize,
}

impl<'a> LabelFile<'a> {
    pub fn open(path: &'a Path) -> Result<Self> {
        Self::begin(Input::open(path)?)
    }

    fn begin(mut input: Input<'a>) -> Result<Self> {
        let magic = input.magic(
            &[LABELS_MAGIC, WIDE_LABELS_MAGIC],
            "IDX, unsigned bytes, 1 dimension: labels",
        )?;
        let most = MAX_PIXELS as u64;
        if magic == LABELS_MAGIC {
            let [count] = input.sizes()?;
            input.check_declared("labels", count, 0, most)?;
            input.check_length(8, count)?;
            return Ok(Self { input, count: count as usize, row: 0 });
        }
        let [count, numbers] = input.sizes()?;
        input.check_declared("numbers of a label", numbers, 1, MOST_NUMBERS)?;
        input.check_declared("labels", count, 0, most / (4 * numbers))?;
        input.check_length(12, 4 * count * numbers)?;
        Ok(Self { input, count: count as usize, row: 4 * numbers as usize })
    }

    pub fn read(mut self) -> Result<Vec<u8>> {
        let mut labels = Vec::new();
        if self.row == 0 {
            self.input.data(self.count, &mut labels, |&byte| byte)?;
            return Ok(labels);
        }
        let (path, row) = (self.input.origin.to_owned(), self.row);
        let mut bytes = Vec::new();
        self.input.data(self.count * row, &mut bytes, |&byte| byte)?;
        for (index, row) in bytes.chunks_exact(row).enumerate() {
            // The first number is the class.
            let [0, 0, 0, label, ..] = row else {
                let found = row.first_chunk().map_or(0, |bytes| i32::from_be_bytes(*bytes));
                let problem =
                    format!("label {index}: found {found}; expected a class number from 0 to 255");
                return Err(Error::Array { path, problem });
            };
            labels.push(*label);
        }
        Ok(labels)
    }
}

fn io_error(path: &Path, action: &'static str, source: io::Error) -> Error {
    Error::Io { path: path.to_owned(), action, source }
}

/// Deflate makes nothing smaller than by this factor.
const LARGEST_RATIO: u64 = 1032;

/// Decompressed data and where it comes from.
struct Input<'a> {
    reader: Box<dyn Read + 'a>,
    origin: &'a Path,
    compressed: bool,
    /// How many bytes the file has, if that is known.
    stored: Option<u64>,
}

impl<'a> Input<'a> {
    /// Opens a regular file; a pipe could keep us waiting forever.
    fn open(path: &'a Path) -> Result<Self> {
        let metadata = fs::metadata(path).map_err(|source| io_error(path, "opening", source))?;
        if !metadata.is_file() {
            return Err(Error::NotAFile { path: path.to_owned() });
        }
        let file = File::open(path).map_err(|source| io_error(path, "opening", source))?;
        Self::new(file, path, Some(metadata.len()))
    }

    /// Looks at the first two bytes to tell whether to decompress.
    fn new(mut raw: impl Read + 'a, origin: &'a Path, stored: Option<u64>) -> Result<Self> {
        let mut head = [0; GZIP_MAGIC.len()];
        let found = fill(&mut raw, &mut head).map_err(|e| io_error(origin, "reading", e))?;
        let whole = BufReader::new(io::Cursor::new(head).take(found as u64).chain(raw));
        let compressed = head[..found] == GZIP_MAGIC;
        let reader: Box<dyn Read + 'a> =
            if compressed { Box::new(Gunzip::new(whole)) } else { Box::new(whole) };
        Ok(Self { reader, origin, compressed, stored })
    }

    /// Reads until `buffer` is full or the data ends; returns the number of bytes read.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize> {
        fill(&mut self.reader, buffer).map_err(|e| io_error(self.origin, "reading", e))
    }

    /// Reads the first bytes, which must be one of these; the first is the usual one.
    fn magic(&mut self, expected: &[[u8; 4]], meaning: &'static str) -> Result<[u8; 4]> {
        let mut found = [0; 4];
        let length = self.fill(&mut found)?;
        if length == found.len() && expected.contains(&found) {
            return Ok(found);
        }
        Err(Error::Magic {
            path: self.origin.to_owned(),
            found: found[..length].to_vec(),
            expected: expected.first().map_or_else(Vec::new, |bytes| bytes.to_vec()),
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

    /// Looks whether a file of this length can hold what its header of `header` bytes declares.
    fn check_length(&self, header: u64, declared: u64) -> Result<()> {
        let Some(stored) = self.stored else { return Ok(()) };
        if self.compressed {
            if declared <= stored.saturating_mul(LARGEST_RATIO) {
                return Ok(());
            }
            return Err(Error::Claim { path: self.origin.to_owned(), declared, stored });
        }
        let found = stored.saturating_sub(header);
        if found < declared {
            return Err(self.truncated("data", found, declared));
        }
        if found > declared {
            return Err(Error::TrailingBytes { path: self.origin.to_owned(), declared });
        }
        Ok(())
    }

    /// Reads the `declared` bytes of data in pieces and checks that nothing follows.
    fn data<V>(
        &mut self,
        declared: usize,
        values: &mut Vec<V>,
        value: impl Fn(&u8) -> V,
    ) -> Result<()> {
        let mut buffer = [0; 16 * 1024];
        while values.len() < declared {
            let wanted = (declared - values.len()).min(buffer.len());
            let length = self.fill(&mut buffer[..wanted])?;
            self.reserve(values, length, declared)?;
            values.extend(buffer[..length].iter().map(&value));
            if length < wanted {
                return Err(self.truncated("data", values.len() as u64, declared as u64));
            }
        }
        // At the end of gzip data this also verifies its checksum.
        if self.fill(&mut buffer[..1])? > 0 {
            let declared = declared as u64;
            return Err(Error::TrailingBytes { path: self.origin.to_owned(), declared });
        }
        values.shrink_to_fit();
        Ok(())
    }

    /// Takes memory for further values, twice as much each time, but never more than for all.
    fn reserve<V>(&self, values: &mut Vec<V>, further: usize, declared: usize) -> Result<()> {
        if values.capacity() - values.len() >= further {
            return Ok(());
        }
        let wanted = (values.len() + further).max(2 * values.len()).min(declared);
        values.try_reserve_exact(wanted - values.len()).map_err(|_| Error::Memory {
            path: self.origin.to_owned(),
            bytes: declared as u64 * size_of::<V>() as u64,
        })
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
