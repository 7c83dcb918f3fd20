//! The closed form of (S7) by the midpoint rule.

use snode_ode::{Grid, Interpolation, Real, Stencil};

use super::h1::{ClosedForm, Rule};
use super::{DepthOperator, LANES};

/// P and Q of the closed form by the midpoint rule, the midpoint values by cubic Hermite
/// interpolation, as the authors' prototype:
/// P_{k+1} = ρ_k P_k + h ρ_{k+½} u(t_{k+½}), ρ_{k+½} = cosh(t_{k+½}/ℓ)/cosh(t_{k+1}/ℓ).
#[derive(Clone, Debug)]
pub struct Midpoint<T> {
    form: ClosedForm<T>,
    step: T,
    midpoints: Vec<(Stencil, [T; 4])>,
}

impl<T: Real> Midpoint<T> {
    /// For parameters on `grid` and ℓ = `length`.
    pub fn new(grid: &Grid, length: f64) -> Self {
        let midpoints = (1..grid.nodes())
            .map(|k| {
                let middle = grid.time(k) - grid.step() / 2.0;
                let stencil = Interpolation::Hermite.stencil(grid, middle);
                (stencil, stencil.weights.map(T::from_f64))
            })
            .collect();
        Self { form: ClosedForm::new(grid, length), step: T::from_f64(grid.step()), midpoints }
    }
}

impl<T: Real> Rule<T> for Midpoint<T> {
    #[inline(always)]
    fn contribution(
        &self,
        form: &ClosedForm<T>,
        input: &[[T; LANES]],
        from: usize,
        to: usize,
        interval: usize,
    ) -> [T; LANES] {
        let (stencil, weights) = &self.midpoints[from.min(to)];
        let factor = self.step * form.half_decay[interval];
        let mut part = [T::ZERO; LANES];
        let nodes = &input[stencil.first..stencil.first + stencil.len];
        for (node, weight) in nodes.iter().zip(weights) {
            let weight = factor * *weight;
            for i in 0..LANES {
                part[i] = weight.mul_add(node[i], part[i]);
            }
        }
        part
    }
}

impl<T: Real> DepthOperator<T> for Midpoint<T> {
    fn apply(&self, input: &[[T; LANES]], output: &mut [[T; LANES]]) {
        self.form.integrate(self, input, output);
    }
}
