//! The closed form of (S7) by the trapezoid rule.

use pulp::{Arch, NullaryFnOnce};
use snode_ode::{Grid, Real};

use super::h1::ClosedForm;
use super::{DepthOperator, LANES};

/// P and Q of the closed form by the trapezoid rule on every interval, as two recurrences:
/// P_{k+1} = ρ_k P_k + h/2 (ρ_k u_k + u_{k+1}), ρ_k = cosh(t_k/ℓ)/cosh(t_{k+1}/ℓ).
#[derive(Clone, Debug)]
pub struct Trapezoid<T> {
    scale: Vec<T>,
    decay: Vec<T>,
    half_step: T,
}

impl<T: Real> Trapezoid<T> {
    /// For parameters on `grid` and ℓ = `length`.
    pub fn new(grid: &Grid, length: f64) -> Self {
        let ClosedForm { scale, decay, .. } = ClosedForm::new(grid, length);
        Self { scale, decay, half_step: T::from_f64(grid.step() / 2.0) }
    }
}

struct Integrate<'a, T> {
    operator: &'a Trapezoid<T>,
    input: &'a [[T; LANES]],
    output: &'a mut [[T; LANES]],
}

impl<T: Real> NullaryFnOnce for Integrate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { operator, input, output } = self;
        let (last, half) = (input.len() - 1, operator.half_step);
        if last == 0 {
            output.copy_from_slice(input);
            return;
        }
        let mut sum = [T::ZERO; LANES];
        output[0] = sum;
        for k in 0..last {
            let decay = operator.decay[k];
            for i in 0..LANES {
                sum[i] = decay * (sum[i] + half * input[k][i]) + half * input[k + 1][i];
            }
            output[k + 1] = sum;
        }
        sum = [T::ZERO; LANES];
        for k in (0..=last).rev() {
            if k < last {
                // The grid is symmetric: Q decays from k+1 to k as P does at the mirrored interval.
                let decay = operator.decay[last - 1 - k];
                for i in 0..LANES {
                    sum[i] = decay * (sum[i] + half * input[k + 1][i]) + half * input[k][i];
                }
            }
            for i in 0..LANES {
                output[k][i] = operator.scale[k] * (output[k][i] + sum[i]);
            }
        }
    }
}

impl<T: Real> DepthOperator<T> for Trapezoid<T> {
    fn apply(&self, input: &[[T; LANES]], output: &mut [[T; LANES]]) {
        Arch::new().dispatch(Integrate { operator: self, input, output });
    }
}
