//! Parameters between the nodes, interpolated once for all that read them.

use std::ops::Range;

use super::Method;
use super::tableau::Reading;
use crate::parallel::{self, Chunks};
use crate::{Grid, Parameters, Real};

/// Parameters at the times t_k + c h, 0 < c < 1, of one block of steps.
///
/// They are interpolated anew in every solve rather than kept: a block fits the shared cache, and
/// the nodes it is made of are about to be read anyway, so that a pass costs little, while keeping
/// all of them would take as much memory as the parameters do for every c.
#[derive(Clone, Debug, Default)]
pub(super) struct Between<T> {
    /// Value number j of step k at (k − `first`)·`count` + j.
    values: Vec<T>,
    first: usize,
    count: usize,
}

/// Numbers a thread interpolates at a time.
const CHUNK: usize = 1 << 13;

impl<T: Real> Between<T> {
    /// Makes room for a block of steps.
    pub fn reserve(&mut self, node_len: usize, method: Method) {
        self.count = method.tableau.between.len();
        self.values.resize(node_len * method.block() * self.count, T::ZERO);
    }

    /// Interpolates for these steps.
    pub fn interpolate(
        &mut self,
        method: Method,
        parameters: &Parameters<T>,
        grid: &Grid,
        steps: Range<usize>,
    ) {
        let times = method.tableau.between;
        self.first = steps.start;
        let len = parameters.node_len();
        let count = steps.len() * times.len();
        let values = Chunks::new(&mut self.values[..count * len], len);
        parallel::for_each(0..count, values, &|value, own: Chunks<'_, T>| {
            let (step, time) = (value / times.len(), value % times.len());
            let stencil = method.interpolation.within(grid, steps.start + step, times[time]);
            let parts = Chunks::new(own.into_slice(), CHUNK);
            parallel::for_each(0..len.div_ceil(CHUNK), parts, &|chunk, own: Chunks<'_, T>| {
                let part = chunk * CHUNK..((chunk + 1) * CHUNK).min(len);
                parameters.interpolate_part(&stencil, part, own.into_slice());
            });
        });
    }

    /// The value number `number` of step k.
    fn value(&self, node_len: usize, k: usize, number: usize) -> &[T] {
        let at = (k - self.first) * self.count + number;
        &self.values[at * node_len..(at + 1) * node_len]
    }
}

/// Parameters as the stages of a block of steps read them.
#[derive(Clone, Copy)]
pub(super) struct NodeSource<'a, T> {
    pub parameters: &'a Parameters<T>,
    pub between: &'a Between<T>,
}

impl<'a, T: Real> NodeSource<'a, T> {
    /// Weights and biases that a stage of step k reads.
    pub fn at(&self, k: usize, reading: Reading) -> &'a [T] {
        match reading {
            Reading::Node(offset) => self.parameters.node(k + offset),
            Reading::Between(number) => self.between.value(self.parameters.node_len(), k, number),
        }
    }
}
