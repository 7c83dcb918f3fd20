//! From the numbers of a file to parameters in depth.

use std::ops::Range;

use snode_ode::{Parameters, Real};

use crate::limits::{LARGEST_RATIO, MAX_NUMBERS};
use crate::{ExchangeError, NumberType, Order};

/// W_k and b_k, k = 0 …, in the precision of the file they are from.
#[derive(Clone, Debug, PartialEq)]
pub enum Layers {
    /// In single precision.
    F32(Parameters<f32>),
    /// In double precision.
    F64(Parameters<f64>),
}

impl Layers {
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

/// An array that a file says it has, with a name for messages.
#[derive(Clone, Debug, PartialEq)]
pub struct ArrayHead {
    /// What it is called.
    pub name: String,
    /// Its sides.
    pub shape: Vec<usize>,
    /// What its numbers are.
    pub kind: NumberType,
}

impl ArrayHead {
    /// How many numbers it has; arrays that no network has are refused.
    pub(crate) fn count(&self) -> Result<usize, ExchangeError> {
        let sides = self.shape.iter().map(|&side| side as u128);
        let count = sides.fold(1_u128, u128::saturating_mul);
        ExchangeError::limit(&self.name, count, MAX_NUMBERS as u64)?;
        Ok(count as usize)
    }

    fn wrong_shape(&self, expected: impl Into<String>) -> ExchangeError {
        ExchangeError::Shape {
            object: self.name.clone(),
            found: self.shape.clone(),
            expected: expected.into(),
        }
    }

    fn require_kind(&self, first: &Self) -> Result<(), ExchangeError> {
        if self.kind == first.kind {
            return Ok(());
        }
        Err(ExchangeError::Type {
            object: self.name.clone(),
            found: self.kind.name().into(),
            allowed: format!("that of {}, {}", first.name, first.kind.name()),
        })
    }
}

/// Layers that are being read: their number, width and type are known and checked, memory is taken
/// for them once, and numbers go where they belong as they are read.
///
/// ```
/// use snode_exchange::{ArrayHead, LayersReader, NumberType, Order};
/// let head = |name: &str, shape: &[usize]| {
///     ArrayHead { name: name.into(), shape: shape.into(), kind: NumberType::F64 }
/// };
/// let mut layers = LayersReader::of_cells(1, &head("W", &[1, 1]), &head("b", &[1, 1]), 16)?;
/// layers.weights(0..1, Order::ColumnMajor, || Ok(0.5))?;
/// layers.biases(0..1, Order::ColumnMajor, || Ok(-1.0))?;
/// assert_eq!(layers.finish().width(), 1);
/// # Ok::<(), snode_exchange::ExchangeError>(())
/// ```
#[derive(Debug)]
pub struct LayersReader {
    layers: Layers,
    kind: NumberType,
}

impl LayersReader {
    /// For weights of shape \[layer, out, in\] and biases of shape \[layer, out\], in a file of
    /// `stored` bytes.
    ///
    /// # Errors
    /// If shapes or types do not fit each other, or are more than any network has, or than the file
    /// can hold.
    pub fn of_stacks(
        weights: &ArrayHead,
        biases: &ArrayHead,
        stored: u64,
    ) -> Result<Self, ExchangeError> {
        let &[nodes, n, columns] = weights.shape.as_slice() else {
            return Err(weights.wrong_shape("[layer, out, in]"));
        };
        if n != columns || n == 0 || nodes == 0 {
            return Err(weights.wrong_shape("[layer, out, in] with out = in, none of them 0"));
        }
        if biases.shape != [nodes, n] {
            return Err(biases.wrong_shape(format!("[{nodes}, {n}], as the weights say")));
        }
        biases.require_kind(weights)?;
        Self::new(weights.kind, nodes, n, stored)
    }

    /// For `count` layers of which the first has these arrays, in a file of `stored` bytes: its
    /// weights of shape \[out, in\], and its biases of shape \[out\], \[out, 1\] or \[1, out\]. The others must
    /// be [like it](Self::check_cells).
    ///
    /// # Errors
    /// As [`Self::of_stacks`].
    pub fn of_cells(
        count: usize,
        weights: &ArrayHead,
        biases: &ArrayHead,
        stored: u64,
    ) -> Result<Self, ExchangeError> {
        let n = weights.shape.first().copied().unwrap_or(0);
        if n == 0 {
            return Err(weights.wrong_shape("[out, in], neither of them 0"));
        }
        if weights.shape != [n, n] {
            return Err(weights.wrong_shape(format!("[{n}, {n}]")));
        }
        check_bias(biases, n)?;
        biases.require_kind(weights)?;
        Self::new(weights.kind, count, n, stored)
    }

    fn new(kind: NumberType, nodes: usize, n: usize, stored: u64) -> Result<Self, ExchangeError> {
        let numbers = [nodes as u128, n as u128, n as u128 + 1];
        let numbers = numbers.into_iter().fold(1_u128, u128::saturating_mul);
        ExchangeError::limit("the network", numbers, MAX_NUMBERS as u64)?;
        // A number takes a byte at least.
        let most = u128::from(stored).saturating_mul(LARGEST_RATIO);
        if numbers > most {
            return Err(ExchangeError::Claim { numbers, stored });
        }
        let numbers = numbers as usize;
        let layers = if kind == NumberType::F64 {
            check_memory(8 * numbers)?;
            Layers::F64(Parameters::zeros(n, nodes))
        } else {
            check_memory(4 * numbers)?;
            Layers::F32(Parameters::zeros(n, nodes))
        };
        Ok(Self { layers, kind })
    }

    /// Refuses a layer's weights or biases that are not like those of the first layer.
    ///
    /// # Errors
    /// If their shape or type is another one.
    pub fn check_cells(
        &self,
        weights: Option<&ArrayHead>,
        biases: Option<&ArrayHead>,
    ) -> Result<(), ExchangeError> {
        let n = self.layers.width();
        if let Some(weights) = weights
            && weights.shape != [n, n]
        {
            return Err(weights.wrong_shape(format!("[{n}, {n}]")));
        }
        if let Some(biases) = biases {
            check_bias(biases, n)?;
        }
        for array in weights.into_iter().chain(biases) {
            if array.kind != self.kind {
                return Err(ExchangeError::Type {
                    object: array.name.clone(),
                    found: array.kind.name().into(),
                    allowed: format!("that of the first layer, {}", self.kind.name()),
                });
            }
        }
        Ok(())
    }

    /// Reads the weights of some layers: an array of shape \[layer, out, in\], number by number.
    ///
    /// # Errors
    /// If a number cannot be read, or is not finite.
    pub fn weights(
        &mut self,
        layers: Range<usize>,
        order: Order,
        next: impl FnMut() -> Result<f64, ExchangeError>,
    ) -> Result<(), ExchangeError> {
        match &mut self.layers {
            Layers::F32(parameters) => read_weights(parameters, layers, order, next),
            Layers::F64(parameters) => read_weights(parameters, layers, order, next),
        }
    }

    /// Reads the biases of some layers: an array of shape \[layer, out\], number by number.
    ///
    /// # Errors
    /// If a number cannot be read, or is not finite.
    pub fn biases(
        &mut self,
        layers: Range<usize>,
        order: Order,
        next: impl FnMut() -> Result<f64, ExchangeError>,
    ) -> Result<(), ExchangeError> {
        match &mut self.layers {
            Layers::F32(parameters) => read_biases(parameters, layers, order, next),
            Layers::F64(parameters) => read_biases(parameters, layers, order, next),
        }
    }

    /// The layers, all of them read.
    pub fn finish(self) -> Layers {
        self.layers
    }
}

fn check_bias(biases: &ArrayHead, n: usize) -> Result<(), ExchangeError> {
    if biases.shape != [n] && biases.shape != [n, 1] && biases.shape != [1, n] {
        return Err(biases.wrong_shape(format!("[{n}], as the weights say")));
    }
    Ok(())
}

/// Looks whether there is so much memory, which taking it would end the program to learn.
fn check_memory(bytes: usize) -> Result<(), ExchangeError> {
    let mut memory: Vec<u8> = Vec::new();
    memory.try_reserve_exact(bytes).map_err(|_| ExchangeError::Memory { bytes })
}

fn read_weights<T: Real>(
    parameters: &mut Parameters<T>,
    layers: Range<usize>,
    order: Order,
    mut next: impl FnMut() -> Result<f64, ExchangeError>,
) -> Result<(), ExchangeError> {
    let n = parameters.width();
    let mut read = |k: usize, i: usize, j: usize| {
        parameters.weights_mut(k)[(i, j)] = finite(next()?, k)?;
        Ok(())
    };
    match order {
        Order::RowMajor => layers
            .into_iter()
            .try_for_each(|k| (0..n * n).try_for_each(|index| read(k, index / n, index % n))),
        Order::ColumnMajor => (0..n * n)
            .try_for_each(|index| layers.clone().try_for_each(|k| read(k, index % n, index / n))),
    }
}

fn read_biases<T: Real>(
    parameters: &mut Parameters<T>,
    layers: Range<usize>,
    order: Order,
    mut next: impl FnMut() -> Result<f64, ExchangeError>,
) -> Result<(), ExchangeError> {
    let n = parameters.width();
    let mut read = |k: usize, i: usize| {
        parameters.bias_mut(k)[i] = finite(next()?, k)?;
        Ok(())
    };
    match order {
        Order::RowMajor => layers.into_iter().try_for_each(|k| (0..n).try_for_each(|i| read(k, i))),
        Order::ColumnMajor => (0..n).try_for_each(|i| layers.clone().try_for_each(|k| read(k, i))),
    }
}

/// A number of layer `k`, in the network's precision.
fn finite<T: Real>(number: f64, k: usize) -> Result<T, ExchangeError> {
    let value = T::from_f64(number);
    if value.is_finite() {
        return Ok(value);
    }
    Err(ExchangeError::NotFinite { object: format!("layer {k}") })
}
