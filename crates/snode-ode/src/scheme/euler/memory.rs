//! The states of a direct solution by Euler's scheme, and the passes through its layers.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use faer::{Accum, MatRef};

use super::node_or_nothing;
use crate::kernels::How;
use crate::memory::make_room;
use crate::parallel::{self, Batches, Chunks};
use crate::scheme::checks::{copy_columns, not_finite};
use crate::{
    LastState, Network, NetworkStamp, Parameters, Problem, Real, SolveError, Statistics, kernels,
};

/// Layers that are gone through between two meetings of the threads where a pass over the parameters
/// goes with the walk: what one leaves in the shared cache, the other finds there.
pub(super) const BLOCK: usize = 16;

/// The memory of [`Euler`](super::Euler).
#[derive(Clone, Debug, Default)]
pub(super) struct EulerSolution<T> {
    /// The network that was solved, if the solution is good.
    network: Option<NetworkStamp>,
    pub(super) width: usize,
    pub(super) batch: usize,
    pub(super) layers: usize,
    pub(super) step: T,
    pub(super) horizon: f64,
    /// Whether adjoint and sensitivity problems have been solved along this trajectory.
    pub(super) adjoint_solved: bool,
    pub(super) sensitivity_solved: bool,
    /// X_0 … X_L.
    states: Vec<T>,
    /// σ′(Z_k).
    pub(super) slopes: Vec<T>,
    /// G_k = σ′(Z_k) ⊙ Λ_{k+1} of one block of layers, at k modulo [`BLOCK`].
    weighted: Vec<T>,
    /// Λ, from Λ_L down to Λ_0 in place.
    pub(super) lambda: Vec<T>,
    /// Ξ, from Ξ_0 up to Ξ_L in place.
    pub(super) xi: Vec<T>,
    /// Products before their activation.
    scratch: Vec<T>,
    /// What the map needs: a piece for every column, and for every node of a block.
    workspaces: Vec<T>,
    /// β of a perturbation that has none.
    pub(super) zero_bias: Vec<T>,
}

impl<T: Real> EulerSolution<T> {
    /// Whether it is the direct solution of this network.
    pub(super) fn is_of(&self, network: &Network<T>) -> bool {
        self.network == Some(network.stamp())
    }

    /// n M.
    pub(super) fn len(&self) -> usize {
        self.width * self.batch
    }

    pub(super) fn matrix<'a>(&self, values: &'a [T]) -> MatRef<'a, T> {
        MatRef::from_column_major_slice(values, self.width, self.batch)
    }

    /// X_k.
    pub(super) fn kept(&self, k: usize) -> &[T] {
        let len = self.len();
        &self.states[k * len..(k + 1) * len]
    }

    /// Makes room for a batch and forgets the last one.
    fn prepare(&mut self, network: &Network<T>, batch: usize) {
        self.network = None;
        self.width = network.width();
        self.batch = batch;
        self.layers = network.grid().steps();
        self.step = T::from_f64(network.grid().step());
        self.horizon = network.grid().horizon();
        (self.adjoint_solved, self.sensitivity_solved) = (false, false);
        let len = self.len();
        for (memory, pieces) in [
            (&mut self.states, self.layers + 1),
            (&mut self.slopes, self.layers),
            (&mut self.weighted, BLOCK),
            (&mut self.lambda, 1),
            (&mut self.xi, 1),
            (&mut self.scratch, 1),
        ] {
            make_room(memory, pieces * len);
        }
        make_room(&mut self.workspaces, batch.max(BLOCK) * network.map().workspace_len());
        self.zero_bias.resize(self.width, T::ZERO);
    }

    /// (S2) from `x0`, whose shape fits, with all states and slopes kept.
    pub(super) fn solve(
        &mut self,
        network: &Network<T>,
        x0: MatRef<'_, T>,
    ) -> Result<(), SolveError> {
        self.prepare(network, x0.ncols());
        let (n, m, layers, h) = (self.width, self.batch, self.layers, self.step);
        copy_columns(x0, &mut self.states[..n * m]);
        let map = network.map();
        let memory = (
            Batches::new(&mut self.states, n, m),
            Batches::new(&mut self.slopes, n, m),
            Batches::new(&mut self.scratch, n, m),
            Batches::new(&mut self.workspaces, map.workspace_len(), m),
        );
        parallel::for_columns(n, m, memory, &|columns, memory| {
            let (mut states, mut slopes, mut scratch, mut workspace) = memory;
            let workspace = workspace.batch_mut(0);
            for group in map.groups::<T>(columns.len()) {
                let part = group.start * n..group.end * n;
                let z = &mut scratch.batch_mut(0)[part.clone()];
                for k in 0..layers {
                    let node = network.parameters().node(k);
                    let (x, [next]) = states.read_and_write(k, &[k + 1]);
                    let (x, next) = (&x[part.clone()], &mut next[part.clone()]);
                    let slope = &mut slopes.batch_mut(k)[part.clone()];
                    let ahead = [&*next, &*slope, node_or_nothing(network, k + 1, layers)];
                    let how = How::replace().before(&ahead);
                    map.at(k).apply(node, x, z, how, workspace);
                    let (bias, activation) =
                        (map.at(k).bias(node, workspace), network.activation());
                    kernels::euler_step(activation, z, bias, h, x, next, slope);
                }
            }
        });
        // X_{k+1} = X_k + …: what is infinite or NaN once is so in the end.
        if kernels::all_finite(self.kept(layers)) {
            self.network = Some(network.stamp());
            return Ok(());
        }
        let first = (0..layers).find(|&k| !kernels::all_finite(self.kept(k))).unwrap_or(layers);
        let grid = network.grid();
        let last = first
            .checked_sub(1)
            .and_then(|k| LastState::new(grid.time(k), self.matrix(self.kept(k))));
        let statistics = Statistics::fixed(first, grid.step(), 1);
        Err(not_finite(Problem::Direct, grid.time(first), last, statistics))
    }

    /// Λ through some layers, from the last to the first, leaving G_k in `weighted`.
    pub(super) fn adjoint_layers(&mut self, network: &Network<T>, layers: Range<usize>) {
        let (n, m, h) = (self.width, self.batch, self.step);
        let len = n * m;
        let slopes = &self.slopes;
        let map = network.map();
        let memory = (
            Batches::new(&mut self.lambda, n, m),
            Batches::new(&mut self.weighted, n, m),
            Batches::new(&mut self.workspaces, map.workspace_len(), m),
        );
        parallel::for_columns(n, m, memory, &|columns, memory| {
            let (mut lambda, mut weighted, mut workspace) = memory;
            let workspace = workspace.batch_mut(0);
            for group in map.groups::<T>(columns.len()) {
                let part = group.start * n..group.end * n;
                let of_all = columns.start * n + part.start..columns.start * n + part.end;
                let lambda = &mut lambda.batch_mut(0)[part.clone()];
                for k in layers.clone().rev() {
                    let node = network.parameters().node(k);
                    let slope = &slopes[k * len..(k + 1) * len][of_all.clone()];
                    let g = &mut weighted.batch_mut(k % BLOCK)[part.clone()];
                    kernels::multiply(slope, lambda, g);
                    let next = if k > layers.start {
                        [
                            network.parameters().node(k - 1),
                            &slopes[(k - 1) * len..k * len][of_all.clone()],
                        ]
                    } else {
                        [&[][..]; 2]
                    };
                    map.at(k).apply_transposed(
                        node,
                        g,
                        lambda,
                        How::add(h).before(&next),
                        workspace,
                    );
                }
            }
        });
    }

    /// (S6) at some nodes, at most [`BLOCK`] of them, from G_k and X_k. The last of them whose gradient
    /// is not finite, or too large for a norm, if any.
    ///
    /// A node is looked at while it is in the cache. That is one pass over what a product of M columns
    /// has just written, one in M of the product's work, and it need not wait for memory.
    pub(super) fn gradient_nodes(
        &mut self,
        nodes: Range<usize>,
        gradient: &mut Parameters<T>,
    ) -> Option<usize> {
        let (map, len, node_len) = (gradient.map(), self.len(), gradient.node_len());
        // One more than the node, 0 for none.
        let bad = AtomicUsize::new(0);
        let own = &mut gradient.as_mut_slice()[nodes.start * node_len..nodes.end * node_len];
        let (states, weighted, end) = (&self.states, &self.weighted, nodes.end);
        let workspaces = Chunks::new(&mut self.workspaces, map.workspace_len());
        let memory = (Chunks::new(own, node_len), workspaces);
        parallel::for_each(nodes, memory, &|k, (own, workspace)| {
            let g = &weighted[k % BLOCK * len..(k % BLOCK + 1) * len];
            let x = &states[k * len..(k + 1) * len];
            let node = own.into_slice();
            let next = if k + 1 < end { &states[(k + 1) * len..(k + 2) * len] } else { &[] };
            map.at(k).gradient(g, x, node, (Accum::Replace, &[next]), workspace.into_slice());
            if !kernels::has_square(node) {
                bad.fetch_max(k + 1, Ordering::Relaxed);
            }
        });
        bad.into_inner().checked_sub(1)
    }

    /// Ξ through some layers, for a perturbation of the parameters or none.
    pub(super) fn sensitivity_layers(
        &mut self,
        network: &Network<T>,
        perturbation: Option<&Parameters<T>>,
        layers: Range<usize>,
    ) {
        let (n, m, h) = (self.width, self.batch, self.step);
        let len = n * m;
        let (states, slopes) = (&self.states, &self.slopes);
        let zero_bias = &self.zero_bias[..n];
        let map = network.map();
        let memory = (
            Batches::new(&mut self.xi, n, m),
            Batches::new(&mut self.scratch, n, m),
            Batches::new(&mut self.workspaces, map.workspace_len(), m),
        );
        parallel::for_columns(n, m, memory, &|columns, (mut xi, mut scratch, mut workspace)| {
            let workspace = workspace.batch_mut(0);
            for group in map.groups::<T>(columns.len()) {
                let part = group.start * n..group.end * n;
                let of_all = columns.start * n + part.start..columns.start * n + part.end;
                let xi = &mut xi.batch_mut(0)[part.clone()];
                let y = &mut scratch.batch_mut(0)[part];
                for k in layers.clone() {
                    let node = network.parameters().node(k);
                    let slope = &slopes[k * len..(k + 1) * len][of_all.clone()];
                    let next = [slope, node_or_nothing(network, k + 1, layers.end)];
                    let mut beta = zero_bias;
                    if let Some(parameters) = perturbation {
                        let (omega, x) = (parameters.node(k), &states[k * len..(k + 1) * len]);
                        let x = &x[of_all.clone()];
                        map.at(k).apply(node, xi, y, How::replace().before(&[omega, x]), workspace);
                        map.at(k).apply(omega, x, y, How::add(T::ONE).before(&next), workspace);
                        beta = map.at(k).bias(omega, workspace);
                    } else {
                        map.at(k).apply(node, xi, y, How::replace().before(&next), workspace);
                    }
                    kernels::sensitivity_step(y, beta, slope, h, xi);
                }
            }
        });
    }

    /// Ξ_0.
    pub(super) fn begin_sensitivity(&mut self, input: Option<MatRef<'_, T>>) {
        let len = self.len();
        match input {
            Some(xi0) => copy_columns(xi0, &mut self.xi[..len]),
            None => self.xi[..len].fill(T::ZERO),
        }
    }
}
