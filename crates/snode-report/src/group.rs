//! Runs that differ by nothing but their seed.

use serde_json::Value;
use snode_experiment::{Experiment, Method, ObjectiveChoice, SchemeName, SpaceName};
use snode_runner::IMPORTED;
use snode_runner::grid::manifest::value_text;

use crate::cell::Cell;
use crate::names::{activation_name, loss_name, objective_name};
use crate::run::Run;

/// What a network is trained by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Stochastic gradients.
    Sgd,
    /// Nonlinear conjugate gradients.
    Ncg,
}

/// Runs that differ by nothing but their seed, those that are missing among them.
#[derive(Clone, Debug)]
pub struct Group {
    /// How the network is trained.
    pub regime: String,
    /// By which method.
    pub family: Option<Family>,
    /// Whether large weights cost something.
    pub decay: bool,
    /// Whether gradients are Sobolev gradients.
    pub sobolev: bool,
    /// σ, as `tanh` or `ReLU`.
    pub activation: String,
    /// `CE`, `L²`, or what else is minimised; empty if that is not known.
    pub loss: String,
    /// The scheme it is trained under.
    pub scheme: String,
    /// The cells, by their places in the collection.
    pub cells: Vec<usize>,
}

impl Group {
    /// Of cells that belong together.
    pub(super) fn of(cells: &[Cell], members: Vec<usize>) -> Self {
        let there = members.iter().find_map(|&place| cells[place].experiment());
        let planned = members.iter().find_map(|&place| cells[place].planned.first());
        let experiment = there.or(planned);
        let label = |key: &str| {
            let values = members.iter().filter_map(|&place| cells[place].value(key));
            values.map(value_text).next()
        };
        let imported = members.iter().find_map(|&place| {
            let is_imported = cells[place].run().is_some_and(Run::is_imported);
            is_imported.then(|| cells[place].name())
        });
        let told = members.iter().find_map(|&place| cells[place].run()?.known_loss());
        let kind = match (&imported, experiment) {
            (Some(name), _) => Kind::imported(name),
            (None, Some(experiment)) => Kind::of(experiment),
            (None, None) => Kind::default(),
        };
        let from_label = |key: &str| label(key).unwrap_or_default();
        Self {
            regime: label("case").unwrap_or(kind.regime),
            family: kind.family,
            decay: kind.decay,
            sobolev: kind.sobolev,
            activation: experiment.map_or_else(
                || activation_name(&from_label("network.activation")),
                |e| activation_name(&e.network.activation.to_string()),
            ),
            loss: match (&imported, experiment) {
                // What an imported network was trained for is known if it was told.
                (Some(_), _) => told.unwrap_or_default(),
                (None, Some(experiment)) => loss_of(experiment),
                (None, None) => loss_name(&from_label("cost.loss")),
            },
            scheme: experiment
                .map_or_else(|| from_label("network.scheme"), |e| e.network.scheme.text().into()),
            cells: members,
        }
    }

    /// How the network is trained, with the scheme where it is another one than Euler's: what a line
    /// of a figure and a row of a table are called.
    pub fn line(&self) -> String {
        if self.scheme.is_empty() || self.scheme == SchemeName::Euler.text() {
            return self.regime.clone();
        }
        format!("{}, {}", self.regime, self.scheme)
    }

    /// Which network, and what is minimised: what a panel of a figure and a column of a table are
    /// called.
    pub fn model(&self) -> String {
        let parts = [&self.activation, &self.loss];
        let known: Vec<&str> =
            parts.into_iter().map(String::as_str).filter(|p| !p.is_empty()).collect();
        known.join(", ")
    }

    /// Everything that tells it from the others.
    pub fn name(&self) -> String {
        format!("{}, {}", self.line(), self.model())
    }
}

/// What the keys say about the training.
#[derive(Default)]
struct Kind {
    regime: String,
    family: Option<Family>,
    decay: bool,
    sobolev: bool,
}

impl Kind {
    /// Of networks that were trained elsewhere.
    fn imported(name: &str) -> Self {
        Self { regime: format!("{IMPORTED} ({name})"), ..Self::default() }
    }

    fn of(experiment: &Experiment) -> Self {
        let training = &experiment.training;
        let family = if training.method == Method::Ncg { Family::Ncg } else { Family::Sgd };
        let decay = experiment.cost.mu4.is_some_and(|weight| weight > 0.0)
            || training.weight_decay.is_some_and(|weight| weight > 0.0);
        let sobolev = training.space == Some(SpaceName::H1);
        let mut regime = match training.method {
            Method::Ncg => "NCG",
            Method::Rmsprop => "RMSprop",
            Method::Adam => "Adam",
            Method::Adamw => "AdamW",
            Method::Momentum => "momentum",
            Method::Sgd => "SGD",
        }
        .to_owned();
        if decay {
            regime.push_str(" + decay");
        }
        if sobolev {
            regime.push_str(" + Sobolev");
        }
        Self { regime, family: Some(family), decay, sobolev }
    }
}

fn loss_of(experiment: &Experiment) -> String {
    // The number of classes is none of this function's business.
    objective_name(&ObjectiveChoice::of(&experiment.cost, 1))
}

/// A label without the seed: what cells of a group have in common.
pub(super) fn without_seed(label: &[(String, Value)]) -> Vec<(String, Value)> {
    label.iter().filter(|(key, _)| key != "seed").cloned().collect()
}
