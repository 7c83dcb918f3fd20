//! Gives every key the value it has.

use snode_ode::SchemeChoice;
use snode_store::{RunInfo, RunSummary};
use snode_train::Cost;

use super::check::check_stem;
use super::method::{method_keys, resolve_method};
use super::{CostConfig, Experiment, ExperimentFile, Loss};
use crate::error::Result;
use crate::records::is_imported;
use crate::threads::default_threads;

/// The experiment with every default in place, but for those that follow from the data.
///
/// # Errors
/// If no name can be made of the file's, or the environment's number of threads is none.
pub fn resolve(file: &ExperimentFile) -> Result<Experiment> {
    let mut experiment = file.experiment.clone();
    if experiment.name.is_none() {
        let stem = file.path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into());
        check_stem(&stem, &file.locator)?;
        experiment.name = Some(stem);
    }
    if experiment.threads.is_none() {
        experiment.threads = Some(default_threads()?);
    }

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

    resolve_method(&mut experiment.training);
    for attack in &mut experiment.attack {
        *attack = attack.resolved();
    }
    Ok(experiment)
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

/// The cost that the network of a run was trained for: not known of one that was imported, unless
/// it was said with it.
pub fn known_cost(run: &RunSummary, experiment: Option<&Experiment>) -> Option<Cost> {
    let said = run.info.provenance.contains_key(RunInfo::IMPORTED_COST);
    let experiment = experiment.filter(|_| said || !is_imported(run))?;
    Some(cost(&experiment.cost, run.model.classes))
}

/// The keys of a resolved experiment that have no value, and what that means.
pub fn unset_keys(experiment: &Experiment) -> Vec<(&'static str, &'static str, String)> {
    let training = &experiment.training;
    let mut unset = Vec::new();
    let mut note = |is_unset: bool, table, key, meaning: &str| {
        if is_unset {
            unset.push((table, key, meaning.to_owned()));
        }
    };
    if matches!(super::scheme(experiment), SchemeChoice::Adaptive(_)) {
        let solver = &experiment.solver;
        note(solver.first_step.is_none(), "solver", "first_step", "estimated");
        note(solver.largest_step.is_none(), "solver", "largest_step", "not limited");
    }
    note(experiment.cost.targets.is_none(), "cost", "targets", "only with mu1 > 0");
    note(training.batches.is_none(), "training", "batches", "not limited");
    for key in method_keys(training) {
        let meaning = match key.key {
            _ if !key.belongs => &format!("only with {}", key.condition),
            "length" | "discretisation" => "only with `space = \"h1\"`",
            "halvings" => "only with `line_search = \"backtracking\"`",
            "schedule_batches" | "schedule_factor" => "only with another schedule",
            "largest_step" => "not capped",
            _ => "the method's default",
        };
        note(!key.is_given, "training", key.key, meaning);
    }
    note(training.time_limit.is_none(), "training", "time_limit", "not limited");
    note(training.early_stop.is_none(), "training", "early_stop", "never");
    unset
}
