//! Data sets as files: written where a user says, and described.

use std::io::ErrorKind;
use std::path::Path;

use serde_json::{Value, json};
use snode_data::arrays::Scaling;
use snode_data::{Dataset, PixelStatistics, SplitSummary, Summary, arrays, idx};
use snode_experiment::images::Source;
use snode_files::{Existing, Outputs};

use crate::error::{Error, Result};

/// The most shades that IDX files hold.
const IDX_SHADES: u16 = 255;

/// Where a data set is written to.
#[derive(Clone, Copy, Debug)]
pub struct DataFiles<'a> {
    /// A folder for four IDX files, which holds nothing else; or a file that ends in `.npz`.
    pub to: &'a Path,
    /// What becomes of what is there, as a whole.
    pub existing: Existing,
}

impl DataFiles<'_> {
    /// Whether it is a file of arrays, which keeps every shade.
    pub fn is_npz(&self) -> bool {
        self.to.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npz"))
    }

    /// Makes sure, before any work, that a data set from `source` can be written, which is itself never
    /// replaced.
    ///
    /// # Errors
    /// If it is the source, something is there that is to be kept, or it cannot be written.
    pub fn check(&self, source: &Source) -> Result<()> {
        let read = match source {
            Source::Place(place) => Some(place.path()),
            Source::Known(_) => None,
        };
        if self.is_npz() {
            return Ok(Outputs::new(self.existing, read).check(self.to)?);
        }
        self.check_folder(read)
    }

    fn check_folder(&self, read: Option<&Path>) -> Result<()> {
        let shown = self.to.display();
        let from = read.and_then(|path| path.canonicalize().ok());
        if from.is_some() && from == self.to.canonicalize().ok() {
            let problem = "is the folder that is read; it is never replaced";
            return Err(Error::Refused(format!("--output: {shown} {problem}")));
        }
        let mut entries = match std::fs::read_dir(self.to) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::file(self.to, "cannot read the folder", error)),
        };
        match entries.next() {
            Some(Ok(entry)) if self.existing == Existing::Keep => Err(Error::Refused(format!(
                "--output: {shown} holds {} and is not overwritten; give --force, or another folder",
                entry.file_name().display()
            ))),
            _ => Ok(()),
        }
    }

    /// Writes a data set, in IDX files with at most 255 shades, and gives back how many there are if
    /// those of the data set had to be rounded.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, dataset: &Dataset) -> Result<Option<u16>> {
        if self.is_npz() {
            arrays::write_npz(self.to, dataset, self.existing)?;
            return Ok(None);
        }
        if let Some(parent) = self.to.parent() {
            std::fs::create_dir_all(parent)
                .map_err(|error| Error::file(parent, "cannot make the folder", error))?;
        }
        idx::write_folder(self.to, &dataset.rescaled(IDX_SHADES)?)?;
        let shades = dataset.train().images().max_value();
        Ok((shades > IDX_SHADES).then_some(IDX_SHADES))
    }
}

/// What a data set holds, for programs, with the scaling of its inputs where they have one.
pub fn described(summary: &Summary, scaling: Option<Scaling>, remarks: &[String]) -> Value {
    let statistics = |of: &PixelStatistics| {
        json!({
            "mean": of.mean,
            "standard_deviation": of.standard_deviation,
            "min": of.min,
            "max": of.max,
        })
    };
    let split = |split: &SplitSummary| {
        json!({
            "images": split.images,
            "label_histogram": split.label_histogram,
            "targets": split.targets.iter().map(statistics).collect::<Vec<_>>(),
            "mean": split.pixels.map(|pixels| pixels.mean),
            "standard_deviation": split.pixels.map(|pixels| pixels.standard_deviation),
        })
    };
    json!({
        "name": summary.name,
        "rows": summary.rows,
        "cols": summary.cols,
        "channels": summary.channels,
        "max_value": summary.max_value,
        "classes": summary.classes,
        "train": split(&summary.train),
        "test": split(&summary.test),
        "offset": scaling.map(|scaling| scaling.offset()),
        "scale": scaling.map(|scaling| scaling.scale()),
        "remarks": remarks,
    })
}
