//! The gradient (S17): outer products at the stages, through the transposed interpolation to the
//! nodes.

use std::ops::Range;

use faer::Accum;

use super::Method;
use super::tableau::Reading;
use super::trajectory::Trajectory;
use crate::parallel::{self, Shared};
use crate::{Grid, Parameters, Real, kernels};

/// What the stages of some steps contribute to the gradient.
pub(super) struct Contributions<'a, T> {
    pub method: Method,
    pub grid: &'a Grid,
    pub trajectory: Trajectory<'a, T>,
    /// G_i of these steps, stage after stage.
    pub weighted: &'a [T],
    pub steps: Range<usize>,
}

impl<T: Real> Contributions<'_, T> {
    /// Σ_i G_i Y_iᵀ and Σ_i G_i 1 over a run of stages of step k: one product, as the stages' columns
    /// stand side by side.
    fn outer(&self, k: usize, run: &Range<usize>, width: usize, node: &mut [T], how: Accum) {
        let len = self.trajectory.len;
        let at = (k - self.steps.start) * self.method.tableau.stages() + run.start;
        let g = &self.weighted[at * len..(at + run.len()) * len];
        let states = self.trajectory.states(k, run.start, run.len());
        kernels::outer_product(width, g, states, node, how);
    }

    /// Adds these steps' contributions to the nodes they reach. Nodes before `reached` have not been
    /// written yet; the result is the new bound. `between` is scratch for a node's numbers at each time
    /// between the nodes.
    ///
    /// Each node's contributions are added in an order that does not depend on the threads.
    pub fn add(&self, between: &mut [T], gradient: &mut Parameters<T>, reached: usize) -> usize {
        let (width, len) = (gradient.width(), gradient.node_len());
        let times = self.method.tableau.between.len();
        let products = Shared::new(between, len);
        parallel::for_each(0..self.steps.len() * times, &|at| {
            // SAFETY: every product is made once.
            let product = unsafe { products.part_mut(at, 0..len) };
            let (k, reading) = (self.steps.start + at / times, Reading::Between(at % times));
            let mut how = Accum::Replace;
            for (_, run) in self.method.tableau.runs().filter(|(other, _)| *other == reading) {
                self.outer(k, &run, width, product, how);
                how = Accum::Add;
            }
        });
        let nodes = reach(&self.steps, gradient.nodes());
        let out = Shared::new(gradient.as_mut_slice(), len);
        parallel::for_each(nodes.clone(), &|l| {
            // SAFETY: every node is visited once, and the products are only read from here on.
            let node = unsafe { out.part_mut(l, 0..len) };
            let product = |at: usize| unsafe { products.part(at, 0..len) };
            let mut how = if l < reached { Accum::Replace } else { Accum::Add };
            for (reading, run) in self.method.tableau.runs() {
                let Reading::Node(offset) = reading else { continue };
                if let Some(k) = l.checked_sub(offset).filter(|k| self.steps.contains(k)) {
                    self.outer(k, &run, width, node, how);
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
        });
        reached.min(nodes.start)
    }
}

/// The nodes that some steps read or interpolate: what is between nodes k and k + 1 is made of the
/// nodes k − 1 … k + 2 at most.
pub(super) fn reach(steps: &Range<usize>, nodes: usize) -> Range<usize> {
    steps.start.saturating_sub(1)..(steps.end + 2).min(nodes)
}

/// Divides by the nodes' weights in the inner product, in units of h: the last step of (S17).
pub(super) fn represent<T: Real>(gradient: &mut Parameters<T>, grid: &Grid) {
    for l in 0..gradient.nodes() {
        let factor = grid.step() / grid.weight(l);
        if factor != 1.0 {
            gradient.node_mut(l).iter_mut().for_each(|value| *value *= T::from_f64(factor));
        }
    }
}
