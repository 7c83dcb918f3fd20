//! Reading the files of other programs.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use snode_exchange::limits::MAX_BYTES;
use snode_exchange::{
    Description, ExchangeError, Imported, LayerNames, read_mat, read_npz, read_safetensors,
};
use snode_experiment::SchemeName;

use super::matlab73::read_matlab73;
use crate::error::{Error, Result};

/// A format that networks are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum ImportFormat {
    /// Tensors by name.
    Safetensors,
    /// Arrays of NumPy.
    Npz,
    /// Cell arrays of MATLAB, of level 5 or 7.3.
    Mat,
}

impl ImportFormat {
    const ALL: [Self; 3] = [Self::Safetensors, Self::Npz, Self::Mat];

    /// The format that the ending of a file says.
    ///
    /// # Errors
    /// [`Error::Refused`] if it is the ending of none.
    pub fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        Self::ALL.into_iter().find(|format| format.name() == ending).ok_or_else(|| {
            Error::Refused(format!(
                "the ending of {} is no format; expected .safetensors, .npz, .mat, or any with \
                 --format",
                path.display()
            ))
        })
    }

    /// Its name, which is the ending of its files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Npz => "npz",
            Self::Mat => "mat",
        }
    }
}

/// Reads a network, whose tensors of a layer are called so, and those that are to be ignored so.
///
/// # Errors
/// If the file cannot be read, is too long, or holds no network.
pub fn read_network_file(
    path: &Path,
    format: ImportFormat,
    names: Option<&LayerNames>,
    ignored: &[String],
) -> Result<Imported> {
    let source = || open(path);
    let read = match format {
        ImportFormat::Safetensors => read_safetensors(source()?, names, ignored),
        ImportFormat::Npz => read_npz(source()?, ignored),
        ImportFormat::Mat => match read_mat(source()?) {
            Err(ExchangeError::Hdf5) => return read_matlab73(path),
            other => other,
        },
    };
    read.map_err(|source| Error::Exchange { path: path.to_owned(), source })
}

/// Refuses a file that names a scheme which reads parameters between the layers, where neither it nor
/// what is `asked` says how: it would be another network.
///
/// # Errors
/// [`Error::Refused`] with the option that says it.
pub fn check_solver(path: &Path, asked: &Description, said: &Description) -> Result<()> {
    let Some(scheme) = &said.scheme else { return Ok(()) };
    let is_known = asked.scheme.is_some()
        || asked.solver.interpolation.is_some()
        || said.solver.interpolation.is_some();
    if is_known || scheme == SchemeName::Euler.text() {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "{}: is to be solved by {scheme}, and does not say how parameters are read between the \
         layers: give --interpolation hermite, linear or constant",
        path.display()
    )))
}

/// Opens a file, if it is one and not longer than any that is read.
fn open(path: &Path) -> Result<BufReader<File>> {
    let failed = |source| Error::file(path, "cannot read", source);
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(Error::Results(format!("{}: not a regular file", path.display())));
    }
    if metadata.len() > MAX_BYTES {
        return Err(Error::Results(format!(
            "{}: has {} bytes; at most {MAX_BYTES} are read",
            path.display(),
            metadata.len()
        )));
    }
    Ok(BufReader::new(File::open(path).map_err(failed)?))
}
