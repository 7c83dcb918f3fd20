//! The method of an experiment.

use snode_ode::{Euler, Network};
use snode_resnet::Sgd;
use snode_train::{Cost, Method, Ncg};

use crate::config::{MethodOptions, TrainingConfig, method_options};
use crate::error::{Error, Result};
use crate::number::Number;

/// The method that the keys describe, for networks like `network`.
///
/// # Errors
/// If it cannot train such networks.
pub fn method<T: Number>(
    config: &TrainingConfig,
    cost: Cost,
    network: &Network<T>,
) -> Result<Box<dyn Method<T>>> {
    Ok(match method_options(config) {
        MethodOptions::Ncg(options) => {
            Box::new(Ncg::new(Box::new(Euler::new()), cost, options, network))
        }
        MethodOptions::Sgd(options) => Box::new(
            Sgd::new(cost, options, network).map_err(|error| Error::Usage(error.to_string()))?,
        ),
    })
}
