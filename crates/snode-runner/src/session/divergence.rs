//! What is said of a training that diverged: where, by what, and what to try.

use snode_experiment::{MethodOptions, ResolvedExperiment};
use snode_train::{Position, TrainError};

/// Says that the training of an experiment diverged at an iteration.
pub(super) fn divergence(
    error: &TrainError,
    position: Position,
    experiment: &ResolvedExperiment,
) -> String {
    let Position { epoch, batch, iteration } = position;
    let message = error.to_string();
    let cause = message.strip_prefix("training diverged: ").unwrap_or(&message);
    format!(
        "training diverged at epoch {epoch}, batch {batch}, iteration {iteration} (each counted \
         from 0): {cause}; try {}",
        remedy(error, position, experiment)
    )
}

/// The keys that keep the numbers within bounds.
fn remedy(error: &TrainError, position: Position, experiment: &ResolvedExperiment) -> &'static str {
    if position == Position::default() && matches!(error, TrainError::Solve(_)) {
        return "a smaller network.horizon or network.initial_gain, or a bounded \
                network.activation, as the network grows beyond all numbers before it is trained";
    }
    let bounded = matches!(error, TrainError::Diverged { limit: Some(_), .. });
    match (experiment.method(), bounded) {
        (MethodOptions::Ncg { .. }, false) => "a smaller training.largest_step or network.horizon",
        (MethodOptions::Ncg { .. }, true) => {
            "a smaller training.largest_step or network.horizon, or a larger \
             training.divergence_factor"
        }
        (MethodOptions::Stochastic(_), false) => "a smaller training.learning_rate",
        (MethodOptions::Stochastic(_), true) => {
            "a smaller training.learning_rate, or a larger training.divergence_factor"
        }
    }
}
