//! The method of an experiment.

use snode_experiment::{Experiment, MethodOptions, averaging, method_options, scheme};
use snode_ode::Network;
use snode_resnet::Sgd;
use snode_train::{Averaged, Method, Ncg, Objective};

use crate::device;
use crate::error::{Error, Result};
use crate::number::Number;

/// The method that the keys describe, for networks like `network`.
///
/// # Errors
/// If it cannot train such networks.
pub fn method<T: Number>(
    experiment: &Experiment,
    objective: Objective<T>,
    network: &Network<T>,
) -> Result<Box<dyn Method<T>>> {
    let usage = |error: &dyn std::error::Error| Error::Refused(error.to_string());
    let method: Box<dyn Method<T>> = match method_options(&experiment.training) {
        MethodOptions::Ncg(options) => {
            let scheme = device::training_scheme(&scheme(experiment))?;
            Box::new(Ncg::new(scheme, objective, options, network).map_err(|error| usage(&error))?)
        }
        MethodOptions::Sgd(options) => {
            device::refuse("a method of stochastic gradient descent", "ncg")?;
            Box::new(Sgd::new(objective, options, network).map_err(|error| usage(&error))?)
        }
    };
    Ok(match averaging(&experiment.training) {
        None => method,
        Some(averaging) => {
            Box::new(Averaged::new(method, averaging, network).map_err(|error| usage(&error))?)
        }
    })
}
