//! The walk through depth in blocks of inputs, so that its memory does not grow with their number.

use faer::{Mat, MatRef};
use rayon::prelude::*;
use snode_ode::{Distances, Network, Parameters, Perturbation, PerturbedWalk, Real, SolveError};

use crate::AnalysisError;
use crate::noise::{NoiseOn, NoiseOptions, input_noise, parameter_noise};

/// Columns that go through a layer together: enough to amortise the reading of the weights, few
/// enough for states and products to stay in the cache.
const COLUMNS: usize = 384;
/// Inputs a block has at least: fewer make inefficient products.
const FEWEST_INPUTS: usize = 16;
/// Draws on the input that share one unperturbed solution. (Draws of parameters are large, and are
/// made one by one.)
const DRAWS_AT_ONCE: usize = 8;

/// What was measured on a block of inputs under some draws of the noise.
pub(crate) struct Block {
    pub first_input: usize,
    pub inputs: usize,
    pub first_draw: usize,
    /// By draw, level, layer (0 … L) and input.
    pub distances: Vec<Distances>,
}

/// Walks all inputs through depth under all draws, and gives each block to `reduce`; its results come
/// back in the order of draws, then inputs, whatever the number of threads.
pub(crate) fn walk<T: Real, R: Send>(
    network: &Network<T>,
    x0: MatRef<'_, T>,
    options: &NoiseOptions,
    reduce: &(impl Fn(&Block) -> R + Sync),
) -> Result<Vec<R>, AnalysisError> {
    options.check(network.lifting().inputs())?;
    let (map, nodes) = (network.map(), network.parameters().nodes());
    let at_once = match options.on {
        NoiseOn::Input => DRAWS_AT_ONCE,
        NoiseOn::Parameters => 1,
    };
    let mut results = Vec::new();
    for first_draw in (0..options.draws).step_by(at_once) {
        let draws = at_once.min(options.draws - first_draw);
        let parameters = match options.on {
            NoiseOn::Input => None,
            NoiseOn::Parameters => Some(parameter_noise(map, nodes, options.seed, first_draw)),
        };
        let copies = 1 + draws * (1 + options.levels.len());
        let most = (COLUMNS / copies).max(FEWEST_INPUTS);
        let blocks = x0.ncols().div_ceil(most);
        let bound = |block| x0.ncols() * block / blocks;
        let of_draws: Result<Vec<R>, AnalysisError> = (0..blocks)
            .into_par_iter()
            .map(|block| {
                let (first, end) = (bound(block), bound(block + 1));
                let mut block = Block {
                    first_input: first,
                    inputs: end - first,
                    first_draw,
                    distances: Vec::new(),
                };
                let x0 = x0.subcols(first, end - first);
                block.measure(network, x0, options, draws, parameters.as_ref())?;
                Ok(reduce(&block))
            })
            .collect();
        results.extend(of_draws?);
    }
    Ok(results)
}

impl Block {
    fn measure<T: Real>(
        &mut self,
        network: &Network<T>,
        x0: MatRef<'_, T>,
        options: &NoiseOptions,
        draws: usize,
        parameters: Option<&Parameters<T>>,
    ) -> Result<(), AnalysisError> {
        let (rows, inputs, lifting) = (x0.nrows(), self.inputs, network.lifting());
        if rows != lifting.inputs() {
            return Err(AnalysisError::Solve(SolveError::Shape {
                operation: "noise on inputs".into(),
                expected: (lifting.inputs(), inputs),
                found: x0.shape(),
            }));
        }
        let mut states = Mat::zeros(lifting.width(), inputs);
        lifting.lift(x0, states.as_mut());
        let mut noise = Vec::new();
        if parameters.is_none() {
            for draw in self.first_draw..self.first_draw + draws {
                let range = self.first_input..self.first_input + inputs;
                let components = options.components.unwrap_or(rows);
                let values = input_noise(options.seed, draw, rows, components, range)?;
                let data = Mat::from_fn(rows, inputs, |i, j| T::from_f64(values[j * rows + i]));
                let mut xi0 = Mat::zeros(lifting.width(), inputs);
                lifting.lift_perturbation(data.as_ref(), xi0.as_mut());
                noise.push(xi0);
            }
        }
        let perturbations: Vec<Perturbation<'_, T>> = match parameters {
            Some(_) => vec![Perturbation { parameters, input: None }],
            None => noise
                .iter()
                .map(|xi0| Perturbation { parameters: None, input: Some(xi0.as_ref()) })
                .collect(),
        };
        let levels: Vec<T> = options.levels.iter().map(|&level| T::from_f64(level)).collect();
        let layers = network.grid().steps() + 1;
        self.distances = vec![Distances::default(); draws * levels.len() * layers * inputs];
        let mut walk = PerturbedWalk::new(network, states.as_ref(), &perturbations, &levels)?;
        loop {
            let layer = walk.layer();
            for draw in 0..draws {
                for level in 0..levels.len() {
                    let at = ((draw * levels.len() + level) * layers + layer) * inputs;
                    for input in 0..inputs {
                        let found = walk.distances(draw, level, input);
                        if !(found.estimated.is_finite() && found.measured.is_finite()) {
                            return Err(AnalysisError::NotFinite {
                                input: self.first_input + input,
                                layer,
                                level: options.levels[level],
                                draw: self.first_draw + draw,
                            });
                        }
                        self.distances[at + input] = found;
                    }
                }
            }
            if !walk.advance() {
                return Ok(());
            }
        }
    }
}
