//! An iteration of conjugate gradients with a convolutional network.

use std::time::Instant;

use faer::Mat;
use snode_benches::ncg;
use snode_ode::{Activation, Euler, Network, Parameters, Perturbation, Readout, Real, Scheme};
use snode_train::{Cost, Ncg, NcgOptions};

use crate::data::{CLASSES, Data, norm};
use crate::{Result, Work};

struct Iteration<T: Real> {
    method: Ncg<T>,
    network: Network<T>,
    euler: Euler<T>,
    /// Its activation is the identity: solves of it are products and little else.
    linear: Network<T>,
    initial: Parameters<T>,
    gradient: Parameters<T>,
    images: Mat<T>,
    labels: Vec<usize>,
}

/// An iteration with tanh, cross-entropy and as many channels as the case says.
pub fn iteration<T: Real>(data: &Data, case: &str) -> Result<Box<dyn Work>> {
    let channels = case.parse()?;
    let network = data.convolution::<T>(channels, Activation::Tanh)?;
    let network = network.with_readout(Readout::Pattern { gain: 4.0, seed: 1 });
    Ok(Box::new(Iteration {
        method: ncg(&network, Cost::cross_entropy(CLASSES), NcgOptions::default()),
        linear: data.convolution(channels, Activation::Identity)?,
        initial: network.parameters().clone(),
        gradient: network.parameters().zeros_like(),
        euler: Euler::new(),
        images: data.images(&format!("convolution_images_{channels}"), network.width())?,
        labels: data.labels("labels")?,
        network,
    }))
}

/// The three solves: direct, adjoint from x(T) with gradient g, sensitivity along g. Norms of x(T), g and
/// ξ(T).
fn norms<T: Real>(
    network: &Network<T>,
    images: &Mat<T>,
    gradient: &mut Parameters<T>,
) -> Result<[f64; 3]> {
    let mut euler = Euler::new();
    let mut solved = euler.direct(network, images.as_ref())?;
    let output = solved.output().to_owned();
    solved.adjoint(output.as_ref(), Some(gradient))?;
    let along = Perturbation { parameters: Some(gradient), input: None };
    let xi = norm(&solved.sensitivity(along)?.sensitivity.to_owned());
    let squares = gradient.as_slice().iter().map(|g| g.to_f64() * g.to_f64());
    Ok([norm(&output), squares.sum::<f64>().sqrt(), xi])
}

impl<T: Real> Work for Iteration<T> {
    fn check(&mut self) -> Result<Vec<(&'static str, f64)>> {
        let [x, g, xi] = norms(&self.network, &self.images, &mut self.gradient)?;
        Ok(vec![("‖x(T)‖", x), ("‖gradient‖", g), ("‖ξ(T)‖", xi)])
    }

    fn reset(&mut self) -> Result<()> {
        self.network.parameters_mut().copy_from(&self.initial);
        self.method.restart();
        Ok(())
    }

    fn run(&mut self) -> Result<()> {
        self.method.iterate(&mut self.network, self.images.as_ref(), &self.labels)?;
        Ok(())
    }

    fn products(&mut self) -> Option<f64> {
        let images = self.images.as_ref();
        let along = Perturbation { parameters: Some(&self.initial), input: None };
        let begin = Instant::now();
        let mut solved = self.euler.direct(&self.linear, images).ok()?;
        solved.adjoint(images, Some(&mut self.gradient)).ok()?;
        solved.sensitivity(along).ok()?;
        Some(begin.elapsed().as_secs_f64())
    }
}
