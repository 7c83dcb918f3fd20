//! Seeded mini-batches.

use crate::images::check_count;
use crate::limits::MAX_PIXELS;
use crate::shuffle::permutation;
use crate::streams::Purpose;
use crate::{Error, Result};

/// What happens to the images left over when the batch size does not divide their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incomplete {
    /// They are left out of this epoch, so all batches are equally large. Other images are left
    /// out in other epochs.
    #[default]
    Drop,
    /// They form a last, smaller batch.
    Keep,
}

/// A seeded division of images into mini-batches, anew for each epoch.
///
/// Nothing is carried over from one batch to the next: any batch of any epoch can be asked for in
/// any order and is the same each time, so an interrupted training continues exactly.
///
/// ```
/// use snode_data::Batches;
///
/// let batches = Batches::new(42, 60_000, 64)?;
/// assert_eq!(batches.per_epoch(), 937);
///
/// let epoch = batches.epoch(3); // shuffles once for all batches of the epoch
/// for batch in epoch.iter() {
///     assert_eq!(batch.len(), 64); // positions of images, 0 to 59,999
/// }
/// assert_eq!(epoch.batch(5)?, batches.batch(3, 5)?);
/// # Ok::<(), snode_data::Error>(())
/// ```
///
/// # The algorithm
///
/// Pinned, so that other programs can reproduce it. Let `x₁, x₂, …` be the 64-bit words of the
/// [stream](crate::streams) for the seed, [`Purpose::Batches`] and the epoch, and start with the
/// order `0, 1, …, n−1`. For `i` from `n−1` down to 1, swap elements `i` and `j`, where `j` is
/// uniform in `0..=i` (Fisher–Yates): with `m = i + 1`, take the next word `x`; if
/// `x·m mod 2⁶⁴ < 2⁶⁴ mod m`, skip it and take another, else `j = ⌊x·m / 2⁶⁴⌋` (Lemire). Batch `b`
/// is elements `b·size` to `(b+1)·size − 1` of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batches {
    seed: u64,
    images: usize,
    size: usize,
    incomplete: Incomplete,
}

impl Batches {
    /// Mini-batches of `size` out of `images` images; an incomplete last batch is dropped.
    ///
    /// # Errors
    ///
    /// If `images` is not in 1..=[`MAX_PIXELS`] or `size` is not in `1..=images`.
    pub fn new(seed: u64, images: usize, size: usize) -> Result<Self> {
        check_count("number of images", images, 1, MAX_PIXELS)?;
        check_count("batch size", size, 1, images)?;
        Ok(Self { seed, images, size, incomplete: Incomplete::Drop })
    }

    /// The same batches with another choice for the incomplete last one.
    #[must_use]
    pub fn with_incomplete(self, incomplete: Incomplete) -> Self {
        Self { incomplete, ..self }
    }

    /// The number of batches in an epoch, at least 1.
    pub fn per_epoch(&self) -> usize {
        match self.incomplete {
            Incomplete::Drop => self.images / self.size,
            Incomplete::Keep => self.images.div_ceil(self.size),
        }
    }

    /// The images in a batch (in all but the last, if an incomplete one is kept).
    pub fn size(&self) -> usize {
        self.size
    }

    /// The number of images the batches are made of.
    pub fn images(&self) -> usize {
        self.images
    }

    /// The epoch, and the batch in it, of training step `step`, all counted from 0.
    pub fn position(&self, step: u64) -> (u64, usize) {
        let per_epoch = self.per_epoch() as u64;
        (step / per_epoch, (step % per_epoch) as usize)
    }

    /// All batches of an epoch, counted from 0.
    ///
    /// Takes time and memory proportional to the number of images, about a millisecond for
    /// 60,000.
    pub fn epoch(&self, epoch: u64) -> Epoch {
        let mut order = permutation(self.images, self.seed, Purpose::Batches, epoch);
        order.truncate(self.per_epoch().saturating_mul(self.size));
        Epoch { order, size: self.size }
    }

    /// The positions of the images in one batch of one epoch, both counted from 0.
    ///
    /// Shuffles the whole epoch; to go through many batches, keep an [`Epoch`].
    ///
    /// # Errors
    ///
    /// If there is no such batch in an epoch.
    pub fn batch(&self, epoch: u64, batch: usize) -> Result<Vec<usize>> {
        if batch >= self.per_epoch() {
            let count = self.per_epoch();
            return Err(Error::OutOfRange { what: "batch", index: batch, count });
        }
        Ok(self.epoch(epoch).batch(batch)?.to_vec())
    }
}

/// The batches of one epoch, made by [`Batches::epoch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    order: Vec<usize>,
    size: usize,
}

impl Epoch {
    /// The number of batches, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "an epoch is never empty")]
    pub fn len(&self) -> usize {
        self.order.len().div_ceil(self.size)
    }

    /// The positions of the images in batch `index`.
    ///
    /// # Errors
    ///
    /// If there is no such batch.
    pub fn batch(&self, index: usize) -> Result<&[usize]> {
        let error = Error::OutOfRange { what: "batch", index, count: self.len() };
        self.iter().nth(index).ok_or(error)
    }

    /// The batches in order, each as the positions of its images.
    pub fn iter(&self) -> std::slice::Chunks<'_, usize> {
        self.order.chunks(self.size)
    }
}

impl<'a> IntoIterator for &'a Epoch {
    type Item = &'a [usize];
    type IntoIter = std::slice::Chunks<'a, usize>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// If this fails, the algorithm has changed and runs can no longer be repeated. The references
    /// come from another implementation of the algorithm as documented.
    #[test]
    fn the_order_is_pinned() {
        let ten = |seed, epoch| Batches::new(seed, 10, 10).unwrap().batch(epoch, 0).unwrap();
        assert_eq!(ten(42, 0), [1, 6, 5, 4, 3, 7, 9, 2, 8, 0]);
        assert_eq!(ten(42, 1), [2, 3, 9, 4, 5, 1, 7, 8, 0, 6]);
        assert_eq!(ten(43, 0), [4, 0, 6, 1, 2, 9, 5, 8, 7, 3]);
        let epoch = Batches::new(1, 60_000, 5).unwrap().epoch(5);
        assert_eq!(epoch.batch(0).unwrap(), [48658, 37931, 11244, 19473, 4031]);
        assert_eq!(epoch.batch(11_999).unwrap(), [1184, 13480, 6022, 16057, 36653]);
    }

    proptest! {
        #[test]
        fn batches_partition_the_images(
            seed: u64, epoch: u64, images in 1_usize..300, size in 1_usize..300,
        ) {
            prop_assume!(size <= images);
            let dropping = Batches::new(seed, images, size).unwrap();
            let keeping = dropping.with_incomplete(Incomplete::Keep);
            let mut all: Vec<usize> = keeping.epoch(epoch).iter().flatten().copied().collect();
            prop_assert_eq!(keeping.epoch(epoch).len(), keeping.per_epoch());
            prop_assert_eq!(dropping.epoch(epoch).len(), dropping.per_epoch());
            for b in 0..dropping.per_epoch() {
                let batch = dropping.batch(epoch, b).unwrap();
                prop_assert_eq!(batch.len(), size);
                prop_assert_eq!(batch, keeping.batch(epoch, b).unwrap());
            }
            all.sort_unstable();
            prop_assert_eq!(all, (0..images).collect::<Vec<_>>());
        }
    }

    #[test]
    fn steps_run_through_the_batches_epoch_by_epoch() {
        let batches = Batches::new(1, 10, 3).unwrap();
        assert_eq!(batches.position(0), (0, 0));
        assert_eq!(batches.position(2), (0, 2));
        assert_eq!(batches.position(3), (1, 0));
        assert_eq!(batches.with_incomplete(Incomplete::Keep).position(3), (0, 3));
        assert_eq!(Batches::new(1, 1, 1).unwrap().position(u64::MAX), (u64::MAX, 0));
    }

    #[test]
    fn impossible_sizes_and_batches_are_refused() {
        assert!(Batches::new(1, 0, 1).is_err());
        assert!(Batches::new(1, 5, 0).is_err());
        assert!(Batches::new(1, 5, 6).is_err());
        assert!(Batches::new(1, usize::MAX, 6).is_err());
        let batches = Batches::new(1, 5, 2).unwrap();
        assert!(matches!(batches.batch(0, 2), Err(Error::OutOfRange { count: 2, .. })));
        assert!(batches.epoch(0).batch(usize::MAX).is_err());
        assert!(batches.with_incomplete(Incomplete::Keep).batch(0, 2).is_ok());
    }
}
