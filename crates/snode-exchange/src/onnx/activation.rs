//! Activations as operations of ONNX.
//!
//! Only `Tanh`, `Relu` and `Sigmoid` are taken as they are. For the others ONNX has operators too,
//! but their parameters are f32 whatever the network is, and runtimes lack them in f64; they are
//! composed, so that nothing overflows or cancels.

use snode_ode::Activation;

use super::graph::Builder;
use crate::{Element, ExchangeError};

/// Half the width of the interval on which smoothed ReLUs are quadratic.
const C: f64 = 0.1;

/// Adds σ(`z`), and gives back its name.
pub(super) fn apply<T: Element>(
    graph: &mut Builder<T>,
    activation: Activation,
    z: &str,
) -> Result<String, ExchangeError> {
    Ok(match activation {
        Activation::Tanh => graph.node("Tanh", &[z]),
        Activation::Relu => graph.node("Relu", &[z]),
        Activation::Sigmoid => graph.node("Sigmoid", &[z]),
        Activation::Identity => graph.node("Identity", &[z]),
        Activation::Softplus => softplus(graph, z),
        Activation::Elu { alpha } => elu(graph, z, alpha),
        Activation::LeakyRelu { leak } => {
            let positive = graph.node("Relu", &[z]);
            leaky(graph, z, &positive, leak)
        }
        Activation::SmoothedRelu => smoothed(graph, z),
        Activation::SmoothedLeakyRelu { leak } => {
            let smoothed = smoothed(graph, z);
            leaky(graph, z, &smoothed, leak)
        }
        other => {
            let problem = format!("the activation {other} has no form there");
            return Err(ExchangeError::Unwritable { format: super::FORMAT, problem });
        }
    })
}

/// max(z, 0) + ln(1 + e^(−|z|)).
fn softplus<T: Element>(graph: &mut Builder<T>, z: &str) -> String {
    let one = graph.scalar("one", 1.0);
    let positive = graph.node("Relu", &[z]);
    let modulus = graph.node("Abs", &[z]);
    let negative = graph.node("Neg", &[&modulus]);
    let exponential = graph.node("Exp", &[&negative]);
    let sum = graph.node("Add", &[&exponential, &one]);
    let logarithm = graph.node("Log", &[&sum]);
    graph.node("Add", &[&positive, &logarithm])
}

/// max(z, 0) + α (eʸ − 1) with y = min(z, 0), where eʸ − 1 = 2 tanh(y/2)/(1 − tanh(y/2)) loses no
/// digits near 0.
fn elu<T: Element>(graph: &mut Builder<T>, z: &str, alpha: f64) -> String {
    let one = graph.scalar("one", 1.0);
    let half = graph.scalar("half", 0.5);
    let twice = graph.scalar("twice_alpha", 2.0 * alpha);
    let positive = graph.node("Relu", &[z]);
    let y = graph.node("Sub", &[z, &positive]);
    let y = graph.node("Mul", &[&y, &half]);
    let tanh = graph.node("Tanh", &[&y]);
    let rest = graph.node("Sub", &[&one, &tanh]);
    let quotient = graph.node("Div", &[&tanh, &rest]);
    let below = graph.node("Mul", &[&quotient, &twice]);
    graph.node("Add", &[&positive, &below])
}

/// r z + (1 − r) `full`, where `full` is the function without leak.
fn leaky<T: Element>(graph: &mut Builder<T>, z: &str, full: &str, leak: f64) -> String {
    let slope = graph.scalar("leak", leak);
    let rise = graph.scalar("rise", (T::ONE - T::from_f64(leak)).to_f64());
    let below = graph.node("Mul", &[z, &slope]);
    let above = graph.node("Mul", &[full, &rise]);
    graph.node("Add", &[&below, &above])
}

/// q²/4c + p with p = max(z − c, 0), q = max(z + c, 0) − p.
fn smoothed<T: Element>(graph: &mut Builder<T>, z: &str) -> String {
    let c = graph.scalar("c", C);
    let factor = graph.scalar("quarter_of_inverse_c", 0.25 / C);
    let inside = graph.node("Add", &[z, &c]);
    let inside = graph.node("Relu", &[&inside]);
    let past = graph.node("Sub", &[z, &c]);
    let past = graph.node("Relu", &[&past]);
    let quadratic = graph.node("Sub", &[&inside, &past]);
    let square = graph.node("Mul", &[&quadratic, &quadratic]);
    let square = graph.node("Mul", &[&square, &factor]);
    graph.node("Add", &[&square, &past])
}
