//! Networks and inputs for the tests.
#![allow(dead_code, reason = "every test program uses its own part")]

use faer::Mat;
use snode_ode::{Activation, Endpoint, Grid, Initialisation, Network, Real};

/// A network whose weights are large enough to use the activation's whole range.
pub fn network<T: Real>(width: usize, layers: usize, activation: Activation) -> Network<T> {
    let grid = Grid::new(2.0, layers, Endpoint::Excluded).unwrap();
    let mut network = Network::initial(width, grid, activation, Initialisation::Spline, 5);
    let copy = network.parameters().clone();
    network.parameters_mut().combine(T::ZERO, &copy, T::from_f64(width as f64));
    network
}

/// Inputs in [−1, 0].
pub fn inputs<T: Real>(width: usize, count: usize) -> Mat<T> {
    Mat::from_fn(width, count, |i, j| T::from_f64(-(1.3 * i as f64 + 0.7 * j as f64).sin().abs()))
}

/// The slope of ln y over ln x, by least squares.
pub fn rate(x: &[f64], y: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().map(|v| v.ln()).sum::<f64>() / values.len() as f64;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        covariance += (x.ln() - mean_x) * (y.ln() - mean_y);
        variance += (x.ln() - mean_x).powi(2);
    }
    covariance / variance
}

/// Runs `work` on so many threads.
pub fn on_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}
