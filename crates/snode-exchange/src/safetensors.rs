//! safetensors: named tensors and texts beside them.
//!
//! Our own layout is two tensors, `weights` \[layer, out, in\] and `biases` \[layer, out\]; with
//! [`LayerNames`] every layer has two of its own instead, as PyTorch's state dicts have. The
//! [`Description`] is in the metadata.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use ::safetensors::tensor::TensorView;
use ::safetensors::{Dtype, SafeTensors, View, serialize};
use snode_ode::{Endpoint, Network};

use crate::array::{Array, Order, Values, count};
use crate::limits::MAX_BYTES;
use crate::write::{biases, weights};
use crate::{Description, Element, ExchangeError, Imported, LayerNames, Layers};

const FORMAT: &str = "safetensors";

/// Reads a network from the bytes of a safetensors file.
///
/// Without `names` it must have the tensors `weights` and `biases`; with them a pair of tensors for
/// each layer, numbered from 0 or 1 without gaps. Tensors are F32 or F64, one of them throughout.
///
/// # Errors
/// If the bytes are not a safetensors file, a tensor is missing or does not fit, a number is not
/// finite, or a text of the metadata has no meaning.
pub fn read_safetensors(
    bytes: &[u8],
    names: Option<&LayerNames>,
) -> Result<Imported, ExchangeError> {
    ExchangeError::limit("the file", bytes.len() as u128, MAX_BYTES)?;
    let failed = |error| ExchangeError::format(FORMAT, error);
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(failed)?;
    let texts = header.metadata().clone().unwrap_or_default();
    let file = SafeTensors::deserialize(bytes).map_err(failed)?;
    let layers = match names {
        None => Layers::stacked(&array(&file, "weights")?, &array(&file, "biases")?)?,
        Some(names) => Layers::one_by_one(&one_by_one(&file, names)?)?,
    };
    // Other programs have texts of their own; ours are marked.
    let ours = texts.contains_key(MARK);
    let description = Description::from_texts(|key| texts.get(key).filter(|_| ours).cloned())?;
    Ok(Imported { layers, description })
}

/// The text that marks our metadata, and the version of its layout.
const MARK: &str = "snode_network";

/// The bytes of a safetensors file with a network: a pair of tensors for all layers, or with `names`
/// for each.
///
/// What the network says of itself takes precedence over the `description`.
///
/// # Errors
/// If single layers are asked for and the network has a node at T, which no layer reads.
pub fn write_safetensors<T: Element>(
    network: &Network<T>,
    description: &Description,
    names: Option<&LayerNames>,
) -> Result<Vec<u8>, ExchangeError> {
    let parameters = network.parameters();
    let (n, nodes) = (parameters.width(), parameters.nodes());
    let tensor = |shape: Vec<usize>, bytes| Tensor { dtype: T::SAFETENSORS, shape, bytes };
    let mut tensors = Vec::new();
    match names {
        None => {
            tensors
                .push(("weights".into(), tensor(vec![nodes, n, n], weights(parameters, 0..nodes))));
            tensors.push(("biases".into(), tensor(vec![nodes, n], biases(parameters, 0..nodes))));
        }
        Some(_) if network.grid().endpoint() == Endpoint::Included => {
            let problem = "the network has a node at T, which no layer reads".into();
            return Err(ExchangeError::Unwritable { format: FORMAT, problem });
        }
        Some(names) => {
            for k in 0..nodes {
                let (weight, bias) = (weights(parameters, k..k + 1), biases(parameters, k..k + 1));
                tensors.push((names.weight(k), tensor(vec![n, n], weight)));
                tensors.push((names.bias(k), tensor(vec![n], bias)));
            }
        }
    }
    let description = Description::of(network).or(description.clone());
    let texts = description.to_texts().into_iter().map(|(key, text)| (key.to_owned(), text));
    let mut metadata: HashMap<String, String> = texts.collect();
    metadata.insert(MARK.into(), "1".into());
    serialize(tensors, Some(metadata))
        .map_err(|error| ExchangeError::Unwritable { format: FORMAT, problem: error.to_string() })
}

/// A tensor to be written.
struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The tensors of all layers, in order.
fn one_by_one(
    file: &SafeTensors<'_>,
    names: &LayerNames,
) -> Result<Vec<(Array, Array)>, ExchangeError> {
    let numbered = file.names().into_iter().filter_map(|name| names.layer_of_weight(name));
    let numbers: BTreeSet<usize> = numbered.collect();
    let first = numbers.first().copied().unwrap_or(0).min(1);
    let layers = (first..first + numbers.len().max(1))
        .map(|layer| Ok((array(file, &names.weight(layer))?, array(file, &names.bias(layer))?)));
    layers.collect()
}

fn array(file: &SafeTensors<'_>, name: &str) -> Result<Array, ExchangeError> {
    let view = file.tensor(name).map_err(|_| ExchangeError::Missing {
        object: format!("the tensor `{name}`"),
        found: listed(file.names().into_iter()),
    })?;
    let object = format!("the tensor `{name}`");
    count(&object, view.shape())?;
    let values = values(&object, &view)?;
    Array::new(object, view.shape().to_vec(), Order::RowMajor, values)
}

fn values(object: &str, view: &TensorView<'_>) -> Result<Values, ExchangeError> {
    match view.dtype() {
        Dtype::F32 => {
            let numbers = view.data().as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
            Ok(Values::F32(numbers.collect()))
        }
        Dtype::F64 => {
            let numbers = view.data().as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes));
            Ok(Values::F64(numbers.collect()))
        }
        other => Err(ExchangeError::Type {
            object: object.into(),
            found: format!("{other:?}"),
            allowed: "F32, F64".into(),
        }),
    }
}

/// The first names of a file's objects, for messages.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let more = if names.len() > 6 { ", …" } else { "" };
    names.truncate(6);
    if names.is_empty() { "none".into() } else { names.join(", ") + more }
}
