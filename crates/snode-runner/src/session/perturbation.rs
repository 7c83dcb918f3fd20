//! The perturbation of inputs that an experiment asks for.

use snode_attack::{Bounds, PerturbedInputs};
use snode_experiment::{Prepared, scheme};

use crate::error::{Error, Result};
use crate::number::Number;

/// What perturbs the inputs, if they are to be perturbed.
///
/// # Errors
/// If an option is refused.
pub fn perturbation<T: Number>(prepared: &Prepared) -> Result<Option<PerturbedInputs<T>>> {
    let experiment = &prepared.experiment;
    let Some(keys) = &experiment.training.perturbation else { return Ok(None) };
    let (lower, upper) = prepared.encoding.bounds();
    let options = keys.options(Bounds { lower, upper }, experiment.seed);
    let scheme = crate::device::training_scheme(&scheme(experiment))?;
    let inputs = PerturbedInputs::new(options, scheme, prepared.task.scores(), prepared.pixels());
    Ok(Some(inputs.map_err(|error| Error::Refused(error.to_string()))?))
}
