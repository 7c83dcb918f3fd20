//! Checks of an experiment against what is to be learnt from its data.

use snode_data::Task;
use snode_ode::Readout;

use crate::error::Result;
use crate::file::Locator;
use crate::format::plain;
use crate::network::readout_of;
use crate::schema::{Experiment, PerturbationName};

/// Refuses a loss that is not for the targets of the data, and of a regression what needs classes.
///
/// # Errors
/// The key that is wrong.
pub(crate) fn check_task(experiment: &Experiment, locator: &Locator, task: Task) -> Result<()> {
    let (loss, source) = (experiment.cost.loss, &experiment.data.source);
    let is_regression = matches!(task, Task::Regression { .. });
    if loss.is_for_values() != is_regression {
        let expected =
            if is_regression { "\"squared\" or \"huber\"" } else { "\"l2\" or \"cross-entropy\"" };
        let problem =
            format!("found \"{}\"; expected {expected}, as {source} has {task}", loss.text());
        return Err(locator.error("cost.loss", problem));
    }
    if !is_regression {
        return Ok(());
    }
    let analysis = &experiment.analysis;
    let perturbation = experiment.training.perturbation.as_ref();
    let leads = |name: PerturbationName| name != PerturbationName::Noise;
    let needs_classes = [
        ("analysis.robustness", analysis.robustness.is_some()),
        ("analysis.uncertainty", analysis.uncertainty.is_some()),
        ("analysis.schemes", analysis.schemes.is_some()),
        ("attack", !experiment.attack.is_empty()),
        ("training.perturbation.method", perturbation.is_some_and(|keys| leads(keys.method))),
    ];
    match needs_classes.iter().find(|(_, is_asked)| *is_asked) {
        Some((key, _)) => {
            let problem = format!(
                "needs the classes of images, but {source} has {task}; expected a \
                 classification, or an experiment without it"
            );
            Err(locator.error(key, problem))
        }
        None => Ok(()),
    }
}

/// Refuses real targets that an activation cannot reach: states only grow where σ ≥ 0.
///
/// # Errors
/// The key that is wrong.
pub(crate) fn check_least_target(
    experiment: &Experiment,
    locator: &Locator,
    least: f64,
) -> Result<()> {
    let (data, network) = (&experiment.data, &experiment.network);
    let largest_input = data.background.max(data.foreground);
    let is_read_off = readout_of(network) == Readout::Components;
    if !(is_read_off && network.activation.is_non_negative() && least < largest_input) {
        return Ok(());
    }
    Err(locator.error_among(
        &["network.activation", "data.foreground", "data.background"],
        format!(
            "with {} states can only grow in depth, but the target {} lies below the inputs, which \
             reach {}: encode the inputs below the targets or choose another activation",
            network.activation,
            plain(least),
            plain(largest_input)
        ),
    ))
}
