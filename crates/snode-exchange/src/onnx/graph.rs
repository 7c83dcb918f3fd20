//! A graph in the making.

use std::marker::PhantomData;

use super::proto::{AttributeProto, GraphProto, NodeProto, TensorProto};
use crate::Element;

/// The number of the type i64 in ONNX files.
const INT64: i32 = 7;

/// The operations and constants of a graph, and fresh names for their values.
pub(super) struct Builder<T> {
    pub graph: GraphProto,
    number: PhantomData<T>,
}

impl<T: Element> Builder<T> {
    pub fn new(name: &str) -> Self {
        let graph = GraphProto { name: Some(name.into()), ..GraphProto::default() };
        Self { graph, number: PhantomData }
    }

    /// Adds a constant of reals, given as its bytes.
    pub fn tensor(&mut self, name: &str, shape: &[usize], bytes: Vec<u8>) -> String {
        self.constant(name, shape, T::ONNX, bytes)
    }

    /// The constant of one real, added when it is first asked for.
    pub fn scalar(&mut self, name: &str, value: f64) -> String {
        let is_there = |tensor: &TensorProto| tensor.name.as_deref() == Some(name);
        if self.graph.initializer.iter().any(is_there) {
            return name.into();
        }
        let mut bytes = Vec::new();
        T::from_f64(value).push(&mut bytes);
        self.tensor(name, &[], bytes)
    }

    /// Adds a constant of one whole number in a vector.
    pub fn index(&mut self, name: &str, value: usize) -> String {
        self.indices(name, &[whole(value)])
    }

    /// Adds a constant of whole numbers in a vector.
    pub fn indices(&mut self, name: &str, values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name, &[values.len()], INT64, bytes)
    }

    fn constant(&mut self, name: &str, shape: &[usize], kind: i32, bytes: Vec<u8>) -> String {
        self.graph.initializer.push(TensorProto {
            dims: shape.iter().map(|&side| whole(side)).collect(),
            data_type: Some(kind),
            name: Some(name.into()),
            raw_data: Some(bytes),
        });
        name.into()
    }

    /// Adds an operation, and gives back the name of its value.
    pub fn node(&mut self, operator: &str, inputs: &[&str]) -> String {
        let name = format!("{}_{}", operator.to_lowercase(), self.graph.node.len());
        self.named(operator, inputs, &name)
    }

    /// The same with a name for the value.
    pub fn named(&mut self, operator: &str, inputs: &[&str], name: &str) -> String {
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|&input| input.into()).collect(),
            output: vec![name.into()],
            name: Some(format!("{name}:{operator}")),
            op_type: Some(operator.into()),
            attribute: Vec::new(),
        });
        name.into()
    }

    /// Gives the value of the last operation another name.
    pub fn rename_last(&mut self, name: &str) -> String {
        if let Some(node) = self.graph.node.last_mut() {
            let operator = node.op_type.clone().unwrap_or_default();
            node.output = vec![name.into()];
            node.name = Some(format!("{name}:{operator}"));
        }
        name.into()
    }

    /// x Wᵀ + b.
    pub fn gemm(&mut self, x: &str, weights: &str, biases: &str) -> String {
        let name = self.node("Gemm", &[x, weights, biases]);
        self.attribute_number("transB", 1);
        name
    }

    /// The convolution of images with zeros around them so wide that their size stays.
    pub fn convolution(&mut self, x: &str, weights: &str, biases: &str, kernel: usize) -> String {
        let name = self.node("Conv", &[x, weights, biases]);
        self.attribute("pads", &[whole(kernel / 2); 4]);
        name
    }

    /// Images in blocks of pixels, which are channels, in blocks of another size: in each the pixels row by row, in
    /// each pixel the channels. Blocks of blocks would have another order.
    pub fn in_blocks(&mut self, mut x: String, from: usize, to: usize) -> String {
        if from == to {
            return x;
        }
        for (operator, block) in [("DepthToSpace", from), ("SpaceToDepth", to)] {
            if block > 1 {
                x = self.node(operator, &[&x]);
                self.attribute_number("blocksize", whole(block));
            }
        }
        x
    }

    /// Gives the last operation an option, a whole number.
    pub fn attribute_number(&mut self, name: &str, value: i64) {
        self.option(AttributeProto {
            name: Some(name.into()),
            i: Some(value),
            ints: Vec::new(),
            r#type: Some(2),
        });
    }

    /// Gives the last operation an option, some whole numbers.
    pub fn attribute(&mut self, name: &str, values: &[i64]) {
        self.option(AttributeProto {
            name: Some(name.into()),
            i: None,
            ints: values.into(),
            r#type: Some(7),
        });
    }

    fn option(&mut self, attribute: AttributeProto) {
        if let Some(node) = self.graph.node.last_mut() {
            node.attribute.push(attribute);
        }
    }
}

/// A size as ONNX files hold it; none is anywhere near the largest.
pub(super) fn whole(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
