//! The residual network.

use faer::{MatMut, MatRef};
use snode_ode::{
    Activation, Endpoint, Euler, Grid, Initialisation, Network, Parameters, ParametersMut, Real,
    Scheme, SolveError,
};

use crate::ResNetError;

/// The residual network (S2): X_{k+1} = X_k + h σ(W_k X_k + b_k) for k = 0 … L−1, with its own W_k
/// (n×n) and b_k (n) in every layer and h = T/L.
///
/// It holds the very numbers of a standalone neural ODE under Euler. Conversion both ways moves
/// them and nothing else, and predictions have the same bits.
///
/// ```
/// use snode_ode::{Activation, Initialisation};
/// use snode_resnet::ResNet;
///
/// let resnet = ResNet::<f64>::initial(6, 3.0, 30, Activation::Tanh, Initialisation::Spline, 1)?;
/// assert_eq!((resnet.layers(), resnet.step()), (30, 0.1));
/// let network = resnet.clone().into_network();
/// assert!(ResNet::from_network(network)? == resnet);
/// # Ok::<(), snode_resnet::ResNetError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ResNet<T> {
    network: Network<T>,
}

impl<T: Real> ResNet<T> {
    /// The network with a layer for each of the parameters' nodes, and h = `horizon`/L.
    ///
    /// # Errors
    /// If there are no layers or the horizon is not positive and finite.
    pub fn new(
        parameters: Parameters<T>,
        horizon: f64,
        activation: Activation,
    ) -> Result<Self, ResNetError> {
        let grid = Grid::new(horizon, parameters.nodes(), Endpoint::Excluded)?;
        Ok(Self { network: Network::new(parameters, grid, activation)? })
    }

    /// A network of width n = `width` with L = `layers` layers and initial parameters from a seed,
    /// the same as the neural ODE's ([`snode_ode::initialise`]).
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn initial(
        width: usize,
        horizon: f64,
        layers: usize,
        activation: Activation,
        how: Initialisation,
        seed: u64,
    ) -> Result<Self, ResNetError> {
        let grid = Grid::new(horizon, layers, Endpoint::Excluded)?;
        Ok(Self { network: Network::initial(width, grid, activation, how, seed) })
    }

    /// The residual network that Euler makes of a neural ODE, its nodes becoming layers.
    ///
    /// # Errors
    /// [`ResNetError::ClosedGrid`] if the network has a node at T.
    pub fn from_network(network: Network<T>) -> Result<Self, ResNetError> {
        match network.grid().endpoint() {
            Endpoint::Excluded => Ok(Self { network }),
            Endpoint::Included => Err(ResNetError::ClosedGrid),
        }
    }

    /// The neural ODE of which Euler makes this network.
    pub fn into_network(self) -> Network<T> {
        self.network
    }

    /// The same, lent.
    pub fn network(&self) -> &Network<T> {
        &self.network
    }

    /// W_k and b_k as the node number k.
    pub fn parameters(&self) -> &Parameters<T> {
        self.network.parameters()
    }

    /// W_k and b_k, to change their numbers.
    pub fn parameters_mut(&mut self) -> ParametersMut<'_, T> {
        self.network.parameters_mut()
    }

    /// n.
    pub fn width(&self) -> usize {
        self.network.width()
    }

    /// L.
    pub fn layers(&self) -> usize {
        self.network.grid().steps()
    }

    /// h.
    pub fn step(&self) -> f64 {
        self.network.grid().step()
    }

    /// σ.
    pub fn activation(&self) -> Activation {
        self.network.activation()
    }

    /// X_L from X_0 = `x0`, both n×M.
    ///
    /// # Errors
    /// If the width differs from the network's or a state is not finite.
    pub fn predict(&self, x0: MatRef<'_, T>, out: MatMut<'_, T>) -> Result<(), SolveError> {
        Euler::new().evaluate(&self.network, x0, out)?;
        Ok(())
    }
}

impl<T: Real> TryFrom<Network<T>> for ResNet<T> {
    type Error = ResNetError;

    fn try_from(network: Network<T>) -> Result<Self, ResNetError> {
        Self::from_network(network)
    }
}

impl<T: Real> From<ResNet<T>> for Network<T> {
    fn from(resnet: ResNet<T>) -> Self {
        resnet.into_network()
    }
}
