//! What is unusual about a data set, and perhaps a mistake.

use std::fmt;

use crate::{Dataset, Error, Images, Result, Split};

/// Something about a data set that is allowed, but hardly meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remark {
    /// All training images are dark: their brightest pixel is far from full foreground.
    Dark {
        /// The largest pixel.
        largest: u16,
        /// The value that stands for full foreground.
        max_value: u16,
    },
    /// Class 0 has no training images and all others have: labels are counted from 1.
    LabelsFromOne,
    /// Some classes have no training images.
    EmptyClasses {
        /// Which.
        classes: Vec<usize>,
    },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dark { largest, max_value } => write!(
                f,
                "the brightest pixel of all training images is {largest} of {max_value}: they are \
                 almost blank to the network"
            ),
            Self::LabelsFromOne => f.write_str(
                "no training image has label 0: labels seem to be counted from 1, and class 0 is \
                 empty",
            ),
            Self::EmptyClasses { classes } => {
                let classes: Vec<String> = classes.iter().map(usize::to_string).collect();
                write!(f, "no training image is of class {}", classes.join(", "))
            }
        }
    }
}

impl Dataset {
    /// What is unusual about the training images: nothing, mostly.
    pub fn remarks(&self) -> Vec<Remark> {
        let images = self.train().images();
        let (largest, max_value) =
            (images.pixels().iter().copied().max().unwrap_or(0), images.max_value());
        let mut remarks = Vec::new();
        if u32::from(largest) * 2 < u32::from(max_value) {
            remarks.push(Remark::Dark { largest, max_value });
        }
        let counts = self.train().label_histogram(self.classes());
        let empty = counts.iter().enumerate().filter(|(_, count)| **count == 0);
        let classes: Vec<usize> = empty.map(|(class, _)| class).collect();
        match classes.as_slice() {
            [] => {}
            [0] if self.classes() > 1 => remarks.push(Remark::LabelsFromOne),
            _ => remarks.push(Remark::EmptyClasses { classes }),
        }
        remarks
    }

    /// The same pixels with another value for full foreground, such as 16 for images of 17 shades of
    /// grey that were stored as bytes.
    ///
    /// # Errors
    ///
    /// If `max_value` is 0 or a pixel exceeds it.
    pub fn with_max_value(self, max_value: u16) -> Result<Self> {
        let (name, task) = (self.name().to_owned(), self.task());
        let (train, test) = self.into_splits();
        let split = |split: Split| {
            let (images, targets) = split.into_parts();
            Split::with_targets(images.with_max_value(max_value)?, targets)
        };
        Self::of_task(name, task, split(train)?, split(test)?)
    }
}

impl Images {
    /// The same pixels with another value for full foreground.
    ///
    /// # Errors
    ///
    /// If `max_value` is 0 or a pixel exceeds it.
    pub fn with_max_value(self, max_value: u16) -> Result<Self> {
        let (rows, cols) = self.shape();
        Self::new(rows, cols, max_value, self.into_pixels()).map_err(|error| match error {
            Error::Pixel { found, .. } => Error::Count {
                what: "value of full foreground",
                found: max_value.into(),
                min: found.into(),
                max: u16::MAX.into(),
            },
            other => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(pixels: Vec<u16>, labels: &[u8], classes: usize) -> Dataset {
        let split = |pixels: Vec<u16>, labels: &[u8]| {
            Split::new(Images::new(1, 1, 255, pixels).unwrap(), labels.to_vec()).unwrap()
        };
        Dataset::new("dots", classes, split(pixels, labels), split(vec![], &[])).unwrap()
    }

    #[test]
    fn usual_data_is_not_remarked_upon() {
        assert_eq!(dataset(vec![0, 128, 9], &[0, 1, 2], 3).remarks(), []);
    }

    #[test]
    fn what_is_unusual_is_said() {
        let remarks = dataset(vec![16, 3], &[1, 2], 3).remarks();
        let dark = Remark::Dark { largest: 16, max_value: 255 };
        assert_eq!(remarks, [dark, Remark::LabelsFromOne]);
        let remarks = dataset(vec![200, 3], &[0, 4], 5).remarks();
        assert_eq!(remarks, [Remark::EmptyClasses { classes: vec![1, 2, 3] }]);
        assert_eq!(remarks[0].to_string(), "no training image is of class 1, 2, 3");
    }

    #[test]
    fn another_scale_makes_dark_images_bright() {
        let data = dataset(vec![16, 3], &[0, 1], 2);
        let error = data.clone().with_max_value(15).unwrap_err().to_string();
        assert_eq!(error, "value of full foreground: found 15; expected 16 to 65535");
        let data = data.with_max_value(16).unwrap();
        assert_eq!((data.train().images().max_value(), data.remarks()), (16, vec![]));
    }
}
