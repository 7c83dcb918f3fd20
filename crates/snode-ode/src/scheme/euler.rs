//! The explicit Euler scheme (S2) with its exact discrete adjoint (S5) and sensitivity (S3).
//!
//! Direct, adjoint and sensitivity problems divide the batch's columns between the threads, and
//! every thread walks through the layers alone; the gradient, and a new direction, divide the nodes. σ′(Z) is kept from
//! the direct solution, so nothing is computed twice.

mod grams;
mod memory;
mod perturbed;
mod several;
mod solution;

use std::ops::Range;

use faer::{MatMut, MatRef};

pub use perturbed::{Distances, PerturbedWalk};

use self::memory::EulerSolution;
use super::checks::{check_shape, copy_columns, first_not_finite, not_finite};
use super::{Scheme, Trajectory};
use crate::kernels::How;
use crate::parallel::{self, Batches};
use crate::{Network, Problem, Real, SolveError, Statistics, kernels};

/// X_{k+1} = X_k + h σ(W_k X_k + b_k): the scheme under which the network is a residual network.
///
/// Reads the nodes 0 … L−1 of the network's grid; T's node, where there is one, has no part in it and a
/// zero gradient.
#[derive(Clone, Debug, Default)]
pub struct Euler<T> {
    solution: EulerSolution<T>,
}

/// Columns a thread takes through all layers at once in [`Euler::evaluate`]: enough to amortise the
/// reading of the weights, few enough for states and products to stay in the cache.
const EVALUATION_COLUMNS: usize = 128;

impl<T: Real> Euler<T> {
    /// The scheme, with no memory yet.
    pub fn new() -> Self {
        Self::default()
    }
}

/// X through some layers, in place and in parallel.
fn advance<T: Real>(network: &Network<T>, layers: Range<usize>, x: &mut [T]) {
    let (map, n) = (network.map(), network.width());
    let columns = x.len().checked_div(n).unwrap_or(0);
    let h = T::from_f64(network.grid().step());
    let states = Batches::new(x, n, columns);
    parallel::for_columns(n, columns, states, &|columns, mut own: Batches<'_, T>| {
        let (own, mut scratch) = (own.batch_mut(0), Vec::new());
        let mut workspace = vec![T::ZERO; map.workspace_len()];
        for chunk in parallel::chunks(n, 0..columns.len(), EVALUATION_COLUMNS) {
            let chunk = &mut own[chunk.start * n..chunk.end * n];
            for group in map.groups::<T>(chunk.len() / n) {
                let x = &mut chunk[group.start * n..group.end * n];
                scratch.resize(x.len(), T::ZERO);
                let z = &mut scratch[..];
                for k in layers.clone() {
                    let node = network.parameters().node(k);
                    let next = [node_or_nothing(network, k + 1, layers.end)];
                    map.at(k).apply(node, x, z, How::replace().before(&next), &mut workspace);
                    let bias = map.at(k).bias(node, &mut workspace);
                    kernels::euler_advance(network.activation(), z, bias, h, x);
                }
            }
        }
    });
}

impl<T: Real> Scheme<T> for Euler<T> {
    fn name(&self) -> &'static str {
        "euler"
    }

    fn direct<'a>(
        &'a mut self,
        network: &'a Network<T>,
        x0: MatRef<'_, T>,
    ) -> Result<Trajectory<'a, T>, SolveError> {
        check_shape(Problem::Direct, (network.width(), x0.ncols()), x0)?;
        self.solution.solve(network, x0)?;
        Ok(Trajectory::new(network, &mut self.solution))
    }

    fn trajectory<'a>(&'a mut self, network: &'a Network<T>) -> Option<Trajectory<'a, T>> {
        if self.solution.is_of(network) {
            Some(Trajectory::new(network, &mut self.solution))
        } else {
            None
        }
    }

    fn evaluate(
        &self,
        network: &Network<T>,
        x0: MatRef<'_, T>,
        mut out: MatMut<'_, T>,
    ) -> Result<Statistics, SolveError> {
        let (n, m) = (network.width(), x0.ncols());
        let grid = network.grid();
        check_shape(Problem::Evaluation, (n, m), x0)?;
        check_shape(Problem::Evaluation, (n, m), out.as_ref())?;
        let mut x = vec![T::ZERO; n * m];
        copy_columns(x0, &mut x);
        advance(network, 0..grid.steps(), &mut x);
        if !kernels::all_finite(&x) {
            let mut state = x;
            copy_columns(x0, &mut state);
            let (steps, _) = first_not_finite(n * m, grid.steps(), |i, out: &mut [T]| {
                advance(network, i.saturating_sub(1)..i, &mut state);
                out.copy_from_slice(&state);
            });
            let statistics = Statistics::fixed(steps, grid.step(), 1);
            return Err(not_finite(Problem::Evaluation, grid.time(steps), None, statistics));
        }
        out.copy_from(MatRef::from_column_major_slice(&x, n, m));
        Ok(Statistics::fixed(grid.steps(), grid.step(), 1))
    }
}

/// The weights of layer `k`, or nothing behind the last of them.
fn node_or_nothing<T: Real>(network: &Network<T>, k: usize, end: usize) -> &[T] {
    if k < end { network.parameters().node(k) } else { &[] }
}
