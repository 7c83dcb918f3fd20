//! What a file of results says of the experiment it is from.

use std::path::Path;

use snode_experiment::{
    Experiment, ObjectiveChoice, SchemeName, SolverConfig, scheme_of, tolerance_problem,
};
use snode_ode::SchemeChoice;
use snode_store::{RunInfo, RunSummary, read_info};

use crate::error::{Error, Result};

/// What a file of results says, and the experiment in it if this version understands it.
///
/// # Errors
/// If it cannot be read.
pub fn summary(path: &Path) -> Result<(RunSummary, Option<Experiment>)> {
    let summary = read_info(path)?;
    let experiment = toml::from_str(&summary.configuration.resolved).ok();
    Ok((summary, experiment))
}

/// Whether a network was imported, and so trained by something that the file does not know.
pub fn is_imported(summary: &RunSummary) -> bool {
    let info = &summary.info;
    summary.history.iterations.is_empty()
        && (info.stop_reason == IMPORTED || info.provenance.contains_key(RunInfo::IMPORTED_FROM))
}

/// Why a run ended whose network was imported.
pub const IMPORTED: &str = "imported";

/// What the network of a run was trained for: not known of one that was imported, unless it was said
/// with it.
pub fn known_objective(
    run: &RunSummary,
    experiment: Option<&Experiment>,
) -> Option<ObjectiveChoice> {
    let said = run.info.provenance.contains_key(RunInfo::IMPORTED_COST);
    let experiment = experiment.filter(|_| said || !is_imported(run))?;
    Some(ObjectiveChoice::of(&experiment.cost, run.model.classes))
}

/// The scheme a trained network is to be solved by: the one asked for with the keys the run was
/// made with, or the run's own; with this tolerance, if one is asked for and the scheme has one.
///
/// # Errors
/// If a tolerance is asked for that there is not, or the run's scheme is not known.
pub fn scheme_for(
    asked: Option<SchemeName>,
    tolerance: Option<f64>,
    run: &RunSummary,
    experiment: Option<&Experiment>,
) -> Result<SchemeChoice> {
    let stored = stored_solver(run, experiment);
    let choice = match (asked, SchemeName::named(&run.model.scheme)) {
        (Some(name), _) => scheme_of(name, &stored.unwrap_or_default()),
        (None, Some(SchemeName::Euler)) => SchemeChoice::Euler,
        (None, Some(name)) => scheme_of(
            name,
            &stored.ok_or_else(|| {
                let name = &run.model.scheme;
                Error::Refused(format!(
                    "--scheme: the run does not say the options of its scheme `{name}`; name a \
                     scheme, whose defaults are then taken"
                ))
            })?,
        ),
        (None, None) => {
            let name = &run.model.scheme;
            let problem = format!("--scheme: the run's scheme `{name}` is not known; name another");
            return Err(Error::Refused(problem));
        }
    };
    match (choice, tolerance) {
        (choice, None) => Ok(choice),
        (SchemeChoice::Adaptive(options), Some(tolerance)) => {
            match tolerance_problem(tolerance, true, run.precision) {
                Some(problem) => Err(Error::Refused(format!("--tolerance: {problem}"))),
                None => Ok(SchemeChoice::Adaptive(options.tolerance(tolerance))),
            }
        }
        (choice, Some(_)) => Err(Error::Refused(format!(
            "--tolerance: only valid with an adaptive scheme, and the scheme is {}; remove it",
            choice.name()
        ))),
    }
}

/// The options a run was made with: those of its network, or those of its configuration in files
/// of before networks had them.
pub fn stored_solver(run: &RunSummary, experiment: Option<&Experiment>) -> Option<SolverConfig> {
    if run.model.solver.is_empty() {
        return experiment.map(|experiment| experiment.solver.clone());
    }
    Some(SolverConfig::from(&run.model.solver))
}
