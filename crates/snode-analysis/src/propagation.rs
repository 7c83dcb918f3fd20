//! Noise through depth: estimated and measured.

use faer::MatRef;
use snode_ode::{Distances, Network, Real};

use crate::blocks::{self, Block};
use crate::{AnalysisError, NoiseOptions, PropagationSummary};

/// Noise propagation (S26) of every input at every layer, for all levels and draws.
#[derive(Clone, Debug, PartialEq)]
pub struct NoisePropagation {
    /// Which noise it was.
    pub options: NoiseOptions,
    /// t_k for k = 0 … L.
    pub times: Vec<f64>,
    inputs: usize,
    /// By draw, level, layer and input.
    distances: Vec<Distances>,
}

/// Solves the network by Euler's scheme with and without noise, together with the sensitivity
/// problem for the noise, and keeps the distances (S26) of every input.
///
/// Inputs are columns; the noise on column j is that of image j. Where [`summarise_noise`] is enough
/// it needs less memory.
///
/// # Errors
/// If an option is out of its range, shapes do not fit, or a state is not finite.
pub fn propagate_noise<T: Real>(
    network: &Network<T>,
    x0: MatRef<'_, T>,
    options: &NoiseOptions,
) -> Result<NoisePropagation, AnalysisError> {
    let times = times(network);
    let (inputs, levels, layers) = (x0.ncols(), options.levels.len(), times.len());
    let pieces = blocks::walk(network, x0, options, &|block: &Block| {
        (block.first_draw, block.first_input, block.inputs, block.distances.clone())
    })?;
    let mut distances = vec![Distances::default(); options.draws * levels * layers * inputs];
    for (first_draw, first_input, count, piece) in pieces {
        for (row, values) in piece.chunks_exact(count).enumerate() {
            let start = (first_draw * levels * layers + row) * inputs + first_input;
            distances[start..start + count].copy_from_slice(values);
        }
    }
    Ok(NoisePropagation { options: options.clone(), times, inputs, distances })
}

/// The same, with mean and standard deviation over inputs and draws only: one summary for each level.
/// Memory does not depend on the number of inputs.
///
/// # Errors
/// As [`propagate_noise`].
pub fn summarise_noise<T: Real>(
    network: &Network<T>,
    x0: MatRef<'_, T>,
    options: &NoiseOptions,
) -> Result<Vec<PropagationSummary>, AnalysisError> {
    let times = times(network);
    let pieces = blocks::walk(network, x0, options, &|block: &Block| {
        let mut summaries = empty(options, &times);
        let rows = block.distances.chunks_exact(block.inputs);
        for (row, values) in rows.enumerate() {
            let level = row / times.len() % options.levels.len();
            for found in values {
                summaries[level].add(row % times.len(), found);
            }
        }
        summaries
    })?;
    let mut summaries = empty(options, &times);
    for piece in &pieces {
        for (summary, part) in summaries.iter_mut().zip(piece) {
            summary.merge(part)?;
        }
    }
    Ok(summaries)
}

fn times<T: Real>(network: &Network<T>) -> Vec<f64> {
    (0..=network.grid().steps()).map(|k| network.grid().time(k)).collect()
}

fn empty(options: &NoiseOptions, times: &[f64]) -> Vec<PropagationSummary> {
    let levels = options.levels.iter();
    levels.map(|&level| PropagationSummary::empty(level, times.to_vec())).collect()
}

/// ‖ξ − (x̃ − x)‖/‖x̃ − x‖: 0 where all of it is 0, and nothing where only the estimate is not.
fn relative_error(found: &Distances) -> Option<f64> {
    if found.measured > 0.0 {
        return Some(found.error / found.measured);
    }
    (found.error == 0.0).then_some(0.0)
}

impl PropagationSummary {
    fn add(&mut self, layer: usize, found: &Distances) {
        self.estimated[layer].add(found.estimated);
        self.measured[layer].add(found.measured);
        if let Some(error) = relative_error(found) {
            self.relative_error[layer].add(error);
        }
    }
}

impl NoisePropagation {
    /// How many inputs there were.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The distances of all inputs at a layer, 0 … L.
    ///
    /// # Panics
    /// If there is no such level (by its index), draw or layer.
    pub fn distances(&self, level: usize, draw: usize, layer: usize) -> &[Distances] {
        let (levels, layers) = (self.options.levels.len(), self.times.len());
        assert!(level < levels && draw < self.options.draws && layer < layers, "no such place");
        let start = ((draw * levels + level) * layers + layer) * self.inputs;
        &self.distances[start..start + self.inputs]
    }

    /// The relative errors of all inputs at a layer; `None` where the noise changed nothing that can
    /// be measured in this precision but something was estimated.
    ///
    /// # Panics
    /// As [`distances`](Self::distances).
    pub fn relative_errors(
        &self,
        level: usize,
        draw: usize,
        layer: usize,
    ) -> impl Iterator<Item = Option<f64>> {
        self.distances(level, draw, layer).iter().map(relative_error)
    }
}
