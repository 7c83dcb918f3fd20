//! The method of an experiment.

use snode_experiment::{MethodOptions, Prepared};
use snode_ode::Network;
use snode_resnet::Sgd;
use snode_train::{Averaged, Method, Ncg};

use crate::device;
use crate::error::{Error, Result};
use crate::number::Number;

/// The method of an experiment, for networks like `network`.
///
/// # Errors
/// If it cannot train such networks.
pub fn method<T: Number>(prepared: &Prepared, network: &Network<T>) -> Result<Box<dyn Method<T>>> {
    let usage = |error: &dyn std::error::Error| Error::Refused(error.to_string());
    let (experiment, objective) = (&prepared.experiment, prepared.objective().build());
    let method: Box<dyn Method<T>> = match *experiment.method() {
        MethodOptions::Ncg { options, .. } => {
            let scheme = device::training_scheme(experiment.scheme())?;
            Box::new(Ncg::new(scheme, objective, options, network).map_err(|error| usage(&error))?)
        }
        MethodOptions::Stochastic(options) => {
            device::refuse("a method of stochastic gradient descent", "ncg")?;
            Box::new(Sgd::new(objective, options, network).map_err(|error| usage(&error))?)
        }
    };
    Ok(match experiment.averaging() {
        None => method,
        Some(averaging) => {
            Box::new(Averaged::new(method, averaging, network).map_err(|error| usage(&error))?)
        }
    })
}
