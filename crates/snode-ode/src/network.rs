//! The network: parameters on a grid, and an activation.

use crate::{Activation, Grid, Initialisation, Parameters, Real, SolveError, initialise};

/// A standalone neural ODE (S1): x′(t) = σ(W(t) x(t) + b(t)) on (0, T\].
///
/// It says nothing of how it is solved; that is a [`Scheme`](crate::Scheme)'s matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Network<T> {
    /// W and b at the nodes of [`Self::grid`].
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
