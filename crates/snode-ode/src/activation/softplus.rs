use super::{Elementwise, Sigmoid};
use crate::{Real, elementary};

/// σ(z) = ln(1 + eᶻ) = max(z, 0) + ln(1 + e^(−|z|)); σ′ is the sigmoid.
#[derive(Clone, Copy, Debug)]
pub struct Softplus;

impl Elementwise for Softplus {
    #[inline(always)]
    fn value_and_slope<T: Real>(self, z: T) -> (T, T) {
        let e = elementary::exp_nonpositive(-z.abs());
        let positive = if z <= T::ZERO { T::ZERO } else { z };
        (positive + elementary::ln_1p_unit(e), Sigmoid.value_and_slope(z).0)
    }
}
