//! The gradient (S6), sampled while the adjoint problem is solved.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use faer::Accum;

use super::dense_output::DenseOutput;
use super::solve::{Follower, Step};
use crate::kernels::How;
use crate::parallel::{self, Chunks};
use crate::{Network, Parameters, Real, kernels};

/// Nodes taken together, between the threads.
const BLOCK: usize = 8;

/// Memory for sampling, kept from solve to solve.
#[derive(Clone, Debug, Default)]
pub(super) struct SampleMemory<T> {
    /// λ, x and z at the nodes of a block.
    slabs: [Vec<T>; 3],
    /// What the map needs at each of them.
    workspaces: Vec<T>,
}

/// Keeps the last λ, and samples ∇J(t_k) = (σ′(Z) ⊙ Λ) Xᵀ, Λ, X at every node of the grid.
pub(super) struct Sampler<'a, T> {
    pub(super) network: &'a Network<T>,
    pub(super) trajectory: &'a DenseOutput<T>,
    /// λ where the last step ends.
    pub(super) last: &'a mut [T],
    pub(super) gradient: Option<&'a mut Parameters<T>>,
    pub(super) memory: &'a mut SampleMemory<T>,
    /// Nodes that are still to come, from the last one of the grid down.
    pub(super) nodes: usize,
    /// The first of the nodes met whose gradient is not finite.
    pub(super) bad: Option<usize>,
}

impl<T: Real> Follower<T> for Sampler<'_, T> {
    fn begin(&mut self, step: &mut dyn Step<T>) {
        step.state(self.last);
    }

    fn accepted(&mut self, step: &mut dyn Step<T>) {
        step.state(self.last);
        if self.gradient.is_none() {
            return;
        }
        // τ = T − t grows along the solve; the end of the last step is t = 0 up to rounding.
        let grid = self.network.grid();
        let reached = |node: usize| {
            let tau = grid.horizon() - grid.time(node);
            tau <= step.end() + 1e-9 * grid.step()
        };
        let from = (0..self.nodes).rev().take_while(|&node| reached(node)).last();
        let Some(from) = from else { return };
        let mut to = self.nodes;
        self.nodes = from;
        while to > from {
            let block = from.max(to.saturating_sub(BLOCK))..to;
            to = block.start;
            self.sample(block, step);
        }
    }
}

impl<T: Real> Sampler<'_, T> {
    /// The gradient at a few nodes.
    fn sample(&mut self, nodes: Range<usize>, step: &mut dyn Step<T>) {
        let Some(gradient) = self.gradient.as_deref_mut() else { return };
        let (network, trajectory, len) = (self.network, self.trajectory, self.last.len());
        let map = network.map();
        self.memory.workspaces.resize(BLOCK * map.workspace_len(), T::ZERO);
        for slab in &mut self.memory.slabs {
            slab.resize(BLOCK * len, T::ZERO);
        }
        let [lambdas, states, products] = &mut self.memory.slabs;
        let workspaces = Chunks::new(&mut self.memory.workspaces, map.workspace_len());
        for (node, lambda) in nodes.clone().zip(lambdas.chunks_exact_mut(len)) {
            step.inside(network.grid().horizon() - network.grid().time(node), lambda);
        }
        let node_len = gradient.node_len();
        let own = &mut gradient.as_mut_slice()[nodes.start * node_len..nodes.end * node_len];
        let memory = (
            Chunks::new(own, node_len),
            Chunks::new(states, len),
            Chunks::new(products, len),
            workspaces,
        );
        // One more than the node, 0 for none.
        let bad = AtomicUsize::new(0);
        parallel::for_each(nodes.clone(), memory, &|node, (out, x, g, workspace)| {
            let (out, x, g) = (out.into_slice(), x.into_slice(), g.into_slice());
            let workspace = workspace.into_slice();
            let (x, g) = (&mut x[..len], &mut g[..len]);
            let slab = node - nodes.start;
            let own = network.parameters().node(node);
            trajectory.read(&trajectory.locate(network.grid().time(node)), 0..len, x);
            map.apply(own, x, g, How::replace(), workspace);
            kernels::slope(network.activation(), g, map.bias(own, workspace));
            kernels::multiply_by(g, &lambdas[slab * len..(slab + 1) * len]);
            map.gradient(g, x, out, (Accum::Replace, &[]), workspace);
            // One pass over what a product of M columns has just written, while it is in the cache.
            if !kernels::all_finite(out) {
                bad.fetch_max(node + 1, Ordering::Relaxed);
            }
        });
        self.bad = self.bad.or(bad.into_inner().checked_sub(1));
    }
}
