//! The perturbation of inputs that an experiment asks for.

use snode_attack::PerturbedInputs;
use snode_experiment::Prepared;

use crate::error::{Error, Result};
use crate::number::Number;

/// What perturbs the inputs, if they are to be perturbed.
///
/// # Errors
/// If an option is refused.
pub fn perturbation<T: Number>(prepared: &Prepared) -> Result<Option<PerturbedInputs<T>>> {
    let experiment = &prepared.experiment;
    let Some(options) = experiment.perturbation() else { return Ok(None) };
    let scheme = crate::device::training_scheme(experiment.scheme())?;
    let inputs = PerturbedInputs::new(*options, scheme, prepared.task.scores());
    Ok(Some(inputs.map_err(|error| Error::Refused(error.to_string()))?))
}
