//! The closed form of (S7) by the trapezoid rule.

use pulp::{Arch, NullaryFnOnce};
use snode_ode::{Grid, Real};

use super::h1::ClosedForm;
use super::{DepthOperator, LANES};

/// P and Q of the closed form by the trapezoid rule on every interval, as two recurrences:
/// P_{k+1} = ρ_k P_k + h/2 (ρ_k u_k + u_{k+1}), ρ_k = cosh(t_k/ℓ)/cosh(t_{k+1}/ℓ).
#[derive(Clone, Debug)]
pub struct Trapezoid<T> {
    form: ClosedForm<T>,
    half_step: T,
}

impl<T: Real> Trapezoid<T> {
    /// For parameters on `grid` and ℓ = `length`.
    pub fn new(grid: &Grid, length: f64) -> Self {
        Self { form: ClosedForm::new(grid, length), half_step: T::from_f64(grid.step() / 2.0) }
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
        if input.len() == 1 {
            output.copy_from_slice(input);
            return;
        }
        operator.form.sweep(output, |from, to, interval| {
            let (decay, half) = (operator.form.decay[interval], operator.half_step);
            let mut part = [T::ZERO; LANES];
            for i in 0..LANES {
                part[i] = half * decay.mul_add(input[from][i], input[to][i]);
            }
            part
        });
    }
}

impl<T: Real> DepthOperator<T> for Trapezoid<T> {
    fn apply(&self, input: &[[T; LANES]], output: &mut [[T; LANES]]) {
        Arch::new().dispatch(Integrate { operator: self, input, output });
    }
}
