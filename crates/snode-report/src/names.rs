//! What costs and activations are called in reports.

use snode_experiment::{ObjectiveChoice, RegressionLoss};
use snode_ode::Activation;

/// What an objective is called: by its loss, the paper's by its terms.
pub(crate) fn objective_name(choice: &ObjectiveChoice) -> String {
    match choice {
        ObjectiveChoice::Paper(cost) => match (cost.mu1 > 0.0, cost.mu2 > 0.0) {
            (true, false) => "L²".into(),
            (false, true) => "CE".into(),
            _ => "L² + CE".into(),
        },
        ObjectiveChoice::Regression { loss: RegressionLoss::Squared(_), .. } => "squared".into(),
        ObjectiveChoice::Regression { loss: RegressionLoss::Huber(_), .. } => "Huber".into(),
    }
}

/// What a loss is called of which only the key is known.
pub(crate) fn loss_name(key: &str) -> String {
    match key {
        "l2" => "L²".into(),
        "cross-entropy" | "ce" => "CE".into(),
        "huber" => "Huber".into(),
        other => other.into(),
    }
}

/// What an activation is called.
pub(crate) fn activation_name(key: &str) -> String {
    if key == Activation::Relu.to_string() { "ReLU".into() } else { key.into() }
}
