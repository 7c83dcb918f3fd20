//! Folders of four IDX files.

use std::path::{Path, PathBuf};

use super::names::Role;
use super::read::{ImageFile, LabelFile};
use super::{names, replace, write_images, write_labels};
use crate::targets::label_outside;
use crate::{Dataset, Error, Result, Split, Task};

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

impl IdxFiles {
    /// Finds the files of a data set in a folder.
    ///
    /// The conventional names are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
    /// `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`. A dot or an underscore may stand for a
    /// hyphen and `test` for `t10k`; `.gz` may follow; and the name of a set may stand before, as
    /// `emnist-balanced-` or `qmnist-`. Labels may be QMNIST's, `idx2-int`. If there are several files,
    /// names without `.gz` and names with hyphens come first.
    ///
    /// Where there are several sets, the one without a name is taken, or that whose name stands behind
    /// the path of the folder: `gzip/emnist-balanced`. The files may also be in the folder `raw` in this
    /// one, or in the only folder in it that has one, as torchvision keeps them: `MNIST/raw`.
    ///
    /// # Errors
    ///
    /// If one of the four files is not there, or there are several sets.
    pub fn find(folder: &Path) -> Result<Self> {
        let [train_images, train_labels, test_images, test_labels] = names::find(folder)?;
        Ok(Self { train_images, train_labels, test_images, test_labels })
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

/// Loads the data set in a folder of four IDX files, under any of the [usual names](IdxFiles::find).
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
/// If the targets are no classes, the maximal value of the images is not 255 (see
/// [`Images::rescaled`](crate::Images::rescaled)), the folder holds anything else, or a file cannot
/// be written.
pub fn write_folder(folder: &Path, dataset: &Dataset) -> Result<IdxFiles> {
    if let Task::Regression { components } = dataset.task() {
        return Err(Error::RealTargets { path: folder.to_owned(), components });
    }
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

/// The files of a data set in a folder, under their conventional names.
fn paths(folder: &Path) -> [PathBuf; 4] {
    Role::ALL.map(|role| {
        let (stem, kind) = role.conventional();
        folder.join(format!("{stem}-{kind}"))
    })
}

/// Whether one of the files of a data set may be called so.
fn is_conventional(name: &str) -> bool {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    Role::ALL.iter().any(|role| {
        let (stem, kind) = role.conventional();
        let rest = name.strip_prefix(stem).and_then(|rest| rest.strip_prefix(['-', '.']));
        rest == Some(kind)
    })
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
