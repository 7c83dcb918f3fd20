//! A training and a test split of the same kind of images.

use crate::images::check_count;
use crate::limits::MAX_CLASSES;
use crate::{Error, Result, Split};

/// Training and test images of one shape, labelled with the same classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    name: String,
    classes: usize,
    train: Split,
    test: Split,
}

impl Dataset {
    /// A data set of two splits; the test split may be empty.
    ///
    /// # Errors
    ///
    /// If the training split is empty, the splits differ in shape or maximal value, `classes` is
    /// not in 1..=256, or a label is not below `classes`.
    pub fn new(name: impl Into<String>, classes: usize, train: Split, test: Split) -> Result<Self> {
        check_count("number of classes", classes, 1, MAX_CLASSES)?;
        check_count("number of training images", train.len(), 1, usize::MAX)?;
        let kind = |split: &Split| {
            let images = split.images();
            (images.rows(), images.cols(), images.max_value())
        };
        if kind(&train) != kind(&test) {
            return Err(Error::SplitsDiffer { train: kind(&train), test: kind(&test) });
        }
        for (split, name) in [(&train, "training"), (&test, "test")] {
            if let Some(index) = label_outside(split.labels(), classes) {
                let found = split.labels()[index];
                return Err(Error::Label { split: name, index, found, classes });
            }
        }
        Ok(Self { name: name.into(), classes, train, test })
    }

    /// The name, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rows and columns of an image.
    pub fn shape(&self) -> (usize, usize) {
        self.train.images().shape()
    }

    /// The pixels in an image, `rows * cols`.
    pub fn width(&self) -> usize {
        self.train.images().width()
    }

    /// The number of classes, 1 to 256; labels are 0 to `classes - 1`.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The training split, never empty.
    pub fn train(&self) -> &Split {
        &self.train
    }

    /// The test split.
    pub fn test(&self) -> &Split {
        &self.test
    }

    /// The training and the test split.
    pub fn into_splits(self) -> (Split, Split) {
        (self.train, self.test)
    }

    /// The same data set with images resampled to `rows` × `cols` pixels by
    /// [`resample::resample`](crate::resample::resample).
    ///
    /// # Errors
    ///
    /// As [`resample::resample`](crate::resample::resample).
    pub fn resample(&self, rows: usize, cols: usize) -> Result<Self> {
        Ok(Self {
            name: self.name.clone(),
            classes: self.classes,
            train: self.train.resample(rows, cols)?,
            test: self.test.resample(rows, cols)?,
        })
    }
}

/// The position of the first label that is not below `classes`.
pub(crate) fn label_outside(labels: &[u8], classes: usize) -> Option<usize> {
    labels.iter().position(|&label| usize::from(label) >= classes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Images;

    fn split(max_value: u16, labels: &[u8]) -> Split {
        let images = Images::new(1, 1, max_value, vec![0; labels.len()]).unwrap();
        Split::new(images, labels.to_vec()).unwrap()
    }

    #[test]
    fn splits_of_one_kind_make_a_data_set() {
        let dataset = Dataset::new("dots", 3, split(9, &[0, 2]), split(9, &[])).unwrap();
        assert_eq!((dataset.name(), dataset.shape(), dataset.classes()), ("dots", (1, 1), 3));
        assert_eq!((dataset.train().len(), dataset.test().len()), (2, 0));
    }

    #[test]
    fn labels_outside_the_classes_are_named() {
        let found = Dataset::new("dots", 2, split(9, &[0]), split(9, &[1, 1, 2]));
        let message = found.unwrap_err().to_string();
        assert_eq!(message, "label 2 of the test split: found 2; expected 0 to 1");
    }

    #[test]
    fn inconsistent_splits_are_refused() {
        let make = |classes, train, test| Dataset::new("dots", classes, train, test);
        assert!(matches!(make(2, split(9, &[]), split(9, &[0])), Err(Error::Count { .. })));
        assert!(matches!(make(0, split(9, &[0]), split(9, &[])), Err(Error::Count { .. })));
        assert!(matches!(make(257, split(9, &[0]), split(9, &[])), Err(Error::Count { .. })));
        assert!(matches!(make(2, split(9, &[0]), split(8, &[0])), Err(Error::SplitsDiffer { .. })));
    }
}
