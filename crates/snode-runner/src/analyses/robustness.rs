//! Accuracy under noise on the inputs.

use std::path::Path;

use serde::Serialize;
use snode_analysis::{RobustnessCurve, RobustnessOptions, robustness};
use snode_files::Existing;
use snode_ode::SchemeChoice;
use snode_store::{Appendix, Precision};

use super::{ANALYSIS, write};
use crate::error::Result;
use crate::number::Number;
use crate::stored::scheme_for;
use crate::subject::{ImageSelection, Subject, subject};
use snode_experiment::images::evaluation_set;
use snode_experiment::threads::pool;
use snode_experiment::{RobustnessConfig, SchemeName};

/// Accuracy of a network under noise on the inputs (S28).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Robustness {
    /// The images.
    pub images: ImageSelection,
    /// The scheme that solves the network.
    pub scheme: SchemeName,
    /// Which noise, on how many of the images. Its own `scheme` is not looked at.
    pub keys: RobustnessConfig,
}

/// What was measured.
pub struct Measured {
    /// The scheme with its choices.
    pub scheme: SchemeChoice,
    /// Which noise it was.
    pub options: RobustnessOptions,
    /// Accuracy against its level.
    pub curve: RobustnessCurve,
}

impl Robustness {
    /// What the keys of an experiment ask for whose network is trained under a scheme.
    pub fn of(keys: &RobustnessConfig, trained: SchemeName) -> Self {
        let scheme = keys.scheme.unwrap_or(trained);
        let keys = RobustnessConfig { scheme: None, ..keys.clone() };
        Self { images: ImageSelection::default(), scheme, keys }
    }

    /// The group of the run's file.
    pub fn group(&self) -> String {
        format!("{ANALYSIS}/robustness/{}", self.scheme.text())
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
        let measured = self.measure(&subject, threads)?;
        self.write(&subject, &measured, existing)
    }

    /// Measures on the images of `subject`, from the first on.
    ///
    /// # Errors
    /// If an option is refused, or the network cannot be solved.
    pub fn measure(&self, subject: &Subject, threads: Option<usize>) -> Result<Measured> {
        subject.classes("accuracy under noise")?;
        let (keys, summary) = (&self.keys, &subject.summary);
        let experiment = subject.experiment.as_ref();
        let scheme = scheme_for(Some(self.scheme), keys.tolerance, summary, experiment)?;
        let options = RobustnessOptions {
            levels: keys.levels.clone(),
            draws: keys.draws,
            seed: subject.seed,
            clip: keys.clip.then(|| subject.encoding.bounds()),
            components: None,
        };
        let curve = pool(threads)?.install(|| match summary.precision {
            Precision::F32 => self.curve::<f32>(subject, &scheme, &options),
            Precision::F64 => self.curve::<f64>(subject, &scheme, &options),
        })?;
        Ok(Measured { scheme, options, curve })
    }

    fn curve<T: Number>(
        &self,
        subject: &Subject,
        scheme: &SchemeChoice,
        options: &RobustnessOptions,
    ) -> Result<RobustnessCurve> {
        let network = subject.network::<T>()?.with_endpoint(scheme.endpoint());
        let split = subject.first(self.keys.images)?;
        let set = evaluation_set::<T>(subject.split_name.text(), &split, subject.encoding)?;
        let scheme = crate::device::scheme::<T>(scheme)?;
        Ok(robustness(&*scheme, &network, &set, subject.summary.model.classes, options)?)
    }

    /// Writes what was measured into the run's file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, subject: &Subject, measured: &Measured, existing: Existing) -> Result<()> {
        let (run, network) = (&subject.run, &subject.network);
        write(run, &self.group(), self, network, appendix(subject, measured), existing)
    }
}

fn appendix(subject: &Subject, measured: &Measured) -> Appendix {
    let Measured { scheme, options, curve } = measured;
    let (levels, draws) = (curve.levels.len(), options.draws);
    let accuracies = (0..levels).flat_map(|level| (0..draws).map(move |draw| (level, draw)));
    let accuracies = accuracies.map(|(level, draw)| curve.accuracy(level, draw)).collect();
    subject
        .describe(Appendix::default())
        .with_attribute("scheme", scheme.name())
        .with_attribute("images", curve.total)
        .with_attribute("draws", draws)
        .with_attribute("seed", options.seed)
        .with_attribute("clipped", u64::from(options.clip.is_some()))
        .with_array("levels", &[levels], curve.levels.clone())
        .with_array("accuracy", &[levels, draws], accuracies)
}
