//! A training and a test split of the same kind of images.

use crate::images::check_count;
use crate::{Error, Result, Split, Task};

/// Training and test images of one shape, for one [`Task`]: labelled with the same classes, or with
/// real vectors of as many components.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    name: String,
    task: Task,
    train: Split,
    test: Split,
}

impl Dataset {
    /// A data set of two splits with classes; the test split may be empty.
    ///
    /// # Errors
    ///
    /// If the training split is empty, the splits differ in shape or maximal value, `classes` is
    /// not in 1..=256, or a label is not below `classes`.
    pub fn new(name: impl Into<String>, classes: usize, train: Split, test: Split) -> Result<Self> {
        Self::of_task(name, Task::Classification { classes }, train, test)
    }

    /// A data set of two splits with real targets; the test split may be empty.
    ///
    /// # Errors
    ///
    /// If the training split is empty, the splits differ in shape or maximal value, or their
    /// targets are not real vectors of as many components.
    pub fn regression(name: impl Into<String>, train: Split, test: Split) -> Result<Self> {
        let task = Task::of(train.targets(), 1);
        if matches!(task, Task::Classification { .. }) {
            return Err(Error::TargetsDiffer { split: "training" });
        }
        Self::of_task(name, task, train, test)
    }

    pub(crate) fn of_task(
        name: impl Into<String>,
        task: Task,
        train: Split,
        test: Split,
    ) -> Result<Self> {
        task.check_count()?;
        check_count("number of training images", train.len(), 1, usize::MAX)?;
        let kind = |split: &Split| {
            let images = split.images();
            (images.rows(), images.cols(), images.max_value())
        };
        if kind(&train) != kind(&test) {
            return Err(Error::SplitsDiffer { train: kind(&train), test: kind(&test) });
        }
        for (split, name) in [(&train, "training"), (&test, "test")] {
            task.check(name, split.targets())?;
        }
        Ok(Self { name: name.into(), task, train, test })
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

    /// What is to be learnt from it.
    pub fn task(&self) -> Task {
        self.task
    }

    /// The number of classes, 1 to 256; labels are 0 to `classes - 1`. 0 of a regression.
    pub fn classes(&self) -> usize {
        match self.task {
            Task::Classification { classes } => classes,
            Task::Regression { .. } => 0,
        }
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

    /// The same data set with full foreground at `max_value`, as
    /// [`Images::rescaled`](crate::Images::rescaled).
    ///
    /// # Errors
    ///
    /// If `max_value` is 0.
    pub fn rescaled(&self, max_value: u16) -> Result<Self> {
        let split = |split: &Split| {
            Split::with_targets(split.images().rescaled(max_value)?, split.targets().clone())
        };
        Self::of_task(&self.name, self.task, split(&self.train)?, split(&self.test)?)
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
            task: self.task,
            train: self.train.resample(rows, cols)?,
            test: self.test.resample(rows, cols)?,
        })
    }
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
