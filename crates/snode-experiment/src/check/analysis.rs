//! Checks of `[analysis.*]`.

use crate::error::Result;
use crate::file::Locator;
use crate::keys;
use crate::schema::{
    AnalysisConfig, Experiment, NoiseConfig, RobustnessConfig, SchemesConfig, UncertaintyConfig,
    is_adaptive, tolerance_problem,
};

/// The key of a table that is wrong, and what about it.
type Wrong = (&'static str, String);

#[derive(Clone, Copy)]
struct Rules<'a> {
    experiment: &'a Experiment,
    locator: &'a Locator,
}

/// Checks the values of all tables.
///
/// # Errors
/// The first thing found wrong.
pub(super) fn check(experiment: &Experiment, locator: &Locator) -> Result<()> {
    let rules = Rules { experiment, locator };
    for table in ["robustness", "noise", "uncertainty", "smoothness", "schemes"] {
        keys::check(experiment, &format!("analysis.{table}"), locator)?;
    }
    let AnalysisConfig { robustness, noise, uncertainty, smoothness: _, schemes } =
        &experiment.analysis;
    if let Some(robustness) = robustness {
        check_robustness(robustness, rules)?;
    }
    if let Some(noise) = noise {
        check_noise(noise, locator)?;
    }
    if let Some(keys) = uncertainty {
        check_levels(&keys.levels).map_err(|(key, problem)| {
            locator.error(&format!("analysis.uncertainty.{key}"), problem)
        })?;
    }
    schemes.as_ref().map_or(Ok(()), |schemes| check_schemes(schemes, rules))
}

fn check_robustness(keys: &RobustnessConfig, rules: Rules<'_>) -> Result<()> {
    let (locator, trained) = (rules.locator, rules.experiment.network.scheme);
    check_levels(&keys.levels)
        .map_err(|(key, problem)| locator.error(&format!("analysis.robustness.{key}"), problem))?;
    let adaptive = is_adaptive(keys.scheme.unwrap_or(trained));
    check_tolerance("analysis.robustness.tolerance", keys.tolerance, adaptive, rules)
}

fn check_noise(keys: &NoiseConfig, locator: &Locator) -> Result<()> {
    if keys.levels.is_empty() && keys.weights_levels.is_empty() {
        let keys = ["analysis.noise.levels", "analysis.noise.weights_levels"];
        return Err(locator.error_among(&keys, "found no level; expected at least 1 of one kind"));
    }
    Ok(())
}

fn check_schemes(keys: &SchemesConfig, rules: Rules<'_>) -> Result<()> {
    let locator = rules.locator;
    let key = "analysis.schemes.solve";
    if keys.solve.is_empty() {
        return Err(locator.error(key, "found no scheme; expected at least 1"));
    }
    for (index, scheme) in keys.solve.iter().enumerate() {
        if keys.solve[..index].contains(scheme) {
            let problem = format!("found \"{}\" twice; expected it once", scheme.text());
            return Err(locator.error(key, problem));
        }
    }
    let adaptive = keys.solve.iter().copied().any(is_adaptive);
    check_tolerance("analysis.schemes.tolerance", keys.tolerance, adaptive, rules)
}

fn check_tolerance(
    key: &str,
    tolerance: Option<f64>,
    adaptive: bool,
    rules: Rules<'_>,
) -> Result<()> {
    let precision = rules.experiment.precision;
    match tolerance.and_then(|tolerance| tolerance_problem(tolerance, adaptive, precision)) {
        Some(problem) => Err(rules.locator.error(key, problem)),
        None => Ok(()),
    }
}

/// Gives the keys the values that follow from the number of images to measure on.
pub(crate) fn fit(analyses: &mut AnalysisConfig, images: usize) {
    if let Some(noise) = &mut analyses.noise {
        noise.images = Some(noise.images_of(images));
    }
}

/// Checks what can be checked once the images are known: `width` of them and of the network,
/// `images` to measure on.
///
/// # Errors
/// The first thing found wrong.
pub(crate) fn check_with_data(
    analyses: &AnalysisConfig,
    locator: &Locator,
    width: usize,
    images: usize,
) -> Result<()> {
    let AnalysisConfig { robustness, noise, uncertainty, smoothness, schemes } = analyses;
    let most = |key: &str, wanted: usize| {
        if wanted <= images {
            return Ok(());
        }
        let problem = format!("found {wanted}, but there are only {images} test images");
        Err(locator.error(key, problem))
    };
    if let Some(count) = robustness.as_ref().and_then(|keys| keys.images) {
        most("analysis.robustness.images", count)?;
    }
    if let Some(count) = noise.as_ref().and_then(|keys| keys.images) {
        most("analysis.noise.images", count)?;
    }
    if let Some(count) = uncertainty.as_ref().and_then(|keys| keys.images) {
        most("analysis.uncertainty.images", count)?;
    }
    let on_images = [
        ("analysis.robustness", robustness.is_some()),
        ("analysis.noise", noise.is_some()),
        ("analysis.uncertainty", uncertainty.is_some()),
        ("analysis.schemes", schemes.is_some()),
    ];
    if let (0, Some((key, _))) = (images, on_images.iter().find(|(_, wanted)| *wanted)) {
        return Err(locator.error(key, "is measured on test images, but there are none"));
    }
    let entry = smoothness.as_ref().and_then(|keys| keys.entry);
    if let Some([row, column]) = entry.filter(|entry| entry.iter().any(|index| *index >= width)) {
        let problem =
            format!("found [{row}, {column}]; expected two numbers from 0 to {}", width - 1);
        return Err(locator.error("analysis.smoothness.entry", problem));
    }
    Ok(())
}

impl RobustnessConfig {
    /// What is wrong with the keys, alone or together: the key, and what about it.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn check(&self) -> std::result::Result<(), Wrong> {
        keys::check_alone("analysis.robustness", self)?;
        check_levels(&self.levels)
    }
}

impl NoiseConfig {
    /// What is wrong with the keys: which one, and what about it.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn check(&self) -> std::result::Result<(), Wrong> {
        keys::check_alone("analysis.noise", self)
    }
}

impl UncertaintyConfig {
    /// What is wrong with the keys, alone or together: the key, and what about it.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn check(&self) -> std::result::Result<(), Wrong> {
        keys::check_alone("analysis.uncertainty", self)?;
        check_levels(&self.levels)
    }
}

/// Refuses levels of noise of which there is none.
fn check_levels(levels: &[f64]) -> std::result::Result<(), Wrong> {
    if levels.is_empty() {
        return Err(("levels", "found no level; expected at least 1".into()));
    }
    Ok(())
}
