//! What ends a training before its plan is done.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use snode_experiment::{Experiment, TrainingConfig};
use snode_train::{EarlyStop, Observer, StopSignal, TimeLimit};

use crate::number::Number;

/// What the set of validation images is called.
pub const VALIDATION: &str = "validation";
/// The observers that end a training before its plan is done.
pub fn rules<T: Number>(
    experiment: &Experiment,
    stop: Arc<AtomicBool>,
) -> Vec<Box<dyn Observer<T>>> {
    let mut rules: Vec<Box<dyn Observer<T>>> = vec![Box::new(StopSignal(stop))];
    if let Some(seconds) = experiment.training.time_limit {
        let limit = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        rules.push(Box::new(TimeLimit(limit)));
    }
    if let Some(rule) = early_stop(&experiment.training) {
        rules.push(Box::new(rule));
    }
    rules
}

/// The rule by which a training ends that no longer improves.
pub fn early_stop(training: &TrainingConfig) -> Option<EarlyStop> {
    training.early_stop.map(|patience| EarlyStop { set: VALIDATION.into(), patience })
}
