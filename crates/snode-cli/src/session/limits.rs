//! Stop rules that wait for the end of a batch.

use snode_ode::Real;
use snode_train::{Control, Event, Observer, ObserverError, State, TimeLimit};

/// A time limit that lets the batch be finished.
///
/// A run that ends between batches can be continued later without NCG's memory, which results do
/// not keep.
pub struct TimeLimitAfterBatch(pub TimeLimit);

impl<T: Real> Observer<T> for TimeLimitAfterBatch {
    fn observe(
        &mut self,
        event: &Event<'_>,
        state: &State<'_, T>,
    ) -> Result<Control, ObserverError> {
        if state.position.iteration == 0 {
            self.0.observe(event, state)
        } else {
            Ok(Control::Continue)
        }
    }
}
