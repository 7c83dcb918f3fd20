//! ONNX: the Euler network as a graph that any runtime evaluates.
//!
//! Input `x` \[batch, d\], a data point a row; output `logits` \[batch, C\], of a regression `values`
//! \[batch, m\] in the units of the targets, and `state` \[batch, n\] if it is asked for. Layer k is X ← X + h σ(X W_kᵀ + b_k), as `Gemm`, the activation, `Mul`, `Add`; of a
//! convolutional network images go through `Conv` in place of `Gemm`, and through `SpaceToDepth` where blocks of
//! pixels become channels. The
//! constants are called `W_0`, `b_0`, `W_1` and so on. The [`Description`] is in the model's
//! metadata.

mod activation;
mod ends;
mod graph;
pub mod proto;

use prost::Message;
use snode_ode::{AffineMap, Endpoint, Network};

use self::graph::Builder;
use self::proto::{
    DimensionProto, ModelProto, OperatorSetIdProto, StringStringEntryProto, TensorShapeProto,
    TensorTypeProto, TypeProto, ValueInfoProto,
};
use crate::write::{biases, weights, weights_shape};
use crate::{Description, Element, ExchangeError};

const FORMAT: &str = "ONNX";
/// The version of the operators.
const OPSET: i64 = 17;
/// The version of the file format that goes with it.
const IR_VERSION: i64 = 8;
/// Protocol Buffers have no longer messages.
const LARGEST: u128 = i32::MAX as u128;

/// The outputs of a graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnnxOutputs {
    /// What the network has learnt, which its first output is named after.
    pub scores: OnnxScores,
    /// Whether the whole of x(T) is an output too, `state`.
    pub state: bool,
}

/// What the scores of a network are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnnxScores {
    /// Scores of classes, `logits`: the largest one is that of the predicted class.
    #[default]
    Classes,
    /// The components of a real target, `values`, in the units it was learnt in.
    Targets,
}

impl OnnxScores {
    /// The name of the output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classes => "logits",
            Self::Targets => "values",
        }
    }
}

/// The bytes of an ONNX file that computes what Euler's scheme makes of a network.
///
/// `description.classes` is the number of scores, n if it is not known. What the network says of itself takes precedence over the `description`.
///
/// # Errors
/// [`ExchangeError::Unwritable`] if the network has a node at T, which Euler does not read, or takes
/// 2 GiB or more; [`ExchangeError::Value`] if C is 0 or above n.
pub fn write_onnx<T: Element>(
    network: &Network<T>,
    description: &Description,
    outputs: OnnxOutputs,
) -> Result<Vec<u8>, ExchangeError> {
    let parameters = network.parameters();
    let n = network.width();
    let unwritable =
        |problem: &str| ExchangeError::Unwritable { format: FORMAT, problem: problem.into() };
    if network.grid().endpoint() == Endpoint::Included {
        return Err(unwritable("the network has a node at T, which Euler's scheme does not read"));
    }
    if size_of_val(parameters.as_slice()) as u128 + (1 << 24) > LARGEST {
        return Err(unwritable("the network takes 2 GiB or more, which such a file cannot hold"));
    }
    let classes = description.classes.unwrap_or(n);
    if classes == 0 || classes > n {
        let (found, allowed) = (classes.to_string(), format!("1 to the width {n}"));
        return Err(ExchangeError::Value { key: "classes", found, allowed });
    }

    let mut graph = Builder::<T>::new("standalone_neural_ode");
    let step = graph.scalar("h", network.grid().step());
    let mut x = ends::initial_state(&mut graph, network, "x");
    let mut block = 1;
    for k in 0..parameters.nodes() {
        let map = network.map().at(k);
        let shape = weights_shape(map);
        let w = graph.tensor(&format!("W_{k}"), &shape, weights(parameters, k..k + 1));
        let b = graph.tensor(&format!("b_{k}"), &shape[..1], biases(parameters, k..k + 1));
        let z = match map {
            AffineMap::Convolution(map) => {
                x = graph.in_blocks(x, block, map.block());
                block = map.block();
                graph.convolution(&x, &w, &b, map.kernel())
            }
            _ => graph.gemm(&x, &w, &b),
        };
        let value = activation::apply(&mut graph, network.activation(), &z)?;
        let change = graph.node("Mul", &[&value, &step]);
        x = graph.node("Add", &[&x, &change]);
    }
    x = graph.in_blocks(x, block, 1);
    x = ends::final_state(&mut graph, network, &x);
    if outputs.state {
        x = graph.rename_last("state");
    }
    let name = outputs.scores.name();
    ends::scores(&mut graph, network, classes, &x, name)?;

    let mut graph = graph.graph;
    graph.input.push(value::<T>("x", network.lifting().inputs()));
    graph.output.push(value::<T>(name, classes));
    if outputs.state {
        graph.output.push(value::<T>("state", n));
    }
    let description = Description::of(network).or(description.clone());
    let texts = description.to_texts().into_iter();
    let model = ModelProto {
        ir_version: Some(IR_VERSION),
        producer_name: Some("snode".into()),
        producer_version: Some(env!("CARGO_PKG_VERSION").into()),
        doc_string: Some("A standalone neural ODE under Euler's scheme.".into()),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: Some(OPSET),
        }],
        metadata_props: texts
            .map(|(key, text)| StringStringEntryProto { key: Some(key.into()), value: Some(text) })
            .collect(),
    };
    Ok(model.encode_to_vec())
}

/// A value of shape [batch, `columns`].
fn value<T: Element>(name: &str, columns: usize) -> ValueInfoProto {
    let dim = vec![
        DimensionProto { dim_value: None, dim_param: Some("batch".into()) },
        DimensionProto { dim_value: Some(graph::whole(columns)), dim_param: None },
    ];
    let tensor_type =
        Some(TensorTypeProto { elem_type: Some(T::ONNX), shape: Some(TensorShapeProto { dim }) });
    ValueInfoProto { name: Some(name.into()), r#type: Some(TypeProto { tensor_type }) }
}
