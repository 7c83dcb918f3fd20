//! What costs and activations are called in reports.

use snode_ode::Activation;
use snode_train::Cost;

/// What a cost is called: by its terms.
pub(crate) fn cost_name(cost: &Cost) -> String {
    match (cost.mu1 > 0.0, cost.mu2 > 0.0) {
        (true, false) => "L²".into(),
        (false, true) => "CE".into(),
        _ => "L² + CE".into(),
    }
}

/// What a loss is called of which only the key is known.
pub(crate) fn loss_name(key: &str) -> String {
    match key {
        "l2" => "L²".into(),
        "cross-entropy" | "ce" => "CE".into(),
        other => other.into(),
    }
}

/// What an activation is called.
pub(crate) fn activation_name(key: &str) -> String {
    if key == Activation::Relu.to_string() { "ReLU".into() } else { key.into() }
}
