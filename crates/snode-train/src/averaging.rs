//! Averages of the iterates.

use faer::MatRef;
use snode_ode::{Network, Real, Scheme};

use crate::{Iteration, Memory, Method, Objective, OptionError, Position, TargetsRef, TrainError};

/// Which average of the parameters at the ends of batches is kept (S50).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Averaging {
    /// Exponential: a batch leaves `decay` of the average before, and in the beginning less,
    /// min(`decay`, (k+1)/(k+10)) on batch number k.
    Exponential {
        /// ρ, 0 to less than 1.
        decay: f64,
    },
    /// The mean over all batches from number `from` on, counted from 0 over all epochs; before it, the
    /// iterate itself.
    Tail {
        /// The first batch whose end counts.
        from: u64,
    },
}

impl Averaging {
    /// Refuses options that make no sense.
    ///
    /// # Errors
    /// [`OptionError`] with `average_decay`.
    pub fn check(self) -> Result<(), OptionError> {
        match self {
            Self::Exponential { decay } => {
                let is_decay = (0.0..1.0).contains(&decay);
                OptionError::require("average_decay", decay, is_decay, "0 or more, less than 1")
            }
            Self::Tail { .. } => Ok(()),
        }
    }

    /// What the end of batch number `batch` leaves of the average before.
    pub fn keep(self, batch: u64) -> f64 {
        let number = batch as f64;
        match self {
            Self::Exponential { decay } => decay.min((number + 1.0) / (number + 10.0)),
            Self::Tail { from } if batch < from => 0.0,
            Self::Tail { from } => {
                let before = (batch - from) as f64;
                before / (before + 1.0)
            }
        }
    }
}

/// A method whose iterates are averaged: the training itself is not changed.
///
/// ```
/// use faer::Mat;
/// use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network};
/// use snode_train::{Averaged, Averaging, Cost, Method, Ncg, NcgOptions};
///
/// let grid = Grid::new(2.0, 5, Endpoint::Excluded)?;
/// let mut network = Network::<f64>::initial(3, grid, Activation::Tanh, Initialisation::Spline, 1);
/// let (scheme, options) = (Box::new(Euler::new()), NcgOptions::default());
/// let ncg = Ncg::new(scheme, Cost::cross_entropy(2), options, &network)?;
/// let mut method = Averaged::new(ncg, Averaging::Exponential { decay: 0.97 }, &network)?;
///
/// let x = Mat::from_fn(3, 4, |i, j| (i + 2 * j) as f64 / 8.0);
/// method.iterate(&mut network, x.as_ref(), (&[0, 1, 0, 1]).into())?;
/// method.finish_batch(&network);
/// assert!(method.average().is_some_and(|average| average.parameters() != network.parameters()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Averaged<M, T> {
    method: M,
    averaging: Averaging,
    average: Network<T>,
    /// How many batches were finished.
    batches: u64,
}

/// The names of what is remembered beside what the method does.
const AVERAGE: &str = "average";
const BATCHES: &str = "average_batches";

impl<M: Method<T>, T: Real> Averaged<M, T> {
    /// The average begins with `network`, from which `method` is to train.
    ///
    /// # Errors
    /// If an option makes no sense.
    pub fn new(method: M, averaging: Averaging, network: &Network<T>) -> Result<Self, OptionError> {
        averaging.check()?;
        Ok(Self { method, averaging, average: network.clone(), batches: 0 })
    }
}

impl<M: Method<T>, T: Real> Method<T> for Averaged<M, T> {
    fn objective(&self) -> &Objective<T> {
        self.method.objective()
    }

    fn scheme(&self) -> &dyn Scheme<T> {
        self.method.scheme()
    }

    fn iterate(
        &mut self,
        network: &mut Network<T>,
        x0: MatRef<'_, T>,
        targets: TargetsRef<'_>,
    ) -> Result<Iteration, TrainError> {
        self.method.iterate(network, x0, targets)
    }

    fn finish_batch(&mut self, network: &Network<T>) {
        let keep = self.averaging.keep(self.batches);
        let (keep, add) = (T::from_f64(keep), T::from_f64(1.0 - keep));
        self.average.parameters_mut().combine(keep, network.parameters(), add);
        self.batches += 1;
        self.method.finish_batch(network);
    }

    fn average(&self) -> Option<&Network<T>> {
        Some(&self.average)
    }

    /// The method's, with the array `average` and the number `average_batches`.
    fn memory(&self) -> Option<Memory<T>> {
        if self.batches == 0 {
            return self.method.memory();
        }
        let memory = self.method.memory().unwrap_or_default();
        Some(
            memory
                .with_array(AVERAGE, self.average.parameters().clone())
                .with_number(BATCHES, self.batches as f64),
        )
    }

    fn resume(&mut self, memory: Option<Memory<T>>, position: Position) -> Result<(), TrainError> {
        let has_batches = (position.epoch, position.batch) != (0, 0);
        let Some(mut memory) = memory else {
            if has_batches {
                return Err(TrainError::Resume("the average of the parameters is missing".into()));
            }
            return self.method.resume(None, position);
        };
        if has_batches {
            let average = memory.take_array(AVERAGE, self.average.parameters())?;
            self.batches = memory.count(BATCHES)?;
            memory.remove_number(BATCHES);
            self.average.parameters_mut().copy_from(&average);
        }
        self.method.resume((!memory.is_empty()).then_some(memory), position)
    }
}
