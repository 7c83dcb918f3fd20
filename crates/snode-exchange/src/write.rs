//! Parameters as bytes.

use std::ops::Range;

use snode_ode::Parameters;

use crate::Element;

/// The weights of some nodes as \[layer, out, in\], row-major and little-endian.
pub(crate) fn weights<T: Element>(parameters: &Parameters<T>, nodes: Range<usize>) -> Vec<u8> {
    let n = parameters.width();
    let mut bytes = Vec::with_capacity(nodes.len() * n * n * size_of::<T>());
    for k in nodes {
        let weights = parameters.weights(k);
        for i in 0..n {
            for j in 0..n {
                weights[(i, j)].push(&mut bytes);
            }
        }
    }
    bytes
}

/// The biases of some nodes as \[layer, out\], row-major and little-endian.
pub(crate) fn biases<T: Element>(parameters: &Parameters<T>, nodes: Range<usize>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(nodes.len() * parameters.width() * size_of::<T>());
    for k in nodes {
        for &value in parameters.bias(k) {
            value.push(&mut bytes);
        }
    }
    bytes
}
