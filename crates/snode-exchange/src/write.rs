//! Parameters as bytes.

use std::ops::Range;

use snode_ode::{AffineMap, Lifting, Network, Parameters, Readout};

use crate::{Element, ExchangeError};

/// The shape of a layer's weights as other programs have them: \[out, in\], or \[out, in, kernel, kernel\] of a
/// convolution.
pub(crate) fn weights_shape(map: AffineMap) -> Vec<usize> {
    let (rows, columns) = map.weights_shape();
    match map {
        AffineMap::Convolution(map) => vec![rows, rows, map.kernel(), map.kernel()],
        _ => vec![rows, columns],
    }
}

/// Refuses to put layers of different shapes into one array.
pub(crate) fn check_uniform<T: Element>(
    network: &Network<T>,
    format: &'static str,
) -> Result<(), ExchangeError> {
    if network.map().is_uniform() {
        return Ok(());
    }
    let problem =
        "its layers convolve at different resolutions, so that their weights have different \
                   shapes; ONNX, and safetensors with a name for every layer, have them one by one"
            .into();
    Err(ExchangeError::Unwritable { format, problem })
}

/// Refuses a dense network that is more than its weights and biases: read back it would be another one.
pub(crate) fn check_ends<T: Element>(
    network: &Network<T>,
    format: &'static str,
) -> Result<(), ExchangeError> {
    let is_plain = network.lifting() == Lifting::identity(network.map())
        && network.readout() == Readout::Components;
    if is_plain || matches!(network.map(), AffineMap::Convolution(_)) {
        return Ok(());
    }
    let problem = "it has no place for data that are lifted and for a readout; ONNX has".into();
    Err(ExchangeError::Unwritable { format, problem })
}

/// The weights of some nodes, each of the shape [`weights_shape`], row-major and little-endian.
pub(crate) fn weights<T: Element>(parameters: &Parameters<T>, nodes: Range<usize>) -> Vec<u8> {
    let map = parameters.map();
    let mut bytes = Vec::with_capacity(nodes.len() * map.weights_len() * size_of::<T>());
    // Of a convolution the columns of the matrix are the pixels of the kernel and in each the channels.
    let pixels = match map {
        AffineMap::Convolution(map) => map.kernel().pow(2),
        _ => 1,
    };
    for k in nodes {
        let weights = parameters.weights(k);
        let channels = weights.ncols() / pixels;
        for i in 0..weights.nrows() {
            for channel in 0..channels {
                for pixel in 0..pixels {
                    weights[(i, pixel * channels + channel)].push(&mut bytes);
                }
            }
        }
    }
    bytes
}

/// The biases of some nodes as \[layer, out\], row-major and little-endian.
pub(crate) fn biases<T: Element>(parameters: &Parameters<T>, nodes: Range<usize>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(nodes.len() * parameters.map().bias_len() * size_of::<T>());
    for k in nodes {
        for &value in parameters.bias(k) {
            value.push(&mut bytes);
        }
    }
    bytes
}
