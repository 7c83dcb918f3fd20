//! Noise through depth: estimated and measured.

use std::path::Path;

use serde::Serialize;
use snode_analysis::{Moments, NoiseOn, NoiseOptions, PropagationSummary, summarise_noise};
use snode_files::Existing;
use snode_ode::Endpoint;
use snode_store::{Appendix, Precision, remove_appendix};

use super::{ANALYSIS, write};
use crate::error::Result;
use crate::number::Number;
use crate::subject::{ImageSelection, Subject, subject};
use snode_experiment::NoiseConfig;
use snode_experiment::images::encoded;
use snode_experiment::threads::pool;

/// Noise through the depth of a network (S26).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Noise {
    /// The images.
    pub source: ImageSelection,
    /// What the noise is on.
    pub on: NoisyPart,
    /// Its standard deviations.
    pub levels: Vec<f64>,
    /// How often it is drawn.
    pub draws: usize,
    /// How many of the images at most, the first ones.
    pub images: usize,
}

/// What noise is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoisyPart {
    /// The inputs.
    Input,
    /// All weights and biases.
    Parameters,
}

impl NoisyPart {
    /// Its name in files and tables.
    pub fn text(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Parameters => "parameters",
        }
    }
}

/// What was measured.
pub struct Measured {
    /// Which noise it was.
    pub options: NoiseOptions,
    /// On how many images.
    pub images: usize,
    /// A summary for each level.
    pub summaries: Vec<PropagationSummary>,
}

impl Noise {
    /// What the keys of an experiment ask for: noise on the inputs, on the parameters, or both.
    pub fn of(keys: &NoiseConfig) -> Vec<Self> {
        Self::on_images(keys, &ImageSelection::default(), usize::MAX)
    }

    /// The same, on other images, of which there are so many.
    pub fn on_images(keys: &NoiseConfig, source: &ImageSelection, there: usize) -> Vec<Self> {
        let parts =
            [(NoisyPart::Input, &keys.levels), (NoisyPart::Parameters, &keys.weights_levels)];
        let asked = parts.into_iter().filter(|(_, levels)| !levels.is_empty());
        let (draws, images) = (keys.draws, keys.images_of(there));
        asked
            .map(|(on, levels)| {
                let (source, levels) = (source.clone(), levels.clone());
                Self { source, on, levels, draws, images }
            })
            .collect()
    }

    /// The group of the run's file.
    pub fn group(&self) -> String {
        format!("{ANALYSIS}/noise/{}", self.on.text())
    }

    /// The group that earlier versions wrote.
    pub fn former_group(&self) -> String {
        format!("{ANALYSIS}/sensitivity/{}", self.on.text())
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
        let subject = subject(path, &self.source, warn)?;
        let measured = self.measure(&subject, threads)?;
        self.write(&subject, &measured, existing)
    }

    /// Measures on the images of `subject`, from the first on.
    ///
    /// # Errors
    /// If an option is refused, or the network cannot be solved.
    pub fn measure(&self, subject: &Subject, threads: Option<usize>) -> Result<Measured> {
        let on = match self.on {
            NoisyPart::Input => NoiseOn::Input,
            NoisyPart::Parameters => NoiseOn::Parameters,
        };
        let seed = subject.seed;
        let (levels, draws) = (self.levels.clone(), self.draws);
        let options = NoiseOptions { on, levels, draws, seed, components: None };
        let images = self.images.min(subject.split.len());
        let summaries = pool(threads)?.install(|| match subject.summary.precision {
            Precision::F32 => propagate::<f32>(subject, images, &options),
            Precision::F64 => propagate::<f64>(subject, images, &options),
        })?;
        Ok(Measured { options, images, summaries })
    }

    /// Writes what was measured into the run's file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, subject: &Subject, measured: &Measured, existing: Existing) -> Result<()> {
        let (run, network) = (&subject.run, &subject.network);
        write(run, &self.group(), self, network, appendix(subject, measured), existing)?;
        Ok(remove_appendix(run, &self.former_group())?)
    }
}

fn propagate<T: Number>(
    subject: &Subject,
    images: usize,
    options: &NoiseOptions,
) -> Result<Vec<PropagationSummary>> {
    // Layer by layer is Euler's way: other schemes have no layers.
    let network = subject.network::<T>()?.with_endpoint(Endpoint::Excluded);
    let indices: Vec<usize> = (0..images).collect();
    let x0 = encoded::<T>(&subject.split, subject.encoding, &indices)?.x;
    Ok(summarise_noise(&network, x0.as_ref(), options)?)
}

/// The three quantities of a summary, by the names they have in files.
pub fn quantities(summary: &PropagationSummary) -> [(&'static str, &[Moments]); 3] {
    [
        ("estimated", &summary.estimated),
        ("measured", &summary.measured),
        ("relative_error", &summary.relative_error),
    ]
}

fn appendix(subject: &Subject, measured: &Measured) -> Appendix {
    let Measured { options, images, summaries } = measured;
    let times = summaries.first().map(|summary| summary.times.clone()).unwrap_or_default();
    let shape = [summaries.len(), times.len()];
    let mut appendix = subject
        .describe(Appendix::default())
        .with_attribute("scheme", "euler")
        .with_attribute("images", *images)
        .with_attribute("draws", options.draws)
        .with_attribute("seed", options.seed)
        .with_array("levels", &[options.levels.len()], options.levels.clone())
        .with_array("times", &[times.len()], times);
    for quantity in 0..3 {
        let moments = || summaries.iter().flat_map(|summary| quantities(summary)[quantity].1);
        let name = quantities(&summaries[0])[quantity].0;
        let means = moments().map(|moments| moments.mean).collect();
        let deviations = moments().map(Moments::standard_deviation).collect();
        appendix = appendix.with_array(&format!("{name}_mean"), &shape, means).with_array(
            &format!("{name}_std"),
            &shape,
            deviations,
        );
    }
    appendix
}
