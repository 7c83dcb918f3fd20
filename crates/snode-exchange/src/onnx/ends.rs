//! From the data to the initial state, and from the final state to the scores (S41).

use snode_ode::{AffineMap, Lifting, Network, Readout, Scores};

use super::graph::{Builder, whole};
use crate::{Element, ExchangeError};

/// Adds x(0) for data \[batch, d\], and gives back its name: \[batch, n\], or \[batch, c, rows, columns\] for a
/// convolution.
pub(super) fn initial_state<T: Element>(
    graph: &mut Builder<T>,
    network: &Network<T>,
    x: &str,
) -> String {
    let (lifting, map) = (network.lifting(), network.map());
    let from = lifting.inputs() / map.pixels();
    let mut state = x.to_owned();
    if let AffineMap::Convolution(map) = map {
        let (rows, columns) = map.shape();
        if lifting == Lifting::identity(network.map()) {
            // The data are states: the channels of a pixel are side by side.
            let channels = whole(map.channels());
            let shape = graph.indices("image", &[-1, whole(rows), whole(columns), channels]);
            let image = graph.node("Reshape", &[x, &shape]);
            state = graph.node("Transpose", &[&image]);
            graph.attribute("perm", &[0, 3, 1, 2]);
            return state;
        }
        let shape = graph.indices("image", &[-1, whole(from), whole(rows), whole(columns)]);
        state = graph.node("Reshape", &[x, &shape]);
    }
    let more = whole(map.channels() - from);
    if more == 0 {
        return state;
    }
    let pads = match map {
        AffineMap::Convolution(_) => graph.indices("pads", &[0, 0, 0, 0, 0, more, 0, 0]),
        _ => graph.indices("pads", &[0, 0, 0, more]),
    };
    let padding = graph.scalar("padding", lifting.padding());
    graph.node("Pad", &[&state, &pads, &padding])
}

/// Adds x(T) as \[batch, n\], and gives back its name.
pub(super) fn final_state<T: Element>(
    graph: &mut Builder<T>,
    network: &Network<T>,
    x: &str,
) -> String {
    if !matches!(network.map(), AffineMap::Convolution(_)) {
        return x.to_owned();
    }
    let pixels = graph.node("Transpose", &[x]);
    graph.attribute("perm", &[0, 2, 3, 1]);
    let shape = graph.indices("flat", &[-1, whole(network.width())]);
    graph.node("Reshape", &[&pixels, &shape])
}

/// Adds the scores of `classes` classes, or as many components of a target, as `name`, for a state \[batch, n\].
pub(super) fn scores<T: Element>(
    graph: &mut Builder<T>,
    network: &Network<T>,
    classes: usize,
    state: &str,
    name: &str,
) -> Result<(), ExchangeError> {
    let readout = network.readout();
    if readout == Readout::Components {
        let first = graph.index("first", 0);
        let classes = graph.index("classes", classes);
        let axis = graph.index("axis", 1);
        graph.named("Slice", &[state, &first, &classes, &axis], name);
        return Ok(());
    }
    let scores = Scores::<T>::new(readout, network.map(), classes).map_err(|error| {
        ExchangeError::Value { key: "classes", found: error.found, allowed: error.expected }
    })?;
    let mut rows = Vec::new();
    if let Some(matrix) = scores.matrix() {
        for i in 0..classes {
            for j in 0..matrix.ncols() {
                matrix[(i, j)].push(&mut rows);
            }
        }
    }
    let mut zeros = Vec::new();
    (0..classes).for_each(|_| T::ZERO.push(&mut zeros));
    let weights = graph.tensor("R", &[classes, network.width()], rows);
    let zeros = graph.tensor("zeros", &[classes], zeros);
    graph.named("Gemm", &[state, &weights, &zeros], name);
    graph.attribute_number("transB", 1);
    Ok(())
}
