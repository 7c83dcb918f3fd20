//! NumPy's .npz: arrays by name in a ZIP archive.
//!
//! `weights` \[layer, out, in\], `biases` \[layer, out\], and a scalar array for every property of the
//! [`Description`]: numbers as numbers, texts as Unicode strings.

use std::io::{Cursor, Read, Seek, Write};

use npyz::{DType, NpyFile, NpyHeader, TypeChar, WriterBuilder};
use snode_ode::Network;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::array::{Array, Order, Values, count};
use crate::limits::MAX_BYTES;
use crate::safetensors::listed;
use crate::write::{biases, weights};
use crate::{Description, Element, ExchangeError, Imported, Layers};

const FORMAT: &str = "NumPy .npz";

/// Reads a network from the bytes of an .npz file, compressed or not.
///
/// Arrays may be in C or in Fortran order and of either byte order; `weights` and `biases` are f4 or
/// f8, one of them for both. Every other array named as a property of the [`Description`] is one
/// number or text; further ones are left alone.
///
/// # Errors
/// If the bytes are not an .npz file, an array is missing or does not fit, a number is not finite,
/// or a property has no meaning.
pub fn read_npz(bytes: &[u8]) -> Result<Imported, ExchangeError> {
    ExchangeError::limit("the file", bytes.len() as u128, MAX_BYTES)?;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(failed)?;
    let mut required = |name: &str| match entry(&mut archive, name)? {
        Some(npy) => array(name, npy),
        None => Err(ExchangeError::Missing {
            object: format!("the array `{name}`"),
            found: {
                let names: Vec<_> = archive.file_names().flatten().collect();
                listed(names.iter().map(AsRef::as_ref))
            },
        }),
    };
    let layers = Layers::stacked(&required("weights")?, &required("biases")?)?;
    let mut texts = Vec::new();
    for key in Description::KEYS {
        if let Some(npy) = entry(&mut archive, key)? {
            texts.push((key, scalar(key, npy)?));
        }
    }
    let find = |key| texts.iter().find(|(name, _)| *name == key).map(|(_, text)| text.clone());
    Ok(Imported { layers, description: Description::from_texts(find)? })
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
    let (n, nodes) = (network.width() as u64, network.parameters().nodes());
    let all = weights(network.parameters(), 0..nodes);
    add(&mut archive, "weights", T::NUMPY, &[nodes as u64, n, n], &all)?;
    let all = biases(network.parameters(), 0..nodes);
    add(&mut archive, "biases", T::NUMPY, &[nodes as u64, n], &all)?;
    for (key, text) in Description::of(network).or(description.clone()).to_texts() {
        let (kind, bytes) = match key {
            "horizon" | "background" | "foreground" => ("<f8".into(), number_bytes(&text)),
            "classes" | "rows" | "cols" => ("<i8".into(), count_bytes(&text)),
            _ => {
                let kind = format!("<U{}", text.chars().count().max(1));
                let points = text.chars().flat_map(|c| u32::from(c).to_le_bytes());
                let bytes: Vec<u8> = points.collect();
                (kind, if bytes.is_empty() { vec![0; 4] } else { bytes })
            }
        };
        add(&mut archive, key, &kind, &[], &bytes)?;
    }
    let unwritable = |error: zip::result::ZipError| unwritable(&error);
    Ok(archive.finish().map_err(unwritable)?.into_inner())
}

fn number_bytes(text: &str) -> Vec<u8> {
    text.parse::<f64>().unwrap_or(f64::NAN).to_le_bytes().into()
}

fn count_bytes(text: &str) -> Vec<u8> {
    text.parse::<i64>().unwrap_or(i64::MAX).to_le_bytes().into()
}

fn add(
    archive: &mut ZipWriter<Cursor<Vec<u8>>>,
    name: &str,
    kind: &str,
    shape: &[u64],
    data: &[u8],
) -> Result<(), ExchangeError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(data.len() as u64 > u64::from(u32::MAX) / 2);
    archive.start_file(format!("{name}.npy"), options).map_err(|error| unwritable(&error))?;
    let kind = kind.parse().map_err(|error| unwritable(&error))?;
    npyz::WriteOptions::new_header_only()
        .dtype(DType::Plain(kind))
        .shape(shape)
        .writer(&mut *archive)
        .write_header_only()
        .map_err(|error| unwritable(&error))?;
    archive.write_all(data).map_err(|error| unwritable(&error))
}

fn unwritable(error: &dyn std::fmt::Display) -> ExchangeError {
    ExchangeError::Unwritable { format: FORMAT, problem: error.to_string() }
}

#[allow(clippy::needless_pass_by_value)] // as map_err gives it
fn failed(error: impl ToString) -> ExchangeError {
    ExchangeError::format(FORMAT, error)
}

/// An array file: its header, and the bytes behind it.
struct Npy {
    header: NpyHeader,
    data: Vec<u8>,
}

/// The array of a name, if the archive has it.
fn entry<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    name: &str,
) -> Result<Option<Npy>, ExchangeError> {
    let Some(index) = archive.index_for_name(&format!("{name}.npy")) else { return Ok(None) };
    let file = archive.by_index(index).map_err(failed)?;
    ExchangeError::limit(&format!("the array `{name}`"), file.size().into(), MAX_BYTES)?;
    // What is really there is bounded by what is said to be there, and grows as it is read.
    let (size, mut bytes) = (file.size(), Vec::new());
    file.take(size).read_to_end(&mut bytes).map_err(failed)?;
    let mut rest = bytes.as_slice();
    check_header(name, rest)?;
    let header = NpyHeader::from_reader(&mut rest).map_err(failed)?;
    let data = rest.to_vec();
    Ok(Some(Npy { header, data }))
}

/// The longest header that is read; those of plain arrays have 118 or 54 bytes.
const MAX_HEADER: usize = 1024;

/// Refuses headers that are no plain array's: those that nest, or have sides whose product could
/// overflow, as npyz does not.
fn check_header(name: &str, bytes: &[u8]) -> Result<(), ExchangeError> {
    let length = match bytes {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, _, a, b, ..] => u32::from_le_bytes([*a, *b, 0, 0]),
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, _, a, b, c, d, ..] => {
            u32::from_le_bytes([*a, *b, *c, *d])
        }
        _ => return Err(failed(format!("`{name}.npy` is not an array file"))),
    };
    ExchangeError::limit(&format!("the header of `{name}`"), length.into(), MAX_HEADER as u64)?;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(12 + length as usize)]);
    let words = || text.split(|c: char| !c.is_alphanumeric() && c != '_');
    let numbers = || words().filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let brackets = text.matches(['(', '[', '{']).count();
    if brackets > 4 || numbers().count() > 4 || numbers().any(|number| number.len() > 4) {
        return Err(failed(format!(
            "`{name}.npy` is not a plain array of at most 3 sides below 10000"
        )));
    }
    Ok(())
}

/// An array of numbers.
fn array(name: &str, npy: Npy) -> Result<Array, ExchangeError> {
    let object = format!("the array `{name}`");
    let Npy { header, data } = npy;
    let shape: Vec<usize> = header.shape().iter().map(|&side| side as usize).collect();
    let expected = count(&object, &shape)?;
    let order = match header.order() {
        npyz::Order::C => Order::RowMajor,
        npyz::Order::Fortran => Order::ColumnMajor,
    };
    let size = match header.dtype() {
        DType::Plain(kind) if kind.type_char() == TypeChar::Float => kind.num_bytes(),
        _ => None,
    };
    let Some(size @ (4 | 8)) = size else {
        let found = header.dtype().descr();
        return Err(ExchangeError::Type { object, found, allowed: "f4, f8".into() });
    };
    if data.len() != expected * size {
        let found = data.len();
        return Err(failed(format!("{object} has {found} bytes for {expected} numbers")));
    }
    let npy = NpyFile::with_header(header, data.as_slice());
    let values = if size == 4 {
        Values::F32(npy.into_vec().map_err(failed)?)
    } else {
        Values::F64(npy.into_vec().map_err(failed)?)
    };
    Array::new(object, shape, order, values)
}

/// An array of one number or text, as a text.
fn scalar(name: &'static str, npy: Npy) -> Result<String, ExchangeError> {
    let object = format!("the array `{name}`");
    let Npy { header, data } = npy;
    let shape: Vec<usize> = header.shape().iter().map(|&side| side as usize).collect();
    if count(&object, &shape)? != 1 {
        return Err(ExchangeError::Shape { object, found: shape, expected: "a scalar".into() });
    }
    let dtype = header.dtype();
    let kind = match &dtype {
        DType::Plain(kind) => Some((kind.type_char(), kind.num_bytes())),
        _ => None,
    };
    let npy = NpyFile::with_header(header, data.as_slice());
    let text = match kind {
        Some((TypeChar::Float, Some(4))) => first::<f32>(npy)?.map(|value| value.to_string()),
        Some((TypeChar::Float, Some(8))) => first::<f64>(npy)?.map(|value| value.to_string()),
        Some((TypeChar::Int, Some(4))) => first::<i32>(npy)?.map(|value| value.to_string()),
        Some((TypeChar::Int, Some(8))) => first::<i64>(npy)?.map(|value| value.to_string()),
        Some((TypeChar::UnicodeStr | TypeChar::ByteStr, Some(_))) => first::<String>(npy)?,
        _ => {
            let allowed = "f4, f8, i4, i8, S, U".into();
            return Err(ExchangeError::Type { object, found: dtype.descr(), allowed });
        }
    };
    text.ok_or_else(|| failed(format!("{object} is empty")))
}

fn first<T: npyz::Deserialize>(npy: NpyFile<&[u8]>) -> Result<Option<T>, ExchangeError> {
    npy.data().map_err(failed)?.next().transpose().map_err(failed)
}
