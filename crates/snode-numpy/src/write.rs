//! Writing .npz files.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::NumpyError;
use crate::archive::FORMAT;
use crate::npy::header;

/// An .npz file in memory, uncompressed as by `numpy.savez`. The same arrays give the same bytes.
#[derive(Debug)]
pub struct ArchiveWriter(ZipWriter<Cursor<Vec<u8>>>);

impl Default for ArchiveWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl ArchiveWriter {
    /// Without an array.
    pub fn new() -> Self {
        Self(ZipWriter::new(Cursor::new(Vec::new())))
    }

    /// Adds an array of elements of the type that NumPy calls `descr`, such as `<f4`, row by row.
    ///
    /// # Errors
    /// If the archive cannot hold it, or an array of that name is there.
    pub fn add(
        &mut self,
        name: &str,
        descr: &str,
        shape: &[usize],
        elements: &[u8],
    ) -> Result<(), NumpyError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(elements.len() as u64 > u64::from(u32::MAX) / 2);
        let unwritable = |error: zip::result::ZipError| unwritable(&error);
        self.0.start_file(format!("{name}.npy"), options).map_err(unwritable)?;
        for bytes in [&header(descr, shape), elements] {
            self.0.write_all(bytes).map_err(|error| unwritable_io(&error))?;
        }
        Ok(())
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// If the archive cannot be ended.
    pub fn finish(self) -> Result<Vec<u8>, NumpyError> {
        self.0.finish().map(Cursor::into_inner).map_err(|error| unwritable(&error))
    }
}

fn unwritable(error: &zip::result::ZipError) -> NumpyError {
    NumpyError::Unwritable { format: FORMAT, problem: error.to_string() }
}

fn unwritable_io(error: &std::io::Error) -> NumpyError {
    NumpyError::Unwritable { format: FORMAT, problem: error.to_string() }
}
