use super::Elementwise;
use crate::{Real, elementary};

/// σ(z) = tanh z, σ′ = 1 − σ².
#[derive(Clone, Copy, Debug)]
pub struct Tanh;

impl Elementwise for Tanh {
    #[inline(always)]
    fn value_and_slope<T: Real>(self, z: T) -> (T, T) {
        let a = elementary::tanh(z);
        (a, (-a).mul_add(a, T::ONE))
    }
}
