//! Arrays of numbers: vectors or images with class numbers, or with real vectors as targets.
//!
//! * [`load_npz`] reads an .npz file, [`load_npy_folder`] a folder of .npy files, [`load_csv`] a table
//!   of text, [`load_csv_folder`] two of them.
//! * [`write_npz`] writes a [`Dataset`] as NumPy reads it, and as [`load_npz`] gives it back.
//!
//! Inputs become [`Images`] by a [`Scaling`], given or measured: x stands for the fraction
//! (x − offset)/scale of full foreground. Bytes, and all integers that are at most 65,535 apart, are
//! kept exactly; other numbers are rounded to one part in 131,070 of the scale.

mod csv;
mod fields;
mod level;
mod numpy;
mod shape;
mod write;

use std::path::{Path, PathBuf};

pub use csv::{load_csv, load_csv_folder};
pub use level::Scaling;
pub use numpy::{load_npy_folder, load_npz};
pub use write::{npz_bytes, write_npz};

use crate::limits::MAX_CLASSES;
use crate::{Dataset, Error, Images, Result, Split, Task};

pub use crate::Targets;

/// Inputs with their targets, as many of the one as of the other.
#[derive(Clone, Debug, PartialEq)]
pub struct ArraySplit {
    /// The inputs: vectors as images of one row.
    pub images: Images,
    /// The targets.
    pub targets: Targets,
}

/// Training and test arrays of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct ArraySet {
    /// Where they are from, for messages.
    pub path: PathBuf,
    /// To train on; there is at least one input.
    pub train: ArraySplit,
    /// To test with; there may be none.
    pub test: ArraySplit,
    /// How inputs became fractions of full foreground.
    pub scaling: Scaling,
    /// The number of classes, if the file says it.
    pub classes: Option<usize>,
}

impl ArraySet {
    /// The data set of a classification, or of a regression if the targets are real vectors. If the
    /// file does not say how many classes there are, it is one more than the largest number.
    ///
    /// # Errors
    ///
    /// If a class is not below the number of classes, or the splits have targets of different kinds.
    pub fn into_dataset(self, name: impl Into<String>) -> Result<Dataset> {
        let Self { train, test, classes, .. } = self;
        let labels = |split: &ArraySplit| split.targets.labels().iter().copied().max();
        let largest = labels(&train).max(labels(&test));
        let classes = classes.unwrap_or(largest.map_or(1, |label| usize::from(label) + 1));
        let task = Task::of(&train.targets, classes);
        let split = |split: ArraySplit| Split::with_targets(split.images, split.targets);
        Dataset::of_task(name, task, split(train)?, split(test)?)
    }
}

/// The number of a class, if `value` is one.
fn class_number(value: f64) -> Option<u8> {
    let is_class = value >= 0.0 && value < MAX_CLASSES as f64 && value.fract() == 0.0;
    is_class.then_some(value as u8)
}

/// That something in a file is not as it should be.
fn wrong(path: &Path, problem: impl Into<String>) -> Error {
    Error::Array { path: path.to_owned(), problem: problem.into() }
}
