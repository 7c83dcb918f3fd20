//! What the trainer asks of a method.

use faer::MatRef;
use snode_ode::{Network, Real, Scheme};

use crate::{Iteration, Memory, Objective, Position, TargetsRef, TrainError};

/// A method of training: one iteration on a mini-batch at a time, with a memory that can be saved
/// and taken up again.
///
/// [`Ncg`](crate::Ncg) is one; implement this trait to have another one run, observed, recorded,
/// stored and continued by the same [`Trainer`](crate::Trainer).
pub trait Method<T: Real>: Send {
    /// What is minimised.
    fn objective(&self) -> &Objective<T>;

    /// The scheme by which networks are solved and evaluated.
    fn scheme(&self) -> &dyn Scheme<T>;

    /// One iteration on the batch `x0` (n×M) with its targets, at whose end the network's parameters
    /// are new.
    ///
    /// # Errors
    /// If a shape or target does not fit, or something is not finite.
    fn iterate(
        &mut self,
        network: &mut Network<T>,
        x0: MatRef<'_, T>,
        targets: TargetsRef<'_>,
    ) -> Result<Iteration, TrainError>;

    /// The batch is done, at whose end the network is `network`: what belongs to it is forgotten, and
    /// the next iteration is another one's first.
    fn finish_batch(&mut self, network: &Network<T>);

    /// The network that is evaluated beside the last iterate, if the method keeps one: an average of
    /// the iterates.
    fn average(&self) -> Option<&Network<T>> {
        None
    }

    /// What the next iteration needs of those before, if anything.
    fn memory(&self) -> Option<Memory<T>>;

    /// Begins at `position`, with what an instance with the same options remembered there: the next
    /// iteration has the bits that that one's would have had.
    ///
    /// # Errors
    /// [`TrainError::Resume`] if the memory does not belong to the method, or is missing where it
    /// needs one.
    fn resume(&mut self, memory: Option<Memory<T>>, position: Position) -> Result<(), TrainError>;
}

impl<T: Real> Method<T> for Box<dyn Method<T>> {
    fn objective(&self) -> &Objective<T> {
        (**self).objective()
    }

    fn scheme(&self) -> &dyn Scheme<T> {
        (**self).scheme()
    }

    fn iterate(
        &mut self,
        network: &mut Network<T>,
        x0: MatRef<'_, T>,
        targets: TargetsRef<'_>,
    ) -> Result<Iteration, TrainError> {
        (**self).iterate(network, x0, targets)
    }

    fn finish_batch(&mut self, network: &Network<T>) {
        (**self).finish_batch(network);
    }

    fn average(&self) -> Option<&Network<T>> {
        (**self).average()
    }

    fn memory(&self) -> Option<Memory<T>> {
        (**self).memory()
    }

    fn resume(&mut self, memory: Option<Memory<T>>, position: Position) -> Result<(), TrainError> {
        (**self).resume(memory, position)
    }
}
