//! Uncertainty of predictions, from the sensitivity problem.

use std::path::Path;

use faer::MatRef;
use serde::Serialize;
use snode_analysis::{
    NoiseMeasurement, NoiseOn, NoiseOptions, NoiseSource, ReliabilityBin, RobustnessOptions,
    ScoreDistributions, UncertaintyOptions, calibration_error, measure_noise, reliability,
    score_distributions, summarise_noise,
};
use snode_files::Existing;
use snode_ode::{Endpoint, Network, SchemeChoice};
use snode_store::{Appendix, Precision};

use super::{ANALYSIS, write};
use crate::error::Result;
use crate::number::Number;
use crate::stored::scheme_for;
use crate::subject::{ImageSelection, Subject, subject};
use snode_experiment::images::evaluation_set;
use snode_experiment::threads::pool;
use snode_experiment::{UncertaintyConfig, UncertaintySource};

/// What noise does to predictions, predicted from C adjoint columns an image (S63, S64), and measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Uncertainty {
    /// The images.
    pub images: ImageSelection,
    /// Which noise, on how many of the images.
    pub keys: UncertaintyConfig,
}

/// What was found.
pub struct Found {
    /// The scheme with its choices.
    pub scheme: SchemeChoice,
    /// The seed of directions and noise.
    pub seed: u64,
    /// Scores and their covariance, image by image.
    pub distributions: ScoreDistributions,
    /// The accuracy to be expected, level by level.
    pub accuracy: Vec<f64>,
    /// The probability of a flip, `[level][image]`.
    pub flips: Vec<Vec<f64>>,
    /// What was measured, if noise was drawn.
    pub measured: Option<NoiseMeasurement>,
    /// The reliability diagram of each level, where noise was drawn.
    pub diagrams: Vec<Vec<ReliabilityBin>>,
    /// The mean relative error of the estimate of x(T), level by level; NaN where it is not known.
    pub relative_error: Vec<f64>,
}

/// How many images the relative error of the estimate is measured on, the first ones.
const CHECKED: usize = 200;

/// What the noise is on.
fn source(keys: &UncertaintyConfig) -> NoiseSource {
    match keys.on {
        UncertaintySource::Input => NoiseSource::Input,
        UncertaintySource::Parameters => NoiseSource::Parameters,
        UncertaintySource::ConstantParameters => NoiseSource::ConstantParameters,
    }
}

impl Uncertainty {
    /// What the keys of an experiment ask for.
    pub fn of(keys: &UncertaintyConfig) -> Self {
        Self { images: ImageSelection::default(), keys: keys.clone() }
    }

    /// The group of the run's file.
    pub fn group(&self) -> String {
        format!("{ANALYSIS}/uncertainty/{}", self.keys.on.text())
    }

    /// Computes and writes the group.
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
        let found = self.measure(&subject, threads)?;
        self.write(&subject, &found, existing)
    }

    /// Computes for the images of `subject`, from the first on.
    ///
    /// # Errors
    /// If an option is refused, or the network cannot be solved.
    pub fn measure(&self, subject: &Subject, threads: Option<usize>) -> Result<Found> {
        subject.classes("the uncertainty of predictions")?;
        let summary = &subject.summary;
        let scheme = scheme_for(None, None, summary, subject.experiment.as_ref())?;
        pool(threads)?.install(|| match summary.precision {
            Precision::F32 => self.found::<f32>(subject, scheme),
            Precision::F64 => self.found::<f64>(subject, scheme),
        })
    }

    fn found<T: Number>(&self, subject: &Subject, choice: SchemeChoice) -> Result<Found> {
        let (keys, seed) = (&self.keys, subject.seed);
        let network = subject.network::<T>()?.with_endpoint(choice.endpoint());
        let split = subject.first(keys.images)?;
        let set = evaluation_set::<T>(subject.split_name.text(), &split, subject.encoding)?;
        let classes = subject.summary.model.classes;
        let components = Some(subject.summary.model.input.components(network.width()));
        let mut scheme = crate::device::scheme::<T>(&choice)?;
        let on = source(keys);
        let options = UncertaintyOptions { on, components, ..Default::default() };
        let distributions =
            score_distributions(&mut *scheme, &network, set.x.as_ref(), classes, &options)?;
        let (levels, directions) = (&keys.levels[..], keys.directions);
        let labels = set.targets.as_ref().classes()?;
        let accuracy = distributions.predicted_accuracy(labels, levels, directions, seed)?;
        let flips = distributions.flip_probabilities(levels, directions, seed)?;
        let options = RobustnessOptions {
            levels: levels.to_vec(),
            draws: keys.draws,
            seed,
            clip: None,
            components,
        };
        let measured = (keys.draws > 0)
            .then(|| measure_noise(&*scheme, &network, &set, classes, on, &options))
            .transpose()?;
        let mut diagrams = Vec::new();
        for (level, flips) in flips.iter().enumerate() {
            let Some(measured) = &measured else { break };
            diagrams.push(reliability(flips, &measured.flips[level], keys.draws, keys.bins)?);
        }
        let relative_error = relative_error(&network, set.x.as_ref(), on, &options)?;
        Ok(Found {
            scheme: choice,
            seed,
            distributions,
            accuracy,
            flips,
            measured,
            diagrams,
            relative_error,
        })
    }

    /// Writes what was found into the run's file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, subject: &Subject, found: &Found, existing: Existing) -> Result<()> {
        let (run, network) = (&subject.run, &subject.network);
        write(run, &self.group(), self, network, self.appendix(subject, found), existing)
    }

    fn appendix(&self, subject: &Subject, found: &Found) -> Appendix {
        let (keys, all) = (&self.keys, &found.distributions);
        let (levels, images) = (keys.levels.len(), all.images());
        let of_images = |value: &dyn Fn(usize) -> f64| (0..images).map(value).collect();
        let nearest = |j: usize| all.nearest(j);
        let mut appendix = subject
            .describe(Appendix::default())
            .with_attribute("scheme", found.scheme.name())
            .with_attribute("images", images)
            .with_attribute("draws", keys.draws)
            .with_attribute("directions", keys.directions)
            .with_attribute("seed", found.seed)
            .with_array("levels", &[levels], keys.levels.clone())
            .with_array("predicted_accuracy", &[levels], found.accuracy.clone())
            .with_array("relative_error", &[levels], found.relative_error.clone())
            .with_array("flip_probability", &[levels, images], found.flips.concat())
            .with_array("predicted_class", &[images], of_images(&|j| all.predicted(j) as f64))
            .with_array(
                "nearest_class",
                &[images],
                of_images(&|j| nearest(j).map_or(f64::NAN, |nearest| nearest.class as f64)),
            )
            .with_array(
                "distance",
                &[images],
                of_images(&|j| nearest(j).map_or(f64::INFINITY, |nearest| nearest.distance)),
            );
        if let Some(measured) = &found.measured {
            let curve = &measured.curve;
            let accuracies = (0..levels)
                .flat_map(|level| (0..keys.draws).map(move |draw| curve.accuracy(level, draw)));
            appendix = appendix.with_array("accuracy", &[levels, keys.draws], accuracies.collect());
            let shape = [levels, keys.bins];
            let of_bins = |value: &dyn Fn(&ReliabilityBin) -> f64| -> Vec<f64> {
                found.diagrams.iter().flatten().map(value).collect()
            };
            let errors = found.diagrams.iter().map(|diagram| calibration_error(diagram)).collect();
            appendix = appendix
                .with_array("reliability_images", &shape, of_bins(&|bin| bin.images as f64))
                .with_array("reliability_predicted", &shape, of_bins(&|bin| bin.predicted))
                .with_array("reliability_observed", &shape, of_bins(&|bin| bin.observed))
                .with_array("calibration_error", &[levels], errors);
        }
        appendix
    }
}

/// The mean over some images of the relative error of the estimate at T (S26), for one draw of the noise.
fn relative_error<T: Number>(
    network: &Network<T>,
    x0: MatRef<'_, T>,
    on: NoiseSource,
    options: &RobustnessOptions,
) -> Result<Vec<f64>> {
    let on = match on {
        NoiseSource::Input => NoiseOn::Input,
        NoiseSource::Parameters => NoiseOn::Parameters,
        NoiseSource::ConstantParameters => return Ok(vec![f64::NAN; options.levels.len()]),
    };
    let levels: Vec<f64> = options.levels.iter().copied().filter(|level| *level > 0.0).collect();
    let RobustnessOptions { seed, components, .. } = *options;
    let noise = NoiseOptions { on, levels, draws: 1, seed, components };
    if noise.levels.is_empty() {
        return Ok(vec![0.0; options.levels.len()]);
    }
    // Layer by layer is Euler's way: other schemes have no layers.
    let network = network.clone().with_endpoint(Endpoint::Excluded);
    let x0 = x0.subcols(0, x0.ncols().min(CHECKED));
    let summaries = summarise_noise(&network, x0, &noise)?;
    let mut at_end = summaries
        .iter()
        .map(|summary| summary.relative_error.last().map_or(f64::NAN, |moments| moments.mean));
    let of_level = |level: &f64| if *level > 0.0 { at_end.next().unwrap_or(f64::NAN) } else { 0.0 };
    Ok(options.levels.iter().map(of_level).collect())
}

/// Mean and standard deviation of the accuracy that was measured at a level, in per cent.
pub fn measured_percent(found: &Found, level: usize) -> Option<(f64, f64)> {
    let moments = found.measured.as_ref()?.curve.over_draws(level);
    Some((100.0 * moments.mean, 100.0 * moments.standard_deviation()))
}
