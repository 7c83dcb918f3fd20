//! What a method remembers, in a form that can be stored without knowing the method.

use snode_ode::{Parameters, Real};

use crate::TrainError;

/// What a method remembers from one iteration to the next: arrays of the parameters' shape, or of square
/// matrices at every node, and numbers, each by its name.
///
/// Trainer and files carry it about without knowing what it means; only the method that gave it
/// takes it up again.
///
/// ```
/// use snode_ode::Parameters;
/// use snode_train::Memory;
///
/// let mut memory = Memory::<f64>::new()
///     .with_array("direction", Parameters::zeros(3, 2))
///     .with_number("cost", 0.25);
/// assert_eq!(memory.number("cost")?, 0.25);
/// assert!(memory.take_array("direction", &Parameters::zeros(3, 2)).is_ok());
/// assert!(memory.number("step").is_err());
/// # Ok::<(), snode_train::TrainError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Memory<T> {
    arrays: Vec<(String, Parameters<T>)>,
    numbers: Vec<(String, f64)>,
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self { arrays: Vec::new(), numbers: Vec::new() }
    }
}

impl<T> Memory<T> {
    /// Nothing remembered yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an array.
    #[must_use]
    pub fn with_array(mut self, name: impl Into<String>, array: Parameters<T>) -> Self {
        self.arrays.push((name.into(), array));
        self
    }

    /// Adds a number.
    #[must_use]
    pub fn with_number(mut self, name: impl Into<String>, number: f64) -> Self {
        self.numbers.push((name.into(), number));
        self
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.arrays.is_empty() && self.numbers.is_empty()
    }

    /// The arrays with their names, in the order in which they were added.
    pub fn arrays(&self) -> impl Iterator<Item = (&str, &Parameters<T>)> {
        self.arrays.iter().map(|(name, array)| (name.as_str(), array))
    }

    /// The numbers with their names, in the order in which they were added.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, f64)> {
        self.numbers.iter().map(|(name, number)| (name.as_str(), *number))
    }

    /// Takes out a number, if it is there.
    pub fn remove_number(&mut self, name: &str) {
        self.numbers.retain(|(known, _)| known != name);
    }

    /// A number.
    ///
    /// # Errors
    /// [`TrainError::Resume`] if it is missing.
    pub fn number(&self, name: &str) -> Result<f64, TrainError> {
        let found = self.numbers().find(|(known, _)| *known == name);
        found.map(|(_, number)| number).ok_or_else(|| missing(name))
    }
}

/// The largest count that is read back from an `f64` exactly.
const LARGEST_COUNT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;

impl<T: Real> Memory<T> {
    /// A number that counts something.
    ///
    /// # Errors
    /// [`TrainError::Resume`] if it is missing or not a count.
    pub fn count(&self, name: &str) -> Result<u64, TrainError> {
        let number = self.number(name)?;
        if !(0.0..=LARGEST_COUNT).contains(&number) || number.fract() != 0.0 {
            return Err(TrainError::Resume(format!("its `{name}` is {number}, not a count")));
        }
        Ok(number as u64)
    }

    /// Takes out an array, which must have the shape of `like`.
    ///
    /// # Errors
    /// [`TrainError::Resume`] if it is missing or has another shape.
    pub fn take_array(
        &mut self,
        name: &str,
        like: &Parameters<T>,
    ) -> Result<Parameters<T>, TrainError> {
        let index = self.arrays().position(|(known, _)| known == name);
        let (_, array) = self.arrays.swap_remove(index.ok_or_else(|| missing(name))?);
        if array.same_shape(like) {
            return Ok(array);
        }
        let shape = |of: &Parameters<T>| {
            let (rows, columns) = of.map().weights_shape();
            format!("{rows}×{columns} weights on {} nodes", of.nodes())
        };
        let (found, expected) = (shape(&array), shape(like));
        Err(TrainError::Resume(format!("its `{name}` has {found}; expected {expected}")))
    }
}

fn missing(name: &str) -> TrainError {
    TrainError::Resume(format!("its `{name}` is missing"))
}
