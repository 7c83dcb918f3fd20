//! HDF5 files without the locks of the HDF5 library.
//!
//! The library takes a lock (`flock`) of every file that it opens, for as long as the file is open. A
//! process that is started meanwhile inherits it, and keeps it after the file is closed: others are then
//! refused for no reason. The files of this crate have the locks of `snode-files`, which no process
//! inherits, and are replaced rather than changed, so that the library's own are not needed.
//!
//! The library can do without from 1.10.7 and 1.12.1 on; 1.8 has no locks. With those between, and where
//! the environment variable `HDF5_USE_FILE_LOCKING` says otherwise, the locks stay.

use std::path::Path;

use hdf5::{File, FileBuilder, Result};

/// Opens a file for reading, without a lock.
///
/// # Errors
/// If it cannot be opened, or is no HDF5 file.
pub fn open_hdf5(path: impl AsRef<Path>) -> Result<File> {
    builder().open(path)
}

/// Opens a file for reading and writing, without a lock.
pub(crate) fn open_hdf5_for_writing(path: &Path) -> Result<File> {
    builder().open_rw(path)
}

/// Makes an empty file in the place of what is at `path`, without a lock; before the HDF5 part there are
/// `reserved` bytes.
pub(crate) fn create_hdf5(path: &Path, reserved: u64) -> Result<File> {
    builder().with_fcpl(|properties| properties.userblock(reserved)).create(path)
}

fn builder() -> FileBuilder {
    let mut builder = File::with_options();
    #[cfg(hdf5_locks_can_be_off)]
    builder.with_fapl(|properties| properties.file_locking(false));
    builder
}
