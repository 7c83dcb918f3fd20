//! The gradient (S6), sampled while the adjoint problem is solved.

use std::ops::Range;

use faer::Accum;

use super::solve::{Follower, Step};
use super::trajectory::Trajectory;
use crate::depth::split_node;
use crate::parallel::{self, Shared};
use crate::{Network, Parameters, Real, kernels};

/// Nodes taken together, between the threads.
const BLOCK: usize = 8;

/// Memory for sampling, kept from solve to solve.
#[derive(Clone, Debug, Default)]
pub(super) struct SampleMemory<T> {
    /// λ, x and z at the nodes of a block.
    slabs: [Vec<T>; 3],
}

/// Keeps the last λ, and samples ∇J(t_k) = (σ′(Z) ⊙ Λ) Xᵀ, Λ, X at every node of the grid.
pub(super) struct Sampler<'a, T> {
    pub(super) network: &'a Network<T>,
    pub(super) trajectory: &'a Trajectory<T>,
    /// λ where the last step ends.
    pub(super) last: &'a mut [T],
    pub(super) gradient: Option<&'a mut Parameters<T>>,
    pub(super) memory: &'a mut SampleMemory<T>,
    /// Nodes that are still to come, from the last one of the grid down.
    pub(super) nodes: usize,
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
        let n = network.width();
        for slab in &mut self.memory.slabs {
            slab.resize(BLOCK * len, T::ZERO);
        }
        let [lambdas, states, products] = &mut self.memory.slabs;
        for (node, lambda) in nodes.clone().zip(lambdas.chunks_exact_mut(len)) {
            step.inside(network.grid().horizon() - network.grid().time(node), lambda);
        }
        let node_len = gradient.node_len();
        let gradient = Shared::new(gradient.as_mut_slice(), node_len);
        let (states, products) = (Shared::new(states, len), Shared::new(products, len));
        parallel::for_each(nodes.clone(), &|node| {
            let slab = node - nodes.start;
            let (weights, bias) = split_node(network.parameters.node(node), n);
            // SAFETY: every node is visited once, with a slab of its own.
            let (x, g, out) = unsafe {
                (
                    states.part_mut(slab, 0..len),
                    products.part_mut(slab, 0..len),
                    gradient.part_mut(node, 0..node_len),
                )
            };
            trajectory.read(&trajectory.locate(network.grid().time(node)), 0..len, x);
            kernels::transform(weights, x, g, Accum::Replace, T::ONE);
            kernels::slope(network.activation(), g, bias);
            kernels::multiply_by(g, &lambdas[slab * len..(slab + 1) * len]);
            kernels::outer_product(n, g, x, out, Accum::Replace);
        });
    }
}
