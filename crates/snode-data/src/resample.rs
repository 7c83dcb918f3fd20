//! Images of another size.
//!
//! [`resample`] is the one to use: it sums blocks of pixels where that is exact and averages areas
//! otherwise. All arithmetic is on integers, so results are the same on every machine.

use crate::images::{check_count, check_shape};
use crate::limits::MAX_PIXELS;
use crate::{Error, Images, Result};

/// The value of full foreground in area-averaged images: the largest there is, for the finest
/// rounding.
pub const AREA_MAX_VALUE: u16 = u16::MAX;

/// The images at `rows` × `cols` pixels.
///
/// If both sizes divide the present ones and sums fit `u16`, these are [`block_sums`], which are
/// exact; images of the size asked for stay as they are. Otherwise these are [`area_averages`].
/// Which of the two depends on shape and `max_value` only, never on pixels.
///
/// # Errors
///
/// If `rows` or `cols` is not in 1..=[`MAX_SIDE`](crate::limits::MAX_SIDE) or the result would
/// exceed [`MAX_PIXELS`].
pub fn resample(images: &Images, rows: usize, cols: usize) -> Result<Images> {
    check_shape(rows, cols)?;
    if images.rows().is_multiple_of(rows) && images.cols().is_multiple_of(cols) {
        let (block_rows, block_cols) = (images.rows() / rows, images.cols() / cols);
        if block_max_value(images, block_rows, block_cols).is_ok() {
            return block_sums(images, block_rows, block_cols);
        }
    }
    area_averages(images, rows, cols)
}

/// The images with each block of `block_rows` × `block_cols` pixels replaced by its sum.
///
/// Exact. The maximal value grows by the number of pixels in a block: 2×2 blocks of pixels to 255
/// have sums to 1020.
///
/// # Errors
///
/// If the images are not a whole number of blocks high and wide, or sums could exceed `u16`.
pub fn block_sums(images: &Images, block_rows: usize, block_cols: usize) -> Result<Images> {
    check_shape(block_rows, block_cols)?;
    let (rows, cols) = images.shape();
    if !rows.is_multiple_of(block_rows) || !cols.is_multiple_of(block_cols) {
        return Err(Error::Blocks { rows, cols, block_rows, block_cols });
    }
    let max_value = block_max_value(images, block_rows, block_cols)?;
    let (out_rows, out_cols) = (rows / block_rows, cols / block_cols);
    let mut pixels = vec![0_u16; images.len() * out_rows * out_cols];
    for (image, out) in images.iter().zip(pixels.chunks_exact_mut(out_rows * out_cols)) {
        for (row, line) in image.chunks_exact(cols).enumerate() {
            let out_line = &mut out[row / block_rows * out_cols..][..out_cols];
            for (sum, block) in out_line.iter_mut().zip(line.chunks_exact(block_cols)) {
                *sum += block.iter().sum::<u16>();
            }
        }
    }
    Images::new(out_rows, out_cols, max_value, pixels)?.with_channels(images.channels())
}

/// The largest sum of a block, which must fit `u16`.
fn block_max_value(images: &Images, block_rows: usize, block_cols: usize) -> Result<u16> {
    let block = block_rows.saturating_mul(block_cols);
    let largest = usize::from(images.max_value()).saturating_mul(block);
    check_count("largest sum of a block", largest, 1, usize::from(u16::MAX))?;
    Ok(largest as u16)
}

/// The images at `rows` × `cols` pixels, each the mean over the area it covers in the original
/// (box filter).
///
/// Original pixels count by the part of them that is covered. Defined for any sizes: enlarging
/// by a whole factor repeats pixels. The maximal value becomes [`AREA_MAX_VALUE`], and means are
/// rounded to the nearest integer on that scale, halves up.
///
/// # Errors
///
/// If `rows` or `cols` is not in 1..=[`MAX_SIDE`](crate::limits::MAX_SIDE) or the result would
/// exceed [`MAX_PIXELS`].
pub fn area_averages(images: &Images, rows: usize, cols: usize) -> Result<Images> {
    check_shape(rows, cols)?;
    check_count("number of images", images.len(), 0, MAX_PIXELS / (rows * cols))?;
    let (from_rows, from_cols) = images.shape();
    let row_covers = covers(from_rows, rows);
    let col_covers = covers(from_cols, cols);

    // Weights sum to `from_rows` and `from_cols`, at most 2^12 each, and pixels are below 2^16:
    // sums stay below 2^40, and twice a sum on the new scale below 2^57.
    let full = (from_rows * from_cols) as u64 * u64::from(images.max_value());
    let to_scale = |sum: u64| ((2 * sum * u64::from(AREA_MAX_VALUE) + full) / (2 * full)) as u16;

    let mut lines = vec![0_u64; from_rows * cols]; // original rows, new columns
    let mut pixels = Vec::with_capacity(images.len() * rows * cols);
    for image in images {
        for (line, sums) in image.chunks_exact(from_cols).zip(lines.chunks_exact_mut(cols)) {
            for (sum, cover) in sums.iter_mut().zip(&col_covers) {
                *sum = cover.sum(|col| u64::from(line[col]));
            }
        }
        for cover in &row_covers {
            pixels.extend((0..cols).map(|col| to_scale(cover.sum(|row| lines[row * cols + col]))));
        }
    }
    Images::new(rows, cols, AREA_MAX_VALUE, pixels)?.with_channels(images.channels())
}

/// The original pixels that one new pixel covers, along one direction: the first of them and the
/// length covered of each, in units of one `to`-th of a pixel.
struct Cover {
    first: usize,
    weights: Vec<u64>,
}

impl Cover {
    /// The weighted sum of the original values covered.
    fn sum(&self, value: impl Fn(usize) -> u64) -> u64 {
        self.weights.iter().zip(self.first..).map(|(weight, i)| weight * value(i)).sum()
    }
}

/// How `to` new pixels cover `from` original ones; the weights of each sum to `from`.
fn covers(from: usize, to: usize) -> Vec<Cover> {
    let cover = |new: usize| {
        let (start, end) = (new * from, (new + 1) * from);
        let (first, last) = (start / to, end.div_ceil(to));
        let weight = |i: usize| ((i + 1) * to).min(end) - (i * to).max(start);
        Cover { first, weights: (first..last).map(|i| weight(i) as u64).collect() }
    };
    (0..to).map(cover).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blocks_are_summed_exactly() {
        let images = Images::new(4, 4, 255, (0..32).collect()).unwrap();
        let sums = block_sums(&images, 2, 2).unwrap();
        assert_eq!(sums.pixels(), [10, 18, 42, 50, 74, 82, 106, 114]);
        assert_eq!((sums.shape(), sums.max_value()), ((2, 2), 1020));
        assert_eq!(resample(&images, 2, 2).unwrap(), sums);
        let lines = block_sums(&images, 1, 4).unwrap();
        assert_eq!(lines.image(0).unwrap(), [6, 22, 38, 54]);
    }

    #[test]
    fn uneven_or_too_large_blocks_are_refused() {
        let images = Images::new(4, 6, 255, vec![0; 24]).unwrap();
        assert!(matches!(block_sums(&images, 3, 2), Err(Error::Blocks { .. })));
        assert!(matches!(block_sums(&images, 8, 2), Err(Error::Blocks { .. })));
        assert!(matches!(block_sums(&images, 0, 2), Err(Error::Count { .. })));
        let bright = Images::new(4, 6, 40_000, vec![0; 24]).unwrap();
        assert!(matches!(block_sums(&bright, 2, 1), Err(Error::Count { found: 80_000, .. })));
    }

    #[test]
    fn sums_that_do_not_fit_become_averages() {
        let bright = Images::new(1, 2, 40_000, vec![40_000, 20_000]).unwrap();
        let average = resample(&bright, 1, 1).unwrap();
        assert_eq!((average.pixels(), average.max_value()), (&[49_151][..], AREA_MAX_VALUE));
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let images = Images::new(2, 3, 77, (0..12).collect()).unwrap();
        assert_eq!(resample(&images, 2, 3).unwrap(), images);
    }

    #[test]
    fn areas_are_averaged_by_the_part_covered() {
        let images = Images::new(1, 3, 3, vec![3, 0, 1]).unwrap();
        // New pixels cover 1.5 original ones: (3 + 0/2)/1.5 = 2 and (0/2 + 1)/1.5 = 2/3, of 3.
        assert_eq!(area_averages(&images, 1, 2).unwrap().pixels(), [43_690, 14_563]);
        // The same along the other direction.
        let images = Images::new(3, 1, 3, vec![3, 0, 1]).unwrap();
        assert_eq!(area_averages(&images, 2, 1).unwrap().pixels(), [43_690, 14_563]);
    }

    #[test]
    fn enlarging_by_a_whole_factor_repeats_pixels() {
        let images = Images::new(1, 2, 255, vec![1, 255]).unwrap();
        let large = resample(&images, 2, 4).unwrap();
        assert_eq!(large.pixels(), [257, 257, 65_535, 65_535].repeat(2));
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let images = Images::new(1, 1, 255, vec![1; 100]).unwrap();
        assert!(resample(&images, 0, 5).is_err());
        assert!(resample(&images, 5, usize::MAX).is_err());
        // 100 images of 4096x4096 would be 1.7 billion pixels.
        assert!(matches!(resample(&images, 4096, 4096), Err(Error::Count { found: 100, .. })));
    }

    proptest! {
        #[test]
        fn averaging_keeps_the_mean_and_the_range(
            from in (1_usize..9, 1_usize..9), to in (1_usize..12, 1_usize..12),
            seed in proptest::collection::vec(0_u16..=255, 64),
        ) {
            let pixels = seed[..from.0 * from.1].to_vec();
            let images = Images::new(from.0, from.1, 255, pixels).unwrap();
            let out = area_averages(&images, to.0, to.1).unwrap();
            let mean = |images: &Images| {
                let sum: f64 = images.pixels().iter().map(|&p| f64::from(p)).sum();
                sum / images.width() as f64 / f64::from(images.max_value())
            };
            // Each pixel is rounded by at most half a step.
            prop_assert!((mean(&images) - mean(&out)).abs() <= 0.5 / 65_535.0 + 1e-12);
            let range = |images: &Images| {
                (*images.pixels().iter().min().unwrap(), *images.pixels().iter().max().unwrap())
            };
            let (min, max) = range(&images);
            let (out_min, out_max) = range(&out);
            prop_assert!(min * 257 <= out_min && out_max <= max * 257);
        }

        #[test]
        fn averages_of_whole_blocks_are_the_sums_rescaled(
            seed in proptest::collection::vec(0_u16..=255, 24),
        ) {
            let images = Images::new(4, 6, 255, seed).unwrap();
            let sums = block_sums(&images, 2, 3).unwrap().rescaled(AREA_MAX_VALUE).unwrap();
            prop_assert_eq!(area_averages(&images, 2, 2).unwrap(), sums);
        }
    }
}
