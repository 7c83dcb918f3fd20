//! The ONNX graph computes what the network computes.
//!
//! The file is decoded again and its graph interpreted, operation by operation, as the ONNX standard
//! defines them.

use crate::support;

use std::collections::HashMap;

use faer::Mat;
use prost::Message;
use snode_exchange::onnx::proto::{GraphProto, ModelProto, NodeProto, TensorProto};
use snode_exchange::{Description, Element, ExchangeError, OnnxOutputs, OnnxScores, write_onnx};
use snode_ode::{
    Activation, AffineMap, Endpoint, Euler, Grid, Initialisation, Network, Readout, Scheme, Scores,
};
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

#[allow(clippy::too_many_lines, reason = "one arm for each operator")]
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
        "Reshape" => {
            let sides = inputs[1].numbers.iter();
            let known: f64 = sides.clone().filter(|&&side| side > 0.0).product();
            let open = inputs[0].numbers.len() / known as usize;
            let shape = sides.map(|&side| if side < 0.0 { open } else { side as usize }).collect();
            Value { shape, numbers: inputs[0].numbers.clone() }
        }
        "Transpose" => {
            let order: Vec<usize> = ints(node, "perm");
            let from = inputs[0];
            let shape: Vec<usize> = order.iter().map(|&side| from.shape[side]).collect();
            let number = |index: usize| {
                let mut place = [0; 4];
                let mut rest = index;
                for (side, &from) in order.iter().enumerate().rev() {
                    place[from] = rest % shape[side];
                    rest /= shape[side];
                }
                from.numbers[place.iter().zip(&from.shape).fold(0, |at, (i, side)| at * side + i)]
            };
            let numbers = (0..from.numbers.len()).map(number).collect();
            Value { shape, numbers }
        }
        "Pad" => {
            // Behind the second side.
            let (from, pads) = (inputs[0], &inputs[1].numbers);
            let more = pads[from.shape.len() + 1] as usize;
            assert_eq!(pads.iter().sum::<f64>(), more as f64);
            let inner = from.shape[1..].iter().product::<usize>();
            let pixels = from.shape[2..].iter().product::<usize>();
            let mut shape = from.shape.clone();
            shape[1] += more;
            let padded = |row: &[f64]| [row, &vec![inputs[2].numbers[0]; more * pixels]].concat();
            Value { shape, numbers: from.numbers.chunks(inner).flat_map(padded).collect() }
        }
        "Conv" => {
            let [x, w, b] = inputs else { panic!() };
            let [points, channels, rows, columns] = x.shape[..] else { panic!() };
            let [out, _, side, _] = w.shape[..] else { panic!() };
            assert_eq!(ints(node, "pads"), vec![side / 2; 4]);
            let mut numbers = Vec::new();
            for (point, o, i, j) in (0..points).flat_map(|point| {
                (0..out).flat_map(move |o| {
                    (0..rows).flat_map(move |i| (0..columns).map(move |j| (point, o, i, j)))
                })
            }) {
                let mut sum = b.numbers[o];
                for (p, u, v) in (0..channels)
                    .flat_map(|p| (0..side).flat_map(move |u| (0..side).map(move |v| (p, u, v))))
                {
                    let (y, z) = ((i + u).wrapping_sub(side / 2), (j + v).wrapping_sub(side / 2));
                    if y < rows && z < columns {
                        let at = ((point * channels + p) * rows + y) * columns + z;
                        sum +=
                            w.numbers[((o * channels + p) * side + u) * side + v] * x.numbers[at];
                    }
                }
                numbers.push(sum);
            }
            Value { shape: vec![points, out, rows, columns], numbers }
        }
        "SpaceToDepth" => {
            let block = node.attribute[0].i.unwrap() as usize;
            let [points, channels, rows, columns] = inputs[0].shape[..] else { panic!() };
            let shape = vec![points, block * block * channels, rows / block, columns / block];
            let mut numbers = vec![f64::NAN; inputs[0].numbers.len()];
            for (at, &number) in inputs[0].numbers.iter().enumerate() {
                let (x, y, rest) = (at % columns, at / columns % rows, at / columns / rows);
                let (channel, point) = (rest % channels, rest / channels);
                let channel = (y % block * block + x % block) * channels + channel;
                let at =
                    ((point * shape[1] + channel) * shape[2] + y / block) * shape[3] + x / block;
                numbers[at] = number;
            }
            Value { shape, numbers }
        }
        "DepthToSpace" => {
            let block = node.attribute[0].i.unwrap() as usize;
            let [points, depth, rows, columns] = inputs[0].shape[..] else { panic!() };
            let shape = vec![points, depth / block / block, rows * block, columns * block];
            let place = Value {
                shape: shape.clone(),
                numbers: (0..inputs[0].numbers.len()).map(|at| at as f64).collect(),
            };
            let space = NodeProto { op_type: Some("SpaceToDepth".into()), ..node.clone() };
            let places = operate(&space, &[&place]).numbers;
            let mut numbers = vec![f64::NAN; places.len()];
            for (place, &number) in places.iter().zip(&inputs[0].numbers) {
                numbers[*place as usize] = number;
            }
            Value { shape, numbers }
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

/// An option that is some whole numbers.
fn ints(node: &NodeProto, name: &str) -> Vec<usize> {
    let option = node.attribute.iter().find(|option| option.name.as_deref() == Some(name));
    option.unwrap().ints.iter().map(|&value| value as usize).collect()
}

#[test]
fn the_graph_of_a_convolution_goes_from_data_to_scores() {
    goes_from_data_to_scores(AffineMap::convolution(5, (4, 3), 3).unwrap());
}

#[test]
fn lower_resolutions_are_those_of_space_to_depth() {
    let map = AffineMap::convolution(5, (4, 8), 3).unwrap();
    for layers in [&[2, 1, 1][..], &[0, 4], &[1, 0, 3]] {
        goes_from_data_to_scores(map.at_resolutions(layers).unwrap());
    }
}

fn goes_from_data_to_scores(map: AffineMap) {
    let grid = Grid::new(1.5, 4, Endpoint::Excluded).unwrap();
    for (readout, inputs) in [
        (Readout::Components, map.width()),
        (Readout::ChannelMeans { gain: 2.0 }, map.pixels()),
        (Readout::Pattern { gain: 3.0, seed: 5 }, 2 * map.pixels()),
    ] {
        let how = Initialisation::Independent;
        let mut network = Network::<f64>::initial(map, grid, Activation::Tanh, how, 3)
            .with_inputs(inputs, 0.25)
            .unwrap()
            .with_readout(readout);
        network.parameters_mut().as_mut_slice().iter_mut().for_each(|value| *value *= 9.0);
        let points = 3;
        let x = Mat::from_fn(inputs, points, |i, j| (1.0 + (i * 3 + j) as f64).cos());
        let mut states = [Mat::zeros(map.width(), points), Mat::zeros(map.width(), points)];
        network.lifting().lift(x.as_ref(), states[0].as_mut());
        let [x0, output] = &mut states;
        Euler::new().evaluate(&network, x0.as_ref(), output.as_mut()).unwrap();
        let mut scores = Mat::zeros(2, points);
        Scores::new(readout, map, 2).unwrap().read(output.as_ref(), scores.as_mut());

        let bytes = write_onnx(&network, &about(), with_state(true)).unwrap();
        let graph = ModelProto::decode(bytes.as_slice()).unwrap().graph.unwrap();
        let rows = (0..points * inputs).map(|e| x[(e % inputs, e / inputs)]).collect();
        let values = interpret::<f64>(&graph, Value { shape: vec![points, inputs], numbers: rows });
        for (name, expected) in [("logits", &scores), ("state", &*output)] {
            let (value, columns) = (&values[name], expected.nrows());
            assert_eq!(value.shape, [points, columns]);
            for (at, found) in value.numbers.iter().enumerate() {
                let exact = expected[(at % columns, at / columns)];
                assert!((found - exact).abs() < 1e-13, "{readout:?} {name} {at}");
            }
        }
    }
}

fn with_state(state: bool) -> OnnxOutputs {
    OnnxOutputs { state, ..OnnxOutputs::default() }
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
            let bytes = write_onnx(&network, &about(), with_state(state)).unwrap();
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
fn the_output_is_called_after_what_the_scores_are() {
    let network = network::<f64>(4, 2, Activation::Tanh);
    for (scores, name) in [(OnnxScores::Classes, "logits"), (OnnxScores::Targets, "values")] {
        let bytes = write_onnx(&network, &about(), OnnxOutputs { scores, state: true }).unwrap();
        let graph = ModelProto::decode(bytes.as_slice()).unwrap().graph.unwrap();
        let names: Vec<&str> = graph.output.iter().filter_map(|o| o.name.as_deref()).collect();
        assert_eq!(names, [name, "state"]);
        let x = Value { shape: vec![1, 4], numbers: vec![0.5; 4] };
        assert_eq!(interpret::<f64>(&graph, x)[name].shape, [1, 2]);
    }
}

#[test]
fn the_model_says_what_it_is() {
    let network = network::<f32>(4, 2, Activation::Tanh);
    let bytes = write_onnx(&network, &about(), OnnxOutputs::default()).unwrap();
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
    let error = write_onnx(&closed, &about(), OnnxOutputs::default()).unwrap_err();
    assert!(matches!(error, ExchangeError::Unwritable { .. }), "{error}");
    let open = network::<f64>(3, 4, Activation::Tanh);
    for classes in [0, 4] {
        let about = Description { classes: Some(classes), ..about() };
        let error = write_onnx(&open, &about, OnnxOutputs::default()).unwrap_err();
        assert!(matches!(error, ExchangeError::Value { key: "classes", .. }), "{error}");
    }
}
