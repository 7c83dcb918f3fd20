//! The number types images are encoded in.

/// A floating-point number that encoded pixels are stored in: `f32` or `f64`.
///
/// All arithmetic of this crate is done in `f64`; the trait only says how results are stored, so
/// the `f32` and the `f64` encoding of an image differ by no more than one rounding.
pub trait Real: Copy + Send + Sync + 'static {
    /// The nearest number of this type.
    fn from_f64(value: f64) -> Self;

    /// The same number as `f64`; exact.
    fn to_f64(self) -> f64;
}

impl Real for f32 {
    #[inline]
    fn from_f64(value: f64) -> Self {
        value as f32
    }

    #[inline]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    #[inline]
    fn from_f64(value: f64) -> Self {
        value
    }

    #[inline]
    fn to_f64(self) -> f64 {
        self
    }
}
