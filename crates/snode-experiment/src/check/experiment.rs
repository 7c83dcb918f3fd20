//! What a configuration may not say, beyond what types can tell.

use snode_attack::Bounds;
use snode_data::Encoding;
use snode_train::{Averaging, Discretisation};

use super::attack::{check_attacks, check_tolerances};
use super::{analysis, scheme};
use crate::error::{Error, Result};
use crate::file::Locator;
use crate::keys;
use crate::method::{
    MethodOptions, averaging, key_to_blame, method_options, ncg_key_to_blame, sgd_key_to_blame,
};
use crate::objective::{ObjectiveChoice, cost};
use crate::schema::{Experiment, PenaltyName, ScheduleName, SchemeName, SpaceName};

/// Checks everything that can be checked without the data.
///
/// # Errors
/// The first thing found wrong.
pub fn check(experiment: &Experiment, locator: &Locator) -> Result<()> {
    let rules = Rules { experiment, locator };
    rules.general()?;
    rules.data()?;
    rules.network()?;
    rules.cost()?;
    rules.training()?;
    analysis::check(experiment, locator)?;
    check_attacks(&experiment.attack, locator, None)?;
    check_tolerances(experiment, locator)
}

/// Checks what an experiment says of a network and its images, whoever trained it.
///
/// # Errors
/// The first thing found wrong.
pub fn check_network(experiment: &Experiment, locator: &Locator) -> Result<()> {
    let rules = Rules { experiment, locator };
    rules.general()?;
    rules.data()?;
    rules.network()
}

struct Rules<'a> {
    experiment: &'a Experiment,
    locator: &'a Locator,
}

impl Rules<'_> {
    fn general(&self) -> Result<()> {
        if let Some(name) = &self.experiment.name {
            check_name(name).map_err(|problem| self.locator.error("name", problem))?;
        }
        self.keys("")?;
        if self.experiment.output.directory.is_empty() {
            return Err(self.locator.error(
                "output.directory",
                "found an empty text; expected a folder, `.` for the present one",
            ));
        }
        Ok(())
    }

    fn data(&self) -> Result<()> {
        let data = &self.experiment.data;
        if let Err(error) = data.scaling() {
            return Err(self
                .locator
                .error_among(&["data.scale", "data.offset"], error.to_string()));
        }
        if let Err(error) = Encoding::new(data.background, data.foreground) {
            return Err(self
                .locator
                .error_among(&["data.foreground", "data.background"], error.to_string()));
        }
        self.keys("data")?;
        if let Some(train) = data.train.filter(|train| data.validation >= *train) {
            return Err(self.locator.error(
                "data.validation",
                format!(
                    "found {}, but data.train = {train} images leave none to train on; \
                     expected less than {train}",
                    data.validation
                ),
            ));
        }
        Ok(())
    }

    fn network(&self) -> Result<()> {
        self.keys("network")?;
        let kernel = self.experiment.network.kernel;
        if let Some(kernel) = kernel.filter(|kernel| kernel.is_multiple_of(2)) {
            let problem = format!("found {kernel}; expected an odd number: a kernel has a middle");
            return Err(self.locator.error("network.kernel", problem));
        }
        scheme::check(self.experiment, self.locator)?;
        if self.experiment.network.resolutions.is_some() { self.resolutions() } else { Ok(()) }
    }

    /// Layers of different resolutions have weights that cannot be compared.
    fn resolutions(&self) -> Result<()> {
        const KEY: &str = "network.resolutions";
        let Experiment { network, training, cost, analysis, attack, .. } = self.experiment;
        let has_scheme = |scheme: SchemeName| scheme != SchemeName::Euler;
        let attacks = attack.iter().filter_map(|attack| attack.scheme);
        let robustness = analysis.robustness.as_ref().and_then(|keys| keys.scheme);
        let comparing = [
            ("network.scheme", has_scheme(network.scheme)),
            ("attack.scheme", attacks.into_iter().any(has_scheme)),
            ("analysis.robustness.scheme", robustness.is_some_and(has_scheme)),
            ("analysis.schemes", analysis.schemes.is_some()),
            ("analysis.smoothness", analysis.smoothness.is_some()),
            ("training.space", training.space.is_some_and(|space| space != SpaceName::L2)),
            ("cost.penalty", cost.penalty.is_some_and(|penalty| penalty != PenaltyName::L2)),
        ];
        let Some((key, _)) = comparing.into_iter().find(|(_, is_there)| *is_there) else {
            return Ok(());
        };
        let problem = format!("compares layers, which {KEY} gives weights of different kinds");
        Err(self.locator.error_among(&[key, KEY], problem))
    }

    fn cost(&self) -> Result<()> {
        self.keys("cost")?;
        let config = &self.experiment.cost;
        if config.loss.is_for_values() {
            if config.targets.is_some() {
                let classes = "`loss = \"l2\"` or `\"cross-entropy\"`";
                return Err(self.locator.meaningless("cost.targets", classes));
            }
            return ObjectiveChoice::of(config, 1)
                .check_loss()
                .map_err(|error| self.locator.error("cost.loss", error.to_string()));
        }
        // One class will do: the number of classes is known with the data.
        let cost = cost(config, 1);
        if cost.mu1 == 0.0 && config.targets.is_some() {
            let distance = "the squared distance, `loss = \"l2\"` or `mu1 > 0`";
            return Err(self.locator.meaningless("cost.targets", distance));
        }
        let data = &self.experiment.data;
        let largest_input = data.background.max(data.foreground);
        let keys: &[&str] = if cost.mu1 == 0.0 {
            &["cost.mu1", "cost.mu2", "cost.loss"]
        } else {
            &[
                "cost.targets",
                "data.foreground",
                "data.background",
                "network.activation",
                "cost.loss",
            ]
        };
        cost.check(self.experiment.network.activation, largest_input).map_err(|error| {
            let message = error.to_string();
            let problem = message.strip_prefix("the cost: ").unwrap_or(&message);
            self.locator.error_among(keys, problem)
        })
    }

    fn training(&self) -> Result<()> {
        self.keys("training")?;
        let training = &self.experiment.training;
        self.keys("training.perturbation")?;
        if let Some(perturbation) = &training.perturbation {
            // The number of classes is none of these keys' business.
            let options = perturbation.options(Bounds::default(), 0);
            options.check::<f64>(usize::MAX).map_err(|error| {
                self.locator.error("training.perturbation.method", error.to_string())
            })?;
        }
        if training.early_stop.is_some() && self.experiment.data.validation == 0 {
            return Err(self.locator.error(
                "training.early_stop",
                "needs images that are neither trained on nor tested with; expected \
                 data.validation > 0, e.g. 5000",
            ));
        }
        if training.schedule.unwrap_or_default() != ScheduleName::Constant
            && training.schedule_batches.is_none()
        {
            return Err(self.locator.error(
                "training.schedule",
                "steps fall after schedule_batches batches; give that key too",
            ));
        }
        self.method()
    }

    /// What the libraries say of the options.
    fn method(&self) -> Result<()> {
        let training = &self.experiment.training;
        let checked = averaging(training).map_or(Ok(()), Averaging::check);
        let problem = match method_options(training) {
            _ if checked.is_err() => checked.err().map(|error| key_to_blame(&error)),
            MethodOptions::Ncg { options, .. } => {
                self.conjugate_gradients()?;
                options.check().err().map(|error| ncg_key_to_blame(&error))
            }
            MethodOptions::Stochastic(options) => {
                self.stochastic_gradients()?;
                options.check().err().map(|error| sgd_key_to_blame(&error))
            }
        };
        problem.map_or(Ok(()), |(key, problem)| Err(self.locator.error(&key, problem)))
    }

    fn stochastic_gradients(&self) -> Result<()> {
        if self.experiment.network.scheme != SchemeName::Euler {
            return Err(self.locator.error(
                "training.method",
                "trains the residual network that Euler makes of the equation; only valid with \
                 network.scheme = \"euler\"",
            ));
        }
        Ok(())
    }

    fn conjugate_gradients(&self) -> Result<()> {
        let (training, network) = (&self.experiment.training, &self.experiment.network);
        let quadrature =
            training.discretisation.is_some_and(|rule| rule != Discretisation::Tridiagonal);
        if quadrature && network.layers < 2 {
            return Err(self.locator.error(
                "training.discretisation",
                "a quadrature in depth needs at least 2 layers; expected with one layer: \
                 tridiagonal",
            ));
        }
        Ok(())
    }

    /// What is declared of the keys of a table.
    fn keys(&self, table: &str) -> Result<()> {
        keys::check(self.experiment, table, self.locator)
    }
}

/// The endings of names between that of a run or a grid and `.h5`.
const RESERVED: [&str; 2] = [".checkpoint", ".cells"];

/// Whether a name can be that of files: checked here because results are found by it.
///
/// # Errors
/// What is wrong with it.
pub fn check_name(name: &str) -> std::result::Result<(), String> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '=' | ' ');
    let sensible = !name.is_empty()
        && name.len() <= 128
        && !name.starts_with('.')
        && name.trim() == name
        && name.chars().all(allowed);
    // What the other files of a run and of a grid are called.
    let ending = RESERVED.iter().find(|ending| name.to_lowercase().ends_with(*ending));
    if let (true, Some(ending)) = (sensible, ending) {
        return Err(format!(
            "found `{name}`; expected a name that does not end in {ending}, as the files of another \
             run or grid do"
        ));
    }
    if sensible {
        return Ok(());
    }
    Err(format!(
        "found `{}`; expected 1 to 128 letters, digits, spaces and - _ . + =, neither \
         a point first nor a space first or last: results are called so",
        name.escape_debug()
    ))
}

/// The error that a name taken from a file's own name is no name for results.
pub(crate) fn check_stem(name: &str, locator: &Locator) -> Result<()> {
    check_name(name).map_err(|problem| Error::Config {
        place: locator.place_of("name"),
        key: Some("name".into()),
        problem: format!("taken from the name of the file, {problem}; set `name`"),
    })
}
