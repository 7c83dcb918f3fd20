//! The network before any training.

use snode_ode::{AffineMap, Grid, Network};

use crate::number::Number;
use crate::resolved::ResolvedExperiment;

/// The network of a resolved experiment before any training, for images of so many rows and columns.
///
/// # Errors
/// What is wrong, if the map or the grid in depth cannot be.
pub fn initial_network<T: Number>(
    experiment: &ResolvedExperiment,
    shape: (usize, usize),
) -> std::result::Result<Network<T>, String> {
    let (keys, seed) = (&experiment.keys.network, experiment.keys.seed);
    let grid = Grid::new(keys.horizon, keys.layers, experiment.scheme().endpoint())
        .map_err(|error| error.to_string())?;
    let map = experiment.map(shape).map_err(|error| error.to_string())?;
    let how = keys.initialisation;
    let mut network = Network::initial(map, grid, keys.activation, how, seed);
    if let Some(gain) = keys.initial_gain {
        let copy = network.parameters().clone();
        network.parameters_mut().combine(T::ZERO, &copy, snode_ode::Real::from_f64(gain));
    }
    let network = network.with_readout(experiment.readout());
    let inputs = shape.0 * shape.1;
    if map == AffineMap::dense(inputs) {
        return Ok(network);
    }
    network.with_inputs(inputs, 0.0).map_err(|error| error.to_string())
}
