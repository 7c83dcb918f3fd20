//! The parameters as one element of a Hilbert space.

use std::ops::Range;

use faer::{Accum, MatMut, MatRef};

use super::{Grid, Stencil};
use crate::parallel::{self, Shared};
use crate::{Real, kernels};

/// W(t) ∈ R^{n×n} and b(t) ∈ Rⁿ at the nodes of a grid in depth: what is trained, and every
/// gradient and direction of it.
///
/// One contiguous allocation, node by node: the n² weights of a node column by column, then its n
/// biases.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters<T> {
    width: usize,
    nodes: usize,
    values: Vec<T>,
    stamp: u64,
}

/// A stamp that no parameters have had in this process.
fn new_stamp() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

impl<T: Real> Parameters<T> {
    /// The zero of the space.
    pub fn zeros(width: usize, nodes: usize) -> Self {
        Self {
            width,
            nodes,
            values: vec![T::ZERO; nodes * (width * width + width)],
            stamp: new_stamp(),
        }
    }
    /// stamp
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// n, the width of the network.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of nodes.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// n² + n, how many numbers a node has.
    pub fn node_len(&self) -> usize {
        self.width * self.width + self.width
    }

    /// Everything, node by node.
    pub fn as_slice(&self) -> &[T] {
        &self.values
    }

    /// Everything, to write.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.stamp = new_stamp();
        &mut self.values
    }

    /// Weights (column-major) and biases of one node.
    ///
    /// # Panics
    /// If there is no such node; so do the other accessors of a node.
    pub fn node(&self, node: usize) -> &[T] {
        let len = self.node_len();
        &self.values[node * len..(node + 1) * len]
    }

    /// Weights and biases of one node, to write.
    pub fn node_mut(&mut self, node: usize) -> &mut [T] {
        let len = self.node_len();
        self.stamp = new_stamp();
        &mut self.values[node * len..(node + 1) * len]
    }

    /// W_k, n×n.
    pub fn weights(&self, node: usize) -> MatRef<'_, T> {
        split_node(self.node(node), self.width).0
    }

    /// W_k, to write.
    pub fn weights_mut(&mut self, node: usize) -> MatMut<'_, T> {
        let n = self.width;
        MatMut::from_column_major_slice_mut(&mut self.node_mut(node)[..n * n], n, n)
    }

    /// b_k.
    pub fn bias(&self, node: usize) -> &[T] {
        split_node(self.node(node), self.width).1
    }

    /// b_k, to write.
    pub fn bias_mut(&mut self, node: usize) -> &mut [T] {
        let n = self.width;
        &mut self.node_mut(node)[n * n..]
    }

    /// Whether `other` belongs to the same space.
    pub fn same_shape(&self, other: &Self) -> bool {
        (self.width, self.nodes) == (other.width, other.nodes)
    }

    /// `self` = `keep`·`self` + `add`·`x`.
    ///
    /// # Panics
    /// If the shapes differ; so do the other operations of the space.
    pub fn combine(&mut self, keep: T, x: &Self, add: T) {
        self.combine_nodes(0..self.nodes, keep, x, add);
    }

    /// The same for some of the nodes.
    pub(crate) fn combine_nodes(&mut self, nodes: Range<usize>, keep: T, x: &Self, add: T) {
        self.check(x, "combine");
        let len = self.node_len();
        self.stamp = new_stamp();
        let shared = Shared::new(&mut self.values, len);
        parallel::for_each(nodes, &|k| {
            // SAFETY: every node is visited once.
            kernels::combine(unsafe { shared.part_mut(k, 0..len) }, keep, x.node(k), add);
        });
    }

    /// `self` += `factor`·`x`.
    pub fn axpy(&mut self, factor: T, x: &Self) {
        self.combine(T::ONE, x, factor);
    }

    /// `self` = `x`.
    pub fn copy_from(&mut self, x: &Self) {
        self.check(x, "copy_from");
        self.values.copy_from_slice(&x.values);
    }

    /// The inner product of L²(0,T): Σ_k w_k (⟨W_k, W′_k⟩ + ⟨b_k, b′_k⟩) with the grid's weights
    /// w_k ([`Grid::weight`]). The same bits for any number of threads.
    ///
    /// # Panics
    /// If the shapes differ, or the grid has another number of nodes.
    pub fn inner(&self, other: &Self, grid: &Grid) -> f64 {
        self.check(other, "inner");
        assert_eq!(self.nodes, grid.nodes(), "inner: the grid has other nodes");
        parallel::sum(0..self.nodes, &|k| {
            grid.weight(k) * kernels::dot(self.node(k), other.node(k))
        })
    }

    /// Whether every number is finite.
    pub fn is_finite(&self) -> bool {
        // A sum is finite only if all its terms are; one that overflows deserves the same answer.
        parallel::sum(0..self.nodes, &|k| kernels::dot(self.node(k), self.node(k))).is_finite()
    }

    /// The value between the nodes that `stencil` describes, into `out` (n² + n numbers).
    ///
    /// # Panics
    /// If `out` has another length or the stencil reaches beyond the nodes.
    pub fn interpolate(&self, stencil: &Stencil, out: &mut [T]) {
        assert_eq!(out.len(), self.node_len(), "interpolate: `out` has another length than a node");
        let len = out.len();
        let out = Shared::new(out, len);
        parallel::for_columns(1, len, &|part: Range<usize>| {
            // SAFETY: parts are disjoint.
            self.interpolate_part(stencil, part.clone(), unsafe { out.part_mut(0, part) });
        });
    }

    /// The same for some of a node's numbers.
    pub(crate) fn interpolate_part(&self, stencil: &Stencil, part: Range<usize>, out: &mut [T]) {
        let mut terms: [(T, &[T]); 4] = [(T::ZERO, &[]); 4];
        for (i, term) in terms[..stencil.len].iter_mut().enumerate() {
            let node = &self.node(stencil.first + i)[part.clone()];
            *term = (T::from_f64(stencil.weights[i]), node);
        }
        kernels::linear_combination(out, Accum::Replace, &terms[..stencil.len]);
    }

    fn check(&self, other: &Self, operation: &str) {
        assert!(
            self.same_shape(other),
            "{operation}: parameters of width {} on {} nodes and of width {} on {} nodes",
            self.width,
            self.nodes,
            other.width,
            other.nodes
        );
    }
}

/// A node's numbers as its weight matrix and bias.
pub(crate) fn split_node<T: Real>(node: &[T], width: usize) -> (MatRef<'_, T>, &[T]) {
    let (weights, bias) = node.split_at(width * width);
    (MatRef::from_column_major_slice(weights, width, width), bias)
}

/// Applies an operator in depth to every entry of the parameters.
///
/// Entries are taken [`LANES`](Self::LANES) at a time, so that an operator sees a short
/// `[nodes][LANES]` block that fits the cache, and every lane is one entry as a function of depth.
/// The block memory is allocated once.
#[derive(Debug)]
pub struct AlongDepth<T> {
    blocks: Vec<[T; 64]>,
    nodes: usize,
    walkers: usize,
}

impl<T: Real> AlongDepth<T> {
    /// How many entries an operator sees at a time.
    pub const LANES: usize = 64;

    /// Memory for parameters on `nodes` nodes, for the threads of the current rayon pool.
    pub fn new(nodes: usize) -> Self {
        let walkers = rayon::current_num_threads();
        Self { blocks: vec![[T::ZERO; 64]; 2 * nodes * walkers], nodes, walkers }
    }

    /// `to` = `operator` applied to `from`, entry by entry. `operator` gets a block of input and
    /// one of output, each indexed by node.
    ///
    /// # Panics
    /// If `from` and `to` have other shapes than each other or than this memory.
    pub fn apply(
        &mut self,
        from: &Parameters<T>,
        to: &mut Parameters<T>,
        operator: &(impl Fn(&[[T; 64]], &mut [[T; 64]]) + Sync),
    ) {
        from.check(to, "operator in depth");
        assert_eq!(from.nodes, self.nodes, "operator in depth: memory is for other nodes");
        let (len, nodes, walkers) = (from.node_len(), self.nodes, self.walkers);
        let pieces = len.div_ceil(Self::LANES);
        let out = Shared::new(&mut to.values, len);
        let memory = Shared::new(&mut self.blocks, 2 * nodes);
        parallel::for_each(0..walkers, &|walker| {
            // SAFETY: every walker has its own memory and its own lanes of `out`.
            let block = unsafe { memory.part_mut(walker, 0..2 * nodes) };
            let (input, output) = block.split_at_mut(nodes);
            for piece in pieces * walker / walkers..pieces * (walker + 1) / walkers {
                let lanes = piece * Self::LANES..((piece + 1) * Self::LANES).min(len);
                for (k, row) in input.iter_mut().enumerate() {
                    row[..lanes.len()].copy_from_slice(&from.node(k)[lanes.clone()]);
                }
                operator(input, output);
                for (k, row) in output.iter().enumerate() {
                    // SAFETY: as above.
                    let target = unsafe { out.part_mut(k, lanes.clone()) };
                    target.copy_from_slice(&row[..lanes.len()]);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Ends, Interpolation};

    fn counting(width: usize, nodes: usize, offset: f64) -> Parameters<f64> {
        let mut p = Parameters::zeros(width, nodes);
        for (i, v) in p.as_mut_slice().iter_mut().enumerate() {
            *v = (i as f64 + offset).sin();
        }
        p
    }

    proptest! {
        #[test]
        fn the_space_is_a_vector_space(width in 1usize..7, nodes in 1usize..9, a in -3.0..3.0, b in -3.0..3.0) {
            let grid = Grid::new(1.5, nodes, Ends::Open).unwrap();
            let x = counting(width, nodes, 0.1);
            let mut y = counting(width, nodes, 0.7);
            let (xx, xy, yy) = (x.inner(&x, &grid), x.inner(&y, &grid), y.inner(&y, &grid));
            y.combine(a, &x, b);
            let expected = a * a * yy + 2.0 * a * b * xy + b * b * xx;
            prop_assert!((y.inner(&y, &grid) - expected).abs() < 1e-12 * (1.0 + expected));
        }

        #[test]
        fn operators_see_every_entry_once(width in 1usize..20, nodes in 1usize..9) {
            let x = counting(width, nodes, 0.3);
            let mut y = Parameters::zeros(width, nodes);
            AlongDepth::new(nodes).apply(&x, &mut y, &|input: &[[f64; 64]], output: &mut [[f64; 64]]| {
                for (k, row) in output.iter_mut().enumerate() {
                    *row = input[input.len() - 1 - k];
                }
            });
            for k in 0..nodes {
                prop_assert_eq!(y.node(k), x.node(nodes - 1 - k));
            }
        }
    }

    #[test]
    fn interpolation_is_the_stencils_combination() {
        let grid = Grid::new(1.0, 6, Ends::Closed).unwrap();
        let p = counting(3, grid.nodes(), 0.0);
        let stencil = Interpolation::Hermite.stencil(&grid, 0.4);
        let mut out = vec![f64::NAN; p.node_len()];
        p.interpolate(&stencil, &mut out);
        for (i, value) in out.iter().enumerate() {
            let expected: f64 =
                (0..stencil.len).map(|j| stencil.weights[j] * p.node(stencil.first + j)[i]).sum();
            assert!((value - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn not_finite_is_noticed() {
        let mut p = counting(2, 3, 0.0);
        assert!(p.is_finite());
        p.node_mut(2)[5] = f64::NAN;
        assert!(!p.is_finite());
        p.node_mut(2)[5] = f64::NEG_INFINITY;
        assert!(!p.is_finite());
    }
}
