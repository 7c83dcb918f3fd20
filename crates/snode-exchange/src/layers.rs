//! From arrays to parameters in depth.

use snode_ode::{Parameters, Real};

use crate::ExchangeError;
use crate::array::{Array, Values, count};

/// W_k and b_k, k = 0 …, in the precision of the file they are from.
#[derive(Clone, Debug, PartialEq)]
pub enum Layers {
    /// In single precision.
    F32(Parameters<f32>),
    /// In double precision.
    F64(Parameters<f64>),
}

impl Layers {
    /// All layers from two arrays: weights of shape \[layer, out, in\], biases of shape \[layer, out\].
    ///
    /// # Errors
    /// If shapes or types do not fit each other, or a number is not finite.
    pub fn stacked(weights: &Array, biases: &Array) -> Result<Self, ExchangeError> {
        let [nodes, n, columns] = weights.dimensions("[layer, out, in]")?;
        if n != columns || n == 0 || nodes == 0 {
            return Err(weights.shape_error("[layer, out, in] with out = in, none of them 0"));
        }
        if biases.dimensions("[layer, out]")? != [nodes, n] {
            return Err(biases.shape_error(&format!("[{nodes}, {n}], as the weights say")));
        }
        let ([w0, w1, w2], [b0, b1]) = (weights.strides(), biases.strides());
        match (&weights.values, &biases.values) {
            (Values::F32(w), Values::F32(b)) => parameters(
                (nodes, n),
                |k, i, j| w[k * w0 + i * w1 + j * w2],
                |k, i| b[k * b0 + i * b1],
            )
            .map(Self::F32),
            (Values::F64(w), Values::F64(b)) => parameters(
                (nodes, n),
                |k, i, j| w[k * w0 + i * w1 + j * w2],
                |k, i| b[k * b0 + i * b1],
            )
            .map(Self::F64),
            _ => Err(mixed(weights, biases)),
        }
    }

    /// Each layer from two arrays: its weights of shape \[out, in\], and its biases of shape \[out\],
    /// \[out, 1\] or [1, out].
    ///
    /// # Errors
    /// As [`Self::stacked`].
    pub fn one_by_one(layers: &[(Array, Array)]) -> Result<Self, ExchangeError> {
        let Some((first, _)) = layers.first() else {
            return Err(ExchangeError::Missing { object: "a layer".into(), found: "none".into() });
        };
        let n = first.shape.first().copied().unwrap_or(0);
        if n == 0 {
            return Err(first.shape_error("[out, in], neither of them 0"));
        }
        for (weights, biases) in layers {
            if weights.dimensions("[out, in]")? != [n, n] {
                return Err(weights.shape_error(&format!("[{n}, {n}]")));
            }
            if biases.shape != [n] && biases.shape != [n, 1] && biases.shape != [1, n] {
                return Err(biases.shape_error(&format!("[{n}], as the weights say")));
            }
            let same = |array: &Array| array.values.type_name() == first.values.type_name();
            if !same(weights) || !same(biases) {
                return Err(mixed(first, if same(weights) { biases } else { weights }));
            }
        }
        let shape = (layers.len(), n);
        match first.values {
            Values::F32(_) => {
                let all = layers.iter().map(|(w, b)| (w.strides(), singles(w), singles(b)));
                assemble(shape, &all.collect::<Vec<_>>()).map(Self::F32)
            }
            Values::F64(_) => {
                let all = layers.iter().map(|(w, b)| (w.strides(), doubles(w), doubles(b)));
                assemble(shape, &all.collect::<Vec<_>>()).map(Self::F64)
            }
        }
    }

    /// n.
    pub fn width(&self) -> usize {
        match self {
            Self::F32(parameters) => parameters.width(),
            Self::F64(parameters) => parameters.width(),
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::F32(parameters) => parameters.nodes(),
            Self::F64(parameters) => parameters.nodes(),
        }
    }
}

/// A layer: the strides of its weights, its weights, its biases.
type Layer<'a, T> = ([usize; 2], &'a [T], &'a [T]);

fn singles(array: &Array) -> &[f32] {
    if let Values::F32(values) = &array.values { values } else { &[] }
}

fn doubles(array: &Array) -> &[f64] {
    if let Values::F64(values) = &array.values { values } else { &[] }
}

fn assemble<T: Real>(
    shape: (usize, usize),
    layers: &[Layer<'_, T>],
) -> Result<Parameters<T>, ExchangeError> {
    parameters(
        shape,
        |k, i, j| {
            let ([s0, s1], weights, _) = layers[k];
            weights[i * s0 + j * s1]
        },
        |k, i| layers[k].2[i],
    )
}

fn mixed(first: &Array, other: &Array) -> ExchangeError {
    ExchangeError::Type {
        object: other.name.clone(),
        found: other.values.type_name().into(),
        allowed: format!("that of {}, {}", first.name, first.values.type_name()),
    }
}

/// Parameters on `nodes` nodes of width n, entry by entry; finite ones.
fn parameters<T: Real>(
    (nodes, n): (usize, usize),
    weight: impl Fn(usize, usize, usize) -> T,
    bias: impl Fn(usize, usize) -> T,
) -> Result<Parameters<T>, ExchangeError> {
    count("the network", &[nodes, n, n + 1])?;
    let mut parameters = Parameters::zeros(n, nodes);
    for k in 0..nodes {
        let mut weights = parameters.weights_mut(k);
        for i in 0..n {
            for j in 0..n {
                weights[(i, j)] = weight(k, i, j);
            }
        }
        for (i, value) in parameters.bias_mut(k).iter_mut().enumerate() {
            *value = bias(k, i);
        }
        if !parameters.node(k).iter().all(|value| value.is_finite()) {
            return Err(ExchangeError::NotFinite { object: format!("layer {k}") });
        }
    }
    Ok(parameters)
}
