//! How smooth parameters are as functions of depth.

use snode_ode::{AffineMap, Network, Real};

use crate::AnalysisError;

/// Numbers for the roughness of a function of depth p, or of all entries of W or b together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Roughness {
    /// Total variation Σ_k |p_{k+1} − p_k|; of several entries their sum.
    pub variation: f64,
    /// H¹ seminorm (h Σ_k ((p_{k+1} − p_k)/h)²)^{1/2}, which is ‖p′‖ of the linear interpolant; of
    /// several entries (Σ ‖p′‖²)^{1/2}.
    pub seminorm: f64,
    /// The norm of L²(0,T), (Σ_k w_k p_k²)^{1/2} with the grid's weights; of several likewise.
    pub norm: f64,
}

/// The roughness (S29) of every entry of W and b, and of all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Smoothness {
    map: AffineMap,
    /// In the order of a node: W column by column, then b.
    entries: Vec<Roughness>,
    /// Of W as a whole.
    pub weights: Roughness,
    /// Of b as a whole.
    pub biases: Roughness,
}

impl Smoothness {
    /// Rows and columns of the weights ([`AffineMap::weights_shape`]): n and n for a dense map. There is a
    /// bias for each row.
    pub fn shape(&self) -> (usize, usize) {
        self.map.weights_shape()
    }

    /// Of W_{ij}: for a dense map, from component j to component i of the state.
    ///
    /// # Panics
    /// If there is no such entry.
    pub fn weight(&self, i: usize, j: usize) -> Roughness {
        let (rows, columns) = self.shape();
        assert!(i < rows && j < columns, "no entry ({i}, {j})");
        self.entries[j * rows + i]
    }

    /// Of b_i.
    ///
    /// # Panics
    /// If there is no such entry.
    pub fn bias(&self, i: usize) -> Roughness {
        assert!(i < self.map.bias_len(), "no entry {i}");
        self.entries[self.map.weights_len() + i]
    }
}

/// Measures how smooth the parameters of a network are in depth.
pub fn smoothness<T: Real>(network: &Network<T>) -> Smoothness {
    let (parameters, grid) = (network.parameters(), network.grid());
    let mut entries = vec![Roughness::default(); parameters.node_len()];
    for k in 0..parameters.nodes() {
        let weight = grid.weight(k);
        for (entry, value) in entries.iter_mut().zip(parameters.node(k)) {
            entry.norm += weight * value.to_f64() * value.to_f64();
        }
        if k + 1 < parameters.nodes() {
            let pairs = parameters.node(k).iter().zip(parameters.node(k + 1));
            for (entry, (here, next)) in entries.iter_mut().zip(pairs) {
                let rise = next.to_f64() - here.to_f64();
                entry.variation += rise.abs();
                entry.seminorm += rise * rise / grid.step();
            }
        }
    }
    // Up to here seminorms and norms are squares, which can be added up.
    let (weights, biases) = entries.split_at(network.map().weights_len());
    let (weights, biases) = (total(weights), total(biases));
    for entry in &mut entries {
        *entry = roots(*entry);
    }
    Smoothness { map: network.map(), entries, weights, biases }
}

fn total(entries: &[Roughness]) -> Roughness {
    roots(entries.iter().fold(Roughness::default(), |sum, entry| Roughness {
        variation: sum.variation + entry.variation,
        seminorm: sum.seminorm + entry.seminorm,
        norm: sum.norm + entry.norm,
    }))
}

fn roots(squares: Roughness) -> Roughness {
    Roughness { seminorm: squares.seminorm.sqrt(), norm: squares.norm.sqrt(), ..squares }
}

/// (t_k, (W_k)_{ij}) at all nodes: one entry along depth.
///
/// # Errors
/// [`AnalysisError::Entry`] if there is no such entry.
pub fn weight_path<T: Real>(
    network: &Network<T>,
    (i, j): (usize, usize),
) -> Result<Vec<(f64, f64)>, AnalysisError> {
    let shape = network.map().weights_shape();
    if i >= shape.0 || j >= shape.1 {
        return Err(AnalysisError::Entry { entry: (i, j), shape });
    }
    Ok(path(network, j * shape.0 + i))
}

/// (t_k, (b_k)_i) at all nodes.
///
/// # Errors
/// [`AnalysisError::Entry`] if there is no such entry.
pub fn bias_path<T: Real>(
    network: &Network<T>,
    i: usize,
) -> Result<Vec<(f64, f64)>, AnalysisError> {
    let map = network.map();
    if i >= map.bias_len() {
        return Err(AnalysisError::Entry { entry: (i, 0), shape: map.weights_shape() });
    }
    Ok(path(network, map.weights_len() + i))
}

fn path<T: Real>(network: &Network<T>, at: usize) -> Vec<(f64, f64)> {
    let nodes = 0..network.parameters().nodes();
    nodes.map(|k| (network.grid().time(k), network.parameters().node(k)[at].to_f64())).collect()
}
