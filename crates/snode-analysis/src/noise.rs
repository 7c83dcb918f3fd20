//! Noise of size one, and what is asked of an analysis of it.

use std::ops::Range;

use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use snode_data::Noise;
use snode_data::streams::{self, Purpose};
use snode_ode::{Parameters, Real};

use crate::AnalysisError;

/// What noise is added to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoiseOn {
    /// Every component of the input: ξ₀ = s z.
    #[default]
    Input,
    /// Every entry of W and b at every node: (ω, β) = s z. Noise at one depth is independent of that
    /// at another.
    Parameters,
}

/// Which noise is propagated.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseOptions {
    /// What it is added to.
    pub on: NoiseOn,
    /// Standard deviations s, each in (0, 10⁶\]. All levels have the same noise, scaled.
    pub levels: Vec<f64>,
    /// How many independent draws of it, at least 1.
    pub draws: usize,
    /// Where it comes from.
    pub seed: u64,
}

impl Default for NoiseOptions {
    /// One draw on the input, s = 0.1.
    fn default() -> Self {
        Self { on: NoiseOn::Input, levels: vec![0.1], draws: 1, seed: 0 }
    }
}

impl NoiseOptions {
    /// Refuses what cannot be analysed.
    pub(crate) fn check(&self) -> Result<(), AnalysisError> {
        for &level in &self.levels {
            let most = Noise::MAX_STANDARD_DEVIATION;
            let allowed = level > 0.0 && level <= most;
            AnalysisError::require("noise level", level, allowed, "above 0, up to 1e6")?;
        }
        let levels = self.levels.len();
        AnalysisError::require("number of noise levels", levels as f64, levels > 0, "at least 1")?;
        check_draws(self.draws)
    }
}

/// The largest number of draws.
const MOST_DRAWS: usize = 1_000_000;

pub(crate) fn check_draws(draws: usize) -> Result<(), AnalysisError> {
    let allowed = (1..=MOST_DRAWS).contains(&draws);
    AnalysisError::require("number of noise draws", draws as f64, allowed, "1 to 1000000")
}

/// Standard normal numbers for some inputs of width `width`, one input after the other: the noise of
/// size one that [`Noise`] adds to the images with these indices.
pub(crate) fn input_noise(
    seed: u64,
    draw: usize,
    width: usize,
    inputs: Range<usize>,
) -> Result<Vec<f64>, AnalysisError> {
    let mut values = vec![0.0; width * inputs.len()];
    let indices: Vec<usize> = inputs.collect();
    Noise::new(seed, 1.0)?.draw(draw as u32).add(width, &indices, &mut values)?;
    Ok(values)
}

/// Standard normal numbers for every entry of W and b: node k of draw d from the
/// [stream](streams) for the seed, [`Purpose::ParameterNoise`] and 2³² d + k, drawn as `f64` in the
/// order of [`Parameters::node`].
pub fn parameter_noise<T: Real>(
    width: usize,
    nodes: usize,
    seed: u64,
    draw: usize,
) -> Parameters<T> {
    let mut noise = Parameters::zeros(width, nodes);
    let node_len = noise.node_len();
    if node_len == 0 {
        return noise;
    }
    noise.as_mut_slice().par_chunks_mut(node_len).enumerate().for_each(|(k, node)| {
        let stream = ((draw as u64) << 32).wrapping_add(k as u64);
        let mut rng = streams::rng(seed, Purpose::ParameterNoise, stream);
        for value in node {
            let z: f64 = StandardNormal.sample(&mut rng);
            *value = T::from_f64(z);
        }
    });
    noise
}
