//! What there is to say about a data set in a few numbers.

use crate::{Dataset, Encoding, Split, Targets, Task};

/// A data set in a few numbers, made by [`Dataset::summary`].
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The name of the data set.
    pub name: String,
    /// Rows of pixels in an image, those of all its channels.
    pub rows: usize,
    /// Columns of pixels in an image.
    pub cols: usize,
    /// Channels of an image, one below the other.
    pub channels: usize,
    /// The integer that stands for full foreground.
    pub max_value: u16,
    /// The number of classes; 0 of a regression.
    pub classes: usize,
    /// What is to be learnt.
    pub task: Task,
    /// The training split.
    pub train: SplitSummary,
    /// The test split.
    pub test: SplitSummary,
}

/// A split in a few numbers, made by [`Split::summary`].
#[derive(Clone, Debug, PartialEq)]
pub struct SplitSummary {
    /// The number of images.
    pub images: usize,
    /// The number of images of each class.
    pub label_histogram: Vec<usize>,
    /// Statistics of each component of the targets; none of classes, or if there are no images.
    pub targets: Vec<PixelStatistics>,
    /// Statistics of the encoded pixels; none if there are no images.
    pub pixels: Option<PixelStatistics>,
}

/// Statistics of all encoded pixels of a split, or of a component of its targets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelStatistics {
    /// The mean.
    pub mean: f64,
    /// The standard deviation: the root of the mean squared deviation from the mean.
    pub standard_deviation: f64,
    /// The smallest value that occurs.
    pub min: f64,
    /// The largest value that occurs.
    pub max: f64,
}

impl Split {
    /// The split in a few numbers, with pixel statistics as the encoding shows the pixels.
    ///
    /// The histogram has at least `classes` elements; see
    /// [`label_histogram`](Split::label_histogram).
    pub fn summary(&self, classes: usize, encoding: &Encoding) -> SplitSummary {
        SplitSummary {
            images: self.len(),
            label_histogram: self.label_histogram(classes),
            targets: target_statistics(self.targets()),
            pixels: statistics(self, encoding),
        }
    }
}

impl Dataset {
    /// The data set in a few numbers, with pixel statistics as the encoding shows the pixels.
    pub fn summary(&self, encoding: &Encoding) -> Summary {
        let (rows, cols) = self.shape();
        Summary {
            name: self.name().to_owned(),
            rows,
            cols,
            channels: self.train().images().channels(),
            max_value: self.train().images().max_value(),
            classes: self.classes(),
            task: self.task(),
            train: self.train().summary(self.classes(), encoding),
            test: self.test().summary(self.classes(), encoding),
        }
    }
}

/// The moments of each component of real targets.
fn target_statistics(targets: &Targets) -> Vec<PixelStatistics> {
    let Targets::Vectors { components, values } = targets else { return Vec::new() };
    let count = targets.len() as f64;
    let of = |component: usize| {
        let numbers = || values.iter().skip(component).step_by(*components).copied();
        let mean = numbers().sum::<f64>() / count;
        let square = numbers().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
        PixelStatistics {
            mean,
            standard_deviation: square.sqrt(),
            min: numbers().fold(f64::INFINITY, f64::min),
            max: numbers().fold(f64::NEG_INFINITY, f64::max),
        }
    };
    if values.is_empty() { Vec::new() } else { (0..*components).map(of).collect() }
}

/// The moments of the integer pixels, which are exact, carried over to the encoding.
fn statistics(split: &Split, encoding: &Encoding) -> Option<PixelStatistics> {
    let pixels = split.images().pixels();
    let (&darkest, &brightest) = (pixels.iter().min()?, pixels.iter().max()?);
    let count = pixels.len() as u128;
    let sum: u64 = pixels.iter().map(|&p| u64::from(p)).sum();
    let squares: u64 = pixels.iter().map(|&p| u64::from(p).pow(2)).sum();
    let (sum, squares) = (u128::from(sum), u128::from(squares));

    let n = count as f64;
    let full = f64::from(split.images().max_value());
    let deviation = ((count * squares - sum * sum) as f64).sqrt() / n;
    let contrast = (encoding.foreground() - encoding.background()).abs();
    let ends = [darkest, brightest].map(|p| encoding.value(f64::from(p) / full));
    Some(PixelStatistics {
        mean: encoding.value(sum as f64 / n / full),
        standard_deviation: contrast * deviation / full,
        min: ends[0].min(ends[1]),
        max: ends[0].max(ends[1]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Images;

    #[test]
    fn statistics_are_those_of_the_encoded_pixels() {
        let images = Images::new(1, 2, 10, vec![0, 5, 5, 8]).unwrap();
        let split = Split::new(images, vec![1, 1]).unwrap();
        let summary = split.summary(3, &Encoding::new(1.0, -1.0).unwrap());
        assert_eq!((summary.images, summary.label_histogram), (2, vec![0, 2, 0]));
        // The encoded pixels are 1, 0, 0 and -0.6.
        let pixels = summary.pixels.unwrap();
        assert!((pixels.mean - 0.1).abs() < 1e-15);
        assert!((pixels.standard_deviation - 0.33_f64.sqrt()).abs() < 1e-15);
        assert_eq!(pixels.max, 1.0);
        assert!((pixels.min + 0.6).abs() < 1e-15);
    }

    #[test]
    fn a_split_without_images_has_no_pixel_statistics() {
        let split = Split::new(Images::new(2, 2, 10, vec![]).unwrap(), vec![]).unwrap();
        let summary = split.summary(2, &Encoding::default());
        assert_eq!(summary.label_histogram, [0, 0]);
        assert_eq!(summary.pixels, None);
    }
}
