//! The network: parameters on a grid, and an activation.

use std::ops::Deref;

use faer::MatMut;

use crate::{
    Activation, AffineMap, Endpoint, Grid, Initialisation, Lifting, MapError, Parameters, Readout,
    Real, SolveError, initialise,
};

/// A standalone neural ODE (S1): x′(t) = σ(W(t) x(t) + b(t)) on (0, T\].
///
/// Its parameters always have a node for each of the grid's. It says nothing of how it is solved; that
/// is a [`Scheme`](crate::Scheme)'s matter. Beside the equation it knows how data become an initial
/// state and a final state becomes scores (S41), which schemes have no part in.
#[derive(Clone, Debug, PartialEq)]
pub struct Network<T> {
    parameters: Parameters<T>,
    grid: Grid,
    activation: Activation,
    lifting: Lifting,
    readout: Readout,
}

/// What a network is known by in this process: networks of equal stamps are the same map.
///
/// See [`Parameters::stamp`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NetworkStamp {
    parameters: u64,
    grid: Grid,
    activation: Activation,
}

impl<T: Real> Network<T> {
    /// A network with these parameters.
    ///
    /// # Errors
    /// If the parameters do not have a node for each of the grid's.
    pub fn new(
        parameters: Parameters<T>,
        grid: Grid,
        activation: Activation,
    ) -> Result<Self, SolveError> {
        if parameters.nodes() != grid.nodes() {
            return Err(SolveError::Shape {
                operation: "a network's parameters".into(),
                expected: (parameters.width(), grid.nodes()),
                found: (parameters.width(), parameters.nodes()),
            });
        }
        Ok(Self::of(parameters, grid, activation))
    }

    /// A network of a `map` with initial parameters from a seed ([`initialise`]). A width n is that of a
    /// dense map.
    pub fn initial(
        map: impl Into<AffineMap>,
        grid: Grid,
        activation: Activation,
        how: Initialisation,
        seed: u64,
    ) -> Self {
        Self::of(initialise(how, map, &grid, seed), grid, activation)
    }

    /// States are the data, scores their first components.
    fn of(parameters: Parameters<T>, grid: Grid, activation: Activation) -> Self {
        let lifting = Lifting::identity(parameters.map());
        Self { parameters, grid, activation, lifting, readout: Readout::default() }
    }

    /// The same network for data that have `inputs` numbers, the other components of the initial state
    /// being `padding` ([`Lifting`]).
    ///
    /// # Errors
    /// If such data do not fit the network.
    pub fn with_inputs(self, inputs: usize, padding: f64) -> Result<Self, MapError> {
        let lifting = Lifting::new(self.map(), inputs, padding)?;
        Ok(Self { lifting, ..self })
    }

    /// The same network with lifting and readout of another one of the same map.
    ///
    /// # Panics
    /// If it has another map.
    #[must_use]
    pub fn with_ends_of<S: Real>(self, other: &Network<S>) -> Self {
        assert_eq!(self.map(), other.map(), "networks of different maps");
        Self { lifting: other.lifting, readout: other.readout, ..self }
    }

    /// The same network with other scores.
    #[must_use]
    pub fn with_readout(self, readout: Readout) -> Self {
        Self { readout, ..self }
    }

    /// The same network on a grid with or without T as a node, for a scheme that reads other nodes:
    /// T's node becomes a copy of the one before it, or is left out.
    pub fn with_endpoint(self, endpoint: Endpoint) -> Self {
        if self.grid.endpoint() == endpoint {
            return self;
        }
        let grid = self.grid.with_endpoint(endpoint);
        let mut parameters = Parameters::zeros(self.map(), grid.nodes());
        for node in 0..grid.nodes() {
            let from = node.min(self.parameters.nodes() - 1);
            parameters.node_mut(node).copy_from_slice(self.parameters.node(from));
        }
        Self { parameters, grid, ..self }
    }

    /// What the numbers of a node do to a state.
    pub fn map(&self) -> AffineMap {
        self.parameters.map()
    }

    /// Width of the network, n.
    pub fn width(&self) -> usize {
        self.parameters.width()
    }

    /// The grid in depth.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The activation, σ.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// How data become an initial state: as they are, unless [`with_inputs`](Self::with_inputs) says
    /// otherwise.
    pub fn lifting(&self) -> Lifting {
        self.lifting
    }

    /// How a final state becomes scores: by its first components, unless
    /// [`with_readout`](Self::with_readout) says otherwise.
    pub fn readout(&self) -> Readout {
        self.readout
    }

    /// W and b at the nodes of the grid.
    pub fn parameters(&self) -> &Parameters<T> {
        &self.parameters
    }

    /// W and b, to change their numbers; they cannot be replaced by parameters of another shape.
    pub fn parameters_mut(&mut self) -> ParametersMut<'_, T> {
        ParametersMut(&mut self.parameters)
    }

    /// W and b, without the network.
    pub fn into_parameters(self) -> Parameters<T> {
        self.parameters
    }

    /// What this network is known by: something computed from it belongs to it as long as it has the
    /// same stamp.
    pub fn stamp(&self) -> NetworkStamp {
        NetworkStamp {
            parameters: self.parameters.stamp(),
            grid: self.grid,
            activation: self.activation,
        }
    }
}

/// The parameters of a network, to change their numbers but not their shape.
///
/// ```
/// use snode_ode::{Activation, Endpoint, Grid, Initialisation, Network};
/// let grid = Grid::new(1.0, 3, Endpoint::Excluded)?;
/// let mut network = Network::<f64>::initial(2, grid, Activation::Tanh, Initialisation::Spline, 1);
/// network.parameters_mut().bias_mut(2).fill(0.5);
/// assert_eq!(network.parameters().bias(2), [0.5, 0.5]);
/// # Ok::<(), snode_ode::GridError>(())
/// ```
///
/// ```compile_fail,E0594
/// # use snode_ode::{Activation, Endpoint, Grid, Initialisation, Network, Parameters};
/// # let grid = Grid::new(1.0, 3, Endpoint::Excluded).unwrap();
/// # let mut network = Network::<f64>::initial(2, grid, Activation::Tanh, Initialisation::Spline, 1);
/// *network.parameters_mut() = Parameters::zeros(2, 1);
/// ```
#[derive(Debug)]
pub struct ParametersMut<'a, T>(&'a mut Parameters<T>);

impl<T> Deref for ParametersMut<'_, T> {
    type Target = Parameters<T>;

    fn deref(&self) -> &Parameters<T> {
        self.0
    }
}

impl<'a, T: Real> ParametersMut<'a, T> {
    /// Everything, node by node ([`Parameters::as_mut_slice`]).
    pub fn as_mut_slice(self) -> &'a mut [T] {
        self.0.as_mut_slice()
    }

    /// Weights and biases of one node ([`Parameters::node_mut`]).
    ///
    /// # Panics
    /// If there is no such node; so do the other accessors of a node.
    pub fn node_mut(self, node: usize) -> &'a mut [T] {
        self.0.node_mut(node)
    }

    /// W_k ([`Parameters::weights_mut`]).
    pub fn weights_mut(self, node: usize) -> MatMut<'a, T> {
        self.0.weights_mut(node)
    }

    /// b_k ([`Parameters::bias_mut`]).
    pub fn bias_mut(self, node: usize) -> &'a mut [T] {
        self.0.bias_mut(node)
    }

    /// They become `keep` times themselves + `add`·`x` ([`Parameters::combine`]).
    ///
    /// # Panics
    /// If the shapes differ; so do the other operations of the space.
    pub fn combine(self, keep: T, x: &Parameters<T>, add: T) {
        self.0.combine(keep, x, add);
    }

    /// They become themselves + `factor`·`x` ([`Parameters::axpy`]).
    pub fn axpy(self, factor: T, x: &Parameters<T>) {
        self.0.axpy(factor, x);
    }

    /// They become equal to `x` ([`Parameters::copy_from`]).
    pub fn copy_from(self, x: &Parameters<T>) {
        self.0.copy_from(x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> Network<f64> {
        let grid = Grid::new(1.0, 3, Endpoint::Excluded).unwrap();
        Network::initial(2, grid, Activation::Tanh, Initialisation::Independent, 1)
    }

    #[test]
    fn another_endpoint_keeps_the_nodes_there_are() {
        let network = network();
        let closed = network.clone().with_endpoint(Endpoint::Included);
        assert_eq!((closed.grid().nodes(), closed.grid().endpoint()), (4, Endpoint::Included));
        assert_eq!(closed.parameters().node(3), network.parameters().node(2));
        assert_eq!(closed.with_endpoint(Endpoint::Excluded), network);
    }

    #[test]
    fn parameters_on_other_nodes_are_refused() {
        let network = network();
        let (grid, activation) = (*network.grid(), network.activation());
        let refused = Network::<f64>::new(Parameters::zeros(2, 4), grid, activation);
        assert!(matches!(refused, Err(SolveError::Shape { expected: (2, 3), found: (2, 4), .. })));
    }

    #[test]
    fn a_stamp_is_that_of_one_map() {
        let network = network();
        let mut copy = network.clone();
        assert_eq!(copy.stamp(), network.stamp());
        copy.parameters_mut().bias_mut(0)[1] = 2.0;
        assert_ne!(copy.stamp(), network.stamp());
        copy.parameters_mut().copy_from(network.parameters());
        assert_eq!(copy.stamp(), network.stamp());
        let (grid, parameters) = (*network.grid(), network.parameters().clone());
        let other = Network::new(parameters, grid, Activation::Relu).unwrap();
        assert_ne!(other.stamp(), network.stamp());
    }
}
