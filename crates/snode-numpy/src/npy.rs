//! Array files, .npy: a header, which is a Python dictionary with type, order and shape, and the elements.

use std::io::{self, Read};

use crate::error::object;
use crate::{NumberType, Numbers, NumpyError};

const FORMAT: &str = "NumPy .npy";

/// The first bytes of an array file.
const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// The longest header that is read; those of plain arrays have 118 or 54 bytes.
const MAX_HEADER: usize = 4096;
/// The most sides an array has.
const MOST_SIDES: usize = 4;

/// In which order the numbers of an array stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The last index runs fastest, as in C and NumPy.
    RowMajor,
    /// The first index runs fastest, as in Fortran and MATLAB.
    ColumnMajor,
}

/// What the elements of an array are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Elements {
    /// Numbers.
    Numbers(NumberType),
    /// Texts of so many bytes.
    Bytes(usize),
    /// Texts of so many characters, 4 bytes each.
    Characters(usize),
}

impl Elements {
    /// How many bytes one takes.
    pub fn size(&self) -> usize {
        match self {
            Self::Numbers(kind) => kind.size(),
            Self::Bytes(length) => *length,
            Self::Characters(length) => length.saturating_mul(4),
        }
    }
}

/// What an array is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The elements' type as it is written, for messages.
    pub descr: String,
    /// What the elements are, if they are of a type that is read.
    pub elements: Option<Elements>,
    /// Whether numbers begin with their most significant byte.
    pub big_endian: bool,
    /// The order of the elements.
    pub order: Order,
    /// The sides of the array, none of a scalar.
    pub shape: Vec<usize>,
    /// How many bytes stand before the elements.
    pub length: u64,
}

impl Header {
    /// The header at the beginning of an array file. What is wrong with it is told by a text.
    pub(crate) fn read(reader: &mut impl Read) -> Result<Self, Problem> {
        let mut start = [0; 8];
        reader.read_exact(&mut start)?;
        if !start.starts_with(MAGIC) {
            return Err("is not an array file".into());
        }
        let (length, before) = if start[6] == 1 {
            let mut length = [0; 2];
            reader.read_exact(&mut length)?;
            (usize::from(u16::from_le_bytes(length)), 10)
        } else {
            let mut length = [0; 4];
            reader.read_exact(&mut length)?;
            (u32::from_le_bytes(length) as usize, 12)
        };
        if length > MAX_HEADER {
            return Err(
                format!("has a header of {length} bytes; expected at most {MAX_HEADER}").into()
            );
        }
        let mut text = vec![0; length];
        reader.read_exact(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        let dictionary = Dictionary::parse(&text)
            .ok_or_else(|| format!("is not a plain array: its header is {:?}", text.trim_end()))?;
        let (elements, big_endian) = elements(&dictionary.descr);
        Ok(Self {
            descr: dictionary.descr,
            elements,
            big_endian,
            order: if dictionary.fortran { Order::ColumnMajor } else { Order::RowMajor },
            shape: dictionary.shape,
            length: (before + length) as u64,
        })
    }

    /// How many elements the array has, if that is a number.
    pub fn count(&self) -> Option<usize> {
        self.shape.iter().try_fold(1_usize, |product, &side| product.checked_mul(side))
    }

    /// The type of the numbers of the array `name`.
    ///
    /// # Errors
    /// If its elements are no numbers.
    pub fn number_type(&self, name: &str) -> Result<NumberType, NumpyError> {
        match self.elements {
            Some(Elements::Numbers(kind)) => Ok(kind),
            _ => Err(NumpyError::Type {
                object: object(name),
                found: self.descr.clone(),
                expected: "integers or real numbers".into(),
            }),
        }
    }

    /// How many bytes the elements take, if that is a number.
    pub fn data_bytes(&self) -> Option<u64> {
        let size = self.elements.as_ref()?.size() as u64;
        self.shape.iter().try_fold(size, |product, &side| product.checked_mul(side as u64))
    }
}

/// Why a header cannot be read.
pub(crate) enum Problem {
    Wrong(String),
    Io(io::Error),
}

impl Problem {
    /// The error, of an array in a file of a format.
    pub fn of(self, format: &'static str, array: &str) -> NumpyError {
        match self {
            Self::Wrong(problem) => NumpyError::format(format, format!("{array} {problem}")),
            Self::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                NumpyError::format(format, format!("{array} is not an array file"))
            }
            Self::Io(error) => NumpyError::reading(format, error),
        }
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<String> for Problem {
    fn from(problem: String) -> Self {
        Self::Wrong(problem)
    }
}

impl From<&str> for Problem {
    fn from(problem: &str) -> Self {
        Self::Wrong(problem.into())
    }
}

/// An .npy file whose header has been read.
pub struct ArrayFile<R> {
    reader: R,
    header: Header,
}

impl<R: Read> ArrayFile<R> {
    /// Reads the header of a file of `length` bytes, which must be as long as it says.
    ///
    /// # Errors
    /// If the file cannot be read, or is not an array file.
    pub fn open(mut reader: R, length: u64) -> Result<Self, NumpyError> {
        let header = Header::read(&mut reader).map_err(|problem| problem.of(FORMAT, "it"))?;
        let found = length.saturating_sub(header.length);
        if header.elements.is_some() && header.data_bytes() != Some(found) {
            let (descr, shape) = (&header.descr, &header.shape);
            return Err(NumpyError::format(
                FORMAT,
                format!(
                    "it has {found} bytes of elements, which are not those of {descr} of shape \
                     {shape:?}"
                ),
            ));
        }
        Ok(Self { reader, header })
    }

    /// What the array is.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Has `read` read the numbers of the array, which are of this type, one after the other.
    ///
    /// # Errors
    /// If `read` fails.
    pub fn numbers<V, E: From<NumpyError>>(
        &mut self,
        kind: NumberType,
        read: impl FnOnce(&mut dyn FnMut() -> Result<f64, NumpyError>) -> Result<V, E>,
    ) -> Result<V, E> {
        let count = self.header.count().unwrap_or(0);
        let mut numbers = Numbers::new(&mut self.reader, kind, self.header.big_endian, count);
        read(&mut || numbers.next().map_err(|error| NumpyError::reading(FORMAT, error)))
    }
}

/// The header of an array, filled up so that the elements begin at a multiple of 64 bytes.
pub(crate) fn header(descr: &str, shape: &[usize]) -> Vec<u8> {
    let sides: Vec<String> = shape.iter().map(usize::to_string).collect();
    // A tuple of one element has a comma behind it.
    let sides = sides.join(", ") + if shape.len() == 1 { "," } else { "" };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sides}), }}");
    let before = MAGIC.len() + 4;
    let end = (before + text.len() + 1).next_multiple_of(64);
    text.push_str(&" ".repeat(end - before - text.len() - 1));
    text.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend([1, 0]);
    // Our headers have 54 or 118 bytes.
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.bytes());
    bytes
}

/// The elements that a type such as `<f4` describes, and whether they are big-endian.
fn elements(descr: &str) -> (Option<Elements>, bool) {
    let big_endian = descr.starts_with('>');
    let code = descr.strip_prefix(['<', '>', '|', '=']).unwrap_or(descr);
    let length = || code[1..].parse::<usize>().ok();
    let elements = match code {
        "i1" => Some(Elements::Numbers(NumberType::I8)),
        "u1" => Some(Elements::Numbers(NumberType::U8)),
        "i2" => Some(Elements::Numbers(NumberType::I16)),
        "u2" => Some(Elements::Numbers(NumberType::U16)),
        "i4" => Some(Elements::Numbers(NumberType::I32)),
        "u4" => Some(Elements::Numbers(NumberType::U32)),
        "i8" => Some(Elements::Numbers(NumberType::I64)),
        "u8" => Some(Elements::Numbers(NumberType::U64)),
        "f2" => Some(Elements::Numbers(NumberType::F16)),
        "f4" => Some(Elements::Numbers(NumberType::F32)),
        "f8" => Some(Elements::Numbers(NumberType::F64)),
        _ if code.starts_with('S') => length().map(Elements::Bytes),
        _ if code.starts_with('U') => length().map(Elements::Characters),
        _ => None,
    };
    (elements, big_endian)
}

/// What the dictionary of a header says.
struct Dictionary {
    descr: String,
    fortran: bool,
    shape: Vec<usize>,
}

impl Dictionary {
    /// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`, in any order of keys.
    fn parse(text: &str) -> Option<Self> {
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        let mut text = Text(text).after('{')?;
        while let Some((key, rest)) = text.quoted() {
            let rest = rest.after(':')?;
            text = match key {
                "descr" => {
                    let (value, rest) = rest.quoted()?;
                    descr = Some(value.to_owned());
                    rest
                }
                "fortran_order" => {
                    let (value, rest) = rest.word();
                    fortran = Some(match value {
                        "True" => true,
                        "False" => false,
                        _ => return None,
                    });
                    rest
                }
                "shape" => {
                    let (value, rest) = rest.sides()?;
                    shape = Some(value);
                    rest
                }
                _ => return None,
            };
            text = text.after(',').unwrap_or(text);
        }
        let rest = text.after('}')?;
        rest.0.trim().is_empty().then_some(())?;
        Some(Self { descr: descr?, fortran: fortran?, shape: shape? })
    }
}

/// What is still to be read of a text.
#[derive(Clone, Copy)]
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    fn after(self, mark: char) -> Option<Self> {
        self.0.trim_start().strip_prefix(mark).map(Self)
    }

    fn quoted(self) -> Option<(&'a str, Self)> {
        let text = self.0.trim_start();
        let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (value, rest) = text[1..].split_once(quote)?;
        Some((value, Self(rest)))
    }

    fn word(self) -> (&'a str, Self) {
        let text = self.0.trim_start();
        let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        (word, Self(rest))
    }

    /// A tuple of sides; Python 2 wrote an `L` behind some numbers.
    fn sides(self) -> Option<(Vec<usize>, Self)> {
        let mut text = self.after('(')?;
        let mut sides = Vec::new();
        loop {
            if let Some(rest) = text.after(')') {
                return Some((sides, rest));
            }
            let (word, rest) = text.word();
            let digits = word.strip_suffix('L').unwrap_or(word);
            if sides.len() == MOST_SIDES || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            sides.push(digits.parse().ok()?);
            text = rest.after(',').unwrap_or(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Header> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.bytes());
        Header::read(&mut bytes.as_slice()).ok()
    }

    #[test]
    fn headers_of_every_python_are_read() {
        for text in [
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 6, 6), }   \n",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3L, 6L, 6L), }  ",
            "{\"shape\":(3,6,6),\"fortran_order\":False,\"descr\":\"<f8\"}",
        ] {
            let header = read(text).unwrap();
            assert_eq!(header.shape, [3, 6, 6]);
            assert_eq!(header.elements, Some(Elements::Numbers(NumberType::F64)));
            assert_eq!((header.order, header.big_endian), (Order::RowMajor, false));
        }
        let scalar = read("{'descr': '>U5', 'fortran_order': True, 'shape': (), }").unwrap();
        assert_eq!(scalar.elements, Some(Elements::Characters(5)));
        assert_eq!((scalar.order, scalar.big_endian), (Order::ColumnMajor, true));
        assert_eq!(scalar.data_bytes(), Some(20));
        assert_eq!(
            read("{'descr': '|O', 'fortran_order': True, 'shape': (), }").unwrap().elements,
            None
        );
    }

    #[test]
    fn what_is_written_is_read() {
        for shape in [&[][..], &[7], &[3, 6, 6]] {
            let bytes = header("<f4", shape);
            assert_eq!(bytes.len() % 64, 0);
            let header = Header::read(&mut bytes.as_slice()).ok().unwrap();
            assert_eq!((header.shape.as_slice(), header.length), (shape, bytes.len() as u64));
        }
    }

    #[test]
    fn what_is_no_header_is_refused() {
        for text in [
            "",
            "{",
            "{'descr': '<f8', 'fortran_order': False}",
            "{'descr': '<f8', 'fortran_order': No, 'shape': ()}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-2,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (0x1,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': ((((2))))}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}",
            "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': ()} x",
        ] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
