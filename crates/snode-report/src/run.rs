//! A run with what was measured on its network.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use snode_analysis::Moments;
use snode_store::{Appendix, RunSummary, read_appendices, read_info};

use crate::attack::Attack;
use crate::error::{Error, Result};
use crate::names::objective_name;
use snode_experiment::Experiment;
use snode_runner::analyses::ANALYSIS;
use snode_runner::{TEST, is_imported, known_objective};
use snode_train::{AVERAGE, ValueErrors};

/// A run with what was measured on its network.
#[derive(Clone, Debug)]
pub struct Run {
    /// The file of results.
    pub path: PathBuf,
    /// What it says.
    pub summary: RunSummary,
    /// The experiment in it.
    pub experiment: Experiment,
    /// What was measured, by the groups below `/analysis`, attacks apart.
    pub analyses: BTreeMap<String, Appendix>,
    /// The attacks on its network, by name.
    pub attacks: Vec<Attack>,
}

impl Run {
    /// Reads a run. Of adversarial images only the first are kept.
    ///
    /// # Errors
    /// If it cannot be read, or holds no experiment that this version understands.
    pub fn read(path: &Path) -> Result<Self> {
        Self::of(path, read_info(path)?, read_appendices(path, ANALYSIS)?)
    }

    /// Of what a run file says, or said before it was collected into one with others.
    ///
    /// # Errors
    /// If it holds no experiment that this version understands.
    pub fn of(
        path: &Path,
        summary: RunSummary,
        mut analyses: BTreeMap<String, Appendix>,
    ) -> Result<Self> {
        let experiment = toml::from_str(&summary.configuration.resolved).map_err(|error| {
            Error::Experiment { path: path.to_owned(), source: Box::new(error) }
        })?;
        let attacks = analyses
            .iter()
            .filter_map(|(group, found)| Attack::read(group.strip_prefix("attack/")?, found));
        let attacks = attacks.collect();
        analyses.retain(|group, _| !group.starts_with("attack/"));
        // As earlier versions called it.
        for part in ["input", "parameters"] {
            if let Some(found) = analyses.remove(&format!("sensitivity/{part}")) {
                analyses.entry(format!("noise/{part}")).or_insert(found);
            }
        }
        Ok(Self { path: path.to_owned(), summary, experiment, analyses, attacks })
    }

    /// Whether the network was trained elsewhere: by what, and for which cost, is not known.
    pub fn is_imported(&self) -> bool {
        is_imported(&self.summary)
    }

    /// What the cost is called that the network was trained for, if that is known.
    pub fn known_loss(&self) -> Option<String> {
        known_objective(&self.summary, Some(&self.experiment)).map(|choice| objective_name(&choice))
    }

    /// On how many test images the accuracy was measured; none of a regression.
    pub fn test_images(&self) -> Option<usize> {
        let score = self.summary.history.last_score(TEST)?;
        score.accuracy().map(|_| score.total)
    }

    /// The fraction of the test images that was classified rightly in the end; none of a regression.
    pub fn accuracy(&self) -> Option<f64> {
        self.summary.history.last_score(TEST)?.accuracy()
    }

    /// The errors of a regression on how many test images in the end; none of a classification.
    pub fn errors(&self) -> Option<(ValueErrors, usize)> {
        let score = self.summary.history.last_score(TEST)?;
        Some((score.errors()?, score.total))
    }

    /// A number that is larger for a better score on the test images.
    pub fn merit(&self) -> Option<f64> {
        self.summary.history.last_score(TEST).map(|score| score.merit())
    }

    /// The same of the average of the iterates, where one was kept.
    pub fn average_accuracy(&self) -> Option<f64> {
        let set = format!("{TEST}{AVERAGE}");
        self.summary.history.last_score(&set)?.accuracy()
    }

    /// The groups whose names begin with `kind`, as `robustness`, with what follows it.
    pub fn measured(&self, kind: &str) -> impl Iterator<Item = (&str, &Appendix)> {
        self.analyses.iter().filter_map(move |(name, appendix)| {
            let rest = name.strip_prefix(kind)?.strip_prefix('/')?;
            Some((rest, appendix))
        })
    }

    /// What stands in the file on [`robustness`](Self::robustness).
    pub fn robustness_group(&self) -> Option<&Appendix> {
        let scheme = self.experiment.network.scheme.text();
        self.analyses.get(&format!("robustness/{scheme}"))
    }

    /// Accuracy against the noise on inputs, by the scheme the network was trained under.
    pub fn robustness(&self) -> Option<Vec<(f64, Moments)>> {
        let found = self.robustness_group()?;
        let levels = found.values("levels")?;
        let accuracy = found.arrays.get("accuracy")?;
        let draws = *accuracy.shape.get(1)?;
        let over_draws = accuracy.values.chunks(draws.max(1));
        Some(
            levels
                .iter()
                .copied()
                .zip(over_draws.map(|row| row.iter().copied().collect()))
                .collect(),
        )
    }
}
