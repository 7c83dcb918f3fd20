//! The parameters as one element of a Hilbert space.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use faer::{Accum, MatMut, MatRef};

use super::numbers::{DeviceNumbers, Elimination, Numbers};
use super::{Grid, Stencil};
use crate::map::{self, AffineMap};
use crate::parallel::{self, Chunks};
use crate::{Real, kernels, memory};

/// W(t) and b(t) at the nodes of a grid in depth: what is trained, and every gradient and direction of
/// it. What they do to a state is their [`AffineMap`]: for a dense one W(t) ∈ R^{n×n} and b(t) ∈ Rⁿ.
///
/// One contiguous allocation, node by node: the weights of a node as a matrix column by column (n² numbers of a
/// dense map), then its biases (n).
///
/// The numbers may be on a device of a scheme that computes there ([`DeviceNumbers`]); they are copied to
/// memory when they are looked at.
#[derive(Clone)]
pub struct Parameters<T> {
    map: AffineMap,
    nodes: usize,
    values: Numbers<T>,
    stamp: u64,
}

/// `keep`·`last` + `add`·`x`, which parameters become.
#[derive(Clone, Copy, Debug)]
pub struct Combination<'a, T> {
    /// The factor of `last`.
    pub keep: T,
    /// A direction before.
    pub last: &'a Parameters<T>,
    /// The factor of `x`.
    pub add: T,
    /// What is added; what is there before, if there is none.
    pub x: Option<&'a Parameters<T>>,
}

/// A stamp that no parameters have had in this process.
fn new_stamp() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Shows the numbers, and not what they are known by in this process.
impl<T: fmt::Debug> fmt::Debug for Parameters<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { map, nodes, values, .. } = self;
        f.debug_struct("Parameters")
            .field("map", map)
            .field("nodes", nodes)
            .field("values", &values.read())
            .finish_non_exhaustive()
    }
}

impl<T: PartialEq> PartialEq for Parameters<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.map, self.nodes) == (other.map, other.nodes)
            && self.values.read() == other.values.read()
    }
}

impl<T: Real> Parameters<T> {
    /// The zero of the space: of parameters of this map on so many nodes. A width n is that of a dense
    /// map.
    pub fn zeros(map: impl Into<AffineMap>, nodes: usize) -> Self {
        let map = map.into();
        let values = memory::zeros(nodes * map.node_len());
        Self { map, nodes, values: Numbers::new(values), stamp: new_stamp() }
    }

    /// The zero of the space that these are an element of.
    pub fn zeros_like(&self) -> Self {
        Self::zeros(self.map, self.nodes)
    }

    /// What these numbers are known by in this process: parameters of equal stamps have equal numbers.
    ///
    /// Every access that may change a number makes the stamp a new one, and copies keep it. Whoever
    /// has computed something from parameters, or holds a copy of them elsewhere, sees by the stamp
    /// whether it still belongs to them. Equal numbers need not have equal stamps.
    ///
    /// ```
    /// use snode_ode::Parameters;
    /// let mut parameters = Parameters::<f32>::zeros(3, 2);
    /// let copy = parameters.clone();
    /// assert_eq!(copy.stamp(), parameters.stamp());
    /// parameters.bias_mut(1)[0] = 0.5;
    /// assert_ne!(copy.stamp(), parameters.stamp());
    /// ```
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// All numbers, to change: the only way to them.
    fn change(&mut self) -> &mut [T] {
        self.stamp = new_stamp();
        self.values.write()
    }

    /// What the numbers of a node do to a state.
    pub fn map(&self) -> AffineMap {
        self.map
    }

    /// n, the width of the network.
    pub fn width(&self) -> usize {
        self.map.width()
    }

    /// The number of nodes.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// How many numbers a node has: n² + n of a dense map.
    pub fn node_len(&self) -> usize {
        self.map.node_len()
    }

    /// How many numbers they are in all; wherever they are, they stay there.
    pub fn count(&self) -> usize {
        self.nodes * self.node_len()
    }

    /// Everything, node by node.
    pub fn as_slice(&self) -> &[T] {
        self.values.read()
    }

    /// The numbers on a device, if they are on one: for implementations of schemes.
    pub fn device(&self) -> Option<&dyn DeviceNumbers<T>> {
        self.values.device()
    }

    /// The same, to write; any that are in memory are given up.
    pub fn device_mut(&mut self) -> Option<&mut (dyn DeviceNumbers<T> + 'static)> {
        self.stamp = new_stamp();
        self.values.device_mut()
    }

    /// Takes numbers on a device, as many as these, in place of what there was.
    pub fn set_device(&mut self, numbers: Box<dyn DeviceNumbers<T>>) {
        self.stamp = new_stamp();
        self.values.set_device(numbers);
    }

    /// Everything, to write.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.change()
    }

    /// Weights (column-major) and biases of one node.
    ///
    /// # Panics
    /// If there is no such node; so do the other accessors of a node.
    pub fn node(&self, node: usize) -> &[T] {
        let len = self.node_len();
        &self.as_slice()[node * len..(node + 1) * len]
    }

    /// Weights and biases of one node, to write.
    pub fn node_mut(&mut self, node: usize) -> &mut [T] {
        let len = self.node_len();
        &mut self.change()[node * len..(node + 1) * len]
    }

    /// W_k, of the shape [`AffineMap::weights_shape`] of the node: n×n for a dense map.
    pub fn weights(&self, node: usize) -> MatRef<'_, T> {
        map::split(self.map.at(node), self.node(node)).0
    }

    /// W_k, to write.
    pub fn weights_mut(&mut self, node: usize) -> MatMut<'_, T> {
        let map = self.map.at(node);
        let ((rows, columns), (stride, stored)) = (map.weights_shape(), map.storage_shape());
        let weights = &mut self.node_mut(node)[..stride * stored];
        MatMut::from_column_major_slice_mut(weights, stride, stored)
            .submatrix_mut(0, 0, rows, columns)
    }

    /// b_k.
    pub fn bias(&self, node: usize) -> &[T] {
        map::split(self.map.at(node), self.node(node)).1
    }

    /// b_k, to write.
    pub fn bias_mut(&mut self, node: usize) -> &mut [T] {
        let (first, count) = (self.map.weights_len(), self.map.at(node).bias_len());
        &mut self.node_mut(node)[first..first + count]
    }

    /// Whether `other` belongs to the same space.
    pub fn same_shape(&self, other: &Self) -> bool {
        (self.map, self.nodes) == (other.map, other.nodes)
    }

    /// `self` = `keep`·`self` + `add`·`x`.
    ///
    /// # Panics
    /// If the shapes differ; so do the other operations of the space.
    pub fn combine(&mut self, keep: T, x: &Self, add: T) {
        self.check(x, "combine");
        if self.combine_on_device(keep, None, add, Some(x)) {
            return;
        }
        let (nodes, len) = (self.nodes, self.node_len());
        parallel::for_each(0..nodes, Chunks::new(self.change(), len), &|k, own: Chunks<'_, T>| {
            kernels::combine(own.into_slice(), keep, x.node(k), add);
        });
    }

    /// `self` = `keep`·`last` + `add`·`x`, or `keep`·`last` + `add`·`self` where there is no x; the same
    /// bits if that x is equal to `self`.
    ///
    /// # Panics
    /// If the shapes differ.
    pub fn set_combination(&mut self, combination: Combination<'_, T>) {
        let Combination { keep, last, add, x } = combination;
        self.check_combination(combination);
        if self.combine_on_device(keep, Some(last), add, x) {
            return;
        }
        self.set_combination_nodes(0..self.nodes, combination);
    }

    /// The combination on a device, if one of the operands is on one; the others follow it there.
    fn combine_on_device(
        &mut self,
        keep: T,
        last: Option<&Self>,
        add: T,
        x: Option<&Self>,
    ) -> bool {
        let operands = [x, last];
        let Some(there) = operands
            .into_iter()
            .flatten()
            .find_map(|operand| operand.values.device())
            .or(self.values.device())
        else {
            return false;
        };
        // Operands in memory are copied, for this operation only.
        let moved = operands.map(|operand| {
            let operand = operand?;
            operand.values.device().is_none().then(|| there.like(operand.as_slice())).flatten()
        });
        let on_device = |i: usize| {
            let operand: &Self = operands[i]?;
            operand.values.device().or(moved[i].as_deref())
        };
        let (x_there, last_there) = (on_device(0), on_device(1));
        let are_there = x.is_some() == x_there.is_some() && last.is_some() == last_there.is_some();
        let Some(other) = x_there.or(last_there) else { return false };
        let is_operand = x.is_none() || last.is_none();
        if !are_there || !self.values.follow(other, is_operand) {
            return false;
        }
        self.stamp = new_stamp();
        self.values.device_mut().is_some_and(|own| own.combine(keep, last_there, add, x_there))
    }

    /// `self` = the solution of an elimination along depth for the right-hand side `u`, if `u` is on a device, which
    /// solves it there. Whether it has; what is in `self` is undefined otherwise.
    ///
    /// # Panics
    /// If the shapes differ, or the elimination has other nodes.
    pub fn eliminate_on_device(&mut self, elimination: Elimination<'_, T>, u: &Self) -> bool {
        self.check(u, "eliminate_on_device");
        let Elimination { weight, coupling } = elimination;
        assert_eq!(
            [weight.len(), coupling.len()],
            [self.nodes; 2],
            "an elimination of other nodes"
        );
        let Some(there) = u.values.device() else { return false };
        if !self.values.follow(there, false) {
            return false;
        }
        self.stamp = new_stamp();
        self.values.device_mut().is_some_and(|own| own.eliminate(elimination, there))
    }

    /// The same for some of the nodes.
    pub(crate) fn set_combination_nodes(
        &mut self,
        nodes: Range<usize>,
        combination: Combination<'_, T>,
    ) {
        let Combination { keep, last, add, x } = combination;
        self.check_combination(combination);
        let len = self.node_len();
        let own = &mut self.change()[nodes.start * len..nodes.end * len];
        parallel::for_each(nodes, Chunks::new(own, len), &|k, own: Chunks<'_, T>| match x {
            Some(x) => {
                let terms = [(add, x.node(k)), (keep, last.node(k))];
                kernels::linear_combination(own.into_slice(), Accum::Replace, &terms);
            }
            None => kernels::add_to_scaled(own.into_slice(), add, last.node(k), keep),
        });
    }

    fn check_combination(&self, combination: Combination<'_, T>) {
        for operand in [Some(combination.last), combination.x].into_iter().flatten() {
            self.check(operand, "set_combination");
        }
    }

    /// `self` += `factor`·`x`.
    pub fn axpy(&mut self, factor: T, x: &Self) {
        self.combine(T::ONE, x, factor);
    }

    /// `self` = `x`.
    pub fn copy_from(&mut self, x: &Self) {
        self.check(x, "copy_from");
        self.change().copy_from_slice(x.as_slice());
        self.stamp = x.stamp;
    }

    /// The inner product of L²(0,T): Σ_k w_k (⟨W_k, W′_k⟩ + ⟨b_k, b′_k⟩) with the grid's weights
    /// w_k ([`Grid::weight`]). The same bits for any number of threads.
    ///
    /// # Panics
    /// If the shapes differ, or the grid has another number of nodes.
    pub fn inner(&self, other: &Self, grid: &Grid) -> f64 {
        self.check(other, "inner");
        assert_eq!(self.nodes, grid.nodes(), "inner: the grid has other nodes");
        if let Some(sums) = self.products_on_device(other) {
            return parallel::sum(0..self.nodes, &|k| {
                grid.weight(k) * kernels::sum_lanes(&sums[k])
            });
        }
        parallel::sum(0..self.nodes, &|k| {
            grid.weight(k) * kernels::dot(self.node(k), other.node(k))
        })
    }

    /// Σ_k ⟨u_{k+1} − u_k, v_{k+1} − v_k⟩, the inner product of the differences of neighbours. The same
    /// bits for any number of threads.
    ///
    /// # Panics
    /// If the shapes differ.
    pub fn inner_of_differences(&self, other: &Self) -> f64 {
        self.check(other, "inner_of_differences");
        parallel::sum(0..self.nodes.saturating_sub(1), &|k| {
            let (u, v) = ([self.node(k), self.node(k + 1)], [other.node(k), other.node(k + 1)]);
            kernels::dot_of_differences(u, v)
        })
    }

    /// `self`_k += `factor`(k) DᵀD `x` at every node k, D the differences of neighbours:
    /// (DᵀD x)_k = 2 x_k − x_{k−1} − x_{k+1}, and x_k less its one neighbour at the ends.
    ///
    /// # Panics
    /// If the shapes differ.
    pub fn add_second_differences(&mut self, x: &Self, factor: &(impl Fn(usize) -> f64 + Sync)) {
        self.check(x, "add_second_differences");
        let (nodes, len) = (self.nodes, self.node_len());
        parallel::for_each(0..nodes, Chunks::new(self.change(), len), &|k, own: Chunks<'_, T>| {
            let own = own.into_slice();
            let neighbours = [k.checked_sub(1), Some(k + 1).filter(|&next| next < nodes)];
            for neighbour in neighbours.into_iter().flatten() {
                let by = T::from_f64(factor(k));
                let terms = [(by, x.node(k)), (-by, x.node(neighbour))];
                kernels::linear_combination(own, Accum::Add, &terms);
            }
        });
    }

    /// Whether every number is finite.
    pub fn is_finite(&self) -> bool {
        if let Some(sums) = self.products_on_device(self) {
            return parallel::sum(0..self.nodes, &|k| kernels::sum_lanes(&sums[k])).is_finite();
        }
        // A sum is finite only if all its terms are; one that overflows deserves the same answer.
        parallel::sum(0..self.nodes, &|k| kernels::dot(self.node(k), self.node(k))).is_finite()
    }

    /// The value between the nodes that `stencil` describes, into `out` (as many numbers as a node has).
    ///
    /// # Panics
    /// If `out` has another length or the stencil reaches beyond the nodes.
    pub fn interpolate(&self, stencil: &Stencil, out: &mut [T]) {
        assert_eq!(out.len(), self.node_len(), "interpolate: `out` has another length than a node");
        let len = out.len();
        parallel::for_columns(1, len, Chunks::new(out, 1), &|part, own: Chunks<'_, T>| {
            self.interpolate_part(stencil, part, own.into_slice());
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

    /// For each node the lanes of its inner product with `other`'s, where both are on one device.
    fn products_on_device(&self, other: &Self) -> Option<Vec<[T; kernels::LANES]>> {
        let sums = self.device()?.node_products(other.device()?)?;
        Some(sums.as_chunks().0.to_vec())
    }

    fn check(&self, other: &Self, operation: &str) {
        assert!(
            self.same_shape(other),
            "{operation}: parameters of width {} on {} nodes and of width {} on {} nodes",
            self.width(),
            self.nodes,
            other.width(),
            other.nodes
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::depth::AlongDepth;
    use crate::{Endpoint, Interpolation};

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
            let grid = Grid::new(1.5, nodes, Endpoint::Excluded).unwrap();
            let x = counting(width, nodes, 0.1);
            let mut y = counting(width, nodes, 0.7);
            let (xx, xy, yy) = (x.inner(&x, &grid), x.inner(&y, &grid), y.inner(&y, &grid));
            y.combine(a, &x, b);
            let expected = a * a * yy + 2.0 * a * b * xy + b * b * xx;
            prop_assert!((y.inner(&y, &grid) - expected).abs() < 1e-12 * (1.0 + expected));
        }
    }

    #[test]
    fn interpolation_is_the_stencils_combination() {
        let grid = Grid::new(1.0, 6, Endpoint::Included).unwrap();
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

    type Change<'a> = &'a dyn Fn(&mut Parameters<f64>);

    #[test]
    fn every_change_makes_a_new_stamp_and_a_copy_keeps_it() {
        let mut p = counting(2, 3, 0.0);
        let (zero, matrix) = (p.zeros_like(), p.zeros_like());
        let changes: [Change<'_>; 8] = [
            &|p| _ = p.as_mut_slice(),
            &|p| _ = p.node_mut(1),
            &|p| _ = p.weights_mut(1),
            &|p| _ = p.bias_mut(1),
            &|p| p.combine(1.0, &zero, 1.0),
            &|p| p.set_combination(Combination { keep: 1.0, last: &zero, add: 1.0, x: None }),
            &|p| p.axpy(1.0, &zero),
            &|p| AlongDepth::new(3).apply(&matrix, p, &|_, _| {}),
        ];
        for (i, change) in changes.iter().enumerate() {
            let before = p.clone();
            assert_eq!(before.stamp(), p.stamp());
            change(&mut p);
            assert_ne!(before.stamp(), p.stamp(), "change {i}");
        }
        p.copy_from(&zero);
        assert!(p.stamp() == zero.stamp() && p == zero);
        assert!(p == matrix && p.stamp() != matrix.stamp());
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
