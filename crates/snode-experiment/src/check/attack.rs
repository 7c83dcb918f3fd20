//! Checks of `[[attack]]`.

use crate::error::{Error, Result};
use crate::file::Locator;
use crate::schema::{AttackConfig, Experiment, is_adaptive, tolerance_problem};

/// The error that a key of attack number `index` is wrong.
fn refusal(locator: &Locator, index: usize, key: &str, problem: String) -> Error {
    let place = locator.place_in(&format!("attack.{key}"), index);
    Error::Config { place, key: Some(format!("attack[{index}].{key}")), problem }
}

/// Checks all attacks of an experiment; with `data` = (classes, test images) what depends on them too.
///
/// # Errors
/// The first thing found wrong.
pub(crate) fn check_attacks(
    attacks: &[AttackConfig],
    locator: &Locator,
    data: Option<(usize, usize)>,
) -> Result<()> {
    for (index, keys) in attacks.iter().enumerate() {
        let error = |key: &str, problem: String| Err(refusal(locator, index, key, problem));
        if let Err((key, problem)) = keys.check(data.map(|(classes, _)| classes)) {
            return error(key, problem);
        }
        if attacks[..index].iter().any(|other| other.name() == keys.name()) {
            let problem =
                format!("\"{}\" is another attack's already; give it a name", keys.name());
            let key = if keys.name.is_some() { "name" } else { "method" };
            return error(key, problem);
        }
        if let Some((_, images)) = data {
            if images == 0 {
                return error("method", "needs test images, but there are none".into());
            }
            if let Some(wanted) = keys.images.filter(|&wanted| wanted > images) {
                let problem = format!("found {wanted}, but there are only {images} test images");
                return error("images", problem);
            }
        }
    }
    Ok(())
}

/// Checks the tolerances of all attacks, each for the scheme that solves the network then.
///
/// # Errors
/// The first thing found wrong.
pub(super) fn check_tolerances(experiment: &Experiment, locator: &Locator) -> Result<()> {
    for (index, keys) in experiment.attack.iter().enumerate() {
        let adaptive = is_adaptive(keys.scheme.unwrap_or(experiment.network.scheme));
        let problem = keys
            .tolerance
            .and_then(|tolerance| tolerance_problem(tolerance, adaptive, experiment.precision));
        if let Some(problem) = problem {
            return Err(refusal(locator, index, "tolerance", problem));
        }
    }
    Ok(())
}
