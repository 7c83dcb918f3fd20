//! Folders of four IDX files.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::read::{ImageFile, LabelFile};
use super::{replace, write_images, write_labels};
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
    /// If a file cannot be read as [`read_images`](super::read_images) or
    /// [`read_labels`](super::read_labels) says, images and labels
    /// differ in number, a label is not below `classes`, `classes` is not in 1..=256, there are no
    /// training images, or test images differ from training images in shape.
    pub fn load(&self, name: impl Into<String>, classes: Option<usize>) -> Result<Dataset> {
        // The headers of all four files are held against each other before any data is read.
        let train = SplitFiles::open(&self.train_images, &self.train_labels)?;
        let test = SplitFiles::open(&self.test_images, &self.test_labels)?;
        if train.images.shape != test.images.shape {
            let kind = |(rows, cols)| (rows, cols, u16::from(u8::MAX));
            let (train, test) = (kind(train.images.shape), kind(test.images.shape));
            return Err(Error::SplitsDiffer { train, test });
        }
        let (train, test) = (train.read()?, test.read()?);
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

/// Writes a data set to four IDX files with conventional names, as a folder of its own.
///
/// A folder of four such files that is there is replaced as a whole: whatever happens, there is
/// either the old data set or the new one under this name. (Where the system cannot exchange two
/// folders in one step, as Linux can, there is none for a moment.)
///
/// # Errors
///
/// If the maximal value of the images is not 255 (see [`Images::rescaled`](crate::Images::rescaled)),
/// the folder holds anything else, or a file cannot be written.
pub fn write_folder(folder: &Path, dataset: &Dataset) -> Result<IdxFiles> {
    replace::folder(folder, is_conventional, |new| {
        let [train_images, train_labels, test_images, test_labels] = paths(new);
        write_images(&train_images, dataset.train().images())?;
        write_labels(&train_labels, dataset.train().labels())?;
        write_images(&test_images, dataset.test().images())?;
        write_labels(&test_labels, dataset.test().labels())
    })?;
    let [train_images, train_labels, test_images, test_labels] = paths(folder);
    Ok(IdxFiles { train_images, train_labels, test_images, test_labels })
}

/// The files of a data set in a folder, under the first of their conventional names.
fn paths(folder: &Path) -> [PathBuf; 4] {
    CONVENTIONAL.map(|(_, stem, kind)| folder.join(format!("{stem}-{kind}")))
}

/// Whether one of the files of a data set may be called so.
fn is_conventional(name: &str) -> bool {
    CONVENTIONAL.iter().any(|(_, stem, kind)| names(stem, kind).iter().any(|known| known == name))
}

/// The conventional names of a file, the preferred one first.
fn names(stem: &str, kind: &str) -> [String; 4] {
    [
        format!("{stem}-{kind}"),
        format!("{stem}.{kind}"),
        format!("{stem}-{kind}.gz"),
        format!("{stem}.{kind}.gz"),
    ]
}

fn find_one(folder: &Path, (what, stem, kind): (&'static str, &str, &str)) -> Result<PathBuf> {
    let names = names(stem, kind);
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

/// The two files of a split, whose headers have been read.
struct SplitFiles<'a> {
    images: ImageFile<'a>,
    labels: LabelFile<'a>,
}

impl<'a> SplitFiles<'a> {
    fn open(images_path: &'a Path, labels_path: &'a Path) -> Result<Self> {
        let (images, labels) = (ImageFile::open(images_path)?, LabelFile::open(labels_path)?);
        if images.count != labels.count {
            return Err(Error::FileCountMismatch {
                images_path: images_path.to_owned(),
                images: images.count,
                labels_path: labels_path.to_owned(),
                labels: labels.count,
            });
        }
        Ok(Self { images, labels })
    }

    fn read(self) -> Result<Split> {
        Split::new(self.images.read()?, self.labels.read()?)
    }
}
