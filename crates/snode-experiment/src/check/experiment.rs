//! What a configuration may not say, beyond what types can tell.

use snode_data::Encoding;
use snode_train::{Averaging, Discretisation};

use super::attack::{check_attacks, check_tolerances};
use super::{analysis, scheme};
use crate::error::{Error, Result};
use crate::file::Locator;
use crate::format::plain;
use crate::method::{
    MethodOptions, averaging, key_to_blame, method_keys, method_options, ncg_key_to_blame,
    sgd_key_to_blame,
};
use crate::objective::{HUBER_DELTA, ObjectiveChoice, cost};
use crate::schema::{
    AverageName, Experiment, LineSearchName, Loss, MapName, PenaltyName, PreconditionerName,
    ReadoutName, ScheduleName, SchemeName, SpaceName,
};
use crate::threads::MOST_THREADS;

/// The largest horizon; more would be integrated, but never usefully.
const LARGEST_HORIZON: f64 = 1e4;
const MOST_LAYERS: usize = 1_000_000;
const MOST_CHANNELS: usize = 4096;
const LARGEST_KERNEL: usize = 4095;
const MOST_WIDTH: usize = 1 << 24;
const MOST_HALVINGS: usize = 60;

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
    rules.extent()?;
    rules.method()?;
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
        if let Some(threads) = self.experiment.threads {
            self.count("threads", threads, 1, MOST_THREADS)?;
        }
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
        if let Some([rows, cols]) = data.size {
            for side in [rows, cols] {
                self.count("data.size", side, 1, snode_data::limits::MAX_SIDE)?;
            }
        }
        if let Some(train) = data.train {
            self.count("data.train", train, 1, usize::MAX)?;
            if data.validation >= train {
                return Err(self.locator.error(
                    "data.validation",
                    format!(
                        "found {}, but data.train = {train} images leave none to train on; \
                         expected less than {train}",
                        data.validation
                    ),
                ));
            }
        }
        Ok(())
    }

    fn network(&self) -> Result<()> {
        let network = &self.experiment.network;
        let horizon = network.horizon;
        if !(horizon > 0.0 && horizon <= LARGEST_HORIZON) {
            return Err(self.locator.error(
                "network.horizon",
                format!(
                    "found {}; expected more than 0, at most {LARGEST_HORIZON}",
                    plain(horizon)
                ),
            ));
        }
        self.count("network.layers", network.layers, 1, MOST_LAYERS)?;
        self.map()?;
        scheme::check(self.experiment, self.locator)
    }

    /// Map, lifting and readout.
    fn map(&self) -> Result<()> {
        let keys = &self.experiment.network;
        let map = keys.map.unwrap_or_default();
        let (dense, convolution) = ("`map = \"dense\"`", "`map = \"convolution\"`");
        let is_dense = map == MapName::Dense;
        self.only_with("network.width", keys.width.is_some() && !is_dense, dense)?;
        for (key, value, most) in [
            ("network.channels", keys.channels, MOST_CHANNELS),
            ("network.kernel", keys.kernel, LARGEST_KERNEL),
            ("network.image_channels", keys.image_channels, MOST_CHANNELS),
        ] {
            self.only_with(key, value.is_some() && is_dense, convolution)?;
            self.count(key, value.unwrap_or(1), 1, most)?;
        }
        if let Some(width) = keys.width {
            self.count("network.width", width, 1, MOST_WIDTH)?;
        }
        if let Some(kernel) = keys.kernel.filter(|kernel| kernel.is_multiple_of(2)) {
            let problem = format!("found {kernel}; expected an odd number: a kernel has a middle");
            return Err(self.locator.error("network.kernel", problem));
        }
        let readout = keys.readout.unwrap_or_default();
        let others = "`readout = \"channel-means\"` or `\"pattern\"`";
        let has_gain = readout != ReadoutName::Components;
        self.only_with("network.readout_gain", keys.readout_gain.is_some() && !has_gain, others)?;
        let has_seed = readout == ReadoutName::Pattern;
        let pattern = "`readout = \"pattern\"`";
        self.only_with("network.readout_seed", keys.readout_seed.is_some() && !has_seed, pattern)?;
        for (key, gain) in [
            ("network.readout_gain", keys.readout_gain),
            ("network.initial_gain", keys.initial_gain),
        ] {
            self.positive(key, gain.unwrap_or(1.0), "more than 0")?;
        }
        Ok(())
    }

    fn cost(&self) -> Result<()> {
        let config = &self.experiment.cost;
        let has_length = config.penalty == Some(PenaltyName::H1);
        let given = config.penalty_length.is_some() && !has_length;
        self.only_with("cost.penalty_length", given, "`penalty = \"h1\"`")?;
        self.positive("cost.penalty_length", config.penalty_length.unwrap_or(1.0), "more than 0")?;
        if config.loss.is_for_values() {
            return self.cost_of_values();
        }
        let given = config.huber_delta.is_some();
        self.only_with("cost.huber_delta", given, "`loss = \"huber\"`")?;
        // One class will do: the number of classes is known with the data.
        let cost = cost(config, 1);
        let no_distance = cost.mu1 == 0.0 && config.targets.is_some();
        let distance = "the squared distance, `loss = \"l2\"` or `mu1 > 0`";
        self.only_with("cost.targets", no_distance, distance)?;
        let weights = [("mu1", cost.mu1), ("mu2", cost.mu2), ("mu3", cost.mu3), ("mu4", cost.mu4)];
        for (key, weight) in weights {
            if !(weight.is_finite() && weight >= 0.0) {
                let problem = format!("found {}; expected 0 or more", plain(weight));
                return Err(self.locator.error(&format!("cost.{key}"), problem));
            }
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

    /// The same of losses for real targets.
    fn cost_of_values(&self) -> Result<()> {
        let config = &self.experiment.cost;
        let classes = "`loss = \"l2\"` or `\"cross-entropy\"`";
        for (key, is_given) in [
            ("cost.mu1", config.mu1.is_some()),
            ("cost.mu2", config.mu2.is_some()),
            ("cost.mu3", config.mu3.is_some()),
            ("cost.targets", config.targets.is_some()),
        ] {
            self.only_with(key, is_given, classes)?;
        }
        let other = config.huber_delta.is_some() && config.loss != Loss::Huber;
        self.only_with("cost.huber_delta", other, "`loss = \"huber\"`")?;
        let delta = config.huber_delta.unwrap_or(HUBER_DELTA);
        self.positive("cost.huber_delta", delta, "more than 0")?;
        let mu4 = config.mu4.unwrap_or(0.0);
        if !(mu4.is_finite() && mu4 >= 0.0) {
            let problem = format!("found {}; expected 0 or more", plain(mu4));
            return Err(self.locator.error("cost.mu4", problem));
        }
        ObjectiveChoice::of(config, 1)
            .check_loss()
            .map_err(|error| self.locator.error("cost.loss", error.to_string()))
    }

    fn extent(&self) -> Result<()> {
        let training = &self.experiment.training;
        self.count("training.epochs", training.epochs, 1, usize::MAX)?;
        self.count("training.batch_size", training.batch_size, 1, usize::MAX)?;
        if let Some(batches) = training.batches {
            self.count("training.batches", batches, 1, usize::MAX)?;
        }
        if let Some(iterations) = training.iterations {
            self.count("training.iterations", iterations, 1, 1_000_000)?;
        }
        self.count("training.evaluate_every", training.evaluate_every, 1, usize::MAX)?;
        if let Some(limit) = training.time_limit {
            self.positive("training.time_limit", limit, "seconds, more than 0")?;
        }
        if !(training.checkpoint_every.is_finite() && training.checkpoint_every >= 0.0) {
            return Err(self.locator.error(
                "training.checkpoint_every",
                format!(
                    "found {}; expected seconds, 0 (after every iteration) or more",
                    plain(training.checkpoint_every)
                ),
            ));
        }
        if !(training.divergence_factor.is_finite() && training.divergence_factor > 1.0) {
            return Err(self.locator.error(
                "training.divergence_factor",
                format!("found {}; expected more than 1", plain(training.divergence_factor)),
            ));
        }
        if let Some(perturbation) = &training.perturbation {
            perturbation.check().map_err(|(key, problem)| {
                self.locator.error(&format!("training.perturbation.{key}"), problem)
            })?;
        }
        if let Some(patience) = training.early_stop {
            self.count("training.early_stop", patience, 1, usize::MAX)?;
            if self.experiment.data.validation == 0 {
                return Err(self.locator.error(
                    "training.early_stop",
                    "needs images that are neither trained on nor tested with; expected \
                     data.validation > 0, e.g. 5000",
                ));
            }
        }
        Ok(())
    }

    fn method(&self) -> Result<()> {
        let training = &self.experiment.training;
        for key in method_keys(training) {
            let given = key.is_given && !key.belongs;
            self.only_with(&format!("training.{}", key.key), given, key.condition)?;
        }
        self.schedule()?;
        self.average()?;
        let (key, problem) = match method_options(training) {
            MethodOptions::Ncg(options) => {
                self.conjugate_gradients()?;
                self.preconditioner()?;
                let Err(error) = options.check() else { return Ok(()) };
                ncg_key_to_blame(&error)
            }
            MethodOptions::Sgd(options) => {
                self.stochastic_gradients()?;
                let Err(error) = options.check() else { return Ok(()) };
                sgd_key_to_blame(&error)
            }
        };
        Err(self.locator.error(&key, problem))
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

    fn schedule(&self) -> Result<()> {
        let training = &self.experiment.training;
        let falls = "`schedule = \"linear\"`, `\"step\"`, `\"exponential\"` or `\"cosine\"`";
        match (training.schedule.unwrap_or_default(), training.schedule_batches) {
            (ScheduleName::Constant, batches) => {
                self.only_with("training.schedule_batches", batches.is_some(), falls)?;
                let factor = training.schedule_factor.is_some();
                self.only_with("training.schedule_factor", factor, falls)
            }
            (_, None) => Err(self.locator.error(
                "training.schedule",
                "steps fall after schedule_batches batches; give that key too",
            )),
            (_, Some(batches)) => self.count("training.schedule_batches", batches, 1, usize::MAX),
        }
    }

    fn average(&self) -> Result<()> {
        let training = &self.experiment.training;
        let name = training.average.unwrap_or_default();
        let decay = training.average_decay.is_some() && name != AverageName::Exponential;
        self.only_with("training.average_decay", decay, "`average = \"exponential\"`")?;
        let from = training.average_from.is_some() && name != AverageName::Tail;
        self.only_with("training.average_from", from, "`average = \"tail\"`")?;
        let Some(Err(error)) = averaging(training).map(Averaging::check) else {
            return Ok(());
        };
        let (key, problem) = key_to_blame(&error);
        Err(self.locator.error(&key, problem))
    }

    fn preconditioner(&self) -> Result<()> {
        let training = &self.experiment.training;
        let name = training.preconditioner.unwrap_or_default();
        let is_none = name == PreconditionerName::None;
        let learnt = "`preconditioner = \"diagonal\"` or `\"kronecker\"`";
        let decay = is_none && training.preconditioner_decay.is_some();
        self.only_with("training.preconditioner_decay", decay, learnt)?;
        let damping = is_none && training.preconditioner_damping.is_some();
        self.only_with("training.preconditioner_damping", damping, learnt)?;
        let is_kronecker = name == PreconditionerName::Kronecker;
        if is_kronecker && self.experiment.network.map == Some(MapName::Convolution) {
            return Err(self.locator.error(
                "training.preconditioner",
                "the factors of \"kronecker\" are those of full matrices; only valid with \
                 network.map = \"dense\"",
            ));
        }
        let every = !is_kronecker && training.preconditioner_every.is_some();
        let kronecker = "`preconditioner = \"kronecker\"`";
        self.only_with("training.preconditioner_every", every, kronecker)
    }

    fn conjugate_gradients(&self) -> Result<()> {
        let training = &self.experiment.training;
        match training.space.unwrap_or_default() {
            SpaceName::L2 => {
                self.only_with("training.length", training.length.is_some(), "`space = \"h1\"`")?;
                self.only_with(
                    "training.discretisation",
                    training.discretisation.is_some(),
                    "`space = \"h1\"`",
                )?;
            }
            SpaceName::H1 => {
                if let Some(length) = training.length {
                    self.positive("training.length", length, "more than 0, in units of depth")?;
                }
                let quadrature =
                    training.discretisation.is_some_and(|rule| rule != Discretisation::Tridiagonal);
                if quadrature && self.experiment.network.layers < 2 {
                    return Err(self.locator.error(
                        "training.discretisation",
                        "a quadrature in depth needs at least 2 layers; expected with one layer: \
                         tridiagonal",
                    ));
                }
            }
        }
        match (training.line_search.unwrap_or_default(), training.halvings) {
            (LineSearchName::Linearised, halvings) => self.only_with(
                "training.halvings",
                halvings.is_some(),
                "`line_search = \"backtracking\"`",
            )?,
            (LineSearchName::Backtracking, Some(halvings)) => {
                self.count("training.halvings", halvings, 1, MOST_HALVINGS)?;
            }
            (LineSearchName::Backtracking, None) => {}
        }
        if let Some(step) = training.largest_step {
            self.positive("training.largest_step", step, "more than 0")?;
        }
        Ok(())
    }

    fn count(&self, key: &str, found: usize, min: usize, max: usize) -> Result<()> {
        if (min..=max).contains(&found) {
            return Ok(());
        }
        let expected =
            if max == usize::MAX { format!("{min} or more") } else { format!("{min} to {max}") };
        Err(self.locator.error(key, format!("found {found}; expected {expected}")))
    }

    fn positive(&self, key: &str, found: f64, expected: &str) -> Result<()> {
        if found.is_finite() && found > 0.0 {
            return Ok(());
        }
        Err(self.locator.error(key, format!("found {}; expected {expected}", plain(found))))
    }

    fn only_with(&self, key: &str, given: bool, condition: &str) -> Result<()> {
        if !given {
            return Ok(());
        }
        Err(Error::Meaningless {
            place: self.locator.place_of(key),
            key: key.to_owned(),
            condition: condition.to_owned(),
        })
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
