//! Writing IDX files.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use snode_files::{Existing, replace};

use super::{IMAGES_MAGIC, LABELS_MAGIC};
use crate::{Error, Images, Result};

/// Writes images to an IDX file, gzipped if the name ends in `.gz`.
///
/// The file appears complete or not at all, and replaces one of the same name.
///
/// # Errors
///
/// If the maximal value of the images is not 255 (see [`Images::rescaled`]) or the file cannot be
/// written.
pub fn write_images(path: &Path, images: &Images) -> Result<()> {
    let max_value = images.max_value();
    if max_value != u16::from(u8::MAX) {
        return Err(Error::NotBytes { max_value });
    }
    let sizes = [images.len(), images.rows(), images.cols()];
    write_file(path, |file| {
        write_header(file, IMAGES_MAGIC, &sizes)?;
        let mut bytes = Vec::with_capacity(images.width());
        for image in images {
            bytes.clear();
            bytes.extend(image.iter().map(|&p| p as u8));
            file.write_all(&bytes)?;
        }
        Ok(())
    })
}

/// Writes labels to an IDX file, gzipped if the name ends in `.gz`.
///
/// The file appears complete or not at all, and replaces one of the same name.
///
/// # Errors
///
/// If there are more than [`MAX_PIXELS`](crate::limits::MAX_PIXELS) labels or the file cannot be
/// written.
pub fn write_labels(path: &Path, labels: &[u8]) -> Result<()> {
    crate::images::check_count("number of labels", labels.len(), 0, crate::limits::MAX_PIXELS)?;
    write_file(path, |file| {
        write_header(file, LABELS_MAGIC, &[labels.len()])?;
        file.write_all(labels)
    })
}

/// Writes the magic bytes and the sizes, which the crate's limits keep below 2^32.
fn write_header(file: &mut dyn Write, magic: [u8; 4], sizes: &[usize]) -> io::Result<()> {
    file.write_all(&magic)?;
    sizes.iter().try_for_each(|&size| file.write_all(&(size as u32).to_be_bytes()))
}

/// Writes a file that appears complete or not at all, gzipped if its name ends in `.gz`.
fn write_file(path: &Path, contents: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let io_error = |source| Error::Io { path: path.to_owned(), action: "writing", source };
    replace(path, Existing::Replace, |replacement| {
        let mut file = BufWriter::new(replacement.file());
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz")) {
            let mut encoder = GzEncoder::new(&mut file, Compression::best());
            contents(&mut encoder).and_then(|()| encoder.finish()).map_err(io_error)?;
        } else {
            contents(&mut file).map_err(io_error)?;
        }
        file.flush().map_err(io_error)
    })
}
