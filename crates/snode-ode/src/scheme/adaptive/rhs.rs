//! The right-hand sides of the three problems, for a whole batch at once.

use super::dense_output::DenseOutput;
use crate::kernels::How;
use crate::parallel::{self, Batches};
use crate::{AffineMap, Interpolation, Network, Parameters, Real, kernels};

/// y′ = f(t, y) for a batch, n×M numbers.
pub(super) trait RightHandSide<T> {
    /// f(t, `y`) into `dy`.
    fn evaluate(&mut self, t: f64, y: &[T], dy: &mut [T]);

    /// The derivative of f by y.
    fn jacobian(&mut self, t: f64, y: &[T]) -> Jacobian<'_, T>;
}

/// The derivative of a right-hand side by the state: for every data point diag(s) A, or its
/// transpose.
pub(super) struct Jacobian<'a, T> {
    /// What A is.
    pub(super) map: AffineMap,
    /// The numbers of A.
    pub(super) node: &'a [T],
    /// s, a column a data point.
    pub(super) slopes: &'a [T],
    /// Whether it is Aᵀ diag(s).
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
    /// What the map needs, for every data point.
    workspaces: Vec<T>,
    /// The depth of `x` and of the slopes in `z`.
    depth: Option<f64>,
}

impl<T: Real> Memory<T> {
    /// For batches of so many data points, of which nothing is known yet.
    pub(super) fn prepare(&mut self, map: AffineMap, points: usize) {
        let len = map.width() * points;
        self.weights.forget();
        self.forget_direction();
        self.depth = None;
        for memory in [&mut self.x, &mut self.z, &mut self.weighted] {
            memory.resize(len, T::ZERO);
        }
        self.workspaces.resize(points.max(1) * map.workspace_len(), T::ZERO);
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
        let Memory { weights, workspaces, .. } = &mut *self.memory;
        let node = weights.at(network.parameters(), network, self.interpolation, t);
        let map = network.map();
        let workspaces = Batches::new(workspaces, map.workspace_len(), len / n);
        let memory = (Batches::new(dx, n, len / n), workspaces);
        parallel::for_columns(n, len / n, memory, &|part, (mut dx, mut workspace)| {
            let part = part.start * n..part.end * n;
            let (dx, workspace) = (dx.batch_mut(0), workspace.batch_mut(0));
            map.apply(node, &x[part], dx, How::replace(), workspace);
            let bias = map.bias(node, workspace);
            kernels::stage(network.activation(), dx, bias, None, &mut []);
        });
    }

    fn jacobian(&mut self, t: f64, x: &[T]) -> Jacobian<'_, T> {
        let (network, map) = (self.network, self.network.map());
        let Memory { weights, z, workspaces, .. } = &mut *self.memory;
        let node = weights.at(network.parameters(), network, self.interpolation, t);
        map.apply(node, x, z, How::replace(), workspaces);
        kernels::slope(network.activation(), z, map.bias(node, workspaces));
        Jacobian { map, node, slopes: z, transposed: false }
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
    node: &'a [T],
    x: &'a [T],
    slopes: &'a [T],
    weighted: &'a mut [T],
    workspaces: &'a mut [T],
    direction: &'a mut Slice<T>,
}

impl<T: Real> Along<'_, T> {
    /// Everything at depth `t`; computed once for right-hand sides at the same depth.
    fn at(&mut self, t: f64) -> Linearised<'_, T> {
        let (network, n) = (self.network, self.network.width());
        let Memory { weights, direction, x, z, weighted, workspaces, depth } = &mut *self.memory;
        let node = weights.at(network.parameters(), network, self.interpolation, t);
        let map = network.map();
        if *depth != Some(t) {
            let (point, trajectory, len) = (self.trajectory.locate(t), self.trajectory, x.len());
            let spaces = Batches::new(workspaces, map.workspace_len(), len / n);
            let memory = (Batches::new(x, n, len / n), Batches::new(z, n, len / n), spaces);
            parallel::for_columns(n, len / n, memory, &|part, (mut x, mut z, mut workspace)| {
                let part = part.start * n..part.end * n;
                let (x, z, workspace) = (x.batch_mut(0), z.batch_mut(0), workspace.batch_mut(0));
                trajectory.read(&point, part, x);
                map.apply(node, x, z, How::replace(), workspace);
                kernels::slope(network.activation(), z, map.bias(node, workspace));
            });
            *depth = Some(t);
        }
        Linearised { node, x, slopes: z, weighted, workspaces, direction }
    }
}

/// (S5) in τ = T − t, (S20): dλ/dτ = Wᵀ (σ′(W x + b) ⊙ λ).
pub(super) struct Adjoint<'a, T>(pub(super) Along<'a, T>);

impl<T: Real> RightHandSide<T> for Adjoint<'_, T> {
    fn evaluate(&mut self, tau: f64, lambda: &[T], d_lambda: &mut [T]) {
        let (map, n, len) = (self.0.network.map(), self.0.network.width(), lambda.len());
        let t = self.0.network.grid().horizon() - tau;
        let Linearised { node, slopes, weighted, workspaces, .. } = self.0.at(t);
        let memory = (
            Batches::new(weighted, n, len / n),
            Batches::new(d_lambda, n, len / n),
            Batches::new(workspaces, map.workspace_len(), len / n),
        );
        parallel::for_columns(
            n,
            len / n,
            memory,
            &|part, (mut weighted, mut out, mut workspace)| {
                let part = part.start * n..part.end * n;
                let (g, out) = (weighted.batch_mut(0), out.batch_mut(0));
                kernels::multiply(&slopes[part.clone()], &lambda[part], g);
                let how = How::replace();
                map.apply_transposed(node, g, out, how, workspace.batch_mut(0));
            },
        );
    }

    fn jacobian(&mut self, tau: f64, _: &[T]) -> Jacobian<'_, T> {
        let (map, t) = (self.0.network.map(), self.0.network.grid().horizon() - tau);
        let Linearised { node, slopes, .. } = self.0.at(t);
        Jacobian { map, node, slopes, transposed: true }
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
        let (map, n, len) = (network.map(), network.width(), xi.len());
        let Linearised { node, x, slopes, workspaces, direction, .. } = self.along.at(t);
        let perturbation =
            self.parameters.map(|parameters| direction.at(parameters, network, how, t));
        let workspaces = Batches::new(workspaces, map.workspace_len(), len / n);
        let memory = (Batches::new(d_xi, n, len / n), workspaces);
        parallel::for_columns(n, len / n, memory, &|part, (mut out, mut workspace)| {
            let part = part.start * n..part.end * n;
            let (out, workspace) = (out.batch_mut(0), workspace.batch_mut(0));
            map.apply(node, &xi[part.clone()], out, How::replace(), workspace);
            let mut beta = self.no_bias;
            if let Some(omega) = perturbation {
                map.apply(omega, &x[part.clone()], out, How::add(T::ONE), workspace);
                beta = map.bias(omega, workspace);
            }
            kernels::sensitivity_stage(out, beta, &slopes[part], &mut []);
        });
    }

    fn jacobian(&mut self, t: f64, _: &[T]) -> Jacobian<'_, T> {
        let map = self.along.network.map();
        let Linearised { node, slopes, .. } = self.along.at(t);
        Jacobian { map, node, slopes, transposed: false }
    }
}
