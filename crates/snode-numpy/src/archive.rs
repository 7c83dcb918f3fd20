//! The arrays of an .npz file.

use std::io::{Read, Seek, SeekFrom};

use zip::ZipArchive;
use zip::read::ZipFile;

use crate::error::object;
use crate::npy::{Elements, Header};
use crate::number::{NumberType, Numbers};
use crate::{LARGEST_RATIO, NumpyError};

pub(crate) const FORMAT: &str = "NumPy .npz";
/// The longest list of contents of an archive.
const MAX_CONTENTS: u64 = 4 << 20;

/// An .npz file whose list of contents has been read.
pub struct Archive<R> {
    archive: ZipArchive<R>,
    length: u64,
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the list of contents of an archive of at most `longest` bytes.
    ///
    /// # Errors
    /// If the file cannot be read, is longer, or is not an archive.
    pub fn open(mut source: R, longest: u64) -> Result<Self, NumpyError> {
        let length = check_directory(&mut source, longest)?;
        let archive = ZipArchive::new(source).map_err(failed)?;
        Ok(Self { archive, length })
    }

    /// How many bytes the file has.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The names of what is in the archive: of an array its own, with `.npy` behind.
    pub fn names(&self) -> Vec<String> {
        self.archive.file_names().flatten().map(|name| name.to_string()).collect()
    }

    /// The header of an array, if the archive has it; its elements fill the rest of the entry.
    ///
    /// # Errors
    /// If it is not an array, or does not have the elements it is said to have.
    pub fn header(&mut self, name: &str) -> Result<Option<Header>, NumpyError> {
        let Some(mut entry) = self.entry(name)? else { return Ok(None) };
        let object = object(name);
        let header = Header::read(&mut entry).map_err(|problem| problem.of(FORMAT, &object))?;
        let (size, compressed) = (entry.size(), entry.compressed_size());
        let most = u128::from(compressed) * u128::from(LARGEST_RATIO) + u128::from(header.length);
        if u128::from(size) > most {
            return Err(failed(format!(
                "{object} claims {size} bytes in {compressed} compressed ones"
            )));
        }
        if header.elements.is_some() {
            let found = size.saturating_sub(header.length);
            if header.data_bytes() != Some(found) {
                let shape = &header.shape;
                return Err(failed(format!(
                    "{object} has {found} bytes of elements, which are not those of {} of shape \
                     {shape:?}",
                    header.descr
                )));
            }
        }
        Ok(Some(header))
    }

    /// Has `read` read the numbers of an array, whose header is `header`, one after the other to their
    /// end, where the checksum is verified.
    ///
    /// # Errors
    /// If `read` fails, or the array is damaged.
    pub fn numbers<V, E: From<NumpyError>>(
        &mut self,
        name: &str,
        header: &Header,
        kind: NumberType,
        read: impl FnOnce(&mut dyn FnMut() -> Result<f64, NumpyError>) -> Result<V, E>,
    ) -> Result<V, E> {
        let missing = || failed(format!("{} is missing", object(name)));
        let mut entry = self.entry(name)?.ok_or_else(missing)?;
        skip(&mut entry, header)?;
        let count = header.count().unwrap_or(0);
        let mut numbers = Numbers::new(&mut entry, kind, header.big_endian, count);
        let reading = |error| NumpyError::reading(FORMAT, error);
        let value = read(&mut || numbers.next().map_err(reading))?;
        ends(name, &mut entry)?;
        Ok(value)
    }

    /// An array of one number or text, as a text of at most `longest` bytes.
    ///
    /// # Errors
    /// If it is another array, or damaged.
    pub fn scalar(
        &mut self,
        name: &str,
        header: &Header,
        longest: usize,
    ) -> Result<String, NumpyError> {
        let object = object(name);
        if header.shape.iter().any(|&side| side != 1) {
            let (found, expected) = (header.shape.clone(), "a scalar".into());
            return Err(NumpyError::Shape { object, found, expected });
        }
        let Some(elements) = &header.elements else {
            let (found, expected) = (header.descr.clone(), "f4, f8, i4, i8, S, U".into());
            return Err(NumpyError::Type { object, found, expected });
        };
        NumpyError::limit(&object, elements.size() as u128, longest as u64)?;
        let Some(mut entry) = self.entry(name)? else { return Ok(String::new()) };
        skip(&mut entry, header)?;
        let mut bytes = vec![0; elements.size()];
        entry.read_exact(&mut bytes).map_err(|error| NumpyError::reading(FORMAT, error))?;
        ends(name, &mut entry)?;
        let text = match elements {
            Elements::Bytes(_) => String::from_utf8(bytes).ok(),
            Elements::Characters(_) => characters(&bytes, header.big_endian),
            Elements::Numbers(kind) => {
                let mut numbers = Numbers::new(bytes.as_slice(), *kind, header.big_endian, 1);
                let number = numbers.next().map_err(|error| NumpyError::reading(FORMAT, error))?;
                // A single-precision number in its own shortest form.
                match kind {
                    NumberType::F16 | NumberType::F32 => Some((number as f32).to_string()),
                    _ => Some(number.to_string()),
                }
            }
        };
        let text = text.ok_or_else(|| failed(format!("{object} is not a text")))?;
        Ok(text.trim_end_matches('\0').to_owned())
    }

    /// The entry of an array, if the archive has it.
    fn entry(&mut self, name: &str) -> Result<Option<ZipFile<'_, R>>, NumpyError> {
        let Some(index) = self.archive.index_for_name(&format!("{name}.npy")) else {
            return Ok(None);
        };
        self.archive.by_index(index).map(Some).map_err(failed)
    }
}

/// The text of characters of 4 bytes each.
fn characters(bytes: &[u8], big_endian: bool) -> Option<String> {
    let decode = if big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
    bytes.as_chunks().0.iter().map(|&point| char::from_u32(decode(point))).collect()
}

/// Looks at the end of an archive, which says how long its list of contents is; gives the length of
/// the whole.
fn check_directory(source: &mut (impl Read + Seek), longest: u64) -> Result<u64, NumpyError> {
    /// The bytes at the end of an archive without a comment, and the longest comment.
    const END: usize = 22;
    const LONGEST_COMMENT: usize = 0xffff;
    let io = |error| NumpyError::reading(FORMAT, error);
    let length = source.seek(SeekFrom::End(0)).map_err(io)?;
    NumpyError::limit("the file", length.into(), longest)?;
    let begin = length.saturating_sub((END + LONGEST_COMMENT) as u64);
    source.seek(SeekFrom::Start(begin)).map_err(io)?;
    let mut end = Vec::new();
    source.take(length - begin).read_to_end(&mut end).map_err(io)?;
    let at =
        (0..=end.len().saturating_sub(END)).rev().find(|&at| end[at..].starts_with(b"PK\x05\x06"));
    let Some(record) = at.and_then(|at| end[at..].first_chunk::<END>()) else {
        return Err(failed("it does not end as an archive does"));
    };
    // Archives of 4 GiB say so in a record before, and none that is read is so large.
    if at.is_some_and(|at| at >= 20 && end[at - 20..].starts_with(b"PK\x06\x07")) {
        return Err(failed("its list of contents is that of an archive of 4 GiB or more"));
    }
    let contents = u32::from_le_bytes([record[12], record[13], record[14], record[15]]);
    NumpyError::limit("the list of contents", contents.into(), MAX_CONTENTS)?;
    Ok(length)
}

fn skip(entry: &mut impl Read, header: &Header) -> Result<(), NumpyError> {
    std::io::copy(&mut entry.take(header.length), &mut std::io::sink())
        .map_err(|error| NumpyError::reading(FORMAT, error))?;
    Ok(())
}

/// Looks whether an entry ends here; the archive's checksum is verified at its end.
fn ends(name: &str, entry: &mut impl Read) -> Result<(), NumpyError> {
    match entry.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(failed(format!("{} is longer than it is said to be", object(name)))),
        // What the archive's reader says of a wrong checksum; damage to compressed data has been noticed
        // before.
        Err(_) => Err(NumpyError::Damaged { object: object(name) }),
    }
}

#[allow(clippy::needless_pass_by_value)] // as map_err gives it
fn failed(error: impl ToString) -> NumpyError {
    NumpyError::format(FORMAT, error)
}
