//! Data sets as NumPy reads them.

use std::io::Write;
use std::path::Path;

use snode_files::{Existing, replace};
use snode_numpy::{ArchiveWriter, NumpyError};

use super::numpy::{CLASSES, MAX_VALUE};
use super::shape::InputShape;
use crate::{Dataset, Error, Images, Result, Targets, Task};

/// The bytes of an .npz file with `x_train`, `y_train`, `x_test` and `y_test`: inputs \[count, rows,
/// columns\], or \[count, channels, rows, columns\], of bytes, or of two bytes if there are more than 256 shades, and class numbers as bytes or
/// real targets \[count, components\]; and the numbers `max_value`, which stands for full
/// foreground, and, of a classification, `classes`.
///
/// [`load_npz`](super::load_npz) gives the same data set back.
///
/// # Errors
///
/// If there are 4 GiB or more.
pub fn npz_bytes(dataset: &Dataset) -> std::result::Result<Vec<u8>, NumpyError> {
    let mut archive = ArchiveWriter::new();
    for (split, x, y) in
        [(dataset.train(), "x_train", "y_train"), (dataset.test(), "x_test", "y_test")]
    {
        let images = split.images();
        let (kind, pixels) = elements(images);
        archive.add(x, kind, &sides(images), &pixels)?;
        match split.targets() {
            Targets::Classes(labels) => archive.add(y, "|u1", &[split.len()], labels)?,
            Targets::Vectors { components, values } => {
                let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                archive.add(y, "<f8", &[split.len(), *components], &bytes)?;
            }
        }
    }
    let number = |number: usize| (number as u64).to_le_bytes();
    let max_value = number(dataset.train().images().max_value().into());
    archive.add(MAX_VALUE, "<u8", &[], &max_value)?;
    if let Task::Classification { classes } = dataset.task() {
        archive.add(CLASSES, "<u8", &[], &number(classes))?;
    }
    archive.finish()
}

/// Writes [`npz_bytes`] to a file, which appears complete or not at all.
///
/// # Errors
///
/// If there are 4 GiB or more, a file is there that is to be kept, or the file cannot be written.
pub fn write_npz(path: &Path, dataset: &Dataset, existing: Existing) -> Result<()> {
    let failed = |error| Error::Numpy { path: path.to_owned(), source: Box::new(error) };
    let bytes = npz_bytes(dataset).map_err(failed)?;
    let io_error = |source| Error::Io { path: path.to_owned(), action: "writing", source };
    replace(path, existing, |replacement| replacement.file().write_all(&bytes).map_err(io_error))
}

/// The sides of the array, with one for the channels if they are read as such.
fn sides(images: &Images) -> Vec<usize> {
    let (rows, cols, channels) = (images.rows(), images.cols(), images.channels());
    let with_channels = [images.len(), channels, rows / channels, cols];
    match InputShape::of(&with_channels) {
        Some(shape) if channels > 1 && shape.channels == channels => with_channels.into(),
        _ => vec![images.len(), rows, cols],
    }
}

/// The pixels as NumPy has them, and their type.
fn elements(images: &Images) -> (&'static str, Vec<u8>) {
    let pixels = images.pixels();
    if u8::try_from(images.max_value()).is_ok() {
        ("|u1", pixels.iter().map(|&pixel| pixel as u8).collect())
    } else {
        ("<u2", pixels.iter().flat_map(|pixel| pixel.to_le_bytes()).collect())
    }
}
