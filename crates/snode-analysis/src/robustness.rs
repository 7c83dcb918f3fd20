//! Accuracy against noise.

use rayon::prelude::*;
use snode_data::Noise;
use snode_ode::{Network, Real, Scheme};
use snode_train::{EvaluationSet, classify, scores};

use crate::noise::{check_components, check_draws, input_noise};
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
    let (width, inputs) = set.x.shape();
    options.check(width)?;
    let components = options.components.unwrap_or(width);
    let labels = set.labels.len();
    AnalysisError::require("number of labels", labels as f64, labels == inputs, "one an input")?;
    let mut correct = vec![vec![0; options.draws]; options.levels.len()];
    let mut noisy = vec![T::ZERO; width * inputs];
    for draw in 0..options.draws {
        let noise = noise_of_all(options.seed, draw, (width, components), inputs)?;
        for (level, correct) in options.levels.iter().zip(&mut correct) {
            if *level == 0.0 && draw > 0 {
                correct[draw] = correct[0];
                continue;
            }
            add(set, *level, &noise, (options.clip, components), &mut noisy);
            let x0 = faer::MatRef::from_column_major_slice(&noisy, width, inputs);
            let predicted = classify(scores(scheme, network, x0, classes)?.as_ref(), classes);
            correct[draw] = predicted.iter().zip(&set.labels).filter(|(p, l)| p == l).count();
        }
    }
    Ok(RobustnessCurve { levels: options.levels.clone(), total: inputs, correct })
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
            let mut sum = set.x[(i, column)].to_f64() + level * noise[column * width + i];
            if let Some((least, most)) = clip.filter(|_| i < components) {
                sum = sum.clamp(least, most);
            }
            *value = T::from_f64(sum);
        }
    });
}
