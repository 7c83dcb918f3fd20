//! One NCG iteration of a convolutional network (16 channels of 14×14 pixels, 3×3 kernels, 10 layers, 100
//! images), two threads, against its own products alone, measured in turn with it.
//!
//! `cargo bench -p snode-benches --bench convolution`. The table gives milliseconds and GFLOP/s of the
//! iteration and of the three solves that its five products a layer are in, without activation, cost and
//! update: direct and adjoint problem with gradient, and sensitivity, of a network whose activation is
//! the identity. `make peers` has it beside PyTorch's times of the same shapes.

use std::time::Instant;

use faer::Mat;
use snode_benches::{PRODUCTS, median, ncg};
use snode_ode::{
    Activation, AffineMap, Endpoint, Euler, Grid, Initialisation, Network, Perturbation, Readout,
    Real, Scheme,
};
use snode_train::{Cost, NcgOptions};

const THREADS: usize = 2;
const ROUNDS: usize = 20;
const LAYERS: usize = 10;
const IMAGES: usize = 100;

fn network<T: Real>(channels: usize, activation: Activation) -> Network<T> {
    let map = AffineMap::convolution(channels, (14, 14), 3).expect("a valid map");
    let grid = Grid::new(10.0, LAYERS, Endpoint::Excluded).expect("a valid grid");
    Network::initial(map, grid, activation, Initialisation::Spline, 1)
        .with_readout(Readout::Pattern { gain: 4.0, seed: 1 })
}

fn measure<T: Real>(channels: usize) {
    let mut network_of_iteration = network::<T>(channels, Activation::Tanh);
    let map = network_of_iteration.map();
    let x = Mat::from_fn(map.width(), IMAGES, |i, j| {
        T::from_f64(((i * 31 + j * 17) % 101) as f64 / 101.0)
    });
    let labels: Vec<usize> = (0..IMAGES).map(|j| j % 10).collect();
    let initial = network_of_iteration.parameters().clone();
    let mut method = ncg(&network_of_iteration, Cost::cross_entropy(10), NcgOptions::default());
    let linear = network::<T>(channels, Activation::Identity);
    let (mut euler, mut gradient) = (Euler::new(), initial.zeros_like());
    let (mut iterations, mut products) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        network_of_iteration.parameters_mut().copy_from(&initial);
        method.restart();
        let begin = Instant::now();
        method.iterate(&mut network_of_iteration, x.as_ref(), &labels).expect("a finite iteration");
        iterations.push(begin.elapsed().as_secs_f64());
        let begin = Instant::now();
        let mut solved = euler.direct(&linear, x.as_ref()).expect("a finite solve");
        solved.adjoint(x.as_ref(), Some(&mut gradient)).expect("a finite solve");
        let along = Perturbation { parameters: Some(&initial), input: None };
        solved.sensitivity(along).expect("a finite solve");
        products.push(begin.elapsed().as_secs_f64());
    }
    let flop = 2.0 * (PRODUCTS * map.weights_len() * map.pixels() * IMAGES * LAYERS) as f64;
    let (iteration, product) = (median(&iterations), median(&products));
    println!(
        "{}, {channels:>2} channels: iteration {:>7.2} ms, {:>6.1} GFLOP/s; products {:>7.2} ms, \
         {:>6.1} GFLOP/s; {:.0} %",
        T::NAME,
        1e3 * iteration,
        1e-9 * flop / iteration,
        1e3 * product,
        1e-9 * flop / product,
        100.0 * product / iteration,
    );
}

fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build().expect("a pool");
    pool.install(|| {
        for channels in [8, 16, 32] {
            measure::<f32>(channels);
            measure::<f64>(channels);
        }
    });
}
