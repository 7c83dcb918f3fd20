//! From keys to the options of the libraries: the method of training, the cost and the scheme.

use snode_ode::SchemeChoice;
use snode_resnet::{
    Adam, EpsilonPlace, Momentum, Optimiser, Plain, ResNetError, RmsProp, Schedule, SgdOptions,
};
use snode_train::{Cost, Discretisation, LineSearch, NcgOptions, Space};

use crate::format::plain;
use crate::schema::{
    CostConfig, EpsilonPlaceName, Experiment, LineSearchName, Loss, Method, ScheduleName,
    SpaceName, TrainingConfig, scheme_of,
};

/// NCG iterations on a batch in the paper.
const ITERATIONS: usize = 6;
/// How often backtracking halves a step unless told otherwise.
const HALVINGS: usize = 5;
/// ℓ of the paper.
const LENGTH: f64 = 1.0;
/// λ of Keras's AdamW.
const ADAMW_DECAY: f64 = 0.004;

/// A key that has a meaning with some methods only.
pub(crate) struct MethodKey {
    /// The key.
    pub key: &'static str,
    /// Whether it has a value.
    pub is_given: bool,
    /// Whether it has a meaning with the method chosen.
    pub belongs: bool,
    /// With which methods it has one.
    pub condition: &'static str,
}

const NCG: &str = "`method = \"ncg\"`";
const STOCHASTIC: &str =
    "`method = \"rmsprop\"`, `\"adam\"`, `\"adamw\"`, `\"momentum\"` or `\"sgd\"`";

/// The keys that have a meaning with some methods only.
pub(crate) fn method_keys(training: &TrainingConfig) -> [MethodKey; 21] {
    use Method::{Adam, Adamw, Momentum, Ncg, Rmsprop};
    let method = training.method;
    let ncg = |key, is_given| MethodKey { key, is_given, belongs: method == Ncg, condition: NCG };
    let stochastic =
        |key, is_given| MethodKey { key, is_given, belongs: method != Ncg, condition: STOCHASTIC };
    let some = |key, is_given, methods: &[Method], condition| MethodKey {
        key,
        is_given,
        belongs: methods.contains(&method),
        condition,
    };
    [
        ncg("iterations", training.iterations.is_some()),
        ncg("conjugacy", training.conjugacy.is_some()),
        ncg("space", training.space.is_some()),
        ncg("length", training.length.is_some()),
        ncg("discretisation", training.discretisation.is_some()),
        ncg("metric", training.metric.is_some()),
        ncg("line_search", training.line_search.is_some()),
        ncg("halvings", training.halvings.is_some()),
        ncg("largest_step", training.largest_step.is_some()),
        stochastic("learning_rate", training.learning_rate.is_some()),
        stochastic("schedule", training.schedule.is_some()),
        stochastic("schedule_batches", training.schedule_batches.is_some()),
        stochastic("schedule_factor", training.schedule_factor.is_some()),
        stochastic("weight_decay", training.weight_decay.is_some()),
        some(
            "momentum",
            training.momentum.is_some(),
            &[Momentum, Rmsprop],
            "`method = \"momentum\"` or `\"rmsprop\"`",
        ),
        some("nesterov", training.nesterov.is_some(), &[Momentum], "`method = \"momentum\"`"),
        some("rho", training.rho.is_some(), &[Rmsprop], "`method = \"rmsprop\"`"),
        some("centred", training.centred.is_some(), &[Rmsprop], "`method = \"rmsprop\"`"),
        some(
            "epsilon",
            training.epsilon.is_some(),
            &[Rmsprop, Adam, Adamw],
            "`method = \"rmsprop\"`, `\"adam\"` or `\"adamw\"`",
        ),
        some(
            "epsilon_place",
            training.epsilon_place.is_some(),
            &[Rmsprop],
            "`method = \"rmsprop\"`",
        ),
        some(
            "betas",
            training.betas.is_some(),
            &[Adam, Adamw],
            "`method = \"adam\"` or `\"adamw\"`",
        ),
    ]
}

/// The options of a method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MethodOptions {
    /// Of nonlinear conjugate gradients.
    Ncg(NcgOptions),
    /// Of stochastic gradients.
    Sgd(SgdOptions),
}

/// The options that the keys describe.
pub fn method_options(config: &TrainingConfig) -> MethodOptions {
    match config.method {
        Method::Ncg => MethodOptions::Ncg(ncg_options(config)),
        _ => MethodOptions::Sgd(sgd_options(config)),
    }
}

/// Iterations on each batch.
pub fn iterations(config: &TrainingConfig) -> usize {
    match config.method {
        Method::Ncg => config.iterations.unwrap_or(ITERATIONS),
        _ => 1,
    }
}

/// Gives the keys of the method the values they have.
pub(crate) fn resolve_method(training: &mut TrainingConfig) {
    match method_options(training) {
        MethodOptions::Ncg(options) => {
            training.iterations.get_or_insert(ITERATIONS);
            training.conjugacy.get_or_insert(options.conjugacy);
            training.metric.get_or_insert(options.metric);
            if *training.space.get_or_insert_default() == SpaceName::H1 {
                training.length.get_or_insert(LENGTH);
                training.discretisation.get_or_insert(Discretisation::default());
            }
            if *training.line_search.get_or_insert_default() == LineSearchName::Backtracking {
                training.halvings.get_or_insert(HALVINGS);
            }
        }
        MethodOptions::Sgd(options) => {
            training.learning_rate.get_or_insert(options.learning_rate);
            training.weight_decay.get_or_insert(options.weight_decay);
            let schedule = *training.schedule.get_or_insert_default();
            if schedule != ScheduleName::Constant {
                training.schedule_factor.get_or_insert(schedule_factor(schedule));
            }
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

fn ncg_options(config: &TrainingConfig) -> NcgOptions {
    NcgOptions {
        space: match config.space.unwrap_or_default() {
            SpaceName::L2 => Space::L2,
            SpaceName::H1 => Space::H1 {
                length: config.length.unwrap_or(LENGTH),
                discretisation: config.discretisation.unwrap_or_default(),
            },
        },
        conjugacy: config.conjugacy.unwrap_or_default(),
        metric: config.metric.unwrap_or_default(),
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
                epsilon_place: match config.epsilon_place.unwrap_or_default() {
                    EpsilonPlaceName::Inside => EpsilonPlace::Inside,
                    EpsilonPlaceName::Outside => EpsilonPlace::Outside,
                },
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
    let name = config.schedule.unwrap_or_default();
    let batches = config.schedule_batches.unwrap_or(0);
    let factor = config.schedule_factor.unwrap_or_else(|| schedule_factor(name));
    SgdOptions {
        optimiser,
        learning_rate: config.learning_rate.unwrap_or(rate),
        schedule: match name {
            ScheduleName::Constant => Schedule::Constant,
            ScheduleName::Step => Schedule::Step { batches, factor },
            ScheduleName::Exponential => Schedule::Exponential { batches, factor },
            ScheduleName::Cosine => Schedule::Cosine { batches, factor },
        },
        weight_decay: config.weight_decay.unwrap_or(decay),
    }
}

/// To which part a rate falls unless told otherwise.
fn schedule_factor(schedule: ScheduleName) -> f64 {
    match schedule {
        ScheduleName::Constant => 1.0,
        ScheduleName::Step | ScheduleName::Exponential => 0.5,
        ScheduleName::Cosine => 0.0,
    }
}

/// The key at which an option of stochastic gradients is out of its range, and what to say.
pub(crate) fn key_to_blame(error: &ResNetError) -> (String, String) {
    match error {
        ResNetError::Option { option, found, allowed } => {
            (format!("training.{option}"), format!("found {}; expected {allowed}", plain(*found)))
        }
        other => ("training.method".into(), other.to_string()),
    }
}

/// The scheme that the keys describe.
pub fn scheme(experiment: &Experiment) -> SchemeChoice {
    scheme_of(experiment.network.scheme, &experiment.solver)
}

/// The cost (S4) that the keys describe.
pub fn cost(config: &CostConfig, classes: usize) -> Cost {
    let mut cost = match config.loss {
        Loss::L2 => Cost::l2(classes),
        Loss::CrossEntropy => Cost::cross_entropy(classes),
    };
    cost.mu1 = config.mu1.unwrap_or(cost.mu1);
    cost.mu2 = config.mu2.unwrap_or(cost.mu2);
    cost.mu3 = config.mu3.unwrap_or(cost.mu3);
    cost.mu4 = config.mu4.unwrap_or(cost.mu4);
    if let Some([off, on]) = config.targets {
        (cost.target_off, cost.target_on) = (off, on);
    }
    cost
}
