//! Gives every key the value it has.

use snode_ode::SchemeChoice;

use crate::check::check_stem;
use crate::error::Result;
use crate::file::ExperimentFile;
use crate::method::{method_keys, resolve_method, scheme};
use crate::network::resolve_network;
use crate::objective::resolve_cost;
use crate::schema::{Experiment, Loss};
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

    resolve_cost(&mut experiment.cost);
    resolve_network(&mut experiment.network);
    resolve_method(&mut experiment.training);
    if let Some(perturbation) = &mut experiment.training.perturbation {
        *perturbation = perturbation.resolved();
    }
    for attack in &mut experiment.attack {
        *attack = attack.resolved();
    }
    Ok(experiment)
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
    if matches!(scheme(experiment), SchemeChoice::Adaptive(_)) {
        let solver = &experiment.solver;
        note(solver.first_step.is_none(), "solver", "first_step", "estimated");
        note(solver.largest_step.is_none(), "solver", "largest_step", "not limited");
    }
    let cost = &experiment.cost;
    note(cost.targets.is_none(), "cost", "targets", "only with mu1 > 0");
    for (key, is_unset) in
        [("mu1", cost.mu1.is_none()), ("mu2", cost.mu2.is_none()), ("mu3", cost.mu3.is_none())]
    {
        note(is_unset, "cost", key, "only with a loss for classes");
    }
    if cost.loss != Loss::Huber {
        note(true, "cost", "huber_delta", "only with `loss = \"huber\"`");
    }
    note(training.batches.is_none(), "training", "batches", "not limited");
    for key in method_keys(training) {
        let meaning = match key.key {
            _ if !key.belongs => &format!("only with {}", key.condition),
            "length" | "discretisation" => "only with `space = \"h1\"`",
            "halvings" => "only with `line_search = \"backtracking\"`",
            "schedule_batches" | "schedule_factor" => "only with another schedule",
            "largest_step" => "not capped",
            "schedule" => "constant",
            "step_factor" => "1",
            "first_direction" => "steepest descent",
            "average" | "preconditioner" => "none",
            "average_decay" => "only with `average = \"exponential\"`",
            "average_from" => "only with `average = \"tail\"`",
            "preconditioner_decay" | "preconditioner_damping" => "only with a preconditioner",
            "preconditioner_every" => "only with `preconditioner = \"kronecker\"`",
            _ => "the method's default",
        };
        note(!key.is_given, "training", key.key, meaning);
    }
    note(training.time_limit.is_none(), "training", "time_limit", "not limited");
    note(training.early_stop.is_none(), "training", "early_stop", "never");
    unset
}
