//! Gives every key the value it has, and turns keys into the options of the method.

use snode_ode::SchemeChoice;
use snode_train::{Cost, Discretisation, LineSearch, NcgOptions, Space};

use super::check::check_stem;
use super::{
    CostConfig, Experiment, ExperimentFile, LineSearchName, Loss, SpaceName, TrainingConfig,
};
use crate::error::Result;

/// How often backtracking halves a step unless told otherwise.
const HALVINGS: usize = 5;
/// ℓ of the paper.
const LENGTH: f64 = 1.0;

/// The experiment with every default in place, but for those that follow from the data.
///
/// # Errors
/// If no name can be made of the file's.
pub fn resolve(file: &ExperimentFile) -> Result<Experiment> {
    let mut experiment = file.experiment.clone();
    if experiment.name.is_none() {
        let stem = file.path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into());
        check_stem(&stem, &file.locator)?;
        experiment.name = Some(stem);
    }
    experiment.threads.get_or_insert_with(all_threads);

    let scheme = experiment.network.scheme;
    experiment.solver.resolve(scheme);

    // The number of classes is none of these keys' business.
    let full = cost(&experiment.cost, 1);
    let keys = &mut experiment.cost;
    keys.mu1.get_or_insert(full.mu1);
    keys.mu2.get_or_insert(full.mu2);
    keys.mu3.get_or_insert(full.mu3);
    keys.mu4.get_or_insert(full.mu4);
    if full.mu1 > 0.0 {
        keys.targets.get_or_insert([full.target_off, full.target_on]);
    }

    let training = &mut experiment.training;
    if training.space == SpaceName::H1 {
        training.length.get_or_insert(LENGTH);
        training.discretisation.get_or_insert(Discretisation::default());
    }
    if training.line_search == LineSearchName::Backtracking {
        training.halvings.get_or_insert(HALVINGS);
    }
    Ok(experiment)
}

/// How many threads the machine has to offer.
pub fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
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

/// The choices of NCG that the keys describe.
pub fn ncg_options(config: &TrainingConfig) -> NcgOptions {
    NcgOptions {
        space: match config.space {
            SpaceName::L2 => Space::L2,
            SpaceName::H1 => Space::H1 {
                length: config.length.unwrap_or(LENGTH),
                discretisation: config.discretisation.unwrap_or_default(),
            },
        },
        conjugacy: config.conjugacy,
        metric: config.metric,
        line_search: match config.line_search {
            LineSearchName::Linearised => LineSearch::Linearised,
            LineSearchName::Backtracking => {
                LineSearch::Backtracking { halvings: config.halvings.unwrap_or(HALVINGS) }
            }
        },
        largest_step: config.largest_step,
    }
}

/// The keys of a resolved experiment that have no value, and what that means.
pub fn unset_keys(experiment: &Experiment) -> Vec<(&'static str, &'static str, &'static str)> {
    let training = &experiment.training;
    let mut unset = Vec::new();
    let mut note = |is_unset: bool, table, key, meaning| {
        if is_unset {
            unset.push((table, key, meaning));
        }
    };
    if matches!(super::scheme(experiment), SchemeChoice::Adaptive(_)) {
        let solver = &experiment.solver;
        note(solver.first_step.is_none(), "solver", "first_step", "estimated");
        note(solver.largest_step.is_none(), "solver", "largest_step", "not limited");
    }
    note(experiment.cost.targets.is_none(), "cost", "targets", "only with mu1 > 0");
    note(training.batches.is_none(), "training", "batches", "not limited");
    note(training.length.is_none(), "training", "length", "only with space = \"h1\"");
    note(
        training.discretisation.is_none(),
        "training",
        "discretisation",
        "only with space = \"h1\"",
    );
    note(
        training.halvings.is_none(),
        "training",
        "halvings",
        "only with line_search = \"backtracking\"",
    );
    note(training.largest_step.is_none(), "training", "largest_step", "not capped");
    note(training.time_limit.is_none(), "training", "time_limit", "not limited");
    note(training.early_stop.is_none(), "training", "early_stop", "never");
    unset
}
