//! Attacks on a trained network.

use faer::Mat;
use snode_attack::{
    Attack, AttackOptions, AttackSummary, DeepFool, MovingTarget, ProjectedGradient, SolvedNetwork,
};
use snode_benches::{BATCH, LAYERS, WIDTH, Yardstick};
use snode_ode::{Activation, Endpoint, Euler, Network, Real};

use crate::data::{CLASSES, Data};
use crate::{Result, Work};

const STEPS: usize = 30;
/// Steps of an attack whose products are timed.
const TIMED: usize = 3;
/// Columns of the products of several adjoint columns an image.
const BLOCK: usize = 192;

struct Attacked<T: Real> {
    network: Network<T>,
    images: Mat<T>,
    labels: Vec<usize>,
    method: Box<dyn Attack<T>>,
    /// Products of a step: of the direct solve, and of the adjoint columns.
    products: Option<(Yardstick<T>, Yardstick<T>)>,
}

/// An attack of the case, of thirty steps.
pub fn attack<T: Real>(data: &Data, case: &str, threads: usize) -> Result<Box<dyn Work>> {
    let (method, columns): (Box<dyn Attack<T>>, usize) = match case {
        "pgd" => (Box::new(ProjectedGradient::default()), 1),
        "moving-target" => (Box::new(MovingTarget::default()), CLASSES),
        "deepfool" => (Box::new(DeepFool { iterations: STEPS, overshoot: 0.02 }), 0),
        _ => return Err(format!("no attack is called {case:?}").into()),
    };
    let yardstick = |columns| Yardstick::new(columns * BATCH, threads);
    Ok(Box::new(Attacked {
        network: data.dense("trained", Activation::Tanh, Endpoint::Excluded)?,
        images: data.images("attacked_images", WIDTH)?,
        labels: data.labels("attacked_labels")?,
        method,
        products: (columns > 0).then(|| (yardstick(1), yardstick(columns))),
    }))
}

impl<T: Real> Attacked<T> {
    fn attack(&self) -> Result<AttackSummary> {
        let mut model = SolvedNetwork::new(&self.network, Box::new(Euler::new()), CLASSES)?;
        let options = AttackOptions { batch: BATCH, ..AttackOptions::default() };
        let (x, method) = (self.images.as_ref(), self.method.as_ref());
        let results = snode_attack::attack(&mut model, method, x, &self.labels, &options)?;
        Ok(results.summary())
    }
}

impl<T: Real> Work for Attacked<T> {
    fn check(&mut self) -> Result<Vec<(&'static str, f64)>> {
        let summary = self.attack()?;
        Ok(vec![("fooled", summary.fooled as f64), ("mean smallest norm", summary.mean_norm2)])
    }

    fn run(&mut self) -> Result<()> {
        self.attack().map(drop)
    }

    fn products(&mut self) -> Option<f64> {
        let (direct, adjoint) = self.products.as_mut()?;
        let step = || direct.streaming() + adjoint.seconds(LAYERS, BLOCK);
        let seconds: f64 = std::iter::repeat_with(step).take(TIMED).sum();
        Some(seconds * (STEPS + 1) as f64 / TIMED as f64)
    }
}
