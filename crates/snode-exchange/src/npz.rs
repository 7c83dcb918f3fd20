//! NumPy's .npz: arrays by name in a ZIP archive.
//!
//! `weights` \[layer, out, in\], `biases` \[layer, out\], and a scalar array for every property of the
//! [`Description`]: numbers as numbers, texts as Unicode strings.

use std::io::{Cursor, Read, Seek, SeekFrom, Write};

use snode_ode::Network;
use zip::read::ZipFile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::description::PropertyKind;
use crate::imported::{check_left_over, listed};
use crate::limits::{LARGEST_RATIO, MAX_BYTES, MAX_CONTENTS, MAX_TEXT};
use crate::npy::{self, Elements, Header};
use crate::number::Numbers;
use crate::write::{biases, weights, weights_shape};
use crate::{
    ArrayHead, Description, Element, ExchangeError, Imported, LayersReader, NumberType, Order,
};

const FORMAT: &str = "NumPy .npz";

/// Reads a network from an .npz file, compressed or not.
///
/// Arrays may be in C or in Fortran order and of either byte order; `weights` and `biases` are f2, f4
/// or f8, one of them for both. Every other array named as a property of the [`Description`] is one
/// number or text. Further ones are refused, unless `ignore` has their names, or beginnings of them
/// with a `*` behind.
///
/// Types and shapes of all arrays are looked at before any is read, and the checksums of those that
/// are read are verified.
///
/// # Errors
/// If the file cannot be read or is not an .npz file, an array is missing, left over, damaged or does
/// not fit, a number is not finite, or a property has no meaning.
pub fn read_npz<R: Read + Seek>(
    mut source: R,
    ignore: &[String],
) -> Result<Imported, ExchangeError> {
    let length = check_directory(&mut source)?;
    let mut archive = ZipArchive::new(source).map_err(failed)?;
    let names: Vec<String> = archive.file_names().flatten().map(|name| name.to_string()).collect();
    let ours = |file: &str| {
        let name = file.strip_suffix(".npy");
        name.is_some_and(|name| ARRAYS.contains(&name) || Description::KEYS.contains(&name))
    };
    let left_over = names.iter().filter(|name| !ours(name));
    check_left_over(left_over.map(|name| name.strip_suffix(".npy").unwrap_or(name)), ignore)?;
    let mut required = |name: &str| match header(&mut archive, name)? {
        Some(header) => Ok((numbers_of(name, &header)?, header)),
        None => Err(ExchangeError::Missing {
            object: object(name),
            found: listed(names.iter().map(String::as_str)),
        }),
    };
    let [weights, biases] = [required(ARRAYS[0])?, required(ARRAYS[1])?];
    let description = description(&mut archive)?;
    let mut layers = LayersReader::of_stacks(&weights.0, &biases.0, length)?;
    let all = 0..weights.0.shape[0];
    read_numbers(&mut archive, ARRAYS[1], &biases, |order, next| {
        layers.biases(all.clone(), order, next)
    })?;
    read_numbers(&mut archive, ARRAYS[0], &weights, |order, next| {
        layers.weights(all.clone(), order, next)
    })?;
    Ok(Imported { layers: layers.finish(), stored: weights.0.kind, description })
}

/// The arrays of the parameters.
const ARRAYS: [&str; 2] = ["weights", "biases"];

fn object(name: &str) -> String {
    format!("the array `{name}`")
}

/// Looks at the end of an archive, which says how long its list of contents is; gives the length of
/// the whole.
fn check_directory(source: &mut (impl Read + Seek)) -> Result<u64, ExchangeError> {
    /// The bytes at the end of an archive without a comment, and the longest comment.
    const END: usize = 22;
    const LONGEST_COMMENT: usize = 0xffff;
    let io = |error| ExchangeError::reading(FORMAT, error);
    let length = source.seek(SeekFrom::End(0)).map_err(io)?;
    ExchangeError::limit("the file", length.into(), MAX_BYTES)?;
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
    ExchangeError::limit("the list of contents", contents.into(), MAX_CONTENTS)?;
    Ok(length)
}

/// The entry of an array, if the archive has it.
fn entry<'a, R: Read + Seek>(
    archive: &'a mut ZipArchive<R>,
    name: &str,
) -> Result<Option<ZipFile<'a, R>>, ExchangeError> {
    let Some(index) = archive.index_for_name(&format!("{name}.npy")) else { return Ok(None) };
    archive.by_index(index).map(Some).map_err(failed)
}

/// The header of an array, if the archive has it; its elements fill the rest of the entry.
fn header<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    name: &str,
) -> Result<Option<Header>, ExchangeError> {
    let Some(mut entry) = entry(archive, name)? else { return Ok(None) };
    let object = object(name);
    let header = Header::read(&mut entry).map_err(|problem| problem.of(FORMAT, &object))?;
    let (size, compressed) = (entry.size(), entry.compressed_size());
    if u128::from(size) > u128::from(compressed) * LARGEST_RATIO + u128::from(header.length) {
        return Err(failed(format!(
            "{object} claims {size} bytes in {compressed} compressed ones"
        )));
    }
    if header.elements.is_some() {
        let found = size.saturating_sub(header.length);
        if header.data_bytes() != Some(found) {
            let shape = &header.shape;
            return Err(failed(format!(
                "{object} has {found} bytes of elements, which are not those of {} of shape {shape:?}",
                header.descr
            )));
        }
    }
    Ok(Some(header))
}

/// What an array of parameters is said to be.
fn numbers_of(name: &str, header: &Header) -> Result<ArrayHead, ExchangeError> {
    use NumberType::{F16, F32, F64};
    let Some(Elements::Numbers(kind @ (F16 | F32 | F64))) = header.elements else {
        return Err(ExchangeError::Type {
            object: object(name),
            found: header.descr.clone(),
            allowed: "f2, f4, f8".into(),
        });
    };
    let head = ArrayHead { name: object(name), shape: header.shape.clone(), kind };
    head.count()?;
    Ok(head)
}

/// Reads the numbers of an array to its end, which verifies its checksum.
fn read_numbers<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    name: &str,
    (head, header): &(ArrayHead, Header),
    read: impl FnOnce(
        Order,
        &mut dyn FnMut() -> Result<f64, ExchangeError>,
    ) -> Result<(), ExchangeError>,
) -> Result<(), ExchangeError> {
    let reading = |error| ExchangeError::reading(FORMAT, error);
    let Some(mut entry) = entry(archive, name)? else { return Ok(()) };
    skip(&mut entry, header)?;
    let mut numbers = Numbers::new(&mut entry, head.kind, header.big_endian, head.count()?);
    read(header.order, &mut || numbers.next().map_err(reading))?;
    ends(name, &mut entry)
}

fn skip(entry: &mut impl Read, header: &Header) -> Result<(), ExchangeError> {
    std::io::copy(&mut entry.take(header.length), &mut std::io::sink())
        .map_err(|error| ExchangeError::reading(FORMAT, error))?;
    Ok(())
}

/// Looks whether an entry ends here; the archive's checksum is verified at its end.
fn ends(name: &str, entry: &mut impl Read) -> Result<(), ExchangeError> {
    match entry.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(failed(format!("{} is longer than it is said to be", object(name)))),
        // What the archive's reader says of a wrong checksum; damage to compressed data has been noticed
        // before.
        Err(_) => Err(ExchangeError::Damaged { object: object(name) }),
    }
}

/// What the archive says of the network.
fn description<R: Read + Seek>(archive: &mut ZipArchive<R>) -> Result<Description, ExchangeError> {
    let mut texts = Vec::new();
    for key in Description::KEYS {
        if let Some(header) = header(archive, key)? {
            texts.push((key, scalar(archive, key, &header)?));
        }
    }
    let find = |key| texts.iter().find(|(name, _)| *name == key).map(|(_, text)| text.clone());
    Description::from_texts(find)
}

/// An array of one number or text, as a text.
fn scalar<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    name: &str,
    header: &Header,
) -> Result<String, ExchangeError> {
    let object = object(name);
    if header.shape.iter().any(|&side| side != 1) {
        let (found, expected) = (header.shape.clone(), "a scalar".into());
        return Err(ExchangeError::Shape { object, found, expected });
    }
    let Some(elements) = &header.elements else {
        let (found, allowed) = (header.descr.clone(), "f4, f8, i4, i8, S, U".into());
        return Err(ExchangeError::Type { object, found, allowed });
    };
    ExchangeError::limit(&object, elements.size() as u128, MAX_TEXT as u64)?;
    let Some(mut entry) = entry(archive, name)? else { return Ok(String::new()) };
    skip(&mut entry, header)?;
    let mut bytes = vec![0; elements.size()];
    entry.read_exact(&mut bytes).map_err(|error| ExchangeError::reading(FORMAT, error))?;
    ends(name, &mut entry)?;
    let text = match elements {
        Elements::Bytes(_) => String::from_utf8(bytes).ok(),
        Elements::Characters(_) => bytes
            .as_chunks()
            .0
            .iter()
            .map(|&point| {
                let decode =
                    if header.big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
                char::from_u32(decode(point))
            })
            .collect(),
        Elements::Numbers(kind) => {
            let mut numbers = Numbers::new(bytes.as_slice(), *kind, header.big_endian, 1);
            let number = numbers.next().map_err(|error| ExchangeError::reading(FORMAT, error))?;
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

/// The bytes of an .npz file with a network, uncompressed as by `numpy.savez`.
///
/// What the network says of itself takes precedence over the `description`. The same network gives
/// the same bytes.
///
/// # Errors
/// If the archive cannot be written.
pub fn write_npz<T: Element>(
    network: &Network<T>,
    description: &Description,
) -> Result<Vec<u8>, ExchangeError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let (shape, nodes) = (weights_shape(network.map()), network.parameters().nodes());
    let all = weights(network.parameters(), 0..nodes);
    add(&mut archive, ARRAYS[0], T::NUMPY, &[&[nodes], &shape[..]].concat(), &all)?;
    let all = biases(network.parameters(), 0..nodes);
    add(&mut archive, ARRAYS[1], T::NUMPY, &[nodes, shape[0]], &all)?;
    for (key, text) in Description::of(network).or(description.clone()).to_texts() {
        let (kind, bytes): (String, Vec<u8>) = match Description::kind(key) {
            PropertyKind::Number => {
                ("<f8".into(), text.parse::<f64>().unwrap_or(f64::NAN).to_le_bytes().into())
            }
            PropertyKind::Count => {
                ("<i8".into(), text.parse::<i64>().unwrap_or(i64::MAX).to_le_bytes().into())
            }
            PropertyKind::Text => {
                let points = text.chars().flat_map(|c| u32::from(c).to_le_bytes());
                let bytes: Vec<u8> = points.collect();
                let kind = format!("<U{}", text.chars().count().max(1));
                (kind, if bytes.is_empty() { vec![0; 4] } else { bytes })
            }
        };
        add(&mut archive, key, &kind, &[], &bytes)?;
    }
    let unwritable = |error: zip::result::ZipError| unwritable(&error);
    Ok(archive.finish().map_err(unwritable)?.into_inner())
}

fn add(
    archive: &mut ZipWriter<Cursor<Vec<u8>>>,
    name: &str,
    kind: &str,
    shape: &[usize],
    data: &[u8],
) -> Result<(), ExchangeError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(data.len() as u64 > u64::from(u32::MAX) / 2);
    archive.start_file(format!("{name}.npy"), options).map_err(|error| unwritable(&error))?;
    let header = npy::header(kind, shape);
    archive.write_all(&header).map_err(|error| unwritable(&error))?;
    archive.write_all(data).map_err(|error| unwritable(&error))
}

fn unwritable(error: &dyn std::fmt::Display) -> ExchangeError {
    ExchangeError::Unwritable { format: FORMAT, problem: error.to_string() }
}

#[allow(clippy::needless_pass_by_value)] // as map_err gives it
fn failed(error: impl ToString) -> ExchangeError {
    ExchangeError::format(FORMAT, error)
}
