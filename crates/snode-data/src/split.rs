//! Labelled images.

use crate::images::check_count;
use crate::shuffle::permutation;
use crate::streams::Purpose;
use crate::{Error, Images, Result, resample};

/// Images with one label each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    images: Images,
    labels: Vec<u8>,
}

impl Split {
    /// Images and their labels, in the same order.
    ///
    /// # Errors
    ///
    /// If there are not as many labels as images.
    pub fn new(images: Images, labels: Vec<u8>) -> Result<Self> {
        if images.len() != labels.len() {
            let (found, expected) = (labels.len(), images.len());
            return Err(Error::Length { what: "labels", found, expected });
        }
        Ok(Self { images, labels })
    }

    /// The images.
    pub fn images(&self) -> &Images {
        &self.images
    }

    /// The labels, one for each image.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The images and their labels.
    pub fn into_parts(self) -> (Images, Vec<u8>) {
        (self.images, self.labels)
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The images and labels at `indices`, in that order.
    ///
    /// # Errors
    ///
    /// If an index is out of range or the result would exceed
    /// [`MAX_PIXELS`](crate::limits::MAX_PIXELS).
    pub fn select(&self, indices: &[usize]) -> Result<Self> {
        let images = self.images.select(indices)?;
        let labels = indices.iter().map(|&i| self.labels[i]).collect();
        Ok(Self { images, labels })
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
            Images::new(self.images.rows(), self.images.cols(), self.images.max_value(), pixels)?;
        Ok(Self { images, labels: self.labels[..count].to_vec() })
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

    /// The images resampled to `rows` × `cols` pixels by [`resample::resample`], with their labels.
    ///
    /// # Errors
    ///
    /// As [`resample::resample`].
    pub fn resample(&self, rows: usize, cols: usize) -> Result<Self> {
        let images = resample::resample(&self.images, rows, cols)?;
        Ok(Self { images, labels: self.labels.clone() })
    }

    /// How often each label occurs: element `c` counts the images of class `c`.
    ///
    /// There are `classes` elements, or more if larger labels occur.
    pub fn label_histogram(&self, classes: usize) -> Vec<usize> {
        let largest = self.labels.iter().max().map_or(0, |&label| usize::from(label) + 1);
        let mut counts = vec![0; classes.min(crate::limits::MAX_CLASSES).max(largest)];
        for &label in &self.labels {
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
}
