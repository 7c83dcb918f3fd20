//! Noise of size one, and what is asked of an analysis of it.

use std::ops::Range;

use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use snode_data::Noise;
use snode_data::streams::{self, Purpose};
use snode_ode::{AffineMap, Parameters, Real};

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
    /// How many components of an input are data, the first ones; noise on the input moves no others.
    /// All of them if not given.
    pub components: Option<usize>,
}

impl Default for NoiseOptions {
    /// One draw on all components of the input, s = 0.1.
    fn default() -> Self {
        Self { on: NoiseOn::Input, levels: vec![0.1], draws: 1, seed: 0, components: None }
    }
}

impl NoiseOptions {
    /// Refuses what cannot be analysed on a network of this width.
    pub(crate) fn check(&self, width: usize) -> Result<(), AnalysisError> {
        for &level in &self.levels {
            let most = Noise::MAX_STANDARD_DEVIATION;
            let allowed = level > 0.0 && level <= most;
            AnalysisError::require("noise level", level, allowed, "above 0, up to 1e6")?;
        }
        let levels = self.levels.len();
        AnalysisError::require("number of noise levels", levels as f64, levels > 0, "at least 1")?;
        check_components(self.components, width)?;
        check_draws(self.draws)
    }
}

pub(crate) fn check_components(
    components: Option<usize>,
    width: usize,
) -> Result<(), AnalysisError> {
    let components = components.unwrap_or(width);
    let allowed = components <= width;
    let range = "at most the width of the network";
    AnalysisError::require("number of components", components as f64, allowed, range)
}

/// The largest number of draws.
const MOST_DRAWS: usize = 1_000_000;

pub(crate) fn check_draws(draws: usize) -> Result<(), AnalysisError> {
    let allowed = (1..=MOST_DRAWS).contains(&draws);
    AnalysisError::require("number of noise draws", draws as f64, allowed, "1 to 1000000")
}

/// Standard normal numbers for some inputs of width `width`, one input after the other: on their first
/// `components` the noise of size one that [`Noise`] adds to the images with these indices, on the
/// others 0.
pub(crate) fn input_noise(
    seed: u64,
    draw: usize,
    width: usize,
    components: usize,
    inputs: Range<usize>,
) -> Result<Vec<f64>, AnalysisError> {
    let mut noise = vec![0.0; components * inputs.len()];
    let count = inputs.len();
    let indices: Vec<usize> = inputs.collect();
    Noise::new(seed, 1.0)?.draw(draw as u32).add(components, &indices, &mut noise)?;
    if components == width {
        return Ok(noise);
    }
    let mut values = vec![0.0; width * count];
    for input in 0..count {
        values[input * width..input * width + components]
            .copy_from_slice(&noise[input * components..(input + 1) * components]);
    }
    Ok(values)
}

/// Standard normal numbers for every entry of W and b: node k of draw d from the
/// [stream](streams) for the seed, [`Purpose::ParameterNoise`] and 2³² d + k, drawn as `f64` in the
/// order of [`Parameters::node`].
pub fn parameter_noise<T: Real>(
    map: impl Into<AffineMap>,
    nodes: usize,
    seed: u64,
    draw: usize,
) -> Parameters<T> {
    let mut noise = Parameters::zeros(map, nodes);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_behind_the_data_have_no_noise() {
        let data = input_noise(1, 2, 3, 3, 4..6).unwrap();
        let padded = input_noise(1, 2, 5, 3, 4..6).unwrap();
        assert_eq!(padded[..3], data[..3]);
        assert_eq!(padded[5..8], data[3..]);
        assert_eq!([&padded[3..5], &padded[8..]], [[0.0, 0.0]; 2]);
    }
}
