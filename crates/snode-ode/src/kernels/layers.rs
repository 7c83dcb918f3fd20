//! What follows a layer's or a stage's products, in one pass: bias, activation and step.

use pulp::NullaryFnOnce;

use super::dispatch;
use crate::Real;
use crate::activation::{Activation, Elementwise, with_elementwise};

/// A state that a stage contributes to: `out` = `from` + `factor` K, or `out` += `factor` K where
/// there is no `from`.
#[derive(Default)]
pub(crate) struct Target<'a, T> {
    pub(crate) from: Option<&'a [T]>,
    pub(crate) factor: T,
    pub(crate) out: &'a mut [T],
}

/// Gives `value`, elements from `first` on of K, to the targets.
#[inline(always)]
fn contribute<T: Real>(value: &[T], targets: &mut [Target<'_, T>], first: usize) {
    let part = first..first + value.len();
    for target in targets {
        let out = &mut target.out[part.clone()];
        if let Some(from) = target.from {
            for ((out, from), value) in out.iter_mut().zip(&from[part.clone()]).zip(value) {
                *out = value.mul_add(target.factor, *from);
            }
        } else {
            for (out, value) in out.iter_mut().zip(value) {
                *out = value.mul_add(target.factor, *out);
            }
        }
    }
}

struct Stage<'a, 'b, T, F> {
    activation: F,
    z: &'a mut [T],
    bias: &'a [T],
    slope: Option<&'a mut [T]>,
    targets: &'a mut [Target<'b, T>],
}

impl<T: Real, F: Elementwise> NullaryFnOnce for Stage<'_, '_, T, F> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        let n = self.bias.len();
        for (column, z) in self.z.chunks_exact_mut(n).enumerate() {
            let first = column * n;
            if let Some(slope) = &mut self.slope {
                let slope = &mut slope[first..first + n];
                for i in 0..n {
                    (z[i], slope[i]) = self.activation.value_and_slope(z[i] + self.bias[i]);
                }
            } else {
                for i in 0..n {
                    z[i] = self.activation.value_and_slope(z[i] + self.bias[i]).0;
                }
            }
            contribute(z, self.targets, first);
        }
    }
}

/// A stage of a Runge–Kutta step after its product: K = σ(`z` + bias) to the targets, and
/// `slope` = σ′(`z` + bias) where it is wanted.
pub(crate) fn stage<T: Real>(
    activation: Activation,
    z: &mut [T],
    bias: &[T],
    slope: Option<&mut [T]>,
    targets: &mut [Target<'_, T>],
) {
    with_elementwise!(activation, activation => {
        dispatch(Stage { activation, z, bias, slope, targets });
    });
}

struct SensitivityStage<'a, 'b, T> {
    y: &'a mut [T],
    bias: &'a [T],
    slope: &'a [T],
    targets: &'a mut [Target<'b, T>],
}

impl<T: Real> NullaryFnOnce for SensitivityStage<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let n = self.bias.len();
        let columns = self.y.chunks_exact_mut(n).zip(self.slope.chunks_exact(n));
        for (column, (y, slope)) in columns.enumerate() {
            for i in 0..n {
                y[i] = slope[i] * (y[i] + self.bias[i]);
            }
            contribute(y, self.targets, column * n);
        }
    }
}

/// The derivative of a [`stage`] after its products: `slope` ⊙ (`y` + β) to the targets.
pub(crate) fn sensitivity_stage<T: Real>(
    y: &mut [T],
    beta: &[T],
    slope: &[T],
    targets: &mut [Target<'_, T>],
) {
    dispatch(SensitivityStage { y, bias: beta, slope, targets });
}

struct EulerStep<'a, T, F> {
    activation: F,
    z: &'a [T],
    bias: &'a [T],
    h: T,
    x: &'a [T],
    next: &'a mut [T],
    slope: &'a mut [T],
}

impl<T: Real, F: Elementwise> NullaryFnOnce for EulerStep<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let n = self.bias.len();
        let columns = self
            .z
            .chunks_exact(n)
            .zip(self.x.chunks_exact(n))
            .zip(self.next.chunks_exact_mut(n).zip(self.slope.chunks_exact_mut(n)));
        for ((z, x), (next, slope)) in columns {
            for i in 0..n {
                let (value, derivative) = self.activation.value_and_slope(z[i] + self.bias[i]);
                next[i] = value.mul_add(self.h, x[i]);
                slope[i] = derivative;
            }
        }
    }
}

/// One layer of (S2) after its product: `next` = `x` + h σ(`z` + bias), `slope` = σ′(`z` + bias).
pub(crate) fn euler_step<T: Real>(
    activation: Activation,
    z: &[T],
    bias: &[T],
    h: T,
    x: &[T],
    next: &mut [T],
    slope: &mut [T],
) {
    with_elementwise!(activation, activation => {
        dispatch(EulerStep { activation, z, bias, h, x, next, slope });
    });
}

struct EulerAdvance<'a, T, F> {
    activation: F,
    z: &'a [T],
    bias: &'a [T],
    h: T,
    x: &'a mut [T],
}

impl<T: Real, F: Elementwise> NullaryFnOnce for EulerAdvance<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let n = self.bias.len();
        for (z, x) in self.z.chunks_exact(n).zip(self.x.chunks_exact_mut(n)) {
            for i in 0..n {
                let (value, _) = self.activation.value_and_slope(z[i] + self.bias[i]);
                x[i] = value.mul_add(self.h, x[i]);
            }
        }
    }
}

/// One layer of (S2) in place: `x` += h σ(`z` + bias).
pub(crate) fn euler_advance<T: Real>(
    activation: Activation,
    z: &[T],
    bias: &[T],
    h: T,
    x: &mut [T],
) {
    with_elementwise!(activation, activation => {
        dispatch(EulerAdvance { activation, z, bias, h, x });
    });
}

struct SensitivityStep<'a, T> {
    y: &'a [T],
    bias: &'a [T],
    slope: &'a [T],
    h: T,
    xi: &'a mut [T],
}

impl<T: Real> NullaryFnOnce for SensitivityStep<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let n = self.bias.len();
        let columns = self.y.chunks_exact(n).zip(self.slope.chunks_exact(n));
        for ((y, slope), xi) in columns.zip(self.xi.chunks_exact_mut(n)) {
            for i in 0..n {
                xi[i] = (slope[i] * self.h).mul_add(y[i] + self.bias[i], xi[i]);
            }
        }
    }
}

/// One layer of (S3) after its products: `xi` += h `slope` ⊙ (`y` + β).
pub(crate) fn sensitivity_step<T: Real>(y: &[T], beta: &[T], slope: &[T], h: T, xi: &mut [T]) {
    dispatch(SensitivityStep { y, bias: beta, slope, h, xi });
}
