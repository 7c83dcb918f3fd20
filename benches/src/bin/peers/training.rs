//! An iteration of conjugate gradients, and a step of RMSprop.

use faer::Mat;
use snode_benches::{BATCH, PRODUCTS, STEP_PRODUCTS, WIDTH, Yardstick, ncg};
use snode_ode::{Activation, Endpoint, Network, Parameters, Real};
use snode_resnet::{EpsilonPlace, Optimiser, RmsProp, Sgd, SgdOptions};
use snode_train::{Cost, Discretisation, Ncg, NcgOptions, Space};

use crate::data::{CLASSES, Data};
use crate::{Result, Work};

struct Iteration<T: Real> {
    method: Ncg<T>,
    network: Network<T>,
    initial: Parameters<T>,
    images: Mat<T>,
    labels: Vec<usize>,
    yardstick: Yardstick<T>,
}

/// An iteration with the L² loss and the activation of the case; with "+sobolev" behind it gradients are
/// represented in H¹, with "+decay" there is weight decay.
pub fn iteration<T: Real>(data: &Data, case: &str, threads: usize) -> Result<Box<dyn Work>> {
    let (activation, more) = case.split_once('+').unwrap_or((case, ""));
    let (mut cost, mut options) = (Cost::l2(CLASSES), NcgOptions::default());
    match more {
        "sobolev" => {
            options.space = Space::H1 { length: 1.0, discretisation: Discretisation::Tridiagonal };
        }
        "decay" => cost.mu4 = 1e-4,
        _ => {}
    }
    let activation = activation.parse::<Activation>()?;
    let network = data.dense::<T>("initial", activation, Endpoint::Excluded)?;
    Ok(Box::new(Iteration {
        method: ncg(&network, cost, options),
        initial: network.parameters().clone(),
        network,
        images: data.images("images", WIDTH)?,
        labels: data.labels("labels")?,
        yardstick: Yardstick::new(BATCH, threads),
    }))
}

impl<T: Real> Iteration<T> {
    fn cost(&mut self) -> Result<f64> {
        let report = self.method.iterate(&mut self.network, self.images.as_ref(), &self.labels)?;
        Ok(report.cost.total())
    }
}

impl<T: Real> Work for Iteration<T> {
    /// The cost before an iteration is its own: the seventh's is that after six.
    fn check(&mut self) -> Result<Vec<(&'static str, f64)>> {
        self.reset()?;
        for _ in 0..6 {
            self.cost()?;
        }
        Ok(vec![("cost after six iterations", self.cost()?)])
    }

    fn reset(&mut self) -> Result<()> {
        self.network.parameters_mut().copy_from(&self.initial);
        self.method.restart();
        Ok(())
    }

    fn run(&mut self) -> Result<()> {
        self.cost().map(drop)
    }

    fn products(&mut self) -> Option<f64> {
        Some((0..PRODUCTS).map(|_| self.yardstick.streaming()).sum())
    }
}

struct Step<T: Real> {
    method: Sgd<T>,
    network: Network<T>,
    initial: Parameters<T>,
    images: Mat<T>,
    labels: Vec<usize>,
    yardstick: Yardstick<T>,
}

/// Cross-entropy alone.
fn cross_entropy() -> Cost {
    Cost { mu3: 0.0, ..Cost::cross_entropy(CLASSES) }
}

/// PyTorch's RMSprop.
fn rmsprop<T: Real>(network: &Network<T>) -> Result<Sgd<T>> {
    let rule = RmsProp { epsilon_place: EpsilonPlace::Outside, ..RmsProp::default() };
    let options = SgdOptions { optimiser: Optimiser::RmsProp(rule), ..SgdOptions::default() };
    Ok(Sgd::new(cross_entropy(), options, network)?)
}

/// A step with tanh and cross-entropy.
pub fn step<T: Real>(data: &Data, threads: usize) -> Result<Box<dyn Work>> {
    let network = data.dense::<T>("initial", Activation::Tanh, Endpoint::Excluded)?;
    Ok(Box::new(Step {
        method: rmsprop(&network)?,
        initial: network.parameters().clone(),
        network,
        images: data.images("images", WIDTH)?,
        labels: data.labels("labels")?,
        yardstick: Yardstick::new(BATCH, threads),
    }))
}

impl<T: Real> Step<T> {
    fn loss(&mut self) -> Result<f64> {
        let report = self.method.step(&mut self.network, self.images.as_ref(), &self.labels)?;
        Ok(report.cost.total())
    }
}

impl<T: Real> Work for Step<T> {
    fn check(&mut self) -> Result<Vec<(&'static str, f64)>> {
        for _ in 0..3 {
            self.loss()?;
        }
        Ok(vec![("loss after three steps", self.loss()?)])
    }

    fn reset(&mut self) -> Result<()> {
        self.network.parameters_mut().copy_from(&self.initial);
        self.method = rmsprop(&self.network)?;
        Ok(())
    }

    fn run(&mut self) -> Result<()> {
        self.loss().map(drop)
    }

    fn products(&mut self) -> Option<f64> {
        Some((0..STEP_PRODUCTS).map(|_| self.yardstick.streaming()).sum())
    }
}
