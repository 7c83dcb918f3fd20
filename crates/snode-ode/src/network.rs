//! The network: parameters on a grid, and an activation.

use crate::{Activation, Ends, Grid, Initialisation, Parameters, Real, SolveError, initialise};

/// A standalone neural ODE (S1): x′(t) = σ(W(t) x(t) + b(t)) on (0, T\].
///
/// It says nothing of how it is solved; that is a [`Scheme`](crate::Scheme)'s matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Network<T> {
    /// W and b at the nodes of [`Self::grid`]. Schemes refuse a network whose parameters were
    /// replaced by some on other nodes.
    pub parameters: Parameters<T>,
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
        Ok(Self { parameters, grid, activation })
    }

    /// A network of width n = `width` with initial parameters from a seed ([`initialise`]).
    pub fn initial(
        width: usize,
        grid: Grid,
        activation: Activation,
        how: Initialisation,
        seed: u64,
    ) -> Self {
        Self { parameters: initialise(how, width, &grid, seed), grid, activation }
    }

    /// The same network on a grid with other ends, for a scheme that reads other nodes: T's node
    /// becomes a copy of the one before it, or is left out.
    pub fn with_ends(self, ends: Ends) -> Self {
        if self.grid.ends() == ends {
            return self;
        }
        let grid = self.grid.with_ends(ends);
        let mut parameters = Parameters::zeros(self.width(), grid.nodes());
        for node in 0..grid.nodes() {
            let from = node.min(self.parameters.nodes() - 1);
            parameters.node_mut(node).copy_from_slice(self.parameters.node(from));
        }
        Self { parameters, grid, activation: self.activation }
    }

    /// n.
    pub fn width(&self) -> usize {
        self.parameters.width()
    }

    /// The grid in depth.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// σ.
    pub fn activation(&self) -> Activation {
        self.activation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_ends_keep_the_nodes_there_are() {
        let open = Grid::new(1.0, 3, Ends::Open).unwrap();
        let network =
            Network::<f64>::initial(2, open, Activation::Tanh, Initialisation::Independent, 1);
        let closed = network.clone().with_ends(Ends::Closed);
        assert_eq!((closed.grid().nodes(), closed.grid().ends()), (4, Ends::Closed));
        assert_eq!(closed.parameters.node(3), network.parameters.node(2));
        assert_eq!(closed.with_ends(Ends::Open), network);
    }
}
