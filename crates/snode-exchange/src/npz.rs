//! NumPy's .npz: arrays by name in a ZIP archive.
//!
//! `weights` \[layer, out, in\], `biases` \[layer, out\], and a scalar array for every property of the
//! [`Description`]: numbers as numbers, texts as Unicode strings.

use std::io::{Read, Seek};

use snode_numpy::{Archive, ArchiveWriter, Elements, Header, NumberType};
use snode_ode::Network;

use crate::description::PropertyKind;
use crate::imported::{check_left_over, listed};
use crate::limits::{MAX_BYTES, MAX_TEXT};
use crate::write::{biases, check_ends, check_uniform, weights, weights_shape};
use crate::{ArrayHead, Description, Element, ExchangeError, Imported, LayersReader};

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
pub fn read_npz<R: Read + Seek>(source: R, ignore: &[String]) -> Result<Imported, ExchangeError> {
    let mut archive = Archive::open(source, MAX_BYTES)?;
    let names = archive.names();
    let ours = |file: &str| {
        let name = file.strip_suffix(".npy");
        name.is_some_and(|name| ARRAYS.contains(&name) || Description::KEYS.contains(&name))
    };
    let left_over = names.iter().filter(|name| !ours(name));
    check_left_over(left_over.map(|name| name.strip_suffix(".npy").unwrap_or(name)), ignore)?;
    let mut required = |name: &str| match archive.header(name)? {
        Some(header) => Ok((numbers_of(name, &header)?, header)),
        None => Err(ExchangeError::Missing {
            object: object(name),
            found: listed(names.iter().map(String::as_str)),
        }),
    };
    let [weights, biases] = [required(ARRAYS[0])?, required(ARRAYS[1])?];
    let description = description(&mut archive)?;
    let mut layers = LayersReader::of_stacks(&weights.0, &biases.0, archive.length())?;
    let all = 0..weights.0.shape[0];
    let (head, header) = &biases;
    archive.numbers(ARRAYS[1], header, head.kind, |next| {
        layers.biases(all.clone(), header.order, || Ok(next()?))
    })?;
    let (head, header) = &weights;
    archive.numbers(ARRAYS[0], header, head.kind, |next| {
        layers.weights(all.clone(), header.order, || Ok(next()?))
    })?;
    Ok(Imported { layers: layers.finish(), stored: weights.0.kind, description })
}

/// The arrays of the parameters.
const ARRAYS: [&str; 2] = ["weights", "biases"];

fn object(name: &str) -> String {
    format!("the array `{name}`")
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

/// What the archive says of the network.
fn description<R: Read + Seek>(archive: &mut Archive<R>) -> Result<Description, ExchangeError> {
    let mut texts = Vec::new();
    for key in Description::KEYS {
        if let Some(header) = archive.header(key)? {
            texts.push((key, archive.scalar(key, &header, MAX_TEXT)?));
        }
    }
    let find = |key| texts.iter().find(|(name, _)| *name == key).map(|(_, text)| text.clone());
    Description::from_texts(find)
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
    check_ends(network, "NumPy .npz")?;
    check_uniform(network, "NumPy .npz")?;
    let mut archive = ArchiveWriter::new();
    let (shape, nodes) = (weights_shape(network.map()), network.parameters().nodes());
    let all = weights(network.parameters(), 0..nodes);
    archive.add(ARRAYS[0], T::NUMPY, &[&[nodes], &shape[..]].concat(), &all)?;
    let all = biases(network.parameters(), 0..nodes);
    archive.add(ARRAYS[1], T::NUMPY, &[nodes, shape[0]], &all)?;
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
        archive.add(key, &kind, &[], &bytes)?;
    }
    Ok(archive.finish()?)
}
