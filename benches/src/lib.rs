//! What the benchmarks share: the paper's problem size, and the yardstick.
//!
//! The yardstick is the rate of bare matrix products of the same shapes in the same run: 196×196
//! weights times the columns each thread has, once with 150 distinct weight matrices that stream
//! from memory, as in every solve, and once with one that stays in the cache.

use std::time::Instant;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network, Real};
use snode_train::{Cost, Ncg, NcgOptions};

/// n.
pub const WIDTH: usize = 196;
/// L.
pub const LAYERS: usize = 150;
/// M.
pub const BATCH: usize = 100;
/// GEMM-sized products of an NCG iteration per layer: direct 1, adjoint 1, gradient 1, sensitivity 2.
pub const PRODUCTS: usize = 5;
/// GEMM-sized products of a step of backpropagation per layer: direct 1, adjoint 1, gradient 1.
pub const STEP_PRODUCTS: usize = 3;

/// Floating-point operations of `count` products per layer on a batch of `columns`.
pub fn flops(count: usize, columns: usize) -> f64 {
    2.0 * (count * WIDTH * WIDTH * columns * LAYERS) as f64
}

/// The paper's network with initial weights.
///
/// # Panics
/// Never: the grid is a valid one.
pub fn network<T: Real>(activation: Activation) -> Network<T> {
    let grid = Grid::new(3.0, LAYERS, Endpoint::Excluded).expect("a valid grid");
    Network::initial(WIDTH, grid, activation, Initialisation::Spline, 1)
}

/// A batch of inputs in \[−1, 0\] with labels.
pub fn batch<T: Real>(columns: usize) -> (Mat<T>, Vec<usize>) {
    let x = Mat::from_fn(WIDTH, columns, |i, j| {
        T::from_f64(
            -(((i * 31 + j * 17) % 101) as f64) / 101.0 * f64::from(u8::from((i + j) % 5 == 0)),
        )
    });
    (x, (0..columns).map(|j| j % 10).collect())
}

/// The method at the paper's setting.
///
/// # Panics
/// If the options make no sense.
pub fn ncg<T: Real>(network: &Network<T>, cost: Cost, options: NcgOptions) -> Ncg<T> {
    Ncg::new(Box::new(Euler::new()), cost, options, network).expect("options that make sense")
}

/// Memory for the yardstick's products.
pub struct Yardstick<T> {
    weights: Vec<T>,
    inputs: Vec<T>,
    outputs: Vec<T>,
    columns: usize,
    threads: usize,
}

impl<T: Real> Yardstick<T> {
    /// Products of `columns` columns in all, divided between `threads`.
    pub fn new(columns: usize, threads: usize) -> Self {
        let fill = |len: usize, scale: f64| -> Vec<T> {
            (0..len).map(|i| T::from_f64(((i * 7919) % 1009) as f64 * scale)).collect()
        };
        Self {
            weights: fill(LAYERS * (WIDTH * WIDTH + WIDTH), 1e-6),
            inputs: fill(WIDTH * columns, 1e-3),
            outputs: vec![T::ZERO; WIDTH * columns],
            columns,
            threads,
        }
    }

    /// Seconds of one product per layer, each thread taking its own columns through all layers in
    /// blocks of at most `block`; `distinct` weight matrices are walked through.
    pub fn seconds(&mut self, distinct: usize, block: usize) -> f64 {
        let (weights, node) = (&self.weights, WIDTH * WIDTH + WIDTH);
        let per_thread = self.columns.div_ceil(self.threads) * WIDTH;
        let begin = Instant::now();
        rayon::scope(|scope| {
            let pieces = self.inputs.chunks(per_thread).zip(self.outputs.chunks_mut(per_thread));
            for (x, y) in pieces {
                scope.spawn(move |_| {
                    for (x, y) in x.chunks(block * WIDTH).zip(y.chunks_mut(block * WIDTH)) {
                        for k in 0..LAYERS {
                            let at = (k % distinct) * node;
                            let columns = x.len() / WIDTH;
                            matmul(
                                MatMut::from_column_major_slice_mut(y, WIDTH, columns),
                                Accum::Replace,
                                MatRef::from_column_major_slice(
                                    &weights[at..at + WIDTH * WIDTH],
                                    WIDTH,
                                    WIDTH,
                                ),
                                MatRef::from_column_major_slice(x, WIDTH, columns),
                                T::ONE,
                                Par::Seq,
                            );
                        }
                    }
                });
            }
        });
        begin.elapsed().as_secs_f64()
    }

    /// Seconds with weights that stream from memory.
    pub fn streaming(&mut self) -> f64 {
        self.seconds(LAYERS, self.columns)
    }

    /// Seconds with one weight matrix that stays in the cache.
    pub fn hot(&mut self) -> f64 {
        self.seconds(1, self.columns)
    }
}

/// The median.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
