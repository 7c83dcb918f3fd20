//! The exact representative in the discrete H¹ inner product.

use pulp::{Arch, NullaryFnOnce};
use snode_ode::{Elimination, Grid, Real};

use super::{DepthOperator, LANES};

/// Solves (M + (ℓ²/h) DᵀD) v = M u, M the grid's quadrature weights and D the differences of
/// neighbours: v is the representative in
/// Σ_k w_k ⟨u_k, v_k⟩ + (ℓ²/h) Σ_k ⟨u_{k+1} − u_k, v_{k+1} − v_k⟩.
///
/// Symmetric and positive definite, so that −v is always a direction of descent. The factors of
/// the elimination are computed once; a solve is two sweeps.
#[derive(Clone, Debug)]
pub struct Tridiagonal<T> {
    /// w_k divided by the eliminated diagonal.
    weight: Vec<T>,
    /// The coupling ℓ²/h divided by the eliminated diagonal.
    coupling: Vec<T>,
}

impl<T: Real> Tridiagonal<T> {
    /// For parameters on `grid` and ℓ = `length`.
    pub fn new(grid: &Grid, length: f64) -> Self {
        let nodes = grid.nodes();
        let c = length * length / grid.step();
        let (mut weight, mut coupling) = (Vec::with_capacity(nodes), Vec::with_capacity(nodes));
        let mut above = 0.0;
        for k in 0..nodes {
            let neighbours = f64::from(u8::from(k > 0)) + f64::from(u8::from(k + 1 < nodes));
            let diagonal = grid.weight(k) + c * neighbours - c * above;
            above = c / diagonal;
            weight.push(T::from_f64(grid.weight(k) / diagonal));
            coupling.push(T::from_f64(above));
        }
        Self { weight, coupling }
    }
}

struct Solve<'a, T> {
    operator: &'a Tridiagonal<T>,
    input: &'a [[T; LANES]],
    output: &'a mut [[T; LANES]],
}

impl<T: Real> NullaryFnOnce for Solve<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { operator, input, output } = self;
        let mut carry = [T::ZERO; LANES];
        for (k, (u, v)) in input.iter().zip(output.iter_mut()).enumerate() {
            let (weight, coupling) = (operator.weight[k], operator.coupling[k]);
            for i in 0..LANES {
                carry[i] = weight.mul_add(u[i], coupling * carry[i]);
            }
            *v = carry;
        }
        carry = [T::ZERO; LANES];
        for (v, coupling) in output.iter_mut().zip(&operator.coupling).rev() {
            for i in 0..LANES {
                carry[i] = coupling.mul_add(carry[i], v[i]);
            }
            *v = carry;
        }
    }
}

impl<T: Real> DepthOperator<T> for Tridiagonal<T> {
    fn apply(&self, input: &[[T; LANES]], output: &mut [[T; LANES]]) {
        Arch::new().dispatch(Solve { operator: self, input, output });
    }

    fn elimination(&self) -> Option<Elimination<'_, T>> {
        Some(Elimination { weight: &self.weight, coupling: &self.coupling })
    }
}
