//! What the tests of several schemes need.
#![allow(dead_code, reason = "every test program uses its own part")]

pub mod reference;

use faer::{Mat, MatRef};
use snode_ode::{Initialisation, Network, Parameters, Perturbation, Real, Scheme, initialise};

/// The network with n times its parameters: initial ones are small, and larger ones exercise the
/// activation's whole range.
pub fn scaled<T: Real>(mut network: Network<T>) -> Network<T> {
    let scale = T::from_f64(network.width() as f64);
    let copy = network.parameters.clone();
    network.parameters.combine(T::ZERO, &copy, scale);
    network
}

pub fn batch<T: Real>(rows: usize, columns: usize, phase: f64) -> Mat<T> {
    Mat::from_fn(rows, columns, |i, j| T::from_f64((phase + 1.7 * i as f64 + 0.9 * j as f64).sin()))
}

pub fn inner<T: Real>(a: MatRef<'_, T>, b: MatRef<'_, T>) -> f64 {
    (0..a.ncols())
        .flat_map(|j| (0..a.nrows()).map(move |i| (i, j)))
        .map(|at| a[at].to_f64() * b[at].to_f64())
        .sum()
}

pub fn norm<T: Real>(a: MatRef<'_, T>) -> f64 {
    inner(a, a).sqrt()
}

/// |⟨Jv, w⟩ − ⟨v, Jᵀw⟩| relative to ‖Jv‖‖w‖, for input and parameter perturbations together.
pub fn adjoint_gap<T: Real>(
    scheme: &mut dyn Scheme<T>,
    network: &Network<T>,
    columns: usize,
) -> f64 {
    let n = network.width();
    let (x0, xi0, w) =
        (batch(n, columns, 0.1), batch::<T>(n, columns, 0.5), batch::<T>(n, columns, 2.0));
    let direction = initialise::<T>(Initialisation::Independent, n, network.grid(), 99);
    scheme.direct(network, x0.as_ref()).unwrap();
    let along = Perturbation { parameters: Some(&direction), input: Some(xi0.as_ref()) };
    scheme.sensitivity(network, along).unwrap();
    let forward = inner(scheme.output_sensitivity(), w.as_ref());
    let scale = norm(scheme.output_sensitivity()) * norm(w.as_ref());
    let mut gradient = Parameters::zeros(n, network.grid().nodes());
    scheme.adjoint(network, w.as_ref(), Some(&mut gradient)).unwrap();
    let backward =
        gradient.inner(&direction, network.grid()) + inner(xi0.as_ref(), scheme.input_adjoint());
    (forward - backward).abs() / scale
}

/// Everything a scheme computes, as bits.
pub fn all_bits<T: Real>(
    scheme: &mut dyn Scheme<T>,
    network: &Network<T>,
    columns: usize,
) -> Vec<u64> {
    let n = network.width();
    scheme.direct(network, batch(n, columns, 0.1).as_ref()).unwrap();
    let mut gradient = Parameters::zeros(n, network.grid().nodes());
    scheme.adjoint(network, batch(n, columns, 0.4).as_ref(), Some(&mut gradient)).unwrap();
    let xi0 = batch(n, columns, 0.8);
    let along = Perturbation { parameters: Some(&gradient), input: Some(xi0.as_ref()) };
    scheme.sensitivity(network, along).unwrap();
    let mut evaluated = Mat::zeros(n, columns);
    scheme.evaluate(network, batch(n, columns, 0.1).as_ref(), evaluated.as_mut()).unwrap();
    let mut values: Vec<f64> = gradient.as_slice().iter().map(|v| v.to_f64()).collect();
    for matrix in
        [scheme.output(), scheme.input_adjoint(), scheme.output_sensitivity(), evaluated.as_ref()]
    {
        for j in 0..columns {
            values.extend((0..n).map(|i| matrix[(i, j)].to_f64()));
        }
    }
    values.push(gradient.inner(&network.parameters, network.grid()));
    values.into_iter().map(f64::to_bits).collect()
}

/// The order of convergence: the slope of ln error over ln step, by least squares.
pub fn observed_order(steps: &[f64], errors: &[f64]) -> f64 {
    let count = steps.len() as f64;
    let mean = |values: &[f64]| values.iter().map(|v| v.ln()).sum::<f64>() / count;
    let (mean_step, mean_error) = (mean(steps), mean(errors));
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (step, error) in steps.iter().zip(errors) {
        covariance += (step.ln() - mean_step) * (error.ln() - mean_error);
        variance += (step.ln() - mean_step).powi(2);
    }
    covariance / variance
}
