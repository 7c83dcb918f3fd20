use super::Elementwise;
use crate::{Real, elementary};

/// σ(z) = z for z > 0 and α(eᶻ − 1) otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Elu {
    /// The limit −α for z → −∞.
    pub alpha: f64,
}

impl Elementwise for Elu {
    #[inline(always)]
    fn value_and_slope<T: Real>(self, z: T) -> (T, T) {
        let alpha = T::from_f64(self.alpha);
        let negative = if z > T::ZERO { T::ZERO } else { z };
        let below = alpha * elementary::exp_m1_nonpositive(negative);
        if z > T::ZERO {
            (z, T::ONE)
        } else {
            (below, alpha * elementary::exp_nonpositive(negative))
        }
    }
}
