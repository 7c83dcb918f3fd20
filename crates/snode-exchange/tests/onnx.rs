//! The ONNX graph computes what the network computes.
//!
//! The file is decoded again and its graph interpreted, operation by operation, as the ONNX standard
//! defines them.

mod support;

use std::collections::HashMap;

use faer::Mat;
use prost::Message;
use snode_exchange::onnx::proto::{GraphProto, ModelProto, NodeProto, TensorProto};
use snode_exchange::{Description, Element, ExchangeError, write_onnx};
use snode_ode::{Activation, Endpoint, Euler, Scheme};
use support::{about, network, with_endpoint};

/// An array of reals, row-major.
#[derive(Clone)]
struct Value {
    shape: Vec<usize>,
    numbers: Vec<f64>,
}

fn constant(tensor: &TensorProto) -> Value {
    let bytes = tensor.raw_data.as_deref().unwrap();
    let numbers: Vec<f64> = match tensor.data_type.unwrap() {
        1 => bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b).into()).collect(),
        7 => bytes.as_chunks().0.iter().map(|&b| i64::from_le_bytes(b) as f64).collect(),
        11 => bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect(),
        other => panic!("data type {other}"),
    };
    let shape: Vec<usize> = tensor.dims.iter().map(|&side| side as usize).collect();
    assert_eq!(numbers.len(), shape.iter().product::<usize>());
    Value { shape, numbers }
}

/// Interprets a graph, rounding every result as the network's number type does.
fn interpret<T: Element>(graph: &GraphProto, x: Value) -> HashMap<String, Value> {
    let mut values: HashMap<String, Value> =
        graph.initializer.iter().map(|t| (t.name.clone().unwrap(), constant(t))).collect();
    values.insert(graph.input[0].name.clone().unwrap(), x);
    for node in &graph.node {
        let inputs: Vec<&Value> = node.input.iter().map(|name| &values[name]).collect();
        let mut value = operate(node, &inputs);
        value.numbers.iter_mut().for_each(|v| *v = T::from_f64(*v).to_f64());
        assert!(values.insert(node.output[0].clone(), value).is_none(), "a name is used twice");
    }
    values
}

fn operate(node: &NodeProto, inputs: &[&Value]) -> Value {
    let each = |f: fn(f64) -> f64| Value {
        shape: inputs[0].shape.clone(),
        numbers: inputs[0].numbers.iter().map(|&v| f(v)).collect(),
    };
    // Shapes are equal, or one operand is a scalar.
    let both = |f: fn(f64, f64) -> f64| {
        let (a, b) = (inputs[0], inputs[1]);
        let larger = if a.numbers.len() >= b.numbers.len() { a } else { b };
        let at = |v: &Value, i: usize| v.numbers[if v.shape.is_empty() { 0 } else { i }];
        assert!(a.shape == b.shape || a.shape.is_empty() || b.shape.is_empty());
        Value {
            shape: larger.shape.clone(),
            numbers: (0..larger.numbers.len()).map(|i| f(at(a, i), at(b, i))).collect(),
        }
    };
    match node.op_type.as_deref().unwrap() {
        "Identity" => each(|v| v),
        "Tanh" => each(f64::tanh),
        "Sigmoid" => each(|v| 1.0 / (1.0 + (-v).exp())),
        "Relu" => each(|v| v.max(0.0)),
        "Abs" => each(f64::abs),
        "Neg" => each(|v| -v),
        "Exp" => each(f64::exp),
        "Log" => each(f64::ln),
        "Add" => both(|a, b| a + b),
        "Sub" => both(|a, b| a - b),
        "Mul" => both(|a, b| a * b),
        "Div" => both(|a, b| a / b),
        "Gemm" => {
            assert_eq!(node.attribute[0].name.as_deref(), Some("transB"));
            assert_eq!(node.attribute[0].i, Some(1));
            let [x, w, b] = inputs else { panic!() };
            let [rows, inner] = x.shape[..] else { panic!() };
            let columns = w.shape[0];
            let entry = |i: usize, j: usize| {
                let products =
                    (0..inner).map(|l| x.numbers[i * inner + l] * w.numbers[j * inner + l]);
                products.sum::<f64>() + b.numbers[j]
            };
            let numbers = (0..rows * columns).map(|e| entry(e / columns, e % columns)).collect();
            Value { shape: vec![rows, columns], numbers }
        }
        "Slice" => {
            let [rows, width] = inputs[0].shape[..] else { panic!() };
            let (first, end) = (inputs[1].numbers[0] as usize, inputs[2].numbers[0] as usize);
            assert_eq!(inputs[3].numbers, [1.0]);
            let part = |i: usize| inputs[0].numbers[i * width + first..i * width + end].to_vec();
            Value { shape: vec![rows, end - first], numbers: (0..rows).flat_map(part).collect() }
        }
        other => panic!("the operation {other}"),
    }
}

/// Round-off of a few layers, relative to states of size 1.
fn computes_the_same<T: Element>(tolerance: f64) {
    for name in Activation::NAMES.into_iter().chain(["elu(0.2)", "leaky-relu(0.3)"]) {
        let (n, points) = (6, 7);
        let network = network::<T>(n, 9, name.parse().unwrap());
        // Values near 0 and far from it, where activations cancel or overflow.
        let size = [1e-9, 0.01, 0.3, 1.0, 2.0, 30.0, 900.0];
        let x =
            Mat::from_fn(n, points, |i, j| T::from_f64(size[j] * (1.0 + (i * 3 + j) as f64).cos()));
        let mut expected = Mat::zeros(n, points);
        Euler::new().evaluate(&network, x.as_ref(), expected.as_mut()).unwrap();

        for state in [false, true] {
            let bytes = write_onnx(&network, &about(), state).unwrap();
            let model = ModelProto::decode(bytes.as_slice()).unwrap();
            let graph = model.graph.unwrap();
            let rows = (0..points * n).map(|e| x[(e % n, e / n)].to_f64()).collect();
            let values = interpret::<T>(&graph, Value { shape: vec![points, n], numbers: rows });
            assert_eq!(graph.output.len(), 1 + usize::from(state));
            for (output, columns) in
                [("logits", 2), ("state", n)].into_iter().take(graph.output.len())
            {
                let value = &values[output];
                assert_eq!(value.shape, [points, columns]);
                for j in 0..points {
                    let largest =
                        expected.col(j).iter().map(|v| v.to_f64().abs()).fold(1.0, f64::max);
                    for i in 0..columns {
                        let (found, exact) =
                            (value.numbers[j * columns + i], expected[(i, j)].to_f64());
                        let error = (found - exact).abs() / largest;
                        assert!(error < tolerance, "{name}, {output}[{j}, {i}]: {found}, {exact}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_graph_is_the_network_in_double_precision() {
    computes_the_same::<f64>(1e-13);
}

#[test]
fn the_graph_is_the_network_in_single_precision() {
    computes_the_same::<f32>(2e-5);
}

#[test]
fn the_model_says_what_it_is() {
    let network = network::<f32>(4, 2, Activation::Tanh);
    let bytes = write_onnx(&network, &about(), false).unwrap();
    let model = ModelProto::decode(bytes.as_slice()).unwrap();
    assert!(model.opset_import[0].version >= Some(17));
    let find = |key: &str| {
        let entry = model.metadata_props.iter().find(|entry| entry.key.as_deref() == Some(key));
        entry.and_then(|entry| entry.value.clone())
    };
    let description = Description::from_texts(find).unwrap();
    assert_eq!(description, Description::of(&network).or(about()));
}

#[test]
fn what_has_no_graph_is_refused() {
    let closed = with_endpoint::<f64>(3, 4, Activation::Tanh, Endpoint::Included);
    let error = write_onnx(&closed, &about(), false).unwrap_err();
    assert!(matches!(error, ExchangeError::Unwritable { .. }), "{error}");
    let open = network::<f64>(3, 4, Activation::Tanh);
    for classes in [0, 4] {
        let about = Description { classes: Some(classes), ..about() };
        let error = write_onnx(&open, &about, false).unwrap_err();
        assert!(matches!(error, ExchangeError::Value { key: "classes", .. }), "{error}");
    }
}
