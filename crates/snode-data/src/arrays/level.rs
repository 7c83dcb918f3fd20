//! From real numbers to pixels.

use super::wrong;
use crate::{Error, Result};
use std::path::Path;

/// x stands for the fraction (x − offset)/scale of full foreground, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaling {
    offset: f64,
    scale: f64,
}

impl Scaling {
    /// The largest scale, and the largest magnitude of an offset.
    pub const MAX: f64 = 1e12;

    /// The offset, and the scale above 0.
    ///
    /// # Errors
    ///
    /// If one is larger than [`MAX`](Self::MAX) or not a number, or the scale is not above 0.
    pub fn new(offset: f64, scale: f64) -> Result<Self> {
        if offset.is_nan() || offset.abs() > Self::MAX {
            return Err(Error::Parameter {
                what: "offset",
                found: offset,
                allowed: "-1e12 to 1e12",
            });
        }
        if scale.is_nan() || scale <= 0.0 || scale > Self::MAX {
            let allowed = "more than 0, at most 1e12";
            return Err(Error::Parameter { what: "scale", found: scale, allowed });
        }
        Ok(Self { offset, scale })
    }

    /// What stands for pure background.
    pub fn offset(&self) -> f64 {
        self.offset
    }

    /// The distance between background and full foreground.
    pub fn scale(&self) -> f64 {
        self.scale
    }
}

/// What is known of numbers that have been looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    min: f64,
    max: f64,
    integers: bool,
}

impl Extent {
    pub fn new() -> Self {
        Self { min: f64::INFINITY, max: f64::NEG_INFINITY, integers: true }
    }

    pub fn add(&mut self, value: f64) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.integers &= value.fract() == 0.0;
    }
}

/// How numbers become pixels: fractions of full foreground, rounded to a multiple of 1/max_value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Levels {
    pub scaling: Scaling,
    pub max_value: u16,
    given: bool,
}

impl Levels {
    /// Whole numbers from 0 to `max_value`, as they are.
    pub fn whole(max_value: u16) -> Self {
        let scaling = Scaling { offset: 0.0, scale: f64::from(max_value) };
        Self { scaling, max_value, given: true }
    }

    /// By a scaling that was given, or one that takes the numbers looked at to 0 … 1: exactly where they
    /// are integers that are not too far apart.
    pub fn of(given: Option<Scaling>, extent: Extent, path: &Path) -> Result<Self> {
        let scaling = match given {
            Some(scaling) => scaling,
            None if extent.min < extent.max => Scaling::new(extent.min, extent.max - extent.min)
                .map_err(|error| wrong(path, format!("of all inputs: {error}")))?,
            None if extent.min > extent.max => return Err(wrong(path, "there are no inputs")),
            None => {
                let problem = format!("all inputs are {}; expected different ones", extent.min);
                return Err(wrong(path, problem));
            }
        };
        let whole = |number: f64| number.fract() == 0.0;
        let is_exact = extent.integers
            && whole(scaling.offset)
            && whole(scaling.scale)
            && scaling.scale <= f64::from(u16::MAX);
        let max_value = if is_exact { scaling.scale as u16 } else { u16::MAX };
        Ok(Self { scaling, max_value, given: given.is_some() })
    }

    /// The pixel for a number, if that is between background and full foreground.
    pub fn pixel(&self, value: f64) -> Option<u16> {
        let fraction = (value - self.scaling.offset) / self.scaling.scale;
        let inside =
            if self.given { (0.0..=1.0).contains(&fraction) } else { fraction.is_finite() };
        inside.then(|| (fraction.clamp(0.0, 1.0) * f64::from(self.max_value)).round() as u16)
    }

    /// What is to be said of a number that has no pixel.
    pub fn expected(&self) -> String {
        let Scaling { offset, scale } = self.scaling;
        format!("a number from {offset} to {}, as offset and scale say", offset + scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(values: &[f64]) -> Extent {
        let mut extent = Extent::new();
        for &value in values {
            extent.add(value);
        }
        extent
    }

    #[test]
    fn integers_are_kept_exactly() {
        let levels = Levels::of(None, extent(&[-3.0, 0.0, 13.0]), Path::new("x")).unwrap();
        assert_eq!((levels.scaling, levels.max_value), (Scaling { offset: -3.0, scale: 16.0 }, 16));
        assert_eq!([-3.0, 0.0, 13.0].map(|x| levels.pixel(x)), [Some(0), Some(3), Some(16)]);
    }

    #[test]
    fn real_numbers_are_rounded_to_half_a_step() {
        let values = [-1.2, 0.123_456, 2.3];
        let levels = Levels::of(None, extent(&values), Path::new("x")).unwrap();
        assert_eq!(levels.max_value, u16::MAX);
        for value in values {
            let pixel = f64::from(levels.pixel(value).unwrap()) / 65535.0;
            let back = levels.scaling.offset() + levels.scaling.scale() * pixel;
            assert!((back - value).abs() <= levels.scaling.scale() / 131_070.0 + 1e-15);
        }
        // Multiples of 1/255 are multiples of 1/65535.
        let levels = Levels::of(None, extent(&[0.0, 1.0, 0.2]), Path::new("x")).unwrap();
        assert_eq!(levels.pixel(0.2), Some(51 * 257));
    }

    #[test]
    fn what_a_given_scaling_does_not_hold_has_no_pixel() {
        let given = Scaling::new(0.0, 2.0).unwrap();
        let levels = Levels::of(Some(given), extent(&[0.5, 3.0]), Path::new("x")).unwrap();
        assert_eq!(
            [0.0, 2.0, 2.1, -0.1, f64::NAN].map(|x| levels.pixel(x).is_some()),
            [true, true, false, false, false]
        );
        assert!(levels.expected().contains("from 0 to 2"));
        assert!(Levels::of(None, extent(&[4.0, 4.0]), Path::new("x")).is_err());
        assert!(Levels::of(None, extent(&[-f64::MAX, f64::MAX]), Path::new("x")).is_err());
        for (offset, scale) in [(f64::NAN, 1.0), (0.0, 0.0), (0.0, -1.0), (0.0, f64::INFINITY)] {
            assert!(Scaling::new(offset, scale).is_err());
        }
    }
}
