//! How much memory and time an experiment will take.

use std::time::{Duration, Instant};

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use snode_ode::{AffineMap, Real, SchemeChoice};
use snode_train::{IterationRecord, Space};

use crate::method::MethodOptions;
use crate::resolved::ResolvedExperiment;

/// The sizes that determine the cost of an experiment.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// What the numbers of a node do to a state.
    pub map: AffineMap,
    /// The pixels of an image.
    pub pixels: usize,
    /// Images trained on.
    pub train: usize,
    /// Images evaluated each time.
    pub evaluated: usize,
}

impl Sizes {
    /// The width of a square matrix as wide as the products of the network are deep: n of a dense map.
    pub fn product_width(&self) -> usize {
        self.map.weights_shape().1
    }
}

/// Memory in bytes, by what it holds. Numbers are floating-point because absurd configurations
/// have absurd sizes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// One copy of the parameters.
    pub parameters: f64,
    /// How many copies there are while a checkpoint is being written.
    pub copies: f64,
    /// Trajectories of the three problems.
    pub trajectories: f64,
    /// Images, and encoded evaluation sets with their outputs.
    pub data: f64,
    /// The draws the initial parameters are interpolated from; freed before training.
    pub initialisation: f64,
    /// What is recorded of every iteration.
    pub history: f64,
}

impl Memory {
    /// The peak.
    pub fn total(&self) -> f64 {
        self.copies * self.parameters
            + self.data
            + self.trajectories.max(self.initialisation)
            + self.history
    }
}

/// The memory of an experiment.
pub fn memory(experiment: &ResolvedExperiment, sizes: Sizes) -> Memory {
    let bytes = experiment.keys.precision.bytes() as f64;
    let (n, layers) = (sizes.map.width() as f64, experiment.keys.network.layers as f64);
    let batch = experiment.keys.training.batch_size as f64;
    let per_node = sizes.map.node_len() as f64;
    let optional = |holds: bool| f64::from(u8::from(holds));
    let copies = match experiment.method() {
        // Network, gradient and direction; the representative, the last gradient and the next direction
        // where there are any; and the copies of network, direction and last gradient that a
        // checkpoint is written from.
        MethodOptions::Ncg { options, .. } => {
            let keeps_last = optional(options.conjugacy.needs_last_gradient());
            let keeps_gradient = optional(options.conjugacy.needs_gradient());
            let has_representative = optional(options.space != Space::L2);
            3.0 + has_representative + keeps_last + keeps_gradient + 2.0 + keeps_last
        }
        // Network, gradient and state; and the copies of network and state for a checkpoint.
        MethodOptions::Stochastic(options) => {
            let state = options.optimiser.state_names().len() as f64;
            2.0 + state + 1.0 + state
        }
    };
    Memory {
        parameters: per_node * layers * bytes,
        copies,
        trajectories: trajectories(experiment, n * batch, n, layers, bytes),
        data: 2.0 * sizes.pixels as f64 * (sizes.train + sizes.evaluated) as f64
            + 2.0 * sizes.pixels as f64 * sizes.evaluated as f64 * bytes,
        initialisation: (experiment.keys.network.horizon.ceil() + 1.0) * per_node * 8.0,
        history: history(experiment, sizes),
    }
}

/// The history: a list that has room for up to twice as many iterations as there are, and its copy and
/// its rows while a checkpoint is being written.
fn history(experiment: &ResolvedExperiment, sizes: Sizes) -> f64 {
    const COPIES: f64 = 4.0;
    let training = &experiment.keys.training;
    if training.time_limit.is_some() || training.early_stop.is_some() {
        // It rarely comes as far as its plan.
        return 0.0;
    }
    let iterations = batches(experiment, sizes) * experiment.plan().iterations as f64;
    COPIES * iterations * size_of::<IterationRecord>() as f64
}

/// How many batches a whole training has, over all epochs.
fn batches(experiment: &ResolvedExperiment, sizes: Sizes) -> f64 {
    let training = &experiment.keys.training;
    let per_epoch = sizes.train / training.batch_size.max(1);
    let batches = training.epochs.saturating_mul(per_epoch);
    training.batches.map_or(batches, |limit| limit.min(batches)) as f64
}

/// What the scheme keeps of a batch of `state` numbers.
fn trajectories(
    experiment: &ResolvedExperiment,
    state: f64,
    n: f64,
    layers: f64,
    bytes: f64,
) -> f64 {
    match experiment.scheme() {
        // Inputs and slopes of every stage.
        SchemeChoice::Rk2(_) => 4.0 * (layers + 1.0) * state * bytes,
        SchemeChoice::Rk4(_) => 8.0 * (layers + 1.0) * state * bytes,
        // Three states a step, of which there are rarely more than layers, and some thirty beside;
        // an implicit one has some matrices for every data point.
        SchemeChoice::Adaptive(options) => {
            let matrices = if options.method.is_implicit() { 4.0 * n * state * 8.0 } else { 0.0 };
            3.0 * (layers + 10.0) * state * bytes + matrices
        }
        // States, slopes, and a little beside.
        _ => 3.0 * (layers + 1.0) * state * bytes,
    }
}

/// The right-hand sides a layer that a solve computes at least. An adaptive one's depend on the
/// network; it has a few at least, however many layers there are.
fn right_hand_sides(experiment: &ResolvedExperiment) -> f64 {
    match experiment.scheme() {
        SchemeChoice::Rk2(_) => 2.0,
        SchemeChoice::Rk4(_) => 4.0,
        SchemeChoice::Adaptive(_) => 8.0 / experiment.keys.network.layers as f64,
        _ => 1.0,
    }
}

/// The memory of this computer in bytes, where the system tells.
pub fn physical_memory() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024.0)
}

/// Floating-point operations of one iteration at least: of the products a right-hand side, direct 1,
/// adjoint 1, gradient 1, and for NCG sensitivity 2; an adaptive gradient takes 2 at every node.
pub fn iteration_flop(experiment: &ResolvedExperiment, map: AffineMap) -> f64 {
    let products = match experiment.method() {
        MethodOptions::Ncg { .. } => 5.0,
        MethodOptions::Stochastic(_) => 3.0,
    };
    let products = match experiment.scheme() {
        SchemeChoice::Adaptive(_) => 2.0 + (products - 1.0) * right_hand_sides(experiment),
        _ => products * right_hand_sides(experiment),
    };
    let columns = experiment.keys.training.batch_size as f64;
    products * layers_flop(experiment, map) * columns
}

/// Floating-point operations of evaluating `images` images at least.
pub fn evaluation_flop(experiment: &ResolvedExperiment, map: AffineMap, images: usize) -> f64 {
    layers_flop(experiment, map) * images as f64 * right_hand_sides(experiment)
}

/// Floating-point operations of A x for one x and every layer.
fn layers_flop(experiment: &ResolvedExperiment, map: AffineMap) -> f64 {
    let product = |map: AffineMap| {
        let (rows, columns) = map.weights_shape();
        2.0 * rows as f64 * columns as f64 * map.positions() as f64
    };
    let layers = experiment.keys.network.layers;
    if map.is_uniform() {
        return layers as f64 * product(map);
    }
    (0..layers).map(|layer| product(map.at(layer))).sum()
}

/// Floating-point operations of a whole training at least, its evaluations included.
pub fn training_flop(experiment: &ResolvedExperiment, sizes: Sizes) -> f64 {
    let training = &experiment.keys.training;
    let batches = batches(experiment, sizes);
    let evaluations = (batches / training.evaluate_every.max(1) as f64).ceil();
    batches * experiment.plan().iterations as f64 * iteration_flop(experiment, sizes.map)
        + evaluations * evaluation_flop(experiment, sizes.map, sizes.evaluated)
}

/// How long the rate of products is measured.
const MEASUREMENT: Duration = Duration::from_millis(300);
/// No product larger than this is measured, to keep the measurement short.
const LARGEST_WIDTH: usize = 1024;

/// Floating-point operations a second in products of the experiment's shapes: every thread of the
/// present pool on its own columns, with weights that do not stay in the cache.
pub fn product_rate<T: Real>(width: usize, batch: usize, layers: usize) -> f64 {
    let threads = rayon::current_num_threads();
    let columns = batch.div_ceil(threads);
    rayon::broadcast(|_| rate_of_one::<T>(width, columns, layers)).iter().sum()
}

/// The same for one thread.
pub fn rate_of_one<T: Real>(width: usize, batch: usize, layers: usize) -> f64 {
    let n = width.min(LARGEST_WIDTH);
    let columns = batch.clamp(1, 4096);
    let matrices = layers.clamp(1, 32);
    let weights: Vec<Mat<T>> = (0..matrices)
        .map(|k| Mat::from_fn(n, n, |i, j| T::from_f64(((i + 3 * j + k) % 7) as f64 * 0.1)))
        .collect();
    let x = Mat::from_fn(n, columns, |i, j| T::from_f64(((i + j) % 5) as f64));
    let mut out = Mat::<T>::zeros(n, columns);
    let begin = Instant::now();
    let mut products = 0_u32;
    while begin.elapsed() < MEASUREMENT {
        for w in &weights {
            matmul(out.as_mut(), Accum::Replace, w.as_ref(), x.as_ref(), T::ONE, Par::Seq);
            products += 1;
        }
    }
    2.0 * (n * n) as f64 * columns as f64 * f64::from(products) / begin.elapsed().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Experiment;

    #[test]
    fn the_papers_network_takes_what_it_takes() {
        let experiment = ResolvedExperiment::from(Experiment::default());
        let memory = memory(
            &experiment,
            Sizes { map: 196.into(), pixels: 196, train: 60_000, evaluated: 10_000 },
        );
        assert_eq!(memory.parameters, (196.0 * 196.0 + 196.0) * 150.0 * 8.0);
        assert_eq!(memory.copies, 5.0);
        assert!((3e8..5e8).contains(&memory.total()), "{}", memory.total());
        assert_eq!(iteration_flop(&experiment, 196.into()), 10.0 * 196.0 * 196.0 * 100.0 * 150.0);
    }
}
