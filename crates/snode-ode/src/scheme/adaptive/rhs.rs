//! The right-hand sides of the three problems, for a whole batch at once.

use std::ops::Range;

use faer::{Accum, MatRef};

use super::dense_output::DenseOutput;
use crate::depth::split_node;
use crate::parallel::{self, Batches};
use crate::{Interpolation, Network, Parameters, Real, kernels};

/// y′ = f(t, y) for a batch, n×M numbers.
pub(super) trait RightHandSide<T> {
    /// f(t, `y`) into `dy`.
    fn evaluate(&mut self, t: f64, y: &[T], dy: &mut [T]);

    /// The derivative of f by y.
    fn jacobian(&mut self, t: f64, y: &[T]) -> Jacobian<'_, T>;
}

/// The derivative of a right-hand side by the state: for every data point diag(s) W, or its
/// transpose.
pub(super) struct Jacobian<'a, T> {
    /// W, n×n.
    pub(super) weights: MatRef<'a, T>,
    /// s, a column a data point.
    pub(super) slopes: &'a [T],
    /// Whether it is Wᵀ diag(s).
    pub(super) transposed: bool,
}

/// Parameters at one depth, interpolated once for all that is computed there.
#[derive(Clone, Debug, Default)]
pub(super) struct Slice<T> {
    values: Vec<T>,
    depth: Option<f64>,
}

impl<T: Real> Slice<T> {
    /// Forgets its values: parameters have changed.
    pub(super) fn forget(&mut self) {
        self.depth = None;
    }

    /// W(t) and b(t) as a node has them. A node's own values are not copied.
    fn at<'a>(
        &'a mut self,
        parameters: &'a Parameters<T>,
        network: &Network<T>,
        how: Interpolation,
        t: f64,
    ) -> &'a [T] {
        let stencil = how.stencil(network.grid(), t);
        if let Some(i) = stencil.weights.iter().position(|&weight| weight == 1.0) {
            return parameters.node(stencil.first + i);
        }
        if self.depth != Some(t) {
            self.values.resize(parameters.node_len(), T::ZERO);
            parameters.interpolate(&stencil, &mut self.values);
            self.depth = Some(t);
        }
        &self.values
    }
}

/// Memory of the right-hand sides, kept from solve to solve.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory<T> {
    weights: Slice<T>,
    direction: Slice<T>,
    /// x(t).
    x: Vec<T>,
    /// Products, or σ′(z(t)).
    z: Vec<T>,
    /// σ′ ⊙ λ.
    weighted: Vec<T>,
    /// The depth of `x` and of the slopes in `z`.
    depth: Option<f64>,
}

impl<T: Real> Memory<T> {
    /// For batches of so many numbers, of which nothing is known yet.
    pub(super) fn prepare(&mut self, len: usize) {
        self.weights.forget();
        self.forget_direction();
        self.depth = None;
        for memory in [&mut self.x, &mut self.z, &mut self.weighted] {
            memory.resize(len, T::ZERO);
        }
    }

    /// The perturbation is another one.
    pub(super) fn forget_direction(&mut self) {
        self.direction.forget();
    }
}

/// (S1): x′ = σ(W(t) x + b(t)).
pub(super) struct Direct<'a, T> {
    pub(super) network: &'a Network<T>,
    pub(super) interpolation: Interpolation,
    pub(super) memory: &'a mut Memory<T>,
}

impl<T: Real> RightHandSide<T> for Direct<'_, T> {
    fn evaluate(&mut self, t: f64, x: &[T], dx: &mut [T]) {
        let (network, n, len) = (self.network, self.network.width(), x.len());
        let node = self.memory.weights.at(network.parameters(), network, self.interpolation, t);
        let (weights, bias) = split_node(node, n);
        let dx = Batches::new(dx, n, len / n);
        parallel::for_columns(n, len / n, dx, &|part: Range<usize>, mut dx: Batches<'_, T>| {
            let part = part.start * n..part.end * n;
            let dx = dx.batch_mut(0);
            kernels::transform(weights, &x[part], dx, Accum::Replace, T::ONE);
            kernels::stage(network.activation(), dx, bias, None, &mut [], &[]);
        });
    }

    fn jacobian(&mut self, t: f64, x: &[T]) -> Jacobian<'_, T> {
        let (network, n) = (self.network, self.network.width());
        let Memory { weights, z, .. } = &mut *self.memory;
        let node = weights.at(network.parameters(), network, self.interpolation, t);
        let (weights, bias) = split_node(node, n);
        kernels::transform(weights, x, z, Accum::Replace, T::ONE);
        kernels::slope(network.activation(), z, bias);
        Jacobian { weights, slopes: z, transposed: false }
    }
}

/// A network along a trajectory of its direct problem.
pub(super) struct Along<'a, T> {
    pub(super) network: &'a Network<T>,
    pub(super) interpolation: Interpolation,
    pub(super) trajectory: &'a DenseOutput<T>,
    pub(super) memory: &'a mut Memory<T>,
}

/// W, b at a depth, x and σ′(W x + b) there, and what else there is memory for.
struct Linearised<'a, T> {
    weights: MatRef<'a, T>,
    x: &'a [T],
    slopes: &'a [T],
    weighted: &'a mut [T],
    direction: &'a mut Slice<T>,
}

impl<T: Real> Along<'_, T> {
    /// Everything at depth `t`; computed once for right-hand sides at the same depth.
    fn at(&mut self, t: f64) -> Linearised<'_, T> {
        let (network, n) = (self.network, self.network.width());
        let Memory { weights, direction, x, z, weighted, depth } = &mut *self.memory;
        let node = weights.at(network.parameters(), network, self.interpolation, t);
        let (weights, bias) = split_node(node, n);
        if *depth != Some(t) {
            let (point, trajectory, len) = (self.trajectory.locate(t), self.trajectory, x.len());
            let memory = (Batches::new(x, n, len / n), Batches::new(z, n, len / n));
            parallel::for_columns(n, len / n, memory, &|part, (mut x, mut z)| {
                let part = part.start * n..part.end * n;
                let (x, z) = (x.batch_mut(0), z.batch_mut(0));
                trajectory.read(&point, part, x);
                kernels::transform(weights, x, z, Accum::Replace, T::ONE);
                kernels::slope(network.activation(), z, bias);
            });
            *depth = Some(t);
        }
        Linearised { weights, x, slopes: z, weighted, direction }
    }
}

/// (S5) in τ = T − t, (S20): dλ/dτ = Wᵀ (σ′(W x + b) ⊙ λ).
pub(super) struct Adjoint<'a, T>(pub(super) Along<'a, T>);

impl<T: Real> RightHandSide<T> for Adjoint<'_, T> {
    fn evaluate(&mut self, tau: f64, lambda: &[T], d_lambda: &mut [T]) {
        let (n, len) = (self.0.network.width(), lambda.len());
        let t = self.0.network.grid().horizon() - tau;
        let Linearised { weights, slopes, weighted, .. } = self.0.at(t);
        let memory = (Batches::new(weighted, n, len / n), Batches::new(d_lambda, n, len / n));
        parallel::for_columns(n, len / n, memory, &|part, (mut weighted, mut out)| {
            let part = part.start * n..part.end * n;
            let (g, out) = (weighted.batch_mut(0), out.batch_mut(0));
            kernels::multiply(&slopes[part.clone()], &lambda[part], g, &[]);
            kernels::transform(weights.transpose(), g, out, Accum::Replace, T::ONE);
        });
    }

    fn jacobian(&mut self, tau: f64, _: &[T]) -> Jacobian<'_, T> {
        let t = self.0.network.grid().horizon() - tau;
        let Linearised { weights, slopes, .. } = self.0.at(t);
        Jacobian { weights, slopes, transposed: true }
    }
}

/// (S3): ξ′ = σ′(W x + b) ⊙ (W ξ + ω x + β).
pub(super) struct Sensitivity<'a, T> {
    pub(super) along: Along<'a, T>,
    /// (ω, β), if the parameters are perturbed.
    pub(super) parameters: Option<&'a Parameters<T>>,
    /// n zeros.
    pub(super) no_bias: &'a [T],
}

impl<T: Real> RightHandSide<T> for Sensitivity<'_, T> {
    fn evaluate(&mut self, t: f64, xi: &[T], d_xi: &mut [T]) {
        let (network, how) = (self.along.network, self.along.interpolation);
        let (n, len) = (network.width(), xi.len());
        let Linearised { weights, x, slopes, direction, .. } = self.along.at(t);
        let perturbation = self
            .parameters
            .map(|parameters| split_node(direction.at(parameters, network, how, t), n));
        let beta = perturbation.map_or(self.no_bias, |(_, beta)| beta);
        let out = Batches::new(d_xi, n, len / n);
        parallel::for_columns(n, len / n, out, &|part: Range<usize>, mut out: Batches<'_, T>| {
            let part = part.start * n..part.end * n;
            let out = out.batch_mut(0);
            kernels::transform(weights, &xi[part.clone()], out, Accum::Replace, T::ONE);
            if let Some((omega, _)) = perturbation {
                kernels::transform(omega, &x[part.clone()], out, Accum::Add, T::ONE);
            }
            kernels::sensitivity_stage(out, beta, &slopes[part], &mut [], &[]);
        });
    }

    fn jacobian(&mut self, t: f64, _: &[T]) -> Jacobian<'_, T> {
        let Linearised { weights, slopes, .. } = self.along.at(t);
        Jacobian { weights, slopes, transposed: false }
    }
}
