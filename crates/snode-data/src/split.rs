//! Images with their targets.

use crate::images::check_count;
use crate::shuffle::permutation;
use crate::streams::Purpose;
use crate::{Error, Images, Result, Targets, resample};

/// Images with one target each: the number of a class, or a real vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    images: Images,
    targets: Targets,
}

impl Split {
    /// Images and their labels, in the same order.
    ///
    /// # Errors
    ///
    /// If there are not as many labels as images.
    pub fn new(images: Images, labels: Vec<u8>) -> Result<Self> {
        Self::with_targets(images, Targets::Classes(labels))
    }

    /// Images and their targets, in the same order.
    ///
    /// # Errors
    ///
    /// If there are not as many targets as images, or a real target is not finite.
    pub fn with_targets(images: Images, targets: Targets) -> Result<Self> {
        targets.check()?;
        if images.len() != targets.len() {
            let (found, expected) = (targets.len(), images.len());
            return Err(Error::Length { what: targets.name(), found, expected });
        }
        Ok(Self { images, targets })
    }

    /// The images.
    pub fn images(&self) -> &Images {
        &self.images
    }

    /// The targets, one for each image.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The labels, one for each image; empty of a regression.
    pub fn labels(&self) -> &[u8] {
        self.targets.labels()
    }

    /// The images and their targets.
    pub fn into_parts(self) -> (Images, Targets) {
        (self.images, self.targets)
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// The images and targets at `indices`, in that order.
    ///
    /// # Errors
    ///
    /// If an index is out of range or the result would exceed
    /// [`MAX_PIXELS`](crate::limits::MAX_PIXELS).
    pub fn select(&self, indices: &[usize]) -> Result<Self> {
        let images = self.images.select(indices)?;
        Ok(Self { images, targets: self.targets.select(indices) })
    }

    /// The first `count` images.
    ///
    /// # Errors
    ///
    /// If there are fewer than `count`.
    pub fn take(&self, count: usize) -> Result<Self> {
        self.check_available(count)?;
        let pixels = self.images.pixels()[..count * self.images.width()].to_vec();
        let images =
            Images::new(self.images.rows(), self.images.cols(), self.images.max_value(), pixels)?
                .with_channels(self.images.channels())?;
        let targets = match &self.targets {
            Targets::Classes(labels) => Targets::Classes(labels[..count].to_vec()),
            Targets::Vectors { components, values } => Targets::Vectors {
                components: *components,
                values: values[..count * components].to_vec(),
            },
        };
        Ok(Self { images, targets })
    }

    /// `count` images chosen at random by `seed`, in their original order.
    ///
    /// These are the images [`split_off_validation`](Split::split_off_validation) would split off.
    ///
    /// # Errors
    ///
    /// If there are fewer than `count`.
    pub fn subset(&self, count: usize, seed: u64) -> Result<Self> {
        Ok(self.split_off_validation(count, seed)?.1)
    }

    /// The images left over and the `count` images chosen at random by `seed`, both in their
    /// original order.
    ///
    /// The choice is the first `count` elements of a random permutation of all images (algorithm:
    /// see [`Batches`](crate::Batches)) drawn from stream 0 of [`Purpose::Splits`]. For the same
    /// seed a larger `count` therefore chooses a superset.
    ///
    /// # Errors
    ///
    /// If there are fewer than `count`.
    pub fn split_off_validation(&self, count: usize, seed: u64) -> Result<(Self, Self)> {
        self.check_available(count)?;
        let mut order = permutation(self.len(), seed, Purpose::Splits, 0);
        let (chosen, rest) = order.split_at_mut(count);
        chosen.sort_unstable();
        rest.sort_unstable();
        Ok((self.select(rest)?, self.select(chosen)?))
    }

    /// The images resampled to `rows` × `cols` pixels by [`resample::resample`], with their targets.
    ///
    /// # Errors
    ///
    /// As [`resample::resample`].
    pub fn resample(&self, rows: usize, cols: usize) -> Result<Self> {
        let images = resample::resample(&self.images, rows, cols)?;
        Ok(Self { images, targets: self.targets.clone() })
    }

    /// How often each label occurs: element `c` counts the images of class `c`.
    ///
    /// There are `classes` elements, or more if larger labels occur. Of a regression all are 0.
    pub fn label_histogram(&self, classes: usize) -> Vec<usize> {
        let largest = self.labels().iter().max().map_or(0, |&label| usize::from(label) + 1);
        let mut counts = vec![0; classes.min(crate::limits::MAX_CLASSES).max(largest)];
        for &label in self.labels() {
            counts[usize::from(label)] += 1;
        }
        counts
    }

    fn check_available(&self, count: usize) -> Result<()> {
        check_count("number of images to take", count, 0, self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `n` images of one pixel; image `i` has pixel and label `i`.
    fn numbered(n: u8) -> Split {
        let images = Images::new(1, 1, 255, (0..u16::from(n)).collect()).unwrap();
        Split::new(images, (0..n).collect()).unwrap()
    }

    #[test]
    fn labels_and_images_must_be_as_many() {
        let images = Images::new(1, 1, 1, vec![0, 1]).unwrap();
        assert!(matches!(
            Split::new(images, vec![0]),
            Err(Error::Length { found: 1, expected: 2, .. })
        ));
    }

    #[test]
    fn taking_takes_the_first() {
        let first = numbered(9).take(4).unwrap();
        assert_eq!(first.labels(), [0, 1, 2, 3]);
        assert_eq!(first.images().pixels(), [0, 1, 2, 3]);
        assert!(numbered(9).take(10).is_err());
        assert!(numbered(9).take(usize::MAX).is_err());
    }

    #[test]
    fn validation_and_rest_are_disjoint_complete_and_in_order() {
        let all = numbered(100);
        let (rest, validation) = all.split_off_validation(30, 7).unwrap();
        assert_eq!((rest.len(), validation.len()), (70, 30));
        let mut union = [rest.labels(), validation.labels()].concat();
        assert!(rest.labels().is_sorted() && validation.labels().is_sorted());
        union.sort_unstable();
        assert_eq!(union, all.labels());
        for (image, &label) in validation.images().iter().zip(validation.labels()) {
            assert_eq!(image, [u16::from(label)]);
        }
        assert!(all.split_off_validation(101, 7).is_err());
    }

    #[test]
    fn the_choice_depends_on_the_seed_only_and_grows_with_the_count() {
        let all = numbered(100);
        let small = all.subset(10, 1).unwrap();
        assert_eq!(small, all.subset(10, 1).unwrap());
        assert_ne!(small, all.subset(10, 2).unwrap());
        let large = all.subset(40, 1).unwrap();
        assert!(small.labels().iter().all(|label| large.labels().contains(label)));
    }

    #[test]
    fn the_histogram_counts_absent_and_unexpected_classes() {
        let images = Images::new(1, 1, 1, vec![0; 4]).unwrap();
        let split = Split::new(images, vec![2, 0, 2, 2]).unwrap();
        assert_eq!(split.label_histogram(5), [1, 0, 3, 0, 0]);
        assert_eq!(split.label_histogram(1), [1, 0, 3]);
    }

    #[test]
    fn real_targets_stay_with_their_images() {
        let images = Images::new(1, 1, 255, (0..20).collect()).unwrap();
        let values: Vec<f64> = (0..20).flat_map(|i| [f64::from(i), -f64::from(i)]).collect();
        let all = Split::with_targets(images, Targets::Vectors { components: 2, values }).unwrap();
        let (rest, validation) = all.split_off_validation(7, 3).unwrap();
        for split in [&all.take(5).unwrap(), &rest, &validation, &all.resample(2, 2).unwrap()] {
            assert!(split.labels().is_empty() && split.targets().len() == split.len());
            for (index, image) in split.images().iter().enumerate() {
                let number = f64::from(image[0]);
                let expected = split.targets().vector(index).unwrap();
                if split.images().width() == 1 {
                    assert_eq!(expected, [number, -number]);
                }
            }
            assert_eq!(split.targets().vector(split.len()), None);
        }
    }

    #[test]
    fn real_targets_are_finite_and_complete() {
        let images = || Images::new(1, 1, 1, vec![0, 1]).unwrap();
        let of = |components, values: &[f64]| {
            Split::with_targets(images(), Targets::Vectors { components, values: values.to_vec() })
        };
        assert!(of(1, &[0.5, 2.0]).is_ok());
        assert!(matches!(of(1, &[0.5, f64::NAN]), Err(Error::Parameter { .. })));
        assert!(matches!(of(1, &[0.5]), Err(Error::Length { found: 1, expected: 2, .. })));
        assert!(of(2, &[0.5, 1.0, 2.0]).is_err() && of(0, &[]).is_err());
    }
}
