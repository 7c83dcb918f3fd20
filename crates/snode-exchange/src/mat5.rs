//! MATLAB's level 5 format, as far as cell arrays of matrices need it.
//!
//! A file is a header of 128 bytes and elements: a tag of 8 bytes with type and length, then that
//! many bytes, filled up to a multiple of 8. An element of type `COMPRESSED` is one other element
//! behind zlib; one of type `MATRIX` is a variable, whose flags, shape, name and contents are
//! elements in it. The contents of a cell array are matrices. No crate that is kept reads cells.
//!
//! Nothing here recurses, and nothing is kept but names and shapes: variables that are not asked for
//! are passed over by their length, those that are asked for are read, and inflated, in pieces.

use std::io::{BufReader, Read, Seek, SeekFrom};

use flate2::bufread::ZlibDecoder;
use snode_numpy::Numbers;

use crate::imported::listed;
use crate::limits::{MAX_BYTES, MAX_NUMBERS, MAX_OBJECTS, MAX_TEXT};
use crate::{ArrayHead, ExchangeError, NumberType, Order};

const FORMAT: &str = "MATLAB level 5";
const HEADER: u64 = 128;

const INT8: u32 = 1;
const UINT8: u32 = 2;
const INT32: u32 = 5;
const UINT32: u32 = 6;
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
const UTF8: u32 = 16;

const CELL_CLASS: u8 = 1;
const DOUBLE_CLASS: u8 = 6;
const SINGLE_CLASS: u8 = 7;
const COMPLEX: u8 = 0x08;

/// How the numbers of an element are stored: MATLAB takes the shortest type that holds them.
fn number_type(kind: u32) -> Option<NumberType> {
    Some(match kind {
        INT8 => NumberType::I8,
        UINT8 => NumberType::U8,
        3 => NumberType::I16,
        4 => NumberType::U16,
        INT32 => NumberType::I32,
        UINT32 => NumberType::U32,
        7 => NumberType::F32,
        9 => NumberType::F64,
        12 => NumberType::I64,
        13 => NumberType::U64,
        _ => return None,
    })
}

/// A cell array of a file, and what is in its first cell.
pub(crate) struct Variable {
    place: Place,
    /// How many cells it has.
    pub count: usize,
    /// The matrix in the first cell.
    pub first: ArrayHead,
}

/// Where a variable stands in the file.
#[derive(Clone, Copy)]
struct Place {
    begin: u64,
    length: u64,
    compressed: bool,
}

/// A file whose header has been read.
pub(crate) struct File<R> {
    source: R,
    big_endian: bool,
    /// How many bytes the whole has.
    pub length: u64,
}

impl<R: Read + Seek> File<R> {
    pub fn open(mut source: R) -> Result<Self, ExchangeError> {
        let length = source.seek(SeekFrom::End(0)).map_err(reading)?;
        source.seek(SeekFrom::Start(0)).map_err(reading)?;
        let mut header = Vec::new();
        source.by_ref().take(HEADER).read_to_end(&mut header).map_err(reading)?;
        if header.starts_with(b"MATLAB 7.3 MAT-file") || header.starts_with(b"\x89HDF") {
            return Err(ExchangeError::Hdf5);
        }
        ExchangeError::limit("the file", length.into(), MAX_BYTES)?;
        let big_endian = match header.get(124..) {
            Some([0, 1, b'I', b'M']) => false,
            Some([1, 0, b'M', b'I']) => true,
            Some([_, _, _, _]) => {
                return Err(failed("its header has neither version 1 nor a byte order"));
            }
            _ => return Err(failed("it is shorter than a header")),
        };
        Ok(Self { source, big_endian, length })
    }

    /// The cell arrays of these names.
    pub fn cell_arrays(&mut self, names: [&str; 2]) -> Result<[Variable; 2], ExchangeError> {
        let mut found = [None, None];
        let mut others = Vec::new();
        let mut begin = HEADER;
        while begin < self.length {
            let (place, next) = self.place(begin)?;
            begin = next;
            let Some(mut start) = self.start(place)? else { continue };
            let head = start.head()?;
            match names.iter().position(|name| *name == head.name) {
                Some(index) => found[index] = Some(start.cell_array(head, place)?),
                None if others.len() < MAX_OBJECTS => others.push(head.name),
                None => return Err(failed(format!("it has more than {MAX_OBJECTS} variables"))),
            }
        }
        let [weights, biases] = found;
        let missing = |name: &str| ExchangeError::Missing {
            object: format!("the cell array `{name}`"),
            found: listed(others.iter().map(String::as_str)),
        };
        let weights = weights.ok_or_else(|| missing(names[0]))?;
        Ok([weights, biases.ok_or_else(|| missing(names[1]))?])
    }

    /// The variable that begins at a place, and where the next one does.
    fn place(&mut self, begin: u64) -> Result<(Place, u64), ExchangeError> {
        self.source.seek(SeekFrom::Start(begin)).map_err(reading)?;
        let mut bytes = Stream { reader: &mut self.source, left: 8, big_endian: self.big_endian };
        let (kind, length) = (bytes.u32()?, u64::from(bytes.u32()?));
        let begin = begin + 8;
        if begin + length > self.length {
            return Err(too_short());
        }
        let compressed = kind == COMPRESSED;
        // Compressed elements are not filled up.
        let next = begin + if compressed { length } else { length.next_multiple_of(8) };
        match kind {
            MATRIX | COMPRESSED => Ok((Place { begin, length, compressed }, next)),
            other => Err(failed(format!("it has an element of type {other} beside its variables"))),
        }
    }

    /// What a variable consists of, from its flags on, if it is one.
    fn start(&mut self, place: Place) -> Result<Option<Stream<Box<dyn Read + '_>>>, ExchangeError> {
        if place.length == 0 {
            return Ok(None);
        }
        self.source.seek(SeekFrom::Start(place.begin)).map_err(reading)?;
        let big_endian = self.big_endian;
        let bytes = BufReader::new((&mut self.source).take(place.length));
        if !place.compressed {
            let reader: Box<dyn Read + '_> = Box::new(bytes);
            return Ok(Some(Stream { reader, left: place.length, big_endian }));
        }
        let reader: Box<dyn Read + '_> = Box::new(ZlibDecoder::new(bytes));
        let mut whole = Stream { reader, left: 8, big_endian };
        let (kind, length) = (whole.u32()?, whole.u32()?);
        whole.left = length.into();
        Ok((kind == MATRIX).then_some(whole))
    }

    /// Reads a cell array: `each` is given the number of a cell, what is said of its matrix, and its
    /// numbers one by one.
    pub fn read_cells(
        &mut self,
        variable: &Variable,
        mut each: impl FnMut(
            usize,
            &ArrayHead,
            Order,
            &mut dyn FnMut() -> Result<f64, ExchangeError>,
        ) -> Result<(), ExchangeError>,
    ) -> Result<(), ExchangeError> {
        let Some(mut stream) = self.start(variable.place)? else { return Err(too_short()) };
        let name = stream.head()?.name;
        for k in 0..variable.count {
            let (mut cell, fill) = stream.cell(&name, k, variable.count)?;
            let Matrix { head, stored } = cell.matrix(&name, k)?;
            let big_endian = cell.big_endian;
            let mut numbers = Numbers::new(&mut cell.reader, stored, big_endian, head.count()?);
            each(k, &head, Order::ColumnMajor, &mut || numbers.next().map_err(reading))?;
            cell.left -= (head.count()? * stored.size()) as u64;
            cell.skip(cell.left)?;
            stream.skip(fill)?;
        }
        if stream.left >= 8 {
            return Err(failed(format!("`{name}` holds more than its {} cells", variable.count)));
        }
        // The checksum of what was compressed is verified at its end.
        let mut rest = Vec::new();
        stream.reader.take(8).read_to_end(&mut rest).map_err(reading)?;
        if rest.len() == 8 {
            return Err(failed(format!("`{name}` is longer than it is said to be")));
        }
        Ok(())
    }
}

/// What a matrix begins with.
struct Head {
    class: u8,
    complex: bool,
    shape: Vec<usize>,
    name: String,
}

/// A real matrix in a cell: what it is said to be, and how its numbers are stored, which follow.
struct Matrix {
    head: ArrayHead,
    stored: NumberType,
}

/// The tag of an element: its type, the length of its contents, and how much they are filled up by.
struct Tag {
    kind: u32,
    length: u64,
    fill: u64,
}

/// The next bytes of a file, at most `left` of them.
struct Stream<R> {
    reader: R,
    left: u64,
    big_endian: bool,
}

impl<R: Read> Stream<R> {
    fn bytes(&mut self, count: u64) -> Result<Vec<u8>, ExchangeError> {
        if count > self.left || count > MAX_TEXT as u64 {
            return Err(too_short());
        }
        let mut bytes = vec![0; count as usize];
        self.reader.read_exact(&mut bytes).map_err(reading)?;
        self.left -= count;
        Ok(bytes)
    }

    /// Passes over bytes; those that fill up the last element may be missing.
    fn skip(&mut self, count: u64) -> Result<(), ExchangeError> {
        let count = count.min(self.left);
        let skipped = std::io::copy(&mut self.reader.by_ref().take(count), &mut std::io::sink());
        if skipped.map_err(reading)? < count {
            return Err(too_short());
        }
        self.left -= count;
        Ok(())
    }

    fn u32(&mut self) -> Result<u32, ExchangeError> {
        let bytes = self.bytes(4)?;
        Ok(self.u32_of(&bytes).unwrap_or_default())
    }

    fn u32_of(&self, bytes: &[u8]) -> Option<u32> {
        let bytes = *bytes.first_chunk()?;
        Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn tag(&mut self) -> Result<Tag, ExchangeError> {
        let tag = self.u32()?;
        // A small element has its length in the upper half of the type, and its contents in place of
        // the length.
        match u64::from(tag >> 16) {
            0 => {
                let length = u64::from(self.u32()?);
                Ok(Tag { kind: tag, length, fill: length.next_multiple_of(8) - length })
            }
            length @ 1..=4 => Ok(Tag { kind: tag & 0xffff, length, fill: 4 - length }),
            length => Err(failed(format!("a small element has {length} bytes"))),
        }
    }

    /// An element with a short text or some small numbers.
    fn short_element(&mut self) -> Result<(u32, Vec<u8>), ExchangeError> {
        let Tag { kind, length, fill } = self.tag()?;
        let bytes = self.bytes(length)?;
        self.skip(fill)?;
        Ok((kind, bytes))
    }

    /// What a matrix begins with. Objects of classes have a name, but no shape.
    fn head(&mut self) -> Result<Head, ExchangeError> {
        let (UINT32, flags) = self.short_element()? else {
            return Err(failed("a matrix does not begin with its flags"));
        };
        let flags = self.u32_of(&flags).ok_or_else(too_short)?;
        let (mut kind, mut bytes) = self.short_element()?;
        let mut shape = Vec::new();
        if matches!(kind, INT32 | UINT32) {
            shape.extend(
                bytes.chunks(4).map_while(|side| self.u32_of(side)).map(|side| side as usize),
            );
            (kind, bytes) = self.short_element()?;
        }
        if !matches!(kind, INT8 | UINT8 | UTF8) {
            return Err(failed("a matrix has no name"));
        }
        Ok(Head {
            class: flags as u8,
            complex: (flags >> 8) as u8 & COMPLEX != 0,
            shape,
            name: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }

    /// A variable that must be a cell array, whose head has been read.
    fn cell_array(mut self, head: Head, place: Place) -> Result<Variable, ExchangeError> {
        let name = head.name;
        if head.class != CELL_CLASS {
            return Err(ExchangeError::Type {
                object: format!("`{name}`"),
                found: class_name(head.class),
                allowed: "a cell array".into(),
            });
        }
        let cells =
            head.shape.iter().fold(1_u128, |product, &side| product.saturating_mul(side as u128));
        ExchangeError::limit(&format!("`{name}`"), cells, MAX_NUMBERS as u64)?;
        let count = cells as usize;
        if count == 0 {
            return Err(ExchangeError::Missing {
                object: format!("the first cell of `{name}`"),
                found: "none".into(),
            });
        }
        let first = self.cell(&name, 0, count)?.0.matrix(&name, 0)?.head;
        Ok(Variable { place, count, first })
    }

    /// The bytes of the next cell, and how many fill them up.
    fn cell(
        &mut self,
        name: &str,
        k: usize,
        count: usize,
    ) -> Result<(Stream<&mut R>, u64), ExchangeError> {
        if self.left < 8 {
            return Err(failed(format!("`{name}` holds {k} of its {count} cells")));
        }
        let Tag { kind: MATRIX, length, fill } = self.tag()? else {
            return Err(failed(format!("`{name}` holds something that is no matrix")));
        };
        self.left = self.left.checked_sub(length).ok_or_else(too_short)?;
        let (reader, big_endian) = (&mut self.reader, self.big_endian);
        Ok((Stream { reader, left: length, big_endian }, fill))
    }

    /// The real matrix that the next bytes are, up to its numbers.
    fn matrix(&mut self, array: &str, k: usize) -> Result<Matrix, ExchangeError> {
        let name = format!("`{array}{{{}}}`", k + 1);
        let head = self.head()?;
        let wrong = |found: String| {
            let allowed = "a real matrix of class double or single".into();
            Err(ExchangeError::Type { object: name.clone(), found, allowed })
        };
        if head.complex {
            return wrong("a complex matrix".into());
        }
        let kind = match head.class {
            DOUBLE_CLASS => NumberType::F64,
            SINGLE_CLASS => NumberType::F32,
            class => return wrong(class_name(class)),
        };
        let tag = self.tag()?;
        let Some(stored) = number_type(tag.kind) else {
            return wrong(format!("a matrix with elements of type {}", tag.kind));
        };
        let head = ArrayHead { name, shape: head.shape, kind };
        let (found, count) = (tag.length, head.count()?);
        if found > self.left || found != count as u64 * stored.size() as u64 {
            let (name, stored) = (&head.name, stored.name());
            let problem = format!("{name} has {found} bytes for {count} numbers of type {stored}");
            return Err(failed(problem));
        }
        Ok(Matrix { head, stored })
    }
}

fn class_name(class: u8) -> String {
    let name = match class {
        1 => "cell array",
        2 => "struct",
        3 => "object",
        4 => "char",
        5 => "sparse",
        6 => "double",
        7 => "single",
        8 | 10 | 12 | 14 => "signed integers",
        9 | 11 | 13 | 15 => "unsigned integers",
        16 => "function",
        17 => "object of a class, as string, datetime, table",
        other => return format!("MATLAB class {other}"),
    };
    format!("MATLAB class {class} ({name})")
}

fn reading(error: std::io::Error) -> ExchangeError {
    ExchangeError::reading(FORMAT, error)
}

fn failed(problem: impl Into<String>) -> ExchangeError {
    ExchangeError::format(FORMAT, problem.into())
}

fn too_short() -> ExchangeError {
    failed("it ends in the middle of an element")
}
