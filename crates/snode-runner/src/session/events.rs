//! Telling of a session, from wherever in it something happens.

use snode_train::{Control, Event, Observer, State};

use crate::error::{Error, ObserverError, Result};
use crate::event::RunEvent;
use crate::number::Number;

/// Tells the observer of a session of an event.
pub type Tell<'a> = dyn Fn(&RunEvent) -> std::result::Result<(), ObserverError> + Sync + 'a;

/// Tells of an event while nothing that could be lost is going on.
///
/// # Errors
/// [`Error::Observer`].
pub fn tell_plainly(tell: &Tell<'_>, event: &RunEvent) -> Result<()> {
    tell(event).map_err(|source| Error::Observer { source, kept: String::new() })
}

/// Tells of what a trainer does.
pub struct TrainingEvents<'a> {
    tell: &'a Tell<'a>,
    batches_per_epoch: usize,
}

impl<'a> TrainingEvents<'a> {
    /// Of a training with this many batches an epoch.
    pub fn new(tell: &'a Tell<'a>, batches_per_epoch: usize) -> Self {
        Self { tell, batches_per_epoch }
    }
}

impl<T: Number> Observer<T> for TrainingEvents<'_> {
    fn observe(
        &mut self,
        event: &Event<'_>,
        state: &State<'_, T>,
    ) -> std::result::Result<Control, snode_train::ObserverError> {
        match event {
            Event::Iteration(record) => {
                let position = state.position;
                let batches_done = position.epoch * self.batches_per_epoch + position.batch;
                let record = (*record).into();
                (self.tell)(&RunEvent::Iteration { batches_done, record })?;
            }
            Event::Evaluation(record) => (self.tell)(&RunEvent::Evaluation((*record).into()))?,
            _ => {}
        }
        Ok(Control::Continue)
    }
}
