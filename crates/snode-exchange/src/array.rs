//! Arrays of numbers as files give them.

use crate::ExchangeError;
use crate::limits::MAX_NUMBERS;

/// Numbers of either precision.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }

    /// The name of the type.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::F32(_) => "f32",
            Self::F64(_) => "f64",
        }
    }
}

/// In which order the numbers of an array stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The last index runs fastest, as in C and NumPy.
    RowMajor,
    /// The first index runs fastest, as in Fortran and MATLAB.
    ColumnMajor,
}

/// An array of a file, with a name for messages.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) order: Order,
    pub(crate) values: Values,
}

impl Array {
    /// An array.
    ///
    /// # Errors
    /// If it has another number of numbers than its shape says.
    pub fn new(
        name: impl Into<String>,
        shape: Vec<usize>,
        order: Order,
        values: Values,
    ) -> Result<Self, ExchangeError> {
        let name = name.into();
        if count(&name, &shape)? != values.len() {
            let expected = format!("one for {} numbers", values.len());
            return Err(ExchangeError::Shape { object: name, found: shape, expected });
        }
        Ok(Self { name, shape, order, values })
    }

    /// The shape as a fixed number of dimensions.
    pub(crate) fn dimensions<const N: usize>(
        &self,
        expected: &str,
    ) -> Result<[usize; N], ExchangeError> {
        self.shape.as_slice().try_into().map_err(|_| self.shape_error(expected))
    }

    pub(crate) fn shape_error(&self, expected: &str) -> ExchangeError {
        ExchangeError::Shape {
            object: self.name.clone(),
            found: self.shape.clone(),
            expected: expected.into(),
        }
    }

    /// How far apart in memory neighbours in each dimension are.
    pub(crate) fn strides<const N: usize>(&self) -> [usize; N] {
        let mut strides = [1; N];
        match self.order {
            Order::RowMajor => {
                for i in (1..N).rev() {
                    strides[i - 1] = strides[i] * self.shape[i];
                }
            }
            Order::ColumnMajor => {
                for i in 1..N {
                    strides[i] = strides[i - 1] * self.shape[i - 1];
                }
            }
        }
        strides
    }
}

/// How many numbers an array of this shape has; refuses those no network has.
pub(crate) fn count(name: &str, shape: &[usize]) -> Result<usize, ExchangeError> {
    let numbers = shape.iter().try_fold(1_u128, |product, &side| product.checked_mul(side as u128));
    let numbers = numbers.unwrap_or(u128::MAX);
    ExchangeError::limit(name, numbers, MAX_NUMBERS as u64)?;
    Ok(numbers as usize)
}
