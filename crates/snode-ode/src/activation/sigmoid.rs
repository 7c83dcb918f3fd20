use super::Elementwise;
use crate::{Real, elementary};

/// σ(z) = 1/(1 + e⁻ᶻ), σ′ = σ(1 − σ), from e^(−|z|) so that nothing overflows.
#[derive(Clone, Copy, Debug)]
pub struct Sigmoid;

impl Elementwise for Sigmoid {
    #[inline(always)]
    fn value_and_slope<T: Real>(self, z: T) -> (T, T) {
        let e = elementary::exp_nonpositive(-z.abs());
        let large = T::ONE / (T::ONE + e);
        let small = e * large;
        (if z < T::ZERO { small } else { large }, small * large)
    }
}
