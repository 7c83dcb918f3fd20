//! From keys to the options of the libraries: the method of training, the cost and the scheme.

use snode_ode::SchemeChoice;
use snode_resnet::{Adam, Momentum, Optimiser, Plain, ResNetError, RmsProp, Schedule, SgdOptions};
use snode_train::{
    Averaging, Discretisation, FirstDirection, LineSearch, Metric, NcgOptions, OptionError,
    Preconditioner, Space, TrainError,
};

use crate::format::plain;
use crate::schema::{
    AverageName, Experiment, LineSearchName, Method, PreconditionerName, ScheduleName, SpaceName,
    TrainingConfig, scheme_of,
};

/// NCG iterations on a batch in the paper.
const ITERATIONS: usize = 6;
/// How often backtracking halves a step unless told otherwise.
const HALVINGS: usize = 5;
/// ℓ of the paper.
const LENGTH: f64 = 1.0;
/// ρ of the running means of a preconditioner.
const PRECONDITIONER_DECAY: f64 = 0.9;
/// δ of a preconditioner.
const PRECONDITIONER_DAMPING: f64 = 0.1;
/// Batches from one update of the Kronecker factors to the next.
const PRECONDITIONER_EVERY: usize = 5;
/// ρ of the exponential average.
const AVERAGE_DECAY: f64 = 0.97;
/// λ of Keras's AdamW.
const ADAMW_DECAY: f64 = 0.004;

/// A method of training with its options.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MethodOptions {
    /// Nonlinear conjugate gradients.
    Ncg {
        /// Of the method.
        options: NcgOptions,
        /// Iterations on each batch.
        iterations: usize,
    },
    /// Stochastic gradients, one step on each batch.
    Stochastic(SgdOptions),
}

impl MethodOptions {
    /// Iterations on each batch.
    pub fn iterations(&self) -> usize {
        match self {
            Self::Ncg { iterations, .. } => *iterations,
            Self::Stochastic(_) => 1,
        }
    }
}

/// The method that the keys describe.
pub(crate) fn method_options(config: &TrainingConfig) -> MethodOptions {
    match config.method {
        Method::Ncg => MethodOptions::Ncg {
            options: ncg_options(config),
            iterations: config.iterations.unwrap_or(ITERATIONS),
        },
        _ => MethodOptions::Stochastic(sgd_options(config)),
    }
}

/// Gives the keys of the method the values they have.
pub(crate) fn resolve_method(training: &mut TrainingConfig) {
    resolve_any_method(training);
    match method_options(training) {
        MethodOptions::Ncg { options, iterations } => {
            training.iterations.get_or_insert(iterations);
            training.conjugacy.get_or_insert(options.conjugacy);
            training.metric.get_or_insert(options.metric);
            resolve_preconditioner(training);
            // What is the paper's is not told, so that its runs stay the runs that they were.
            let is_steepest = |first: &FirstDirection| *first == FirstDirection::SteepestDescent;
            training.first_direction = training.first_direction.filter(|first| !is_steepest(first));
            if *training.space.get_or_insert_default() == SpaceName::H1 {
                training.length.get_or_insert(LENGTH);
                training.discretisation.get_or_insert(Discretisation::default());
            }
            if *training.line_search.get_or_insert_default() == LineSearchName::Backtracking {
                training.halvings.get_or_insert(HALVINGS);
            }
        }
        MethodOptions::Stochastic(options) => {
            training.learning_rate.get_or_insert(options.learning_rate);
            training.weight_decay.get_or_insert(options.weight_decay);
            match options.optimiser {
                Optimiser::Momentum(Momentum { momentum, nesterov }) => {
                    training.momentum.get_or_insert(momentum);
                    training.nesterov.get_or_insert(nesterov);
                }
                Optimiser::RmsProp(RmsProp { rho, epsilon, momentum, centred, .. }) => {
                    training.momentum.get_or_insert(momentum);
                    training.rho.get_or_insert(rho);
                    training.centred.get_or_insert(centred);
                    training.epsilon.get_or_insert(epsilon);
                    training.epsilon_place.get_or_insert_default();
                }
                Optimiser::Adam(Adam { beta1, beta2, epsilon }) => {
                    training.epsilon.get_or_insert(epsilon);
                    training.betas.get_or_insert([beta1, beta2]);
                }
                _ => {}
            }
        }
    }
}

/// The same for the keys that have a meaning with every method.
fn resolve_any_method(training: &mut TrainingConfig) {
    match training.schedule.unwrap_or_default() {
        // For conjugate gradients it is the paper's, and not told unless it was given.
        ScheduleName::Constant if training.method == Method::Ncg => {}
        ScheduleName::Constant => training.schedule = Some(ScheduleName::Constant),
        schedule => _ = training.schedule_factor.get_or_insert(schedule_factor(schedule)),
    }
    match training.average.unwrap_or_default() {
        AverageName::None => training.average = None,
        AverageName::Exponential => _ = training.average_decay.get_or_insert(AVERAGE_DECAY),
        AverageName::Tail => _ = training.average_from.get_or_insert(0),
    }
}

fn resolve_preconditioner(training: &mut TrainingConfig) {
    let name = training.preconditioner.unwrap_or_default();
    if name == PreconditionerName::None {
        training.preconditioner = None;
    } else {
        training.preconditioner_decay.get_or_insert(PRECONDITIONER_DECAY);
        training.preconditioner_damping.get_or_insert(PRECONDITIONER_DAMPING);
    }
    if name == PreconditionerName::Kronecker {
        training.preconditioner_every.get_or_insert(PRECONDITIONER_EVERY);
    }
}

/// The average of the iterates that the keys describe, if any.
pub(crate) fn averaging(config: &TrainingConfig) -> Option<Averaging> {
    match config.average.unwrap_or_default() {
        AverageName::None => None,
        AverageName::Exponential => {
            let decay = config.average_decay.unwrap_or(AVERAGE_DECAY);
            Some(Averaging::Exponential { decay })
        }
        AverageName::Tail => {
            let from = config.average_from.unwrap_or(0);
            Some(Averaging::Tail { from })
        }
    }
}

fn preconditioner(config: &TrainingConfig) -> Preconditioner {
    let decay = config.preconditioner_decay.unwrap_or(PRECONDITIONER_DECAY);
    let damping = config.preconditioner_damping.unwrap_or(PRECONDITIONER_DAMPING);
    let every = config.preconditioner_every.unwrap_or(PRECONDITIONER_EVERY);
    match config.preconditioner.unwrap_or_default() {
        PreconditionerName::None => Preconditioner::None,
        PreconditionerName::Diagonal => Preconditioner::Diagonal { decay, damping },
        PreconditionerName::Kronecker => Preconditioner::Kronecker { decay, damping, every },
    }
}

fn schedule(config: &TrainingConfig) -> Schedule {
    let name = config.schedule.unwrap_or_default();
    let batches = config.schedule_batches.unwrap_or(0);
    let factor = config.schedule_factor.unwrap_or_else(|| schedule_factor(name));
    match name {
        ScheduleName::Constant => Schedule::Constant,
        ScheduleName::Linear => Schedule::Linear { batches, factor },
        ScheduleName::Step => Schedule::Step { batches, factor },
        ScheduleName::Exponential => Schedule::Exponential { batches, factor },
        ScheduleName::Cosine => Schedule::Cosine { batches, factor },
    }
}

fn ncg_options(config: &TrainingConfig) -> NcgOptions {
    let defaults = NcgOptions::default();
    let preconditioner = preconditioner(config);
    // A learnt metric is an inner product, and the formulas are meant for that.
    let metric = match preconditioner {
        Preconditioner::None => Metric::L2,
        _ => Metric::Space,
    };
    NcgOptions {
        space: match config.space.unwrap_or_default() {
            SpaceName::L2 => Space::L2,
            SpaceName::H1 => Space::H1 {
                length: config.length.unwrap_or(LENGTH),
                discretisation: config.discretisation.unwrap_or_default(),
            },
        },
        conjugacy: config.conjugacy.unwrap_or_default(),
        metric: config.metric.unwrap_or(metric),
        preconditioner,
        first_direction: config.first_direction.unwrap_or_default(),
        step_factor: config.step_factor.unwrap_or(defaults.step_factor),
        schedule: schedule(config),
        line_search: match config.line_search.unwrap_or_default() {
            LineSearchName::Linearised => LineSearch::Linearised,
            LineSearchName::Backtracking => {
                LineSearch::Backtracking { halvings: config.halvings.unwrap_or(HALVINGS) }
            }
        },
        max_step: config.largest_step,
    }
}

fn sgd_options(config: &TrainingConfig) -> SgdOptions {
    let rmsprop = RmsProp::default();
    let momentum = Momentum::default();
    let adam = Adam::default();
    // Keras's rates: 0.01 where the step is as long as the derivative, 0.001 where it is not.
    let (optimiser, rate, decay) = match config.method {
        Method::Sgd | Method::Ncg => (Optimiser::Plain(Plain), 0.01, 0.0),
        Method::Momentum => {
            let options = Momentum {
                momentum: config.momentum.unwrap_or(momentum.momentum),
                nesterov: config.nesterov.unwrap_or(momentum.nesterov),
            };
            (Optimiser::Momentum(options), 0.01, 0.0)
        }
        Method::Rmsprop => {
            let options = RmsProp {
                rho: config.rho.unwrap_or(rmsprop.rho),
                epsilon: config.epsilon.unwrap_or(rmsprop.epsilon),
                epsilon_place: config.epsilon_place.unwrap_or_default(),
                momentum: config.momentum.unwrap_or(rmsprop.momentum),
                centred: config.centred.unwrap_or(rmsprop.centred),
            };
            (Optimiser::RmsProp(options), 0.001, 0.0)
        }
        Method::Adam | Method::Adamw => {
            let [beta1, beta2] = config.betas.unwrap_or([adam.beta1, adam.beta2]);
            let options = Adam { beta1, beta2, epsilon: config.epsilon.unwrap_or(adam.epsilon) };
            let decay = if config.method == Method::Adamw { ADAMW_DECAY } else { 0.0 };
            (Optimiser::Adam(options), 0.001, decay)
        }
    };
    SgdOptions {
        optimiser,
        learning_rate: config.learning_rate.unwrap_or(rate),
        schedule: schedule(config),
        weight_decay: config.weight_decay.unwrap_or(decay),
    }
}

/// To which part steps fall unless told otherwise.
fn schedule_factor(schedule: ScheduleName) -> f64 {
    match schedule {
        ScheduleName::Constant => 1.0,
        ScheduleName::Step | ScheduleName::Exponential => 0.5,
        ScheduleName::Linear | ScheduleName::Cosine => 0.0,
    }
}

/// The key at which an option of a method is out of its range, and what to say.
pub(crate) fn key_to_blame(error: &OptionError) -> (String, String) {
    let OptionError { option, found, allowed } = error;
    (format!("training.{option}"), format!("found {}; expected {allowed}", plain(*found)))
}

/// The same of stochastic gradients.
pub(crate) fn sgd_key_to_blame(error: &ResNetError) -> (String, String) {
    match error {
        ResNetError::Option(error) => key_to_blame(error),
        other => ("training.method".into(), other.to_string()),
    }
}

/// The same of nonlinear conjugate gradients.
pub(crate) fn ncg_key_to_blame(error: &TrainError) -> (String, String) {
    match error {
        TrainError::Option(error) => key_to_blame(error),
        other => ("training.method".into(), other.to_string()),
    }
}

/// The scheme that the keys describe.
pub(crate) fn scheme(experiment: &Experiment) -> SchemeChoice {
    scheme_of(experiment.network.scheme, &experiment.solver)
}
