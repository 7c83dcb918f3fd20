//! Folders of four IDX files.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{read_images, read_labels, write_images, write_labels};
use crate::dataset::label_outside;
use crate::{Dataset, Error, Result, Split};

/// The four files of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdxFiles {
    /// The file of training images.
    pub train_images: PathBuf,
    /// The file of training labels.
    pub train_labels: PathBuf,
    /// The file of test images.
    pub test_images: PathBuf,
    /// The file of test labels.
    pub test_labels: PathBuf,
}

/// What the four files hold, and the parts of their conventional names before and after the
/// separator.
const CONVENTIONAL: [(&str, &str, &str); 4] = [
    ("training images", "train-images", "idx3-ubyte"),
    ("training labels", "train-labels", "idx1-ubyte"),
    ("test images", "t10k-images", "idx3-ubyte"),
    ("test labels", "t10k-labels", "idx1-ubyte"),
];

impl IdxFiles {
    /// Finds the files with conventional names in a folder.
    ///
    /// The names are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
    /// `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, perhaps with a dot in place of the
    /// last but one hyphen (`train-images.idx3-ubyte`), perhaps followed by `.gz`. If there are
    /// several, names without `.gz` and names with hyphens come first.
    ///
    /// # Errors
    ///
    /// If there is no file with any of the names for one of the four.
    pub fn find(folder: &Path) -> Result<Self> {
        let [train_images, train_labels, test_images, test_labels] = CONVENTIONAL;
        Ok(Self {
            train_images: find_one(folder, train_images)?,
            train_labels: find_one(folder, train_labels)?,
            test_images: find_one(folder, test_images)?,
            test_labels: find_one(folder, test_labels)?,
        })
    }

    /// Reads the four files.
    ///
    /// Without a number of `classes`, it is one more than the largest label.
    ///
    /// # Errors
    ///
    /// If a file cannot be read as [`read_images`] or [`read_labels`] says, images and labels
    /// differ in number, a label is not below `classes`, `classes` is not in 1..=256, there are no
    /// training images, or test images differ from training images in shape.
    pub fn load(&self, name: impl Into<String>, classes: Option<usize>) -> Result<Dataset> {
        let train = load_split(&self.train_images, &self.train_labels)?;
        let test = load_split(&self.test_images, &self.test_labels)?;
        let labels = || train.labels().iter().chain(test.labels());
        let classes = classes.unwrap_or_else(|| labels().max().map_or(1, |&l| usize::from(l) + 1));
        for (split, path) in [(&train, &self.train_labels), (&test, &self.test_labels)] {
            if let Some(index) = label_outside(split.labels(), classes) {
                let found = split.labels()[index];
                return Err(Error::FileLabel { path: path.clone(), index, found, classes });
            }
        }
        Dataset::new(name, classes, train, test)
    }
}

/// Loads the data set in a folder of four IDX files with [conventional names](IdxFiles::find).
///
/// The number of classes is one more than the largest label.
///
/// # Errors
///
/// As [`IdxFiles::find`] and [`IdxFiles::load`].
pub fn load_folder(folder: &Path, name: impl Into<String>) -> Result<Dataset> {
    IdxFiles::find(folder)?.load(name, None)
}

/// Writes a data set to four IDX files with conventional names in an existing folder.
///
/// Each file appears complete or not at all, and replaces one of the same name.
///
/// # Errors
///
/// If the maximal value of the images is not 255 (see [`Images::rescaled`](crate::Images::rescaled))
/// or a file cannot be written.
pub fn write_folder(folder: &Path, dataset: &Dataset) -> Result<IdxFiles> {
    let [train_images, train_labels, test_images, test_labels] =
        CONVENTIONAL.map(|(_, stem, kind)| folder.join(format!("{stem}-{kind}")));
    write_images(&train_images, dataset.train().images())?;
    write_labels(&train_labels, dataset.train().labels())?;
    write_images(&test_images, dataset.test().images())?;
    write_labels(&test_labels, dataset.test().labels())?;
    Ok(IdxFiles { train_images, train_labels, test_images, test_labels })
}

fn find_one(folder: &Path, (what, stem, kind): (&'static str, &str, &str)) -> Result<PathBuf> {
    let names = [
        format!("{stem}-{kind}"),
        format!("{stem}.{kind}"),
        format!("{stem}-{kind}.gz"),
        format!("{stem}.{kind}.gz"),
    ];
    for path in names.iter().map(|name| folder.join(name)) {
        match std::fs::metadata(&path) {
            Ok(found) if found.is_file() => return Ok(path),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => {}
            // It may be there: the folder cannot be searched, or a link leads nowhere.
            Err(source) => return Err(Error::Io { path, action: "opening", source }),
        }
    }
    Err(Error::MissingFile { folder: folder.to_owned(), what, tried: names.join(", ") })
}

fn load_split(images_path: &Path, labels_path: &Path) -> Result<Split> {
    let images = read_images(images_path)?;
    let labels = read_labels(labels_path)?;
    if images.len() != labels.len() {
        return Err(Error::FileCountMismatch {
            images_path: images_path.to_owned(),
            images: images.len(),
            labels_path: labels_path.to_owned(),
            labels: labels.len(),
        });
    }
    Split::new(images, labels)
}
