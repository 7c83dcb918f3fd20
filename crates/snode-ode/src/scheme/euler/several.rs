//! Several adjoint or sensitivity problems at once along one trajectory.
//!
//! A layer's weights and slopes are read once for all of them: ten adjoint columns a data point are
//! one product of ten times the columns, not ten walks through the layers.

use faer::{MatMut, MatRef};

use super::memory::EulerSolution;
use super::node_or_nothing;
use crate::kernels::How;
use crate::parallel::{self, Batches};
use crate::scheme::checks::copy_columns;
use crate::{Network, Problem, Real, kernels};

/// Columns a thread takes through all layers at once: enough to amortise the reading of the weights,
/// few enough to stay in the cache.
pub(super) const COLUMNS: usize = 192;

/// The problems of a few data points, on their way through the layers in one thread.
pub(super) struct Group<'a, T> {
    pub(super) network: &'a Network<T>,
    /// h.
    pub(super) step: T,
    /// σ′(Z_k) of these data points.
    pub(super) slopes: &'a dyn Fn(usize) -> &'a [T],
    pub(super) zero_bias: &'a [T],
    /// Λ or Ξ: for each problem a block of these data points.
    pub(super) state: &'a mut [T],
    pub(super) scratch: &'a mut [T],
    pub(super) workspace: &'a mut [T],
}

impl<T: Real> Group<'_, T> {
    /// (S5) from the last layer to the first; `see` is given k and G_k = σ′(Z_k) ⊙ Λ_{k+1} of all
    /// problems.
    pub(super) fn adjoint(&mut self, mut see: impl FnMut(usize, &[T])) {
        let map = self.network.map();
        for k in (0..self.network.grid().steps()).rev() {
            let (node, slope) = (self.network.parameters().node(k), (self.slopes)(k));
            let blocks = self.state.chunks_exact(slope.len());
            for (lambda, g) in blocks.zip(self.scratch.chunks_exact_mut(slope.len())) {
                kernels::multiply(slope, lambda, g);
            }
            see(k, self.scratch);
            let next = [if k > 0 { self.network.parameters().node(k - 1) } else { &[] }];
            let how = How::add(self.step).before(&next);
            map.at(k).apply_transposed(node, self.scratch, self.state, how, self.workspace);
        }
    }

    /// (S3) from the first layer to the last, with ω = 0 and β = 0.
    fn sensitivity(&mut self) {
        let (map, layers) = (self.network.map(), self.network.grid().steps());
        for k in 0..layers {
            let (node, slope) = (self.network.parameters().node(k), (self.slopes)(k));
            let next = [node_or_nothing(self.network, k + 1, layers)];
            let how = How::replace().before(&next);
            map.at(k).apply(node, self.state, self.scratch, how, self.workspace);
            let blocks = self.state.chunks_exact_mut(slope.len());
            for (xi, y) in blocks.zip(self.scratch.chunks_exact(slope.len())) {
                kernels::sensitivity_step(y, self.zero_bias, slope, self.step, xi);
            }
        }
    }
}

/// Several adjoint or sensitivity problems, for perturbations of the input; shapes fit.
pub(super) fn several<T: Real>(
    solution: &EulerSolution<T>,
    problem: Problem,
    network: &Network<T>,
    starts: MatRef<'_, T>,
    mut out: MatMut<'_, T>,
) {
    let (n, m, step) = (solution.width, solution.batch, solution.step);
    let len = n * m;
    if starts.ncols() * len == 0 {
        return;
    }
    let problems = starts.ncols() / m;
    let mut all = vec![T::ZERO; problems * len];
    copy_columns(starts, &mut all);
    let (slopes, zero_bias) = (&solution.slopes[..], &solution.zero_bias[..n]);
    let memory = Batches::new(&mut all, n, m);
    parallel::for_columns(n, m, memory, &|columns, mut all: Batches<'_, T>| {
        let (mut state, mut scratch) = (Vec::new(), Vec::new());
        let mut workspace = vec![T::ZERO; network.map().workspace_len()];
        for points in parallel::chunks(n, 0..columns.len(), COLUMNS / problems) {
            let own = points.start * n..points.end * n;
            let part = columns.start * n + own.start..columns.start * n + own.end;
            state.resize(problems * own.len(), T::ZERO);
            scratch.resize(problems * own.len(), T::ZERO);
            for (block, state) in state.chunks_exact_mut(own.len()).enumerate() {
                state.copy_from_slice(&all.batch(block)[own.clone()]);
            }
            let slopes = |k: usize| &slopes[k * len..(k + 1) * len][part.clone()];
            let mut group = Group {
                network,
                step,
                slopes: &slopes,
                zero_bias,
                state: &mut state,
                scratch: &mut scratch,
                workspace: &mut workspace,
            };
            match problem {
                Problem::Adjoint => group.adjoint(|_, _| ()),
                _ => group.sensitivity(),
            }
            for (block, state) in state.chunks_exact(own.len()).enumerate() {
                all.batch_mut(block)[own.clone()].copy_from_slice(state);
            }
        }
    });
    out.copy_from(MatRef::from_column_major_slice(&all, n, problems * m));
}
