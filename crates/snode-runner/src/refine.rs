//! A network on another grid, its parameters being functions of depth.

use snode_ode::{Grid, Interpolation, Network, Parameters};

use crate::error::{Error, Result};
use crate::number::Number;

/// The same parameters as functions of depth, at the nodes of so many layers.
///
/// # Errors
/// If the grid cannot be, or nodes have different maps.
pub fn on_layers<T: Number>(
    network: Network<T>,
    layers: usize,
    interpolation: Interpolation,
) -> Result<Network<T>> {
    let grid = *network.grid();
    if layers == grid.steps() {
        return Ok(network);
    }
    let refused = |error: &dyn std::fmt::Display| Error::Refused(error.to_string());
    if !network.map().is_uniform() {
        let problem = "nodes convolve at different resolutions, so that nothing lies between them";
        return Err(refused(&problem));
    }
    let other = Grid::new(grid.horizon(), layers, grid.endpoint()).map_err(|e| refused(&e))?;
    let mut parameters = Parameters::zeros(network.map(), other.nodes());
    for node in 0..other.nodes() {
        let stencil = interpolation.stencil(&grid, other.time(node));
        network.parameters().interpolate(&stencil, parameters.node_mut(node));
    }
    let moved = Network::new(parameters, other, network.activation()).map_err(|e| refused(&e))?;
    Ok(moved.with_ends_of(&network))
}
