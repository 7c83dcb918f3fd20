//! Perturbed and unperturbed solutions side by side, layer by layer, with the estimate of how far
//! they are apart.

use faer::{Accum, MatRef};

use super::node_or_nothing;
use crate::depth::Parameters;
use crate::kernels::{self, How, Target};
use crate::scheme::Perturbation;
use crate::scheme::checks::{check_parameters, check_shape, copy_columns};
use crate::{Network, Problem, Real, SolveError};

/// A walk through the layers of Euler's scheme by a batch of inputs, the same inputs perturbed, and
/// the sensitivity problem's estimate of the difference.
///
/// There are D perturbations of size one, (ξ₀, ω, β), and K levels s by which each is scaled. At
/// layer k stand together
///
/// * the state X_k of (S2),
/// * for each perturbation Ξ_k of (S3),
/// * for each perturbation and level X̃_k: (S2) from X_0 + s ξ₀ with W + s ω and b + s β.
///
/// (S3) is linear (S27), so that s Ξ_k is the estimate of X̃_k − X_k for every level s: estimates of K
/// levels cost one. A layer takes 1 + D (1 + K) products of a batch's size, all with the same
/// weights side by side, where only inputs are perturbed; a perturbation of the parameters takes one
/// more, ω X, and has weights of its own for every level. Memory is that of 2 (1 + D (1 + K)) batches
/// whatever the number of layers: take many inputs in batches.
///
/// ```
/// use faer::Mat;
/// use snode_ode::{Activation, Endpoint, Grid, Initialisation, Network, Perturbation, PerturbedWalk};
///
/// let grid = Grid::new(1.0, 10, Endpoint::Excluded)?;
/// let network = Network::<f64>::initial(4, grid, Activation::Tanh, Initialisation::Spline, 1);
/// let x0 = Mat::from_fn(4, 3, |i, j| (i + j) as f64 / 5.0);
/// let xi0 = Mat::from_fn(4, 3, |i, j| (i * j) as f64 - 1.0);
/// let noise = Perturbation { parameters: None, input: Some(xi0.as_ref()) };
/// let mut walk = PerturbedWalk::new(&network, x0.as_ref(), &[noise], &[1e-3])?;
/// while walk.advance() {
///     let distances = walk.distances(0, 0, 2);
///     assert!(distances.error < 1e-3 * distances.measured);
/// }
/// assert_eq!(walk.layer(), 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PerturbedWalk<'a, T> {
    network: &'a Network<T>,
    /// (ω, β) of each perturbation.
    parameters: Vec<Option<&'a Parameters<T>>>,
    levels: Vec<T>,
    batch: usize,
    layer: usize,
    /// X; Ξ of each perturbation; X̃ of each perturbation and level.
    states: Vec<T>,
    /// The same before the activation.
    products: Vec<T>,
    /// σ′(Z) of the unperturbed batch.
    slopes: Vec<T>,
    /// W + s ω and b + s β of a layer.
    node: Vec<T>,
    zero_bias: Vec<T>,
    workspace: Vec<T>,
}

/// Euclidean distances at one layer for one input and one perturbation of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Distances {
    /// ‖s ξ‖.
    pub estimated: f64,
    /// ‖x̃ − x‖.
    pub measured: f64,
    /// ‖s ξ − (x̃ − x)‖.
    pub error: f64,
}

impl<'a, T: Real> PerturbedWalk<'a, T> {
    /// A walk at layer 0 of the inputs `x0` (n×M) with perturbations of size one, scaled by `levels`.
    ///
    /// Reads the nodes 0 … L−1 of the network's grid, as [`Euler`](crate::Euler) does.
    ///
    /// # Errors
    /// If a shape differs from the network's.
    pub fn new(
        network: &'a Network<T>,
        x0: MatRef<'_, T>,
        perturbations: &[Perturbation<'a, T>],
        levels: &[T],
    ) -> Result<Self, SolveError> {
        let (n, m) = (network.width(), x0.ncols());
        check_shape(Problem::Direct, (n, m), x0)?;
        for perturbation in perturbations {
            if let Some(input) = perturbation.input {
                check_shape(Problem::Sensitivity, (n, m), input)?;
            }
            if let Some(parameters) = perturbation.parameters {
                check_parameters(Problem::Sensitivity, network, parameters)?;
            }
        }
        let (draws, len) = (perturbations.len(), n * m);
        let blocks = 1 + draws * (1 + levels.len());
        let perturbs_parameters = perturbations.iter().any(|p| p.parameters.is_some());
        let node_len = if perturbs_parameters { network.parameters().node_len() } else { 0 };
        let mut walk = Self {
            network,
            parameters: perturbations.iter().map(|p| p.parameters).collect(),
            levels: levels.to_vec(),
            batch: m,
            layer: 0,
            states: vec![T::ZERO; blocks * len],
            products: vec![T::ZERO; blocks * len],
            slopes: vec![T::ZERO; len],
            node: vec![T::ZERO; node_len],
            zero_bias: vec![T::ZERO; n],
            workspace: vec![T::ZERO; network.map().workspace_len()],
        };
        copy_columns(x0, &mut walk.states[..len]);
        for (draw, perturbation) in perturbations.iter().enumerate() {
            if let Some(input) = perturbation.input {
                copy_columns(input, &mut walk.states[(1 + draw) * len..(2 + draw) * len]);
            }
        }
        let (unperturbed, perturbed) = walk.states.split_at_mut((1 + draws) * len);
        let (x, xi) = unperturbed.split_at(len);
        for (index, state) in perturbed.chunks_exact_mut(len.max(1)).enumerate() {
            let (draw, level) = (index / levels.len(), levels[index % levels.len()]);
            state.copy_from_slice(x);
            kernels::combine(state, T::ONE, &xi[draw * len..(draw + 1) * len], level);
        }
        Ok(walk)
    }

    /// k.
    pub fn layer(&self) -> usize {
        self.layer
    }

    /// X_k, n×M.
    pub fn state(&self) -> MatRef<'_, T> {
        self.matrix(0)
    }

    /// Ξ_k of a perturbation of size one, n×M.
    ///
    /// # Panics
    /// If there is no such perturbation; so does [`perturbed`](Self::perturbed), and if
    /// there is no such level.
    pub fn sensitivity(&self, perturbation: usize) -> MatRef<'_, T> {
        self.matrix(self.sensitivity_block(perturbation))
    }

    /// X̃_k of a perturbation at a level, n×M.
    pub fn perturbed(&self, perturbation: usize, level: usize) -> MatRef<'_, T> {
        self.matrix(self.perturbed_block(perturbation, level))
    }

    /// How far the states of one input are apart, and what the estimate of it is.
    ///
    /// # Panics
    /// If there is no such perturbation, level or input.
    pub fn distances(&self, perturbation: usize, level: usize, input: usize) -> Distances {
        assert!(input < self.batch, "no input {input}");
        let n = self.network.width();
        let column = |block: usize| {
            let start = (block * self.batch + input) * n;
            &self.states[start..start + n]
        };
        let squares = kernels::distances(
            column(0),
            column(self.sensitivity_block(perturbation)),
            column(self.perturbed_block(perturbation, level)),
            self.levels[level],
        );
        let [estimated, measured, error] = squares.map(f64::sqrt);
        Distances { estimated, measured, error }
    }

    /// Goes one layer on, or returns `false` at the last one.
    pub fn advance(&mut self) -> bool {
        let network = self.network;
        let steps = network.grid().steps();
        if self.layer == steps {
            return false;
        }
        let (draws, len) = (self.parameters.len(), network.width() * self.batch);
        let (activation, h) = (network.activation(), T::from_f64(network.grid().step()));
        let (map, workspace) = (network.map().at(self.layer), &mut self.workspace);
        let own = network.parameters().node(self.layer);
        let unperturbed = (1 + draws) * len;
        let input_only = self.parameters.iter().all(Option::is_none);
        let same_weights = if input_only { self.states.len() } else { unperturbed };
        self.layer += 1;
        if len == 0 {
            return true;
        }
        let next = [node_or_nothing(network, self.layer, steps)];
        let (states, products) = (&self.states[..same_weights], &mut self.products[..same_weights]);
        map.apply(own, states, products, How::replace().before(&next), workspace);
        let (x, others) = self.states.split_at_mut(len);
        let (z, others_products) = self.products.split_at_mut(len);
        let (xi, perturbed) = others.split_at_mut(draws * len);
        let (y, perturbed_products) = others_products.split_at_mut(draws * len);
        for (parameters, y) in self.parameters.iter().zip(y.chunks_exact_mut(len.max(1))) {
            if let Some(parameters) = parameters {
                let omega = parameters.node(self.layer - 1);
                map.apply(omega, x, y, How::add(T::ONE), workspace);
            }
        }
        let bias = map.bias(own, workspace);
        advance_states(activation, z, bias, h, x, Some(&mut self.slopes));
        let sensitivities = xi.chunks_exact_mut(len.max(1)).zip(y.chunks_exact(len.max(1)));
        for (parameters, (xi, y)) in self.parameters.iter().zip(sensitivities) {
            let beta = match parameters {
                Some(parameters) => map.bias(parameters.node(self.layer - 1), workspace),
                None => &self.zero_bias[..],
            };
            kernels::sensitivity_step(y, beta, &self.slopes, h, xi);
        }
        if input_only {
            let bias = map.bias(own, workspace);
            advance_states(activation, perturbed_products, bias, h, perturbed, None);
            return true;
        }
        let levels = self.levels.len();
        let batches = perturbed
            .chunks_exact_mut(len.max(1))
            .zip(perturbed_products.chunks_exact_mut(len.max(1)));
        for (index, (x, z)) in batches.enumerate() {
            let node = match self.parameters[index / levels] {
                Some(parameters) => {
                    let terms = [
                        (T::ONE, network.parameters().node(self.layer - 1)),
                        (self.levels[index % levels], parameters.node(self.layer - 1)),
                    ];
                    kernels::linear_combination(&mut self.node, Accum::Replace, &terms);
                    &self.node[..]
                }
                None => own,
            };
            map.apply(node, x, z, How::replace(), workspace);
            let bias = map.bias(node, workspace);
            advance_states(activation, z, bias, h, x, None);
        }
        true
    }

    fn sensitivity_block(&self, perturbation: usize) -> usize {
        assert!(perturbation < self.parameters.len(), "no perturbation {perturbation}");
        1 + perturbation
    }

    fn perturbed_block(&self, perturbation: usize, level: usize) -> usize {
        assert!(level < self.levels.len(), "no level {level}");
        assert!(perturbation < self.parameters.len(), "no perturbation {perturbation}");
        1 + self.parameters.len() + perturbation * self.levels.len() + level
    }

    fn matrix(&self, block: usize) -> MatRef<'_, T> {
        let len = self.network.width() * self.batch;
        let values = &self.states[block * len..(block + 1) * len];
        MatRef::from_column_major_slice(values, self.network.width(), self.batch)
    }
}

/// One layer of (S2) after its product, in place: `x` += h σ(`z` + bias), and σ′ where it is wanted.
fn advance_states<T: Real>(
    activation: crate::Activation,
    z: &mut [T],
    bias: &[T],
    h: T,
    x: &mut [T],
    slopes: Option<&mut [T]>,
) {
    kernels::stage(activation, z, bias, slopes, &mut [Target { from: None, factor: h, out: x }]);
}
