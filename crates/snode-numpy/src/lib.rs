//! NumPy's array files: .npy, one array, and .npz, arrays by name in a ZIP archive.
//!
//! * [`Archive`] reads the arrays of an .npz file, [`ArrayFile`] that of an .npy file.
//! * [`Header`] says what an array is: the type of its elements, their order, its shape.
//! * [`Numbers`] gives numbers of any [`NumberType`] one after the other.
//! * [`ArchiveWriter`] makes an .npz file in memory.
//!
//! Files are not trusted. Types, shapes and sizes are looked at before anything is inflated, and are
//! compared with the length of the file; numbers are read in pieces, so that a reader takes no more
//! memory than what it makes of them; checksums of what is read are verified; whatever does not fit is
//! a [`NumpyError`]. Arrays of Python objects, which are programs, are not read.
//!
//! ```
//! use std::io::Cursor;
//!
//! use snode_numpy::{Archive, ArchiveWriter};
//!
//! let mut writer = ArchiveWriter::new();
//! writer.add("x", "<f8", &[2], &[1.5_f64.to_le_bytes(), 2.5_f64.to_le_bytes()].concat())?;
//!
//! let mut archive = Archive::open(Cursor::new(writer.finish()?), 1 << 20)?;
//! let header = archive.header("x")?.ok_or("there is no such array")?;
//! assert_eq!(header.shape, [2]);
//! let kind = header.number_type("x")?;
//! let sum = archive.numbers("x", &header, kind, |next| {
//!     Ok::<_, snode_numpy::NumpyError>(next()? + next()?)
//! })?;
//! assert_eq!(sum, 4.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod archive;
mod error;
mod npy;
mod number;
mod write;

pub use archive::Archive;
pub use error::{NumpyError, ReadError};
pub use npy::{ArrayFile, Elements, Header, Order};
pub use number::{NumberType, Numbers};
pub use write::ArchiveWriter;

/// Deflate makes nothing smaller than by this factor.
pub const LARGEST_RATIO: u64 = 1032;

// Errors go from thread to thread, and into the boxes of other libraries.
const _: fn() = || {
    fn travels<E: std::error::Error + Send + Sync + 'static>() {}
    travels::<NumpyError>();
};
