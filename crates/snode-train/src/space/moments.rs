//! Second moments of the states and adjoint states at every node.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;
use snode_ode::{AffineMap, Network, Parameters, Real};

use super::Batch;
use super::running_mean::kept;
use crate::seen::Seen;
use crate::{Memory, TrainError};

/// Columns that are carried through the network together; not a matter of the number of threads, so
/// that neither are the sums.
const COLUMNS: usize = 64;

/// As many pixels of convolved images are enough for moments that are so small.
const PIXELS: usize = 1 << 14;

/// Images whose patches are in memory at once.
const IMAGES: usize = 8;

/// Running means of E[x̄ x̄ᵀ], x̄ = (x_k, 1), and of E[g gᵀ], where g = σ′(z_k) ⊙ λ_{k+1} belongs to a
/// random λ(T) whose covariance is the curvature of a data point's loss ([`final_values`](crate::Loss::final_values)).
///
/// λ is that of Euler's scheme on the grid, whichever the scheme: a metric need not be exact. Of a
/// convolution every pixel counts as a data point, with the patch under the kernel as x_k and its channels as g.
pub struct Moments<T> {
    /// ρ.
    decay: f64,
    /// What the nodes do to a state.
    map: AffineMap,
    /// E[x xᵀ] as weights and E[x] as biases. A node whose own weights have fewer columns than others' uses the
    /// first ones; so it is with their rows below.
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
    pub(super) fn new(decay: f64, map: AffineMap, nodes: usize) -> Self {
        let (rows, columns) = map.weights_shape();
        let square = |side| Parameters::zeros(AffineMap::dense(side), nodes);
        Self { decay, map, states: square(columns), adjoints: square(rows), updates: 0 }
    }

    /// E[x̄ x̄ᵀ] at node k.
    pub(super) fn of_state(&self, k: usize) -> Mat<T> {
        let (second, mean) = (self.states.weights(k), self.states.bias(k));
        let n = self.map.at(k).weights_shape().1;
        Mat::from_fn(n + 1, n + 1, |i, j| match (i < n, j < n) {
            (true, true) => second[(i, j)],
            (true, false) => mean[i],
            (false, true) => mean[j],
            (false, false) => T::ONE,
        })
    }

    /// E[g gᵀ] at node k.
    pub(super) fn of_adjoint(&self, k: usize) -> Mat<T> {
        let n = self.map.at(k).weights_shape().0;
        self.adjoints.weights(k).submatrix(0, 0, n, n).to_owned()
    }

    /// Takes a batch into the means.
    ///
    /// # Errors
    /// If the readout is none of the network's.
    pub(super) fn update(&mut self, batch: &Batch<'_, '_, T>) -> Result<(), TrainError> {
        let network = batch.trajectory.network();
        let map = network.map();
        let points = match map.positions() {
            1 => batch.trajectory.output().ncols(),
            positions => batch.trajectory.output().ncols().min(PIXELS.div_ceil(positions)),
        };
        let terminal = final_values(batch, points, self.updates)?;
        let nodes = self.states.nodes();
        let sampled = sampled_states(batch, nodes);
        let states: Vec<MatRef<'_, T>> = (0..nodes)
            .map(|k| sampled.get(k).map_or_else(|| batch.trajectory.state(k), Mat::as_ref))
            .map(|states| states.subcols(0, points))
            .collect();
        let adjoints = weighted_adjoints(network, &states, terminal.as_ref());

        let keep = kept(self.decay, self.updates);
        let (keep, add) = (T::from_f64(keep), T::from_f64(1.0 - keep));
        let (state_len, adjoint_len) = (self.states.node_len(), self.adjoints.node_len());
        self.states
            .as_mut_slice()
            .par_chunks_exact_mut(state_len)
            .zip(self.adjoints.as_mut_slice().par_chunks_exact_mut(adjoint_len))
            .enumerate()
            .for_each(|(k, (state, adjoint))| {
                let own = map.at(k);
                let add = add * T::from_f64(1.0 / (points * own.positions()) as f64);
                scale(state, keep);
                add_state_moments(own, states[k], add, (state, map.weights_shape().1));
                scale(adjoint, keep);
                let (channels, rows) = (own.weights_shape().0, map.weights_shape().0);
                let second = &mut adjoint[..rows * rows];
                for part in &adjoints {
                    let g = part.node(k, channels);
                    let out = corner(second, rows, channels);
                    matmul(out, Accum::Add, g, g.transpose(), add, Par::Seq);
                }
            });
        self.updates += 1;
        Ok(())
    }

    pub(super) fn remember(&self, memory: Memory<T>) -> Memory<T> {
        memory
            .with_array(STATES, self.states.clone())
            .with_array(ADJOINTS, self.adjoints.clone())
            .with_number(UPDATES, self.updates as f64)
    }

    pub(super) fn resume(&mut self, memory: &mut Memory<T>) -> Result<(), TrainError> {
        self.states = memory.take_array(STATES, &self.states)?;
        self.adjoints = memory.take_array(ADJOINTS, &self.adjoints)?;
        self.updates = memory.count(UPDATES)?;
        Ok(())
    }
}

/// The upper left corner of a square matrix, with so many rows and columns.
fn corner<T>(matrix: &mut [T], side: usize, corner: usize) -> MatMut<'_, T> {
    MatMut::from_column_major_slice_mut(matrix, side, side).submatrix_mut(0, 0, corner, corner)
}

fn scale<T: Real>(values: &mut [T], factor: T) {
    for value in values {
        *value *= factor;
    }
}

/// Random λ(T) of the first `points` data points, whatever the loss sees of a final state.
fn final_values<T: Real>(
    batch: &Batch<'_, '_, T>,
    points: usize,
    draw: u64,
) -> Result<Mat<T>, TrainError> {
    let output = batch.trajectory.output().subcols(0, points);
    let mut values = Mat::zeros(output.nrows(), points);
    let loss = batch.objective.loss();
    Seen::default().differentiate(
        batch.trajectory.network(),
        loss.scores(),
        output,
        values.as_mut(),
        |seen, mut lambda| {
            lambda.copy_from(loss.final_values(seen, draw));
            Ok(())
        },
    )?;
    Ok(values)
}

/// Adds `factor` times the sums of x xᵀ and of x over data points, or over patches, to a node of moments of
/// vectors that have at most `most` numbers.
fn add_state_moments<T: Real>(
    map: AffineMap,
    states: MatRef<'_, T>,
    factor: T,
    (node, most): (&mut [T], usize),
) {
    let side = map.weights_shape().1;
    let (second, mean) = node.split_at_mut(most * most);
    let mut add = |x: MatRef<'_, T>| {
        let out = corner(second, most, side);
        matmul(out, Accum::Add, x, x.transpose(), factor, Par::Seq);
        for column in x.col_iter() {
            for i in 0..side {
                mean[i] += factor * column[i];
            }
        }
    };
    if map.positions() == 1 {
        return add(states);
    }
    for first in (0..states.ncols()).step_by(IMAGES) {
        let count = IMAGES.min(states.ncols() - first);
        add(map.patches(states.subcols(first, count)).as_ref());
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
    /// The numbers of those columns.
    len: usize,
    /// Node after node.
    values: Vec<T>,
}

impl<T: Real> Part<T> {
    /// The rows of the node's weights × data points, or their pixels or blocks.
    fn node(&self, k: usize, rows: usize) -> MatRef<'_, T> {
        let node = &self.values[k * self.len..(k + 1) * self.len];
        MatRef::from_column_major_slice(node, rows, self.len / rows)
    }
}

/// All of them, at most [`COLUMNS`] together.
fn weighted_adjoints<T: Real>(
    network: &Network<T>,
    states: &[MatRef<'_, T>],
    terminal: MatRef<'_, T>,
) -> Vec<Part<T>> {
    let count = terminal.ncols();
    let together = if network.map().positions() == 1 { COLUMNS } else { IMAGES };
    (0..count.div_ceil(together))
        .into_par_iter()
        .map(|part| {
            let first = part * together;
            let columns = together.min(count - first);
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
    let (parameters, activation) = (network.parameters(), network.activation());
    let (n, columns) = terminal.shape();
    let h = T::from_f64(network.grid().step());
    let mut lambda = terminal.to_owned();
    let mut values = vec![T::ZERO; states.len() * n * columns];
    for (k, node) in values.chunks_exact_mut(n * columns).enumerate().rev() {
        let (map, weights, bias) = (network.map().at(k), parameters.weights(k), parameters.bias(k));
        let ((rows, side), positions) = (map.weights_shape(), map.positions());
        // A state is a column for each of its pixels or blocks.
        let mut g = MatMut::from_column_major_slice_mut(node, rows, columns * positions);
        let patches = map.patches(states[k]);
        matmul(g.as_mut(), Accum::Replace, weights, patches.as_ref(), T::ONE, Par::Seq);
        for (point, mut g) in g.as_mut().col_iter_mut().enumerate() {
            let (column, position) = (point / positions, point % positions);
            for i in 0..rows {
                let slope = activation.value_and_slope(g[i] + bias[i]).1;
                g[i] = slope * lambda[(map.place(position, i), column)];
            }
        }
        // The node at T, if there is one, is no layer's.
        if k < network.grid().steps() {
            let (back, how) = (weights.transpose(), Par::Seq);
            if positions == 1 {
                matmul(lambda.as_mut(), Accum::Add, back, g.as_ref(), h, how);
            } else {
                let mut patches = Mat::zeros(side, columns * positions);
                matmul(patches.as_mut(), Accum::Replace, back, g.as_ref(), h, how);
                map.add_patches(patches.as_ref(), lambda.as_mut());
            }
        }
    }
    Part { len: n * columns, values }
}
