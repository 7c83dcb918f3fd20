//! The closed form of (S7) by the midpoint rule.

use pulp::{Arch, NullaryFnOnce};
use snode_ode::{Grid, Interpolation, Real, Stencil};

use super::h1::ClosedForm;
use super::{DepthOperator, LANES};

/// P and Q of the closed form by the midpoint rule, the midpoint values by cubic Hermite
/// interpolation, as the authors' prototype:
/// P_{k+1} = ρ_k P_k + h ρ_{k+½} u(t_{k+½}), ρ_{k+½} = cosh(t_{k+½}/ℓ)/cosh(t_{k+1}/ℓ).
#[derive(Clone, Debug)]
pub struct Midpoint<T> {
    scale: Vec<T>,
    decay: Vec<T>,
    /// h ρ_{k+½}.
    half_decay: Vec<T>,
    midpoints: Vec<(Stencil, [T; 4])>,
}

impl<T: Real> Midpoint<T> {
    /// For parameters on `grid` and ℓ = `length`.
    pub fn new(grid: &Grid, length: f64) -> Self {
        let ClosedForm { scale, decay, half_decay } = ClosedForm::new(grid, length);
        let step = T::from_f64(grid.step());
        let midpoints = (1..grid.nodes())
            .map(|k| {
                let middle = grid.time(k) - grid.step() / 2.0;
                let stencil = Interpolation::Hermite.stencil(grid, middle);
                (stencil, stencil.weights.map(T::from_f64))
            })
            .collect();
        let half_decay = half_decay.into_iter().map(|ratio: T| ratio * step).collect();
        Self { scale, decay, half_decay, midpoints }
    }

    /// u(t_{k+½}) in every lane.
    #[inline(always)]
    fn midpoint(&self, k: usize, input: &[[T; LANES]]) -> [T; LANES] {
        let (stencil, weights) = &self.midpoints[k];
        let mut value = [T::ZERO; LANES];
        for (node, weight) in input[stencil.first..stencil.first + stencil.len].iter().zip(weights)
        {
            for i in 0..LANES {
                value[i] = weight.mul_add(node[i], value[i]);
            }
        }
        value
    }
}

struct Integrate<'a, T> {
    operator: &'a Midpoint<T>,
    input: &'a [[T; LANES]],
    output: &'a mut [[T; LANES]],
}

impl<T: Real> NullaryFnOnce for Integrate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { operator, input, output } = self;
        let last = input.len() - 1;
        if last == 0 {
            output.copy_from_slice(input);
            return;
        }
        let mut sum = [T::ZERO; LANES];
        output[0] = sum;
        for k in 0..last {
            let middle = operator.midpoint(k, input);
            let (decay, half) = (operator.decay[k], operator.half_decay[k]);
            for i in 0..LANES {
                sum[i] = decay.mul_add(sum[i], half * middle[i]);
            }
            output[k + 1] = sum;
        }
        sum = [T::ZERO; LANES];
        for k in (0..=last).rev() {
            if k < last {
                let middle = operator.midpoint(k, input);
                // The grid is symmetric: Q decays from k+1 to k as P does at the mirrored interval.
                let mirrored = last - 1 - k;
                let (decay, half) = (operator.decay[mirrored], operator.half_decay[mirrored]);
                for i in 0..LANES {
                    sum[i] = decay.mul_add(sum[i], half * middle[i]);
                }
            }
            for i in 0..LANES {
                output[k][i] = operator.scale[k] * (output[k][i] + sum[i]);
            }
        }
    }
}

impl<T: Real> DepthOperator<T> for Midpoint<T> {
    fn apply(&self, input: &[[T; LANES]], output: &mut [[T; LANES]]) {
        Arch::new().dispatch(Integrate { operator: self, input, output });
    }
}
