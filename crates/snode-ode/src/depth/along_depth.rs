//! Operators in depth.

use std::ops::Range;

use super::Parameters;
use crate::Real;
use crate::parallel::{self, Batches, Chunks, Divide};

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
        assert!(from.same_shape(to), "operator in depth: parameters of different shapes");
        assert_eq!(from.nodes(), self.nodes, "operator in depth: memory is for other nodes");
        let (len, nodes, walkers) = (from.node_len(), self.nodes, self.walkers);
        let lanes =
            Lanes { len, walkers, first: 0, of_all: Batches::new(to.as_mut_slice(), 1, len) };
        let memory = Chunks::new(&mut self.blocks, 2 * nodes);
        parallel::for_each(0..walkers, (memory, lanes), &|walker, (memory, mut lanes)| {
            let (input, output) = Chunks::into_slice(memory).split_at_mut(nodes);
            let Lanes { of_all: to, .. } = &mut lanes;
            let first = lane(len, walkers, walker);
            for piece in pieces(len, walkers, walker) {
                let lanes = piece * Self::LANES..((piece + 1) * Self::LANES).min(len);
                for (k, row) in input.iter_mut().enumerate() {
                    row[..lanes.len()].copy_from_slice(&from.node(k)[lanes.clone()]);
                }
                operator(input, output);
                let own = lanes.start - first..lanes.end - first;
                for (k, row) in output.iter().enumerate() {
                    to.batch_mut(k)[own.clone()].copy_from_slice(&row[..lanes.len()]);
                }
            }
        });
    }
}

/// The pieces of [`AlongDepth::LANES`] entries that a walker takes.
fn pieces(len: usize, walkers: usize, walker: usize) -> Range<usize> {
    let pieces = len.div_ceil(AlongDepth::<f64>::LANES);
    pieces * walker / walkers..pieces * (walker + 1) / walkers
}

/// A walker's first entry.
fn lane(len: usize, walkers: usize, walker: usize) -> usize {
    let first = len.div_ceil(AlongDepth::<f64>::LANES) * walker / walkers;
    (first * AlongDepth::<f64>::LANES).min(len)
}

/// The entries of some walkers, at all nodes.
struct Lanes<'a, T> {
    len: usize,
    walkers: usize,
    /// The first of the walkers.
    first: usize,
    of_all: Batches<'a, T>,
}

impl<T: Send> Divide for Lanes<'_, T> {
    fn divide(self, items: usize) -> (Self, Self) {
        let Self { len, walkers, first, of_all } = self;
        let middle = first + items;
        let (left, right) = of_all.divide(lane(len, walkers, middle) - lane(len, walkers, first));
        (
            Self { len, walkers, first, of_all: left },
            Self { len, walkers, first: middle, of_all: right },
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn operators_see_every_entry_once(width in 1usize..20, nodes in 1usize..9, threads in 1usize..4) {
            let mut x = Parameters::zeros(width, nodes);
            for (i, value) in x.as_mut_slice().iter_mut().enumerate() {
                *value = i as f64;
            }
            let mut y = x.zeros_like();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                AlongDepth::new(nodes).apply(&x, &mut y, &|input: &[[f64; 64]], output: &mut [[f64; 64]]| {
                    for (k, row) in output.iter_mut().enumerate() {
                        *row = input[input.len() - 1 - k];
                    }
                });
            });
            for k in 0..nodes {
                prop_assert_eq!(y.node(k), x.node(nodes - 1 - k));
            }
        }
    }
}
