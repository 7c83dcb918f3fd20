//! Accuracy of a trained network under a scheme that it may not have been trained under.

use std::path::Path;

use serde::Serialize;
use snode_files::Existing;
use snode_store::{Appendix, Precision};

use super::{ANALYSIS, write};
use crate::error::Result;
use crate::evaluation::{Evaluation, Predictions, evaluate};
use crate::stored::{known_objective, scheme_for};
use crate::subject::{ImageSelection, Subject, subject};
use snode_experiment::threads::pool;
use snode_experiment::{SchemeName, SchemesConfig, is_adaptive};

/// A network solved by a scheme.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SolvedBy {
    /// The images.
    pub images: ImageSelection,
    /// The scheme.
    pub scheme: SchemeName,
    /// Its relative and absolute tolerance, in place of the run's.
    pub tolerance: Option<f64>,
}

impl SolvedBy {
    /// What the keys of an experiment ask for: one analysis a scheme.
    pub fn of(keys: &SchemesConfig) -> Vec<Self> {
        let tolerance = |scheme| keys.tolerance.filter(|_| is_adaptive(scheme));
        let schemes = keys.solve.iter().copied();
        schemes
            .map(|scheme| {
                let images = ImageSelection::default();
                Self { images, scheme, tolerance: tolerance(scheme) }
            })
            .collect()
    }

    /// The group of the run's file.
    pub fn group(&self) -> String {
        format!("{ANALYSIS}/schemes/{}", self.scheme.text())
    }

    /// Measures and writes the group.
    ///
    /// # Errors
    /// As [`Analysis::run`](super::Analysis::run).
    pub fn run(
        &self,
        path: &Path,
        threads: Option<usize>,
        existing: Existing,
        warn: &mut dyn FnMut(&str),
    ) -> Result<()> {
        let subject = subject(path, &self.images, warn)?;
        let Subject { summary, experiment, split, encoding, .. } = &subject;
        let classes = subject.classes("accuracy under another scheme")?;
        let experiment = experiment.as_ref();
        let scheme = scheme_for(Some(self.scheme), self.tolerance, summary, experiment)?;
        let objective = known_objective(summary, experiment);
        let evaluation = pool(threads)?.install(|| match summary.precision {
            Precision::F32 => {
                evaluate(subject.network::<f32>()?, split, *encoding, classes, objective, &scheme)
            }
            Precision::F64 => {
                evaluate(subject.network::<f64>()?, split, *encoding, classes, objective, &scheme)
            }
        })?;
        let found = self.appendix(&subject, &evaluation);
        write(path, &self.group(), self, &subject.network, found, existing)
    }

    fn appendix(&self, subject: &Subject, evaluation: &Evaluation) -> Appendix {
        let effort = &evaluation.statistics;
        let appendix = subject
            .describe(Appendix::default())
            .with_attribute("scheme", self.scheme.text())
            .with_attribute("images", evaluation.total)
            .with_attribute("steps", effort.accepted)
            .with_attribute("rejected_steps", effort.rejected)
            .with_attribute("right_hand_sides", effort.right_hand_sides);
        let appendix = match &evaluation.predictions {
            Predictions::Classes(confusion) => {
                let (classes, correct) = (confusion.len(), evaluation.correct().unwrap_or(0));
                let counts = confusion.iter().flatten().map(|count| *count as f64).collect();
                appendix
                    .with_attribute("correct", correct)
                    .with_attribute("accuracy", correct as f64 / evaluation.total.max(1) as f64)
                    .with_array("confusion", &[classes, classes], counts)
            }
            Predictions::Values(_) => appendix,
        };
        match evaluation.cost {
            Some(cost) => appendix.with_attribute("cost", cost),
            None => appendix,
        }
    }
}
