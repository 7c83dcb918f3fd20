//! The closed form of (S7) by the trapezoid rule.

use snode_ode::{Grid, Real};

use super::h1::{ClosedForm, Rule};
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

impl<T: Real> Rule<T> for Trapezoid<T> {
    #[inline(always)]
    fn contribution(
        &self,
        form: &ClosedForm<T>,
        input: &[[T; LANES]],
        from: usize,
        to: usize,
        interval: usize,
    ) -> [T; LANES] {
        let (decay, half) = (form.decay[interval], self.half_step);
        let mut part = [T::ZERO; LANES];
        for i in 0..LANES {
            part[i] = half * decay.mul_add(input[from][i], input[to][i]);
        }
        part
    }
}

impl<T: Real> DepthOperator<T> for Trapezoid<T> {
    fn apply(&self, input: &[[T; LANES]], output: &mut [[T; LANES]]) {
        self.form.integrate(self, input, output);
    }
}
