//! What is measured on a trained network: each analysis measures and writes its group of the run's
//! file, whether an experiment's `[analysis.*]` or a command asks for it.
//!
//! An analysis is known by its configuration: the attribute `identity` of its group tells whether
//! what stands there is what is asked for.

pub mod attack;
pub mod noise;
pub mod robustness;
pub mod schemes;
pub mod smoothness;
pub mod uncertainty;

use std::fmt;
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};
use snode_files::{Existing, try_writing};
use snode_store::{Appendix, StoreError, network_digest, read_appendix, write_appendix};

pub use attack::Attack;
pub use noise::{Noise, NoisyPart};
pub use robustness::Robustness;
pub use schemes::SolvedBy;
pub use smoothness::Smoothness;
pub use uncertainty::Uncertainty;

use crate::error::{Error, Result};
use crate::event::RunEvent;
use snode_experiment::Experiment;

/// The group of a file of results in which analyses of its network stand.
pub const ANALYSIS: &str = "analysis";
/// The attribute that tells which configuration a group was computed by.
pub const IDENTITY: &str = "identity";

/// Something to be measured on a trained network.
#[derive(Clone, Debug, PartialEq)]
pub enum Analysis {
    /// Accuracy under noise.
    Robustness(Robustness),
    /// Noise through depth.
    Noise(Noise),
    /// What noise does to predictions.
    Uncertainty(Uncertainty),
    /// Smoothness of the parameters in depth.
    Smoothness(Smoothness),
    /// Accuracy when a scheme solves the network.
    SolvedBy(SolvedBy),
    /// An attack.
    Attack(Box<Attack>),
}

impl Analysis {
    /// What it is called where people read it.
    pub fn name(&self) -> String {
        match self {
            Self::Robustness(analysis) => format!("robustness, {}", analysis.scheme.text()),
            Self::Noise(analysis) => format!("noise on the {}", analysis.on.text()),
            Self::Uncertainty(analysis) => {
                format!("uncertainty under noise on the {}", analysis.keys.on.text())
            }
            Self::Smoothness(_) => "smoothness".into(),
            Self::SolvedBy(analysis) => format!("solved by {}", analysis.scheme.text()),
            Self::Attack(analysis) => format!("attack {}", analysis.keys.name()),
        }
    }

    /// The group of the run's file that it writes.
    pub fn group(&self) -> String {
        match self {
            Self::Robustness(analysis) => analysis.group(),
            Self::Noise(analysis) => analysis.group(),
            Self::Uncertainty(analysis) => analysis.group(),
            Self::Smoothness(analysis) => analysis.group(),
            Self::SolvedBy(analysis) => analysis.group(),
            Self::Attack(analysis) => analysis.group(),
        }
    }

    /// The same for the same configuration, and only for it: 12 hexadecimal digits.
    pub fn identity(&self) -> String {
        match self {
            Self::Robustness(analysis) => identity(analysis),
            Self::Noise(analysis) => identity(analysis),
            Self::Uncertainty(analysis) => identity(analysis),
            Self::Smoothness(analysis) => identity(analysis),
            Self::SolvedBy(analysis) => identity(analysis),
            Self::Attack(analysis) => identity(&analysis.identified()),
        }
    }

    /// Measures on the network of the run at `path`, and writes the group; `warn` is told if the
    /// images have changed since the network was trained.
    ///
    /// # Errors
    /// If the run or the images cannot be read or do not fit, or the file cannot be written.
    pub fn run(
        &self,
        path: &Path,
        threads: Option<usize>,
        existing: Existing,
        warn: &mut dyn FnMut(&str),
    ) -> Result<()> {
        match self {
            Self::Robustness(analysis) => analysis.run(path, threads, existing, warn),
            Self::Noise(analysis) => analysis.run(path, threads, existing, warn),
            Self::Uncertainty(analysis) => analysis.run(path, threads, existing, warn),
            Self::Smoothness(analysis) => analysis.run(path, threads, existing),
            Self::SolvedBy(analysis) => analysis.run(path, threads, existing, warn),
            Self::Attack(analysis) => analysis.run(path, threads, existing, warn),
        }
    }

    /// What the run file at `path` holds of it, perhaps where earlier versions wrote it.
    fn found(&self, path: &Path) -> Result<Option<Appendix>> {
        let found = read_appendix(path, &self.group())?;
        match self {
            Self::Noise(noise) if found.is_none() => {
                Ok(read_appendix(path, &noise.former_group())?)
            }
            _ => Ok(found),
        }
    }

    /// On how much it measures, as far as it says so itself.
    fn extent(&self) -> Extent {
        match self {
            Self::Robustness(Robustness { keys, .. }) => {
                Extent { images: keys.images, draws: Some(keys.draws) }
            }
            Self::Noise(Noise { images, draws, .. }) => {
                Extent { images: Some(*images), draws: Some(*draws) }
            }
            Self::Uncertainty(Uncertainty { keys, .. }) => {
                Extent { images: keys.images, draws: Some(keys.draws) }
            }
            Self::Attack(attack) => Extent { images: attack.keys.images, draws: None },
            Self::Smoothness(_) | Self::SolvedBy(_) => Extent::default(),
        }
    }
}

/// The analyses that an experiment asks for, in the order they are made.
pub fn of(experiment: &Experiment) -> Vec<Analysis> {
    let (keys, trained) = (&experiment.analysis, experiment.network.scheme);
    let robustness = keys.robustness.as_ref().map(|keys| Robustness::of(keys, trained));
    let noise = keys.noise.iter().flat_map(Noise::of);
    let smoothness = keys.smoothness.as_ref().map(Smoothness::of);
    let schemes = keys.schemes.iter().flat_map(SolvedBy::of);
    let uncertainty = keys.uncertainty.as_ref().map(Uncertainty::of);
    let mut analyses: Vec<Analysis> = schemes.map(Analysis::SolvedBy).collect();
    analyses.extend(smoothness.map(Analysis::Smoothness));
    analyses.extend(noise.map(Analysis::Noise));
    analyses.extend(robustness.map(Analysis::Robustness));
    analyses.extend(uncertainty.map(Analysis::Uncertainty));
    let attacks = experiment.attack.iter().map(|keys| Box::new(Attack::of(keys, trained)));
    analyses.extend(attacks.map(Analysis::Attack));
    analyses
}

/// Makes sure, before an analysis takes its time, that its results can be kept: that they may take the
/// place of what the file holds, and that the file can be written.
///
/// # Errors
/// If not.
pub fn check_room(path: &Path, analyses: &[Analysis], existing: Existing) -> Result<()> {
    for analysis in analyses {
        let found = analysis.found(path)?;
        if let Some(found) = found
            && !may_replace(&found, &analysis.identity(), analysis.extent(), existing)
        {
            return Err(kept(path, &analysis.group(), &found));
        }
    }
    let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    try_writing(path, Existing::Replace, bytes).map_err(|error| Error::from(error).before_work())
}

/// Those of an experiment's analyses that the run at `path` does not hold, or holds by another
/// configuration; or of another network than the one of this identity, if that is known.
///
/// # Errors
/// If the file cannot be read.
pub fn pending(
    path: &Path,
    experiment: &Experiment,
    network: Option<&str>,
) -> Result<Vec<Analysis>> {
    let mut pending = Vec::new();
    for analysis in of(experiment) {
        let found = analysis.found(path)?;
        let is_this = |found: &Appendix| {
            // Earlier versions did not say which network they measured.
            let measured = found.text(Appendix::NETWORK);
            found.text(IDENTITY) == Some(analysis.identity().as_str())
                && (network.is_none() || measured.is_none() || measured == network)
        };
        if !found.as_ref().is_some_and(is_this) {
            pending.push(analysis);
        }
    }
    Ok(pending)
}

/// Makes the analyses that are [`pending`]; `tell` is told of each before it begins. What the
/// experiment asks for takes the place of what was measured before, even if that was more; it is then
/// said.
///
/// # Errors
/// If one of them fails, or `tell` does.
pub fn complete(
    path: &Path,
    experiment: &Experiment,
    tell: &mut dyn FnMut(&RunEvent) -> Result<()>,
) -> Result<()> {
    let pending = pending(path, experiment, Some(&network_digest(path)?))?;
    check_room(path, &pending, Existing::Replace)?;
    for analysis in pending {
        tell(&RunEvent::Analysis { name: analysis.name() })?;
        // The experiment says what is wanted; that it is less than there was is not passed over.
        if let Some(found) = analysis.found(path)?
            && analysis.extent().is_less(Extent::of(&found))
        {
            let message = format!(
                "{}: /{} was measured on {}, which is more than the experiment asks for, and is \
                 replaced",
                path.display(),
                analysis.group(),
                Extent::of(&found)
            );
            tell(&RunEvent::Note { message })?;
        }
        let mut warnings = Vec::new();
        let mut warn = |warning: &str| warnings.push(warning.to_owned());
        analysis.run(path, experiment.threads, Existing::Replace, &mut warn)?;
        for message in warnings {
            tell(&RunEvent::Warning { message })?;
        }
    }
    Ok(())
}

/// The hash of an analysis' configuration. Groups tell kinds of analyses apart already.
fn identity(analysis: &impl Serialize) -> String {
    // Numbers, texts and names: what is serialised here always can be.
    let text = serde_json::to_string(analysis).unwrap_or_default();
    let hash = Sha256::digest(text.as_bytes());
    let number = hash.iter().take(6).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    format!("{number:012x}")
}

/// On how much something was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Extent {
    /// Images; all there are if not said.
    images: Option<usize>,
    /// Draws of noise.
    draws: Option<usize>,
}

impl Extent {
    /// As a group of results says.
    fn of(found: &Appendix) -> Self {
        let count = |name: &str| found.number(name).map(|count| count as usize);
        // Of an attack, the images that were wrong before count too.
        let images = found.values("outcome").map(<[f64]>::len).or_else(|| count("images"));
        Self { images, draws: count("draws") }
    }

    /// Whether it is certainly less than another one.
    fn is_less(self, other: Self) -> bool {
        let less =
            |a: Option<usize>, b: Option<usize>| matches!((a, b), (Some(a), Some(b)) if a < b);
        less(self.images, other.images) || less(self.draws, other.draws)
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.images, self.draws) {
            (Some(images), Some(draws)) => write!(f, "{images} images and {draws} draws"),
            (Some(images), None) => write!(f, "{images} images"),
            _ => f.write_str("other data"),
        }
    }
}

/// Whether results take the place of those that are there: of the same configuration always, else only
/// if they are of no fewer images and draws, or it was said that they may.
fn may_replace(found: &Appendix, identity: &str, new: Extent, existing: Existing) -> bool {
    existing == Existing::Replace
        || found.text(IDENTITY) == Some(identity)
        || !new.is_less(Extent::of(found))
}

fn kept(path: &Path, group: &str, found: &Appendix) -> Error {
    Error::MoreMeasured(format!(
        "{}: /{group} was measured on {}, which is more than asked for now, and is kept",
        path.display(),
        Extent::of(found)
    ))
}

/// Writes what an analysis found on the network of this identity into its group, with the analysis' own.
fn write(
    path: &Path,
    group: &str,
    analysis: &impl Serialize,
    network: &str,
    found: Appendix,
    existing: Existing,
) -> Result<()> {
    let identity = identity(analysis);
    let found = found.with_attribute(IDENTITY, identity.as_str());
    let new = Extent::of(&found);
    let may = |old: &Appendix| may_replace(old, &identity, new, existing);
    match write_appendix(path, group, &found, network, may) {
        Err(StoreError::Kept { .. }) => {
            let old = read_appendix(path, group)?.unwrap_or_default();
            Err(kept(path, group, &old))
        }
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use snode_experiment::{
        AnalysisConfig, NoiseConfig, RobustnessConfig, SchemeName, SchemesConfig,
    };

    fn experiment(text: &str) -> Experiment {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn each_table_asks_for_its_groups() {
        assert_eq!(of(&Experiment::default()), []);
        let text = "[network]\nscheme = \"rk4\"\n[analysis.robustness]\n[analysis.smoothness]\n\
                    [analysis.noise]\nweights_levels = [0.1]\n[analysis.schemes]\n";
        let groups: Vec<String> = of(&experiment(text)).iter().map(Analysis::group).collect();
        let expected = [
            "schemes/euler",
            "schemes/dopri5",
            "smoothness",
            "noise/input",
            "noise/parameters",
            "robustness/rk4",
        ];
        assert_eq!(groups, expected.map(|group| format!("{ANALYSIS}/{group}")));
    }

    #[test]
    fn the_identity_is_that_of_the_analysis_own_configuration() {
        let of = |text: &str| of(&experiment(text))[0].identity();
        let one = of("[analysis.robustness]\ndraws = 2\n");
        assert_eq!(one.len(), 12);
        assert_eq!(one, of("seed = 7\n[analysis.robustness]\ndraws = 2\nscheme = \"euler\"\n"));
        assert_ne!(one, of("[analysis.robustness]\ndraws = 3\n"));
        assert_ne!(one, of("[analysis.robustness]\ndraws = 2\nscheme = \"rk2\"\n"));
    }

    #[test]
    fn files_without_analyses_are_as_they_were() {
        assert!(!toml::to_string(&Experiment::default()).unwrap().contains("analysis"));
        let analysis = AnalysisConfig {
            robustness: Some(RobustnessConfig { images: Some(9), ..Default::default() }),
            noise: Some(NoiseConfig::default()),
            uncertainty: Some(snode_experiment::UncertaintyConfig::default()),
            smoothness: Some(snode_experiment::SmoothnessConfig { entry: Some([1, 2]) }),
            schemes: Some(SchemesConfig { solve: vec![SchemeName::Bs3], tolerance: Some(1e-4) }),
        };
        let whole = Experiment { analysis, ..Default::default() };
        assert_eq!(experiment(&toml::to_string(&whole).unwrap()), whole);
    }
}
