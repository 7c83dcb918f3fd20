//! Folders and files that data sets are in, whatever their format.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::arrays::{ArraySet, Scaling, load_csv, load_csv_folder, load_npy_folder, load_npz};
use crate::idx::IdxFiles;
use crate::{Dataset, Error, Result, cifar};

/// What a place holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Four [IDX files](crate::idx).
    Idx,
    /// The [binary batches](crate::cifar) of CIFAR-10.
    Cifar,
    /// An [.npz file](crate::arrays::load_npz).
    Npz,
    /// A [folder of .npy files](crate::arrays::load_npy_folder).
    Npy,
    /// A [table](crate::arrays::load_csv).
    Csv,
    /// A folder with [two tables](crate::arrays::load_csv_folder).
    CsvFolder,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idx => "IDX files",
            Self::Cifar => "binary batches of CIFAR-10",
            Self::Npz => "an .npz file",
            Self::Npy => "a folder of .npy files",
            Self::Csv => "a table",
            Self::CsvFolder => "a folder of tables",
        })
    }
}

/// A folder or file with a data set, whose format has been recognised by its name and contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    path: PathBuf,
    format: Format,
}

/// A data set that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// It.
    pub dataset: Dataset,
    /// How numbers became fractions of full foreground; none of images that are bytes.
    pub scaling: Option<Scaling>,
}

impl Place {
    /// What [`Place::find`] takes, for messages.
    pub const EXPECTED: &str = "a folder of IDX files, of CIFAR-10's binary batches, of x_train.npy … or of \
                                train.csv and test.csv, or a .npz or .csv file";

    /// Looks what is at `path`: a file by its ending, a folder by the files in it. A path that leads to
    /// nothing may be a folder with the beginning of the names of [IDX files](IdxFiles::find) in it.
    ///
    /// # Errors
    ///
    /// If there is nothing, or nothing that is known.
    pub fn find(path: &Path) -> Result<Self> {
        let found = |path: &Path, format| Ok(Self { path: path.to_owned(), format });
        let Ok(metadata) = std::fs::metadata(path) else {
            return IdxFiles::find(path).and_then(|_| found(path, Format::Idx));
        };
        if !metadata.is_dir() {
            let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
            return match ending.as_deref() {
                Some("npz") => found(path, Format::Npz),
                Some("csv" | "tsv") => found(path, Format::Csv),
                _ => Err(Error::Array {
                    path: path.to_owned(),
                    problem: format!("found a file of another ending; expected {}", Self::EXPECTED),
                }),
            };
        }
        if let Some(folder) = cifar::find(path) {
            return found(&folder, Format::Cifar);
        }
        let holds = |name: &str| path.join(name).exists();
        if holds("x_train.npy") {
            return found(path, Format::Npy);
        }
        if holds("train.csv") && holds("test.csv") {
            return found(path, Format::CsvFolder);
        }
        found(path, Format::Idx)
    }

    /// The folder or file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Its name: that of the folder, or of the file without its ending.
    pub fn name(&self) -> String {
        let name = match self.format {
            Format::Npz | Format::Csv => self.path.file_stem(),
            _ => self.path.file_name(),
        };
        name.map_or_else(|| "data".into(), |name| name.to_string_lossy().into_owned())
    }

    /// Reads the data set, scaled as given; images that are bytes have no offset, and their scale is the
    /// byte that stands for full foreground.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or the scaling does not fit.
    pub fn load(&self, scaling: Option<Scaling>) -> Result<Loaded> {
        let name = self.name();
        if let Some(arrays) = self.arrays(scaling) {
            let arrays = arrays?;
            let scaling = Some(arrays.scaling);
            return Ok(Loaded { dataset: arrays.into_dataset(name)?, scaling });
        }
        let dataset = match self.format {
            Format::Cifar => cifar::load_folder(&self.path, name)?,
            _ => IdxFiles::find(&self.path)?.load(name, None)?,
        };
        let dataset = match scaling {
            None => dataset,
            Some(scaling) => dataset.with_max_value(byte(scaling)?)?,
        };
        Ok(Loaded { dataset, scaling: None })
    }

    /// Reads arrays with their targets, whatever these are; `None` of images that are bytes.
    pub fn arrays(&self, scaling: Option<Scaling>) -> Option<Result<ArraySet>> {
        let path = &self.path;
        match self.format {
            Format::Npz => Some(load_npz(path, scaling)),
            Format::Npy => Some(load_npy_folder(path, scaling)),
            Format::Csv => Some(load_csv(path, scaling)),
            Format::CsvFolder => Some(load_csv_folder(path, scaling)),
            Format::Idx | Format::Cifar => None,
        }
    }
}

/// The byte that stands for full foreground.
fn byte(scaling: Scaling) -> Result<u16> {
    let (offset, scale) = (scaling.offset(), scaling.scale());
    if offset != 0.0 {
        let allowed = "0, as images are bytes";
        return Err(Error::Parameter { what: "offset", found: offset, allowed });
    }
    if scale.fract() != 0.0 || scale > 255.0 {
        let allowed = "a whole number from 1 to 255, as images are bytes";
        return Err(Error::Parameter { what: "scale", found: scale, allowed });
    }
    Ok(scale as u16)
}
