//! Checks of `[[attack]]`.

use snode_attack::{AttackError, Bounds};

use crate::error::{Error, Result};
use crate::file::Locator;
use crate::format::plain;
use crate::keys;
use crate::schema::{AttackConfig, Experiment, is_adaptive, tolerance_problem};

/// The key of `[[attack]]` that is wrong, and what about it.
type Wrong = (&'static str, String);

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

impl AttackConfig {
    /// What is wrong with the keys, alone or together, for a network with this many classes where
    /// they are known: the key, and what about it.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn check(&self, classes: Option<usize>) -> std::result::Result<(), Wrong> {
        let letters = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let name = self.name();
        if !(1..=64).contains(&name.len()) || !name.bytes().all(letters) {
            let problem = format!("found {name:?}; expected 1 to 64 letters, digits, `_` and `-`");
            return Err(("name", problem));
        }
        keys::check_alone("attack", self)?;
        if self.kappa.is_some() && self.margin.is_some() {
            return Err(("margin", "stands in place of kappa; expected one of the two".into()));
        }
        self.check_epsilons().map_err(|problem| ("epsilons", problem))?;
        let classes = classes.unwrap_or(usize::MAX);
        let checked = self
            .method::<f64>()
            .check(classes)
            .and_then(|()| self.options(Bounds::default(), 0).check());
        checked.map_err(|error| match error {
            AttackError::Option { option, found, allowed } => {
                let key = if option == "random start" { "random_start" } else { option };
                (key, format!("found {found}; expected {allowed}"))
            }
            other => ("method", other.to_string()),
        })
    }

    fn check_epsilons(&self) -> std::result::Result<(), String> {
        let Some(epsilons) = &self.epsilons else { return Ok(()) };
        if epsilons.is_empty() {
            return Err("found none; expected at least 1".into());
        }
        // Nothing is known of larger perturbations than those that were tried.
        let beyond = |radius: &f64| epsilons.iter().copied().find(|epsilon| epsilon > radius);
        match self.bound().and_then(|radius| Some((radius, beyond(&radius)?))) {
            None => Ok(()),
            Some((radius, epsilon)) => Err(format!(
                "found {}; expected 0 to {}, the radius",
                plain(epsilon),
                plain(radius)
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::AttackMethod;

    #[test]
    fn keys_belong_to_methods() {
        let keys = AttackConfig { overshoot: Some(0.1), ..Default::default() };
        let (key, problem) = keys.check(None).unwrap_err();
        assert_eq!(key, "overshoot");
        assert!(problem.contains("method = \"deepfool\""), "{problem}");
        let keys = AttackConfig { kappa: Some(1.5), ..Default::default() };
        assert_eq!(keys.check(None).unwrap_err().0, "kappa");
        let method = AttackMethod::Targeted;
        let keys = AttackConfig { method, target: Some(10), ..Default::default() };
        assert_eq!(keys.check(None), Ok(()));
        assert_eq!(keys.check(Some(10)).unwrap_err().0, "target");
    }
}
