//! Accuracy against noise.

use faer::MatRef;
use rayon::prelude::*;
use snode_data::Noise;
use snode_ode::{Network, Parameters, Real, Scheme};
use snode_train::{EvaluationSet, classify, scores};

use crate::noise::{check_components, check_draws, input_noise, parameter_noise};
use crate::uncertainty::NoiseSource;
use crate::{AnalysisError, Moments};

/// Which noise accuracy is measured under.
#[derive(Clone, Debug, PartialEq)]
pub struct RobustnessOptions {
    /// Standard deviations s, from 0 to 10⁶. All levels have the same noise, scaled.
    pub levels: Vec<f64>,
    /// How many independent draws of it, at least 1.
    pub draws: usize,
    /// Where it comes from.
    pub seed: u64,
    /// The box that noisy inputs are clipped to; they are not, if none is given.
    pub clip: Option<(f64, f64)>,
    /// How many components of an input are data, the first ones; no others are moved or clipped. All
    /// of them if not given.
    pub components: Option<usize>,
}

impl Default for RobustnessOptions {
    /// Levels 0, 0.1, … 1, five draws, not clipped.
    fn default() -> Self {
        let levels = (0..=10).map(|i| f64::from(i) / 10.0).collect();
        Self { levels, draws: 5, seed: 0, clip: None, components: None }
    }
}

impl RobustnessOptions {
    fn check(&self, width: usize) -> Result<(), AnalysisError> {
        for &level in &self.levels {
            let allowed = (0.0..=Noise::MAX_STANDARD_DEVIATION).contains(&level);
            AnalysisError::require("noise level", level, allowed, "from 0 to 1e6")?;
        }
        let levels = self.levels.len();
        AnalysisError::require("number of noise levels", levels as f64, levels > 0, "at least 1")?;
        if let Some((least, most)) = self.clip {
            let finite = least.is_finite() && most.is_finite();
            let allowed = "finite bounds, the lower one below the upper one";
            AnalysisError::require(
                "width of the clipping box",
                most - least,
                finite && least < most,
                allowed,
            )?;
        }
        check_components(self.components, width)?;
        check_draws(self.draws)
    }
}

/// Accuracy against the level of noise (S28).
#[derive(Clone, Debug, PartialEq)]
pub struct RobustnessCurve {
    /// s.
    pub levels: Vec<f64>,
    /// How many inputs there were.
    pub total: usize,
    /// `correct[level][draw]`: how many predictions were right.
    pub correct: Vec<Vec<usize>>,
}

impl RobustnessCurve {
    /// The fraction that was right under one draw, 0 to 1.
    ///
    /// # Panics
    /// If there is no such level or draw.
    pub fn accuracy(&self, level: usize, draw: usize) -> f64 {
        self.correct[level][draw] as f64 / self.total.max(1) as f64
    }

    /// Accuracy over all draws.
    ///
    /// # Panics
    /// If there is no such level.
    pub fn over_draws(&self, level: usize) -> Moments {
        (0..self.correct[level].len()).map(|draw| self.accuracy(level, draw)).collect()
    }
}

/// Mean and standard deviation over runs of each run's mean accuracy, level by level.
///
/// # Errors
/// [`AnalysisError::Differ`] if there are no runs or their levels differ.
pub fn across_runs(runs: &[RobustnessCurve]) -> Result<Vec<Moments>, AnalysisError> {
    let first = runs.first().ok_or(AnalysisError::Differ)?;
    if runs.iter().any(|run| run.levels != first.levels) {
        return Err(AnalysisError::Differ);
    }
    let over_runs = |level| runs.iter().map(|run| run.over_draws(level).mean).collect();
    Ok((0..first.levels.len()).map(over_runs).collect())
}

/// Measures accuracy under noise on the inputs, by any scheme.
///
/// The noise on column j of the set is that of image j ([`Noise`]): the same for every level but for
/// its size, and another one for every draw. At level 0 all draws are the clean inputs, which are
/// clipped like the others.
///
/// # Errors
/// If an option is out of its range, the set does not fit, or a state is not finite.
pub fn robustness<T: Real>(
    scheme: &dyn Scheme<T>,
    network: &Network<T>,
    set: &EvaluationSet<T>,
    classes: usize,
    options: &RobustnessOptions,
) -> Result<RobustnessCurve, AnalysisError> {
    let measured = measure_noise(scheme, network, set, classes, NoiseSource::Input, options)?;
    Ok(measured.curve)
}

/// What noise was measured to do to predictions.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseMeasurement {
    /// How many predictions were right.
    pub curve: RobustnessCurve,
    /// `flips[level][image]`: in how many draws another class was predicted than without noise.
    pub flips: Vec<Vec<usize>>,
}

/// [`robustness`], also under noise on the parameters, with the flips of every image.
///
/// Noise on the parameters is the same for all images of a draw; that at every node is
/// [`parameter_noise`], that which is constant in depth its first node's.
///
/// # Errors
/// As [`robustness`].
pub fn measure_noise<T: Real>(
    scheme: &dyn Scheme<T>,
    network: &Network<T>,
    set: &EvaluationSet<T>,
    classes: usize,
    on: NoiseSource,
    options: &RobustnessOptions,
) -> Result<NoiseMeasurement, AnalysisError> {
    let (width, inputs) = set.x.shape();
    options.check(width)?;
    let labels = set.targets.as_ref().classes()?;
    let found = labels.len();
    AnalysisError::require("number of labels", found as f64, found == inputs, "one an input")?;
    let mut noisy = NoisyPredictions { scheme, set, classes, options, x0: Vec::new() };
    let clean = noisy.predict(network, &[], 0.0)?;
    let mut correct = vec![vec![0; options.draws]; options.levels.len()];
    let mut flips = vec![vec![0; inputs]; options.levels.len()];
    for draw in 0..options.draws {
        let noise = Noises::draw(on, network, set, options, draw)?;
        for (level, &s) in options.levels.iter().enumerate() {
            if s == 0.0 && draw > 0 {
                correct[level][draw] = correct[level][0];
                continue;
            }
            let predicted = match &noise {
                Noises::Input(noise) => noisy.predict(network, noise, s)?,
                Noises::Parameters(noise) => {
                    noisy.predict(&perturbed(network, noise, s), &[], 0.0)?
                }
            };
            correct[level][draw] = predicted.iter().zip(labels).filter(|(p, l)| p == l).count();
            for ((flips, predicted), clean) in flips[level].iter_mut().zip(&predicted).zip(&clean) {
                *flips += usize::from(predicted != clean);
            }
        }
    }
    let curve = RobustnessCurve { levels: options.levels.clone(), total: inputs, correct };
    Ok(NoiseMeasurement { curve, flips })
}

/// One draw of noise of size one.
enum Noises<T> {
    Input(Vec<f64>),
    Parameters(Parameters<T>),
}

impl<T: Real> Noises<T> {
    fn draw(
        on: NoiseSource,
        network: &Network<T>,
        set: &EvaluationSet<T>,
        options: &RobustnessOptions,
        draw: usize,
    ) -> Result<Self, AnalysisError> {
        let (width, inputs) = set.x.shape();
        let nodes = network.parameters().nodes();
        Ok(match on {
            NoiseSource::Input => {
                let components = options.components.unwrap_or(width);
                Self::Input(noise_of_all(options.seed, draw, (width, components), inputs)?)
            }
            NoiseSource::Parameters => {
                Self::Parameters(parameter_noise(network.map(), nodes, options.seed, draw))
            }
            NoiseSource::ConstantParameters => {
                let one = parameter_noise::<T>(network.map(), 1, options.seed, draw);
                let mut all = network.parameters().zeros_like();
                (0..nodes).for_each(|k| all.node_mut(k).copy_from_slice(one.node(0)));
                Self::Parameters(all)
            }
        })
    }
}

/// The network with s times the noise on its parameters.
fn perturbed<T: Real>(network: &Network<T>, noise: &Parameters<T>, level: f64) -> Network<T> {
    let mut perturbed = network.clone();
    perturbed.parameters_mut().axpy(T::from_f64(level), noise);
    perturbed
}

/// Predictions for the noisy inputs of a set.
struct NoisyPredictions<'a, T: Real> {
    scheme: &'a dyn Scheme<T>,
    set: &'a EvaluationSet<T>,
    classes: usize,
    options: &'a RobustnessOptions,
    x0: Vec<T>,
}

impl<T: Real> NoisyPredictions<'_, T> {
    /// Classes predicted by `network` for x₀ + s z; for x₀, clipped, without noise.
    fn predict(
        &mut self,
        network: &Network<T>,
        noise: &[f64],
        level: f64,
    ) -> Result<Vec<usize>, AnalysisError> {
        let (width, inputs) = self.set.x.shape();
        let components = self.options.components.unwrap_or(width);
        self.x0.resize(width * inputs, T::ZERO);
        add(self.set, level, noise, (self.options.clip, components), &mut self.x0);
        let x0 = MatRef::from_column_major_slice(&self.x0, width, inputs);
        let scores = scores(self.scheme, network, x0, self.classes)?;
        Ok(classify(scores.as_ref(), self.classes))
    }
}

/// Inputs whose noise is drawn in one go.
const INPUTS: usize = 256;

fn noise_of_all(
    seed: u64,
    draw: usize,
    (width, components): (usize, usize),
    inputs: usize,
) -> Result<Vec<f64>, AnalysisError> {
    let parts: Result<Vec<Vec<f64>>, AnalysisError> = (0..inputs.div_ceil(INPUTS))
        .into_par_iter()
        .map(|part| {
            let inputs = part * INPUTS..((part + 1) * INPUTS).min(inputs);
            input_noise(seed, draw, width, components, inputs)
        })
        .collect();
    Ok(parts?.concat())
}

/// `noisy` = x₀ + s z, clipped in the components of the data if asked for, as [`Noise::add`] has it.
fn add<T: Real>(
    set: &EvaluationSet<T>,
    level: f64,
    noise: &[f64],
    (clip, components): (Option<(f64, f64)>, usize),
    noisy: &mut [T],
) {
    let width = set.x.nrows();
    noisy.par_chunks_mut(width.max(1)).enumerate().for_each(|(column, noisy)| {
        for (i, value) in noisy.iter_mut().enumerate() {
            let mut sum = set.x[(i, column)].to_f64();
            if level > 0.0 {
                sum += level * noise[column * width + i];
            }
            if let Some((least, most)) = clip.filter(|_| i < components) {
                sum = sum.clamp(least, most);
            }
            *value = T::from_f64(sum);
        }
    });
}
