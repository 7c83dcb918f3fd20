//! Files that another program has changed, or that are damaged.

use std::path::Path;

use crate::file::{digest_in, open_unchecked, read_model};
use crate::{Precision, StoreError, appendix, checkpoint, history, info, network};

/// What can be said of a run file that another program has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Examination {
    /// The network has every bit that snode wrote.
    NetworkAsWritten,
    /// The network is not the one that snode wrote: it was changed, or is damaged.
    NetworkChanged,
    /// The file does not say which network was written: it is of an earlier version.
    NotKnown,
}

/// Reads everything of a run file whose seal does not fit, and compares its network with the one that
/// was written.
///
/// The HDF5 library is given a file that may be damaged, which it may not survive: to be called in a
/// process that may be lost.
///
/// # Errors
/// If something in the file cannot be read or does not fit together: it is damaged.
pub fn examine(path: impl AsRef<Path>) -> Result<Examination, StoreError> {
    let path = path.as_ref();
    open_unchecked(path, |root| {
        let found = digest_in(root)?;
        info::read(root)?;
        history::read(root, network::targets(root)?)?;
        match info::read_precision(root)? {
            Precision::F32 => drop(checkpoint::read(root, &read_model::<f32>(root)?.network)?),
            Precision::F64 => drop(checkpoint::read(root, &read_model::<f64>(root)?.network)?),
        }
        appendix::read_all(root)?;
        match root.child("network")?.text(network::DIGEST) {
            Ok(written) if written == found => Ok(Examination::NetworkAsWritten),
            Ok(_) => Ok(Examination::NetworkChanged),
            Err(_) => Ok(Examination::NotKnown),
        }
    })
}
