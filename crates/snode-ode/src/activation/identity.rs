use super::Elementwise;
use crate::Real;

/// σ(z) = z: the network is a linear map of its input, and every derivative is exact.
#[derive(Clone, Copy, Debug)]
pub struct Identity;

impl Elementwise for Identity {
    #[inline(always)]
    fn value_and_slope<T: Real>(self, z: T) -> (T, T) {
        (z, T::ONE)
    }
}
