//! Second moments of the states and adjoint states at every node.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;
use snode_ode::{Network, Parameters, Real};

use super::Batch;
use super::running_mean::kept;
use crate::{Memory, TrainError};

/// Columns that are carried through the network together; not a matter of the number of threads, so
/// that neither are the sums.
const COLUMNS: usize = 64;

/// Running means of E[x̄ x̄ᵀ], x̄ = (x_k, 1), and of E[g gᵀ], where g = σ′(z_k) ⊙ λ_{k+1} belongs to a
/// random λ(T) whose covariance is the curvature of a data point's loss ([`Loss::final_values`](crate::Loss::final_values)).
///
/// λ is that of Euler's scheme on the grid, whichever the scheme: a metric need not be exact.
pub struct Moments<T> {
    /// ρ.
    decay: f64,
    /// E[x xᵀ] as weights and E[x] as biases.
    states: Parameters<T>,
    /// E[g gᵀ] as weights; the biases are 0.
    adjoints: Parameters<T>,
    /// How many batches went into the means.
    updates: u64,
}

/// The names of what is remembered.
const STATES: &str = "state_moments";
const ADJOINTS: &str = "adjoint_moments";
const UPDATES: &str = "moments_updates";

impl<T: Real> Moments<T> {
    pub(super) fn new(decay: f64, width: usize, nodes: usize) -> Self {
        let zeros = || Parameters::zeros(width, nodes);
        Self { decay, states: zeros(), adjoints: zeros(), updates: 0 }
    }

    /// E[x̄ x̄ᵀ] at node k.
    pub(super) fn of_state(&self, k: usize) -> Mat<T> {
        let (second, mean) = (self.states.weights(k), self.states.bias(k));
        let n = mean.len();
        Mat::from_fn(n + 1, n + 1, |i, j| match (i < n, j < n) {
            (true, true) => second[(i, j)],
            (true, false) => mean[i],
            (false, true) => mean[j],
            (false, false) => T::ONE,
        })
    }

    /// E[g gᵀ] at node k.
    pub(super) fn of_adjoint(&self, k: usize) -> Mat<T> {
        self.adjoints.weights(k).to_owned()
    }

    /// Takes a batch into the means.
    pub(super) fn update(&mut self, batch: &Batch<'_, '_, T>) {
        let network = batch.trajectory.network();
        let loss = batch.objective.loss();
        let terminal = loss.final_values(batch.trajectory.output(), self.updates);
        let (n, nodes, count) = (network.width(), self.states.nodes(), terminal.ncols());
        let sampled = sampled_states(batch, nodes);
        let states: Vec<MatRef<'_, T>> = (0..nodes)
            .map(|k| sampled.get(k).map_or_else(|| batch.trajectory.state(k), Mat::as_ref))
            .collect();
        let adjoints = weighted_adjoints(network, &states, terminal.as_ref());

        let keep = kept(self.decay, self.updates);
        let (keep, add) = (T::from_f64(keep), T::from_f64(1.0 - keep));
        let per_point = T::from_f64(1.0 / count as f64);
        let len = n * n + n;
        self.states
            .as_mut_slice()
            .par_chunks_exact_mut(len)
            .zip(self.adjoints.as_mut_slice().par_chunks_exact_mut(len))
            .enumerate()
            .for_each(|(k, (state, adjoint))| {
                let (second, mean) = state.split_at_mut(n * n);
                let x = states[k];
                scale(second, keep);
                let out = MatMut::from_column_major_slice_mut(second, n, n);
                matmul(out, Accum::Add, x, x.transpose(), add * per_point, Par::Seq);
                scale(mean, keep);
                for column in x.col_iter() {
                    for i in 0..n {
                        mean[i] += add * per_point * column[i];
                    }
                }
                let second = &mut adjoint[..n * n];
                scale(second, keep);
                for part in &adjoints {
                    let g = part.node(k);
                    let out = MatMut::from_column_major_slice_mut(second, n, n);
                    matmul(out, Accum::Add, g, g.transpose(), add * per_point, Par::Seq);
                }
            });
        self.updates += 1;
    }

    pub(super) fn remember(&self, memory: Memory<T>) -> Memory<T> {
        memory
            .with_array(STATES, self.states.clone())
            .with_array(ADJOINTS, self.adjoints.clone())
            .with_number(UPDATES, self.updates as f64)
    }

    pub(super) fn resume(&mut self, memory: &mut Memory<T>) -> Result<(), TrainError> {
        let shape = (self.states.width(), self.states.nodes());
        self.states = memory.take_array(STATES, shape)?;
        self.adjoints = memory.take_array(ADJOINTS, shape)?;
        self.updates = memory.count(UPDATES)?;
        Ok(())
    }
}

fn scale<T: Real>(values: &mut [T], factor: T) {
    for value in values {
        *value *= factor;
    }
}

/// The states at the nodes, where the scheme's own steps are others; else none.
fn sampled_states<T: Real>(batch: &Batch<'_, '_, T>, nodes: usize) -> Vec<Mat<T>> {
    let (trajectory, grid) = (batch.trajectory, batch.trajectory.network().grid());
    if trajectory.steps() == grid.steps() {
        return Vec::new();
    }
    let (rows, columns) = trajectory.output().shape();
    (0..nodes)
        .map(|k| {
            let mut state = Mat::zeros(rows, columns);
            // The shape is that of the trajectory.
            let _ = trajectory.state_at(grid.time(k), state.as_mut());
            state
        })
        .collect()
}

/// σ′(z_k) ⊙ λ_{k+1} at every node, of some columns of a batch.
struct Part<T> {
    width: usize,
    columns: usize,
    /// Node after node.
    values: Vec<T>,
}

impl<T: Real> Part<T> {
    /// n×columns.
    fn node(&self, k: usize) -> MatRef<'_, T> {
        let len = self.width * self.columns;
        let node = &self.values[k * len..(k + 1) * len];
        MatRef::from_column_major_slice(node, self.width, self.columns)
    }
}

/// All of them, at most [`COLUMNS`] together.
fn weighted_adjoints<T: Real>(
    network: &Network<T>,
    states: &[MatRef<'_, T>],
    terminal: MatRef<'_, T>,
) -> Vec<Part<T>> {
    let count = terminal.ncols();
    (0..count.div_ceil(COLUMNS))
        .into_par_iter()
        .map(|part| {
            let first = part * COLUMNS;
            let columns = COLUMNS.min(count - first);
            let states: Vec<MatRef<'_, T>> =
                states.iter().map(|x| x.subcols(first, columns)).collect();
            adjoint_part(network, &states, terminal.subcols(first, columns))
        })
        .collect()
}

fn adjoint_part<T: Real>(
    network: &Network<T>,
    states: &[MatRef<'_, T>],
    terminal: MatRef<'_, T>,
) -> Part<T> {
    let (n, columns) = terminal.shape();
    let (parameters, activation) = (network.parameters(), network.activation());
    let h = T::from_f64(network.grid().step());
    let mut lambda = terminal.to_owned();
    let mut values = vec![T::ZERO; states.len() * n * columns];
    for (k, node) in values.chunks_exact_mut(n * columns).enumerate().rev() {
        let mut g = MatMut::from_column_major_slice_mut(node, n, columns);
        let (weights, bias) = (parameters.weights(k), parameters.bias(k));
        matmul(g.as_mut(), Accum::Replace, weights, states[k], T::ONE, Par::Seq);
        for (mut g, lambda) in g.as_mut().col_iter_mut().zip(lambda.col_iter()) {
            for i in 0..n {
                g[i] = activation.value_and_slope(g[i] + bias[i]).1 * lambda[i];
            }
        }
        // The node at T, if there is one, is no layer's.
        if k < network.grid().steps() {
            matmul(lambda.as_mut(), Accum::Add, weights.transpose(), g.as_ref(), h, Par::Seq);
        }
    }
    Part { width: n, columns, values }
}
