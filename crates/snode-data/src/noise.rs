//! Gaussian noise on encoded images.

use rand_distr::{Distribution, StandardNormal};

use crate::streams::{self, Purpose};
use crate::{Error, Real, Result};

/// Normally distributed noise, different for each image and always the same for one image.
///
/// The noise on an image depends only on the seed and on the image's index, not on the batch it
/// is in, the order of images or the number of threads. Its elements are drawn in order, as `f64`
/// whatever the type of the image, by [`StandardNormal`] from the [stream](crate::streams) for the
/// seed, [`Purpose::Noise`] and the index, and multiplied by the standard deviation: noise of
/// another strength is the same noise scaled.
///
/// ```
/// use snode_data::{Encoding, Images, Noise};
///
/// let images = Images::new(1, 2, 255, vec![0, 255, 51, 0])?;
/// let encoding = Encoding::default();
/// let mut columns: Vec<f64> = encoding.encode(&images, &[1, 0])?;
/// let (min, max) = encoding.bounds();
/// Noise::new(42, 0.1)?.clipped(min, max)?.add(images.width(), &[1, 0], &mut columns)?;
/// assert!(columns.iter().all(|x| (min..=max).contains(x)));
/// # Ok::<(), snode_data::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    seed: u64,
    standard_deviation: f64,
    clip: Option<(f64, f64)>,
    draw: u32,
}

impl Noise {
    /// The largest standard deviation.
    pub const MAX_STANDARD_DEVIATION: f64 = 1e6;

    /// Noise of the given standard deviation, in units of the encoding; not clipped.
    ///
    /// # Errors
    ///
    /// If the standard deviation is not in 0 to 10⁶.
    pub fn new(seed: u64, standard_deviation: f64) -> Result<Self> {
        if !(0.0..=Self::MAX_STANDARD_DEVIATION).contains(&standard_deviation) {
            return Err(Error::Parameter {
                what: "standard deviation of the noise",
                found: standard_deviation,
                allowed: "0 to 1e6",
            });
        }
        Ok(Self { seed, standard_deviation, clip: None, draw: 0 })
    }

    /// The same noise, after which values are clipped to `min..=max`.
    ///
    /// # Errors
    ///
    /// If a bound is not finite or `min` exceeds `max`.
    pub fn clipped(self, min: f64, max: f64) -> Result<Self> {
        if !min.is_finite() {
            let what = "lower bound of clipping";
            return Err(Error::Parameter { what, found: min, allowed: "a finite number" });
        }
        if !max.is_finite() || max < min {
            return Err(Error::Parameter {
                what: "upper bound of clipping",
                found: max,
                allowed: "a finite number, not below the lower bound",
            });
        }
        Ok(Self { clip: Some((min, max)), ..self })
    }

    /// Another, independent draw of the same noise. The draw of [`Self::new`] is number 0; in draw d
    /// the index of an image's stream is 2³² d plus the image's.
    pub fn draw(self, draw: u32) -> Self {
        Self { draw, ..self }
    }

    /// Adds noise to encoded images in place.
    ///
    /// `columns` is a column-major matrix of `width` rows and one column for each index, as
    /// [`Encoding::encode_into`](crate::Encoding::encode_into) writes it; `indices[m]` is the
    /// index, in the whole split, of the image in column `m`.
    ///
    /// # Errors
    ///
    /// If `columns` does not have `width * indices.len()` elements.
    pub fn add<T: Real>(&self, width: usize, indices: &[usize], columns: &mut [T]) -> Result<()> {
        let expected = width.saturating_mul(indices.len());
        if columns.len() != expected {
            return Err(Error::Length { what: "encoded images", found: columns.len(), expected });
        }
        if width == 0 {
            return Ok(());
        }
        for (&index, column) in indices.iter().zip(columns.chunks_exact_mut(width)) {
            let stream = (u64::from(self.draw) << 32).wrapping_add(index as u64);
            let mut rng = streams::rng(self.seed, Purpose::Noise, stream);
            for x in column {
                let z: f64 = StandardNormal.sample(&mut rng);
                let mut noisy = x.to_f64() + self.standard_deviation * z;
                if let Some((min, max)) = self.clip {
                    noisy = noisy.clamp(min, max);
                }
                *x = T::from_f64(noisy);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_of_an_image_does_not_depend_on_its_batch() {
        let noise = Noise::new(3, 0.5).unwrap();
        let mut batch = [0.0_f64; 6];
        noise.add(2, &[7, 1, 4], &mut batch).unwrap();
        for (m, index) in [7, 1, 4].into_iter().enumerate() {
            let mut alone = [0.0_f64; 2];
            noise.add(2, &[index], &mut alone).unwrap();
            assert_eq!(alone, batch[2 * m..2 * m + 2]);
        }
        assert_ne!(batch[..2], batch[2..4]);
    }

    #[test]
    fn noise_depends_on_the_seed_and_the_draw() {
        let (mut a, mut b) = ([0.0_f64; 4], [0.0_f64; 4]);
        let noise = Noise::new(1, 1.0).unwrap();
        noise.add(4, &[0], &mut a).unwrap();
        Noise::new(2, 1.0).unwrap().add(4, &[0], &mut b).unwrap();
        assert_ne!(a, b);
        let (mut first, mut second) = ([0.0_f64; 4], [0.0_f64; 4]);
        noise.draw(0).add(4, &[0], &mut first).unwrap();
        noise.draw(1).add(4, &[0], &mut second).unwrap();
        assert_eq!(first, a);
        assert_ne!(second, a);
    }

    #[test]
    fn single_precision_gets_the_same_noise_rounded() {
        let noise = Noise::new(9, 0.3).unwrap();
        let (mut double, mut single) = ([0.0_f64; 50], [0.0_f32; 50]);
        noise.add(50, &[12], &mut double).unwrap();
        noise.add(50, &[12], &mut single).unwrap();
        assert!(double.iter().zip(&single).all(|(&d, &s)| d as f32 == s));
    }

    #[test]
    fn mean_and_standard_deviation_are_as_asked() {
        let mut columns = vec![1.0_f64; 100_000];
        let indices: Vec<usize> = (0..1000).collect();
        Noise::new(5, 0.2).unwrap().add(100, &indices, &mut columns).unwrap();
        let n = columns.len() as f64;
        let mean = columns.iter().sum::<f64>() / n;
        let variance = columns.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        // Five standard errors.
        assert!((mean - 1.0).abs() < 5.0 * 0.2 / n.sqrt(), "{mean}");
        assert!((variance.sqrt() - 0.2).abs() < 5.0 * 0.2 / (2.0 * n).sqrt(), "{variance}");
    }

    #[test]
    fn clipping_keeps_to_the_box_and_changes_nothing_inside() {
        let free = Noise::new(8, 1.0).unwrap();
        let clipped = free.clipped(-0.5, 0.25).unwrap();
        let (mut a, mut b) = ([0.0_f64; 200], [0.0_f64; 200]);
        free.add(200, &[0], &mut a).unwrap();
        clipped.add(200, &[0], &mut b).unwrap();
        assert!(a.iter().zip(&b).all(|(a, &b)| a.clamp(-0.5, 0.25) == b));
        assert!(b.contains(&-0.5) && b.contains(&0.25));
    }

    #[test]
    fn impossible_parameters_and_shapes_are_refused() {
        for bad in [-0.1, f64::NAN, f64::INFINITY, 1e7] {
            assert!(Noise::new(1, bad).is_err());
        }
        let noise = Noise::new(1, 0.0).unwrap();
        assert!(noise.clipped(1.0, 0.0).is_err());
        assert!(noise.clipped(f64::NAN, 0.0).is_err());
        assert!(noise.clipped(0.0, f64::NAN).is_err());
        assert!(noise.add(3, &[0], &mut [0.0_f64; 2]).is_err());
        assert!(noise.add(usize::MAX, &[0, 1], &mut [0.0_f64; 2]).is_err());
        assert!(noise.add::<f64>(0, &[0], &mut []).is_ok());
    }
}
