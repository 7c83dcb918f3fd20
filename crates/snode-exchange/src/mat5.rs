//! MATLAB's level 5 format, as far as cell arrays of matrices need it.
//!
//! A file is a header of 128 bytes and elements: a tag of 8 bytes with type and length, then that
//! many bytes, filled up to a multiple of 8. An element of type `COMPRESSED` is one other element
//! behind zlib; one of type `MATRIX` is a variable, whose flags, shape, name and contents are
//! elements in it. The contents of a cell array are matrices. No crate that is kept reads cells.
//!
//! Nothing here recurses, lengths are compared with the bytes that are there before anything is
//! allocated, and of compressed variables only those asked for are decompressed whole.

use std::borrow::Cow;
use std::io::Read;

use flate2::bufread::ZlibDecoder;

use crate::ExchangeError;
use crate::array::{Array, Order, Values, count};
use crate::limits::MAX_BYTES;

const FORMAT: &str = "MATLAB level 5";
const HEADER: usize = 128;

const INT8: u32 = 1;
const UINT8: u32 = 2;
const INT16: u32 = 3;
const UINT16: u32 = 4;
const INT32: u32 = 5;
const UINT32: u32 = 6;
const SINGLE: u32 = 7;
const DOUBLE: u32 = 9;
const INT64: u32 = 12;
const UINT64: u32 = 13;
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;

const CELL_CLASS: u8 = 1;
const DOUBLE_CLASS: u8 = 6;
const SINGLE_CLASS: u8 = 7;
const COMPLEX: u8 = 0x08;

/// Of a compressed variable so much is decompressed to learn its name.
const PEEK: u64 = 1024;

/// The cell arrays called `names`, each as its matrices in order.
pub(crate) fn cells<const N: usize>(
    bytes: &[u8],
    names: [&str; N],
) -> Result<[Vec<Array>; N], ExchangeError> {
    let big_endian = check_file(bytes)?;
    let mut found: [Option<Vec<Array>>; N] = [const { None }; N];
    let mut others = Vec::new();
    let mut rest = Bytes { bytes: &bytes[HEADER..], big_endian };
    while !rest.bytes.is_empty() {
        let element = rest.element()?;
        let start = match element.kind {
            MATRIX => Cow::Borrowed(element.data.bytes),
            COMPRESSED => Cow::Owned(inflate(element.data.bytes, PEEK)?),
            _ => continue,
        };
        let mut start = Bytes { bytes: &start, big_endian };
        if element.kind == COMPRESSED && !start.is_matrix()? {
            continue;
        }
        let head = start.head()?;
        let Some(place) = names.iter().position(|name| *name == head.name) else {
            others.push(head.name);
            continue;
        };
        let whole = match element.kind {
            MATRIX => Cow::Borrowed(element.data.bytes),
            _ => Cow::Owned(inflate(element.data.bytes, MAX_BYTES)?),
        };
        let mut whole = Bytes { bytes: &whole, big_endian };
        if element.kind == COMPRESSED {
            whole = whole.element()?.data;
        }
        found[place] = Some(whole.cell_array()?);
    }
    let mut arrays = [const { Vec::new() }; N];
    for ((array, found), name) in arrays.iter_mut().zip(found).zip(names) {
        *array = found.ok_or_else(|| ExchangeError::Missing {
            object: format!("the cell array `{name}`"),
            found: crate::safetensors::listed(others.iter().map(String::as_str)),
        })?;
    }
    Ok(arrays)
}

/// Looks at the header; tells whether numbers are big-endian.
fn check_file(bytes: &[u8]) -> Result<bool, ExchangeError> {
    ExchangeError::limit("the file", bytes.len() as u128, MAX_BYTES)?;
    if bytes.starts_with(b"MATLAB 7.3 MAT-file") || bytes.starts_with(b"\x89HDF") {
        return Err(ExchangeError::Hdf5);
    }
    let Some(header) = bytes.get(..HEADER) else {
        return Err(failed("it is shorter than a header"));
    };
    match &header[124..] {
        [0, 1, b'I', b'M'] => Ok(false),
        [1, 0, b'M', b'I'] => Ok(true),
        _ => Err(failed("its header has neither version 1 nor a byte order")),
    }
}

/// What a matrix begins with.
struct Head {
    class: u8,
    complex: bool,
    shape: Vec<usize>,
    name: String,
}

/// The next bytes of a file.
#[derive(Clone, Copy)]
struct Bytes<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

/// An element: its type, and its contents.
struct Item<'a> {
    kind: u32,
    data: Bytes<'a>,
}

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ExchangeError> {
        let (first, rest) = self.bytes.split_at_checked(count).ok_or_else(too_short)?;
        self.bytes = rest;
        Ok(first)
    }

    fn u32(&mut self) -> Result<u32, ExchangeError> {
        let bytes = self.take(4)?.try_into().map_err(|_| too_short())?;
        Ok(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn element(&mut self) -> Result<Item<'a>, ExchangeError> {
        let tag = self.u32()?;
        // A small element has its length in the upper half of the type, and its contents in place of
        // the length.
        let (kind, length, filled) = match (tag >> 16) as usize {
            0 => {
                let length = self.u32()? as usize;
                (tag, length, if tag == COMPRESSED { length } else { length.next_multiple_of(8) })
            }
            length @ 1..=4 => (tag & 0xffff, length, 4),
            length => return Err(failed(format!("a small element has {length} bytes"))),
        };
        // Writers may leave out what fills up the last element.
        let data = self.take(filled.min(self.bytes.len()))?;
        let bytes = data.get(..length).ok_or_else(too_short)?;
        Ok(Item { kind, data: Self { bytes, big_endian: self.big_endian } })
    }

    /// Skips the tag of a matrix, if it is one.
    fn is_matrix(&mut self) -> Result<bool, ExchangeError> {
        let kind = self.u32()?;
        self.u32()?;
        Ok(kind == MATRIX)
    }

    fn head(&mut self) -> Result<Head, ExchangeError> {
        let mut flags = self.element()?;
        if flags.kind != UINT32 {
            return Err(failed("a matrix does not begin with its flags"));
        }
        let flags = flags.data.u32()?;
        let sides = self.element()?;
        if sides.kind != INT32 || sides.data.bytes.len() > 4 * 8 {
            return Err(failed("a matrix has no shape, or one of more than 8 sides"));
        }
        let mut rest = sides.data;
        let mut shape = Vec::new();
        while !rest.bytes.is_empty() {
            shape.push(rest.u32()? as usize);
        }
        let name = self.element()?;
        Ok(Head {
            class: flags as u8,
            complex: (flags >> 8) as u8 & COMPLEX != 0,
            shape,
            name: String::from_utf8_lossy(name.data.bytes).into_owned(),
        })
    }

    /// The matrices in a cell array.
    fn cell_array(mut self) -> Result<Vec<Array>, ExchangeError> {
        let head = self.head()?;
        let name = head.name;
        if head.class != CELL_CLASS {
            return Err(ExchangeError::Type {
                object: format!("`{name}`"),
                found: format!("MATLAB class {}", head.class),
                allowed: "a cell array".into(),
            });
        }
        let expected = count(&format!("`{name}`"), &head.shape)?;
        let mut matrices = Vec::new();
        while !self.bytes.is_empty() {
            let Item { kind: MATRIX, data } = self.element()? else {
                return Err(failed(format!("`{name}` holds something that is no matrix")));
            };
            matrices.push(data.matrix(format!("`{name}{{{}}}`", matrices.len() + 1))?);
        }
        if matrices.len() == expected {
            return Ok(matrices);
        }
        let found = matrices.len();
        Err(failed(format!("`{name}` holds {found} of its {expected} cells")))
    }

    /// A real matrix in a cell.
    fn matrix(mut self, name: String) -> Result<Array, ExchangeError> {
        let head = self.head()?;
        let values = self.element()?;
        let wrong = |found: String| ExchangeError::Type {
            object: name.clone(),
            found,
            allowed: "a real matrix of class double or single".into(),
        };
        if head.complex {
            return Err(wrong("a complex matrix".into()));
        }
        let numbers = values.numbers().ok_or_else(|| wrong(format!("type {}", values.kind)))?;
        let values = match head.class {
            DOUBLE_CLASS => Values::F64(numbers),
            SINGLE_CLASS => Values::F32(numbers.into_iter().map(|value| value as f32).collect()),
            class => return Err(wrong(format!("MATLAB class {class}"))),
        };
        Array::new(name, head.shape, Order::ColumnMajor, values)
    }
}

impl Item<'_> {
    /// The numbers in an element, of whatever type MATLAB found short enough for them.
    fn numbers(&self) -> Option<Vec<f64>> {
        macro_rules! read {
            ($t:ty) => {{
                let (chunks, big_endian) = (self.data.bytes.as_chunks().0, self.data.big_endian);
                let read = |&bytes| match big_endian {
                    true => <$t>::from_be_bytes(bytes),
                    false => <$t>::from_le_bytes(bytes),
                };
                // The one cast for all types; 64-bit integers are rounded.
                #[allow(clippy::cast_lossless)]
                let numbers = chunks.iter().map(|bytes| read(bytes) as f64).collect();
                Some(numbers)
            }};
        }
        match self.kind {
            INT8 => read!(i8),
            UINT8 => read!(u8),
            INT16 => read!(i16),
            UINT16 => read!(u16),
            INT32 => read!(i32),
            UINT32 => read!(u32),
            INT64 => read!(i64),
            UINT64 => read!(u64),
            SINGLE => read!(f32),
            DOUBLE => read!(f64),
            _ => None,
        }
    }
}

fn inflate(bytes: &[u8], limit: u64) -> Result<Vec<u8>, ExchangeError> {
    let mut out = Vec::new();
    ZlibDecoder::new(bytes).take(limit).read_to_end(&mut out).map_err(failed)?;
    Ok(out)
}

#[allow(clippy::needless_pass_by_value)] // as map_err gives it
fn failed(problem: impl ToString) -> ExchangeError {
    ExchangeError::format(FORMAT, problem)
}

fn too_short() -> ExchangeError {
    failed("it ends in the middle of an element")
}
