//! Total variation and H¹ seminorm, by hand.

use snode_analysis::{AnalysisError, bias_path, smoothness, weight_path};
use snode_ode::{Activation, Endpoint, Grid, Network, Parameters};

/// Width 2 on three nodes, h = ½: W₀₁ = 1, 3, 2; b₁ = 0, −1, −1; the rest is 0 but W₁₁ = 4.
fn network(ends: Endpoint) -> Network<f64> {
    let grid = Grid::new(
        if ends == Endpoint::Excluded { 1.5 } else { 1.0 },
        3 - usize::from(ends == Endpoint::Included),
        ends,
    )
    .unwrap();
    let mut parameters = Parameters::zeros(2, 3);
    for (k, (weight, bias)) in [(1.0, 0.0), (3.0, -1.0), (2.0, -1.0)].into_iter().enumerate() {
        parameters.weights_mut(k)[(0, 1)] = weight;
        parameters.weights_mut(k)[(1, 1)] = 4.0;
        parameters.bias_mut(k)[1] = bias;
    }
    Network::new(parameters, grid, Activation::Tanh).unwrap()
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-14, "{found}, expected {expected}");
}

#[test]
fn entries_by_hand() {
    let found = smoothness(&network(Endpoint::Excluded));
    // |3 − 1| + |2 − 3|; (2² + 1²)/h; h (1 + 9 + 4).
    let entry = found.weight(0, 1);
    near(entry.variation, 3.0);
    near(entry.seminorm, 10.0_f64.sqrt());
    near(entry.norm, 7.0_f64.sqrt());
    let constant = found.weight(1, 1);
    assert_eq!((constant.variation, constant.seminorm), (0.0, 0.0));
    near(constant.norm, 24.0_f64.sqrt());
    assert_eq!(found.weight(1, 0).norm, 0.0);
    near(found.bias(1).variation, 1.0);
    near(found.bias(1).seminorm, 2.0_f64.sqrt());
    near(found.weights.variation, 3.0);
    near(found.weights.seminorm, 10.0_f64.sqrt());
    near(found.weights.norm, 31.0_f64.sqrt());
    near(found.biases.norm, 1.0);
    // The trapezoid weights of a closed grid: h/2 at both ends.
    near(smoothness(&network(Endpoint::Included)).weight(0, 1).norm, (0.25 + 4.5 + 1.0_f64).sqrt());
}

/// ∫ p′² and ∫ |p′| of p(t) = sin 2πt over its period are 2π² and 4.
#[test]
fn discrete_measures_converge_to_the_continuous_ones() {
    let steps = 2000;
    let grid = Grid::new(1.0, steps, Endpoint::Included).unwrap();
    let mut parameters = Parameters::<f64>::zeros(1, grid.nodes());
    for k in 0..grid.nodes() {
        parameters.bias_mut(k)[0] = (std::f64::consts::TAU * grid.time(k)).sin();
    }
    let found = smoothness(&Network::new(parameters, grid, Activation::Tanh).unwrap()).bias(0);
    assert!((found.seminorm.powi(2) - 2.0 * std::f64::consts::PI.powi(2)).abs() < 1e-4);
    assert!((found.variation - 4.0).abs() < 1e-5);
    assert!((found.norm.powi(2) - 0.5).abs() < 1e-6);
}

#[test]
fn paths_are_the_entries_along_depth() {
    let network = network(Endpoint::Excluded);
    assert_eq!(weight_path(&network, (0, 1)).unwrap(), [(0.0, 1.0), (0.5, 3.0), (1.0, 2.0)]);
    assert_eq!(bias_path(&network, 1).unwrap(), [(0.0, 0.0), (0.5, -1.0), (1.0, -1.0)]);
    let refused = weight_path(&network, (2, 0));
    assert!(matches!(refused, Err(AnalysisError::Entry { entry: (2, 0), shape: (2, 2) })));
    assert!(weight_path(&network, (0, 2)).is_err() && bias_path(&network, 2).is_err());
}

#[test]
fn one_node_has_no_variation() {
    let grid = Grid::new(1.0, 1, Endpoint::Excluded).unwrap();
    let network = Network::new(Parameters::<f32>::zeros(3, 1), grid, Activation::Tanh).unwrap();
    let found = smoothness(&network);
    assert_eq!((found.weights.variation, found.weights.seminorm), (0.0, 0.0));
}
