use super::Elementwise;
use crate::Real;

/// σ(z) = z for z > 0 and leak·z otherwise; the slope at 0 is the left one (0 for the plain ReLU).
#[derive(Clone, Copy, Debug)]
pub struct Relu {
    /// The slope for z ≤ 0; 0 for the plain ReLU.
    pub leak: f64,
}

impl Elementwise for Relu {
    #[inline(always)]
    fn value_and_slope<T: Real>(self, z: T) -> (T, T) {
        let leak = T::from_f64(self.leak);
        // The comparison is this way round so that NaN stays NaN.
        let slope = if z <= T::ZERO { leak } else { T::ONE };
        (if z <= T::ZERO { leak * z } else { z }, slope)
    }
}
