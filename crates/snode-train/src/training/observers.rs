//! Observers that end a training.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use snode_ode::Real;

use super::{Control, Event, History, Observer, ObserverError, State, StopReason};

/// Stops after a time of training (evaluations excluded), counted over all sessions.
#[derive(Clone, Copy, Debug)]
pub struct TimeLimit(pub Duration);

impl<T: Real> Observer<T> for TimeLimit {
    fn observe(&mut self, _: &Event<'_>, state: &State<'_, T>) -> Result<Control, ObserverError> {
        let over = state.history.seconds() >= self.0.as_secs_f64();
        Ok(if over { Control::Stop(StopReason::TimeLimit) } else { Control::Continue })
    }
}

/// Stops when the accuracy on a set, or the mean squared error of a regression, has not improved over a number of evaluations.
#[derive(Clone, Debug)]
pub struct EarlyStop {
    /// The set's name.
    pub set: String,
    /// How many evaluations in a row may fail to improve.
    pub patience: usize,
}

impl EarlyStop {
    /// Whether a training with this history is to stop.
    ///
    /// It depends on the history alone, so a continued training decides as an uninterrupted one.
    pub fn is_over(&self, history: &History) -> bool {
        let merits = || {
            let records = history.evaluations.iter().filter(|record| record.set == self.set);
            records.map(|record| record.score.merit())
        };
        let best = merits().fold(f64::NEG_INFINITY, f64::max);
        let since_best = merits().count()
            - merits().position(|merit| merit == best).map_or(0, |index| index + 1);
        since_best >= self.patience && since_best > 0
    }
}

impl<T: Real> Observer<T> for EarlyStop {
    fn observe(
        &mut self,
        event: &Event<'_>,
        state: &State<'_, T>,
    ) -> Result<Control, ObserverError> {
        let is_asked = matches!(event, Event::Begin | Event::Evaluation(_));
        let over = is_asked && self.is_over(state.history);
        Ok(if over { Control::Stop(StopReason::NoImprovement) } else { Control::Continue })
    }
}

/// Stops when a flag is raised, for example by Ctrl-C.
#[derive(Clone, Debug, Default)]
pub struct StopSignal(pub Arc<AtomicBool>);

impl<T: Real> Observer<T> for StopSignal {
    fn observe(&mut self, _: &Event<'_>, _: &State<'_, T>) -> Result<Control, ObserverError> {
        let raised = self.0.load(Ordering::Relaxed);
        Ok(if raised { Control::Stop(StopReason::Interrupted) } else { Control::Continue })
    }
}
