//! The activation of a batch by itself.

use pulp::NullaryFnOnce;

use super::dispatch;
use crate::Real;
use crate::activation::{Activation, Elementwise, with_elementwise};

struct Activate<'a, T, F> {
    activation: F,
    z: &'a [T],
    bias: &'a [T],
    value: &'a mut [T],
    slope: &'a mut [T],
}

impl<T: Real, F: Elementwise> NullaryFnOnce for Activate<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let n = self.bias.len();
        let out = self.value.chunks_exact_mut(n).zip(self.slope.chunks_exact_mut(n));
        for (z, (value, slope)) in self.z.chunks_exact(n).zip(out) {
            for i in 0..n {
                (value[i], slope[i]) = self.activation.value_and_slope(z[i] + self.bias[i]);
            }
        }
    }
}

impl Activation {
    /// `value` = σ(`z` + `bias`) and `slope` = σ′(`z` + `bias`) for a batch of columns as long as
    /// `bias`, in vector code. Trailing elements that do not fill a column are left alone.
    ///
    /// # Panics
    /// If `z`, `value` and `slope` differ in length, or `bias` is empty.
    pub fn apply<T: Real>(self, z: &[T], bias: &[T], value: &mut [T], slope: &mut [T]) {
        assert!(z.len() == value.len() && z.len() == slope.len(), "lengths differ");
        with_elementwise!(self, activation => {
            dispatch(Activate { activation, z, bias, value, slope });
        });
    }
}

#[cfg(feature = "adaptive")]
struct Slope<'a, T, F> {
    activation: F,
    z: &'a mut [T],
    bias: &'a [T],
}

#[cfg(feature = "adaptive")]
impl<T: Real, F: Elementwise> NullaryFnOnce for Slope<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let n = self.bias.len();
        for z in self.z.chunks_exact_mut(n) {
            for i in 0..n {
                (_, z[i]) = self.activation.value_and_slope(z[i] + self.bias[i]);
            }
        }
    }
}

#[cfg(feature = "adaptive")]
/// `z` = σ′(`z` + bias).
pub(crate) fn slope<T: Real>(activation: Activation, z: &mut [T], bias: &[T]) {
    with_elementwise!(activation, activation => {
        dispatch(Slope { activation, z, bias });
    });
}
