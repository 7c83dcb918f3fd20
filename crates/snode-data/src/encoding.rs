//! From integer pixels to the real numbers a network sees.

use crate::{Error, Images, Real, Result};

/// The real numbers that stand for background and foreground: pixel `p` becomes
/// `background + (foreground − background) · p / max_value`.
///
/// The default is background 0 and foreground −1.
///
/// ```
/// use snode_data::{Encoding, Images};
///
/// let images = Images::new(1, 2, 255, vec![0, 255, 51, 0])?;
/// let mut columns = [0.0_f32; 4];
/// Encoding::default().encode_into(&images, &[1, 0], &mut columns)?;
/// assert_eq!(columns, [-0.2, 0.0, 0.0, -1.0]);
/// # Ok::<(), snode_data::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Encoding {
    background: f64,
    foreground: f64,
}

impl Default for Encoding {
    fn default() -> Self {
        Self { background: 0.0, foreground: -1.0 }
    }
}

impl Encoding {
    /// The largest magnitude of background and foreground.
    pub const MAX_MAGNITUDE: f64 = 1e6;

    /// An encoding with the given values of background and foreground.
    ///
    /// # Errors
    ///
    /// If a value is not finite or larger than [`MAX_MAGNITUDE`](Encoding::MAX_MAGNITUDE) in
    /// magnitude, or both are equal, which would make all images the same.
    pub fn new(background: f64, foreground: f64) -> Result<Self> {
        for (what, found) in [("background", background), ("foreground", foreground)] {
            if found.is_nan() || found.abs() > Self::MAX_MAGNITUDE {
                return Err(Error::Parameter { what, found, allowed: "-1e6 to 1e6" });
            }
        }
        if background == foreground {
            return Err(Error::Parameter {
                what: "foreground",
                found: foreground,
                allowed: "a number different from background",
            });
        }
        Ok(Self { background, foreground })
    }

    /// The value of a pixel without any foreground.
    pub fn background(&self) -> f64 {
        self.background
    }

    /// The value of a pixel of full foreground.
    pub fn foreground(&self) -> f64 {
        self.foreground
    }

    /// The smallest and the largest value of an encoded pixel: the box of valid images.
    pub fn bounds(&self) -> (f64, f64) {
        (self.background.min(self.foreground), self.background.max(self.foreground))
    }

    /// The value that encodes the fraction `t` of full foreground, 0 to 1.
    ///
    /// Exact at 0 and at 1, and within the [bounds](Encoding::bounds) between.
    #[inline]
    pub fn value(&self, t: f64) -> f64 {
        let (min, max) = self.bounds();
        (self.background * (1.0 - t) + self.foreground * t).clamp(min, max)
    }

    /// Writes the images at `indices` into `out`, column by column.
    ///
    /// `out` is a column-major matrix with one column of [`width`](Images::width) numbers for each
    /// index: pixel `k` of the image at `indices[m]` goes to `out[m * width + k]`. Nothing is
    /// allocated. Values are computed in `f64` and rounded once to `T`.
    ///
    /// # Errors
    ///
    /// If `out` does not have `width * indices.len()` elements or an index is out of range; `out`
    /// may have been written to in part then.
    pub fn encode_into<T: Real>(
        &self,
        images: &Images,
        indices: &[usize],
        out: &mut [T],
    ) -> Result<()> {
        let width = images.width();
        let expected = width.saturating_mul(indices.len());
        if out.len() != expected {
            return Err(Error::Length { what: "encoded images", found: out.len(), expected });
        }
        let full = f64::from(images.max_value());
        for (&index, column) in indices.iter().zip(out.chunks_exact_mut(width)) {
            for (x, &p) in column.iter_mut().zip(images.image(index)?) {
                *x = T::from_f64(self.value(f64::from(p) / full));
            }
        }
        Ok(())
    }

    /// The images at `indices` as a new column-major matrix; see
    /// [`encode_into`](Encoding::encode_into).
    ///
    /// # Errors
    ///
    /// If an index is out of range or the result would exceed
    /// [`MAX_PIXELS`](crate::limits::MAX_PIXELS) elements.
    pub fn encode<T: Real>(&self, images: &Images, indices: &[usize]) -> Result<Vec<T>> {
        let most = crate::limits::MAX_PIXELS / images.width();
        crate::images::check_count("number of images", indices.len(), 0, most)?;
        let mut out = vec![T::from_f64(0.0); images.width() * indices.len()];
        self.encode_into(images, indices, &mut out)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn columns_follow_the_indices() {
        let images = Images::new(1, 2, 4, vec![0, 1, 2, 3, 4, 0]).unwrap();
        let columns: Vec<f64> = Encoding::default().encode(&images, &[2, 0, 2]).unwrap();
        assert_eq!(columns, [-1.0, 0.0, 0.0, -0.25, -1.0, 0.0]);
    }

    #[test]
    fn wrong_sizes_and_indices_are_refused() {
        let images = Images::new(1, 2, 4, vec![0, 1]).unwrap();
        let mut out = [0.0_f64; 3];
        let encoding = Encoding::default();
        assert!(matches!(
            encoding.encode_into(&images, &[0], &mut out),
            Err(Error::Length { found: 3, expected: 2, .. })
        ));
        assert!(matches!(
            encoding.encode_into(&images, &[1], &mut out[..2]),
            Err(Error::OutOfRange { index: 1, count: 1, .. })
        ));
        assert!(encoding.encode::<f32>(&images, &[usize::MAX]).is_err());
    }

    #[test]
    fn meaningless_encodings_are_refused() {
        assert!(Encoding::new(0.0, 0.0).is_err());
        assert!(Encoding::new(f64::NAN, 1.0).is_err());
        assert!(Encoding::new(0.0, f64::INFINITY).is_err());
        assert!(Encoding::new(0.0, 2e6).is_err());
        assert_eq!(Encoding::new(0.0, -1.0).unwrap(), Encoding::default());
    }

    proptest! {
        #[test]
        fn values_are_the_formula_and_stay_in_the_box(
            background in -10.0..10.0_f64, foreground in -10.0..10.0_f64,
            max_value in 1_u16.., p: u16,
        ) {
            prop_assume!(background != foreground);
            let p = p % (u32::from(max_value) + 1).min(65535) as u16;
            let encoding = Encoding::new(background, foreground).unwrap();
            let images = Images::new(1, 3, max_value, vec![0, p, max_value]).unwrap();
            let x: Vec<f64> = encoding.encode(&images, &[0]).unwrap();
            let t = f64::from(p) / f64::from(max_value);
            let formula = background + (foreground - background) * t;
            prop_assert_eq!(x[0], background);
            prop_assert_eq!(x[2], foreground);
            prop_assert!((x[1] - formula).abs() < 1e-14);
            let (min, max) = encoding.bounds();
            prop_assert!(min <= x[1] && x[1] <= max);
            let single: Vec<f32> = encoding.encode(&images, &[0]).unwrap();
            prop_assert_eq!(single[1], x[1] as f32);
        }
    }
}
