//! Gives every key the value it has.

use crate::check::check_stem;
use crate::error::Result;
use crate::file::ExperimentFile;
use crate::keys;
use crate::method::resolve_method;
use crate::network::resolve_network;
use crate::objective::resolve_cost;
use crate::resolved::ResolvedExperiment;
use crate::schema::Experiment;
use crate::threads::default_threads;

/// The experiment with every default in place, but for those that follow from the data.
///
/// # Errors
/// If no name can be made of the file's, or the environment's number of threads is none.
pub fn resolve(file: &ExperimentFile) -> Result<ResolvedExperiment> {
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
    Ok(experiment.into())
}

/// The keys of a resolved experiment that have no value, and what that means: table, key, and a few
/// words.
pub fn unset_keys(experiment: &Experiment) -> Vec<(&'static str, &'static str, String)> {
    let of_table = |table: &'static str| {
        let unset = keys::unset(experiment, table).into_iter();
        // What the scheme has no use for waits.
        let told = unset.filter(move |(_, unmet)| table != "solver" || unmet.is_none());
        told.map(move |(key, unmet)| match unmet {
            Some(condition) => (table, key.name, format!("only with {condition}")),
            None => (table, key.name, key.without_value().to_owned()),
        })
    };
    ["solver", "cost", "training"].into_iter().flat_map(of_table).collect()
}
