//! The gradient (S17): outer products at the stages, through the transposed interpolation to the
//! nodes.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use faer::Accum;

use super::Method;
use super::stages::Stages;
use super::tableau::Reading;
use crate::parallel::{self, Chunks};
use crate::{AffineMap, Grid, Parameters, Real, kernels};

/// What the stages of some steps contribute to the gradient.
pub(super) struct Contributions<'a, T> {
    pub method: Method,
    pub map: AffineMap,
    pub grid: &'a Grid,
    pub trajectory: Stages<'a, T>,
    /// G_i of these steps, stage after stage.
    pub weighted: &'a [T],
    pub steps: Range<usize>,
}

impl<T: Real> Contributions<'_, T> {
    /// Σ_i G_i Y_iᵀ and Σ_i G_i 1 over a run of stages of step k: one product, as the stages' columns
    /// stand side by side.
    fn outer(&self, k: usize, run: &Range<usize>, node: &mut [T], how: Accum, workspace: &mut [T]) {
        let len = self.trajectory.len;
        let at = (k - self.steps.start) * self.method.tableau.stages() + run.start;
        let g = &self.weighted[at * len..(at + run.len()) * len];
        let states = self.trajectory.states(k, run.start, run.len());
        self.map.gradient(g, states, node, (how, &[]), workspace);
    }

    /// Adds these steps' contributions to the nodes they reach. Nodes before `reached` have not been
    /// written yet. `between` is scratch for a node's numbers at each time between the nodes,
    /// `workspaces` for what the map needs at each time and each node reached.
    ///
    /// Each node's contributions are added in an order that does not depend on the threads. A node is
    /// looked at while it is in the cache: one pass over what products of M columns have just written.
    pub fn add(
        &self,
        between: &mut [T],
        workspaces: &mut [T],
        gradient: &mut Parameters<T>,
        reached: usize,
    ) -> Added {
        let workspace_len = self.map.workspace_len();
        let len = gradient.node_len();
        let times = self.method.tableau.between.len();
        let count = self.steps.len() * times;
        let products = Chunks::new(&mut between[..count * len], len);
        let memory = (products, Chunks::new(&mut *workspaces, workspace_len));
        parallel::for_each(0..count, memory, &|at, (product, workspace)| {
            let (product, workspace) = (product.into_slice(), workspace.into_slice());
            let (k, reading) = (self.steps.start + at / times, Reading::Between(at % times));
            let mut how = Accum::Replace;
            for (_, run) in self.method.tableau.runs().filter(|(other, _)| *other == reading) {
                self.outer(k, &run, product, how, workspace);
                how = Accum::Add;
            }
        });
        let between = &between[..count * len];
        let product = |at: usize| &between[at * len..(at + 1) * len];
        let nodes = reach(&self.steps, gradient.nodes());
        // One more than the last node that is not finite, 0 for none.
        let bad = AtomicUsize::new(0);
        let own = &mut gradient.as_mut_slice()[nodes.start * len..nodes.end * len];
        let memory = (Chunks::new(own, len), Chunks::new(workspaces, workspace_len));
        parallel::for_each(nodes.clone(), memory, &|l, (node, workspace)| {
            let node = node.into_slice();
            self.add_to_node(l, node, l < reached, &product, workspace.into_slice());
            if !kernels::all_finite(node) {
                bad.fetch_max(l + 1, Ordering::Relaxed);
            }
        });
        Added { reached: reached.min(nodes.start), bad: bad.into_inner().checked_sub(1) }
    }

    /// Adds these steps' contributions to node l, or sets it to them where it `is_new`.
    fn add_to_node<'b>(
        &self,
        l: usize,
        node: &mut [T],
        is_new: bool,
        product: &impl Fn(usize) -> &'b [T],
        workspace: &mut [T],
    ) where
        T: 'b,
    {
        let times = self.method.tableau.between.len();
        let mut how = if is_new { Accum::Replace } else { Accum::Add };
        for (reading, run) in self.method.tableau.runs() {
            let Reading::Node(offset) = reading else { continue };
            if let Some(k) = l.checked_sub(offset).filter(|k| self.steps.contains(k)) {
                self.outer(k, &run, node, how, workspace);
                how = Accum::Add;
            }
        }
        for (number, &time) in self.method.tableau.between.iter().enumerate() {
            let mut terms: [(T, &[T]); 4] = [(T::ZERO, &[]); 4];
            let mut count = 0;
            let near = l.saturating_sub(2).max(self.steps.start)..(l + 2).min(self.steps.end);
            for k in near {
                let stencil = self.method.interpolation.within(self.grid, k, time);
                let place = l.checked_sub(stencil.first).filter(|&place| place < stencil.len);
                if let Some(place) = place {
                    let at = (k - self.steps.start) * times + number;
                    terms[count] = (T::from_f64(stencil.weights[place]), product(at));
                    count += 1;
                }
            }
            if count > 0 {
                kernels::linear_combination(node, how, &terms[..count]);
                how = Accum::Add;
            }
        }
        if how == Accum::Replace {
            node.fill(T::ZERO);
        }
    }
}

/// What has become of a gradient.
pub(super) struct Added {
    /// Nodes before have not been written yet.
    pub reached: usize,
    /// The last node that is not finite, if any.
    pub bad: Option<usize>,
}

/// The nodes that some steps read or interpolate: what is between nodes k and k + 1 is made of the
/// nodes k − 1 … k + 2 at most.
pub(super) fn reach(steps: &Range<usize>, nodes: usize) -> Range<usize> {
    steps.start.saturating_sub(1)..(steps.end + 2).min(nodes)
}

/// Divides by the nodes' weights in the inner product, in units of h: the last step of (S17). The last
/// of the nodes that are not finite afterwards, of those that were divided.
pub(super) fn represent<T: Real>(gradient: &mut Parameters<T>, grid: &Grid) -> Option<usize> {
    let mut bad = None;
    for l in 0..gradient.nodes() {
        let factor = grid.step() / grid.weight(l);
        if factor != 1.0 {
            let node = gradient.node_mut(l);
            for value in node.iter_mut() {
                *value *= T::from_f64(factor);
            }
            if !kernels::all_finite(node) {
                bad = Some(l);
            }
        }
    }
    bad
}
