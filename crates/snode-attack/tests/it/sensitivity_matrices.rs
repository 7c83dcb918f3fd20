//! The two ways to the sensitivity matrix (S10), under every kind of scheme.

use crate::support;

use faer::Mat;
use snode_attack::{JacobianMode, Linearisable, SolvedNetwork, sensitivity_matrices};
use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network, Real, SchemeChoice};
use support::{images, network};

/// The largest difference of the two modes over the largest entry.
fn disagreement<T: Real>(scheme: &str, tolerance: Option<f64>, activation: Activation) -> f64 {
    let mut choice = SchemeChoice::named(scheme).unwrap();
    if let (Some(tolerance), SchemeChoice::Adaptive(options)) = (tolerance, &mut choice) {
        (options.rtol, options.atol) = (tolerance, tolerance);
    }
    let network = network::<T>(7, activation, choice.endpoint());
    let mut model = SolvedNetwork::new(&network, choice.build().unwrap(), 3).unwrap();
    let x = images::<T>(7, 12);
    let adjoint = sensitivity_matrices(&mut model, x.as_ref(), JacobianMode::Vjp).unwrap();
    let forward = sensitivity_matrices(&mut model, x.as_ref(), JacobianMode::Jvp).unwrap();
    let (mut largest, mut difference) = (0.0_f64, 0.0_f64);
    for j in 0..12 {
        let (a, f) = (adjoint.matrix(j), forward.matrix(j));
        assert_eq!(a.shape(), (3, 7));
        largest = largest.max(a.norm_max().to_f64());
        difference = difference.max((&a - &f).norm_max().to_f64());
    }
    assert!(largest > 0.5, "the matrices are not worth comparing: {largest}");
    difference / largest
}

#[test]
fn both_modes_agree_to_round_off_where_derivatives_are_exact() {
    for activation in [Activation::Tanh, Activation::Relu, Activation::Softplus] {
        for scheme in ["euler", "rk2", "rk4"] {
            let error = disagreement::<f64>(scheme, None, activation);
            assert!(error < 1e-12, "{scheme} {activation:?}: {error:e}");
            let error = disagreement::<f32>(scheme, None, activation);
            assert!(error < 1e-5, "{scheme} {activation:?}, f32: {error:e}");
        }
    }
}

#[test]
fn both_modes_agree_to_tolerance_under_adaptive_schemes() {
    for tolerance in [1e-4, 1e-8] {
        let error = disagreement::<f64>("dopri5", Some(tolerance), Activation::Tanh);
        assert!(error < 20.0 * tolerance, "{tolerance:e}: {error:e}");
    }
}

/// Rows of P against central differences of the outputs: neither mode may be wrong in the same way.
#[test]
fn the_matrix_is_the_derivative() {
    let network = network::<f64>(7, Activation::Tanh, Endpoint::Excluded);
    let mut model = SolvedNetwork::new(&network, SchemeChoice::Euler.build().unwrap(), 3).unwrap();
    let x = images::<f64>(7, 1);
    let p = sensitivity_matrices(&mut model, x.as_ref(), JacobianMode::Vjp).unwrap().matrix(0);
    let step = 1e-5;
    for i in 0..7 {
        let moved = Mat::from_fn(7, 2, |row, column| {
            let sign = if column == 0 { step } else { -step };
            x[(row, 0)] + if row == i { sign } else { 0.0 }
        });
        let mut z = Mat::zeros(3, 2);
        model.evaluate(moved.as_ref(), z.as_mut()).unwrap();
        for class in 0..3 {
            let slope = (z[(class, 0)] - z[(class, 1)]) / (2.0 * step);
            assert!((slope - p[(class, i)]).abs() < 1e-8, "{slope} {}", p[(class, i)]);
        }
    }
}

/// Data of two components in a network of width eight: only these two are moved.
#[test]
fn an_attack_leaves_the_padding_alone() {
    use snode_attack::{Attack, AttackOptions, Bounds, DeepFool, attack, predict};

    let grid = Grid::new(3.0, 20, Endpoint::Excluded).unwrap();
    let mut network = Network::<f64>::initial(8, grid, Activation::Tanh, Initialisation::Spline, 1);
    for value in network.parameters_mut().as_mut_slice() {
        *value *= 8.0;
    }
    let data = Mat::from_fn(2, 40, |i, j| (0.7 * j as f64 + 1.9 * i as f64).sin());
    let model = || SolvedNetwork::new(&network, Box::new(Euler::new()), 2).unwrap();
    let narrow = network.clone().with_inputs(2, 0.25).unwrap();
    let mut padded = SolvedNetwork::new(&narrow, Box::new(Euler::new()), 2).unwrap();
    let labels = predict(&mut padded, data.as_ref(), 40).unwrap();
    let whole = Mat::from_fn(8, 40, |i, j| if i < 2 { data[(i, j)] } else { 0.25 });
    assert_eq!(predict(&mut model(), whole.as_ref(), 40).unwrap(), labels);
    let options =
        AttackOptions { bounds: Bounds { lower: -3.0, upper: 3.0 }, ..AttackOptions::default() };
    let method: &dyn Attack<f64> = &DeepFool::default();
    let found = attack(&mut padded, method, data.as_ref(), &labels, &options).unwrap();
    let fooling: Vec<_> = found.images.iter().filter_map(|i| i.adversarial.as_ref()).collect();
    assert!(!fooling.is_empty() && fooling.iter().all(|image| image.len() == 2));
    for refused in [0, 9] {
        assert!(network.clone().with_inputs(refused, 0.0).is_err());
    }
}

#[test]
fn derivatives_of_a_model_that_was_not_linearised_are_refused() {
    let grid = Grid::new(1.0, 5, Endpoint::Excluded).unwrap();
    let network = Network::<f64>::initial(4, grid, Activation::Tanh, Initialisation::Spline, 1);
    let mut model = SolvedNetwork::new(&network, Box::new(Euler::new()), 2).unwrap();
    let (w, mut out) = (Mat::zeros(2, 1), Mat::zeros(4, 1));
    let refused = model.vjp(w.as_ref(), out.as_mut()).unwrap_err();
    assert!(matches!(refused, snode_attack::AttackError::NotLinearised), "{refused}");
}

/// P = R ∂x(T)/∂x(0) E of a convolution, by rows, by columns, and by differences.
#[test]
fn matrices_of_a_convolution_are_those_of_its_data_and_scores() {
    use snode_ode::{AffineMap, Readout};

    let grid = Grid::new(2.0, 10, Endpoint::Excluded).unwrap();
    let map = AffineMap::convolution(4, (3, 4), 3).unwrap();
    for readout in [
        Readout::Components,
        Readout::ChannelMeans { gain: 3.0 },
        Readout::Pattern { gain: 2.0, seed: 1 },
    ] {
        let mut network =
            Network::<f64>::initial(map, grid, Activation::Tanh, Initialisation::Spline, 1)
                .with_inputs(12, 0.1)
                .unwrap()
                .with_readout(readout);
        for value in network.parameters_mut().as_mut_slice() {
            *value *= 8.0;
        }
        let mut model = SolvedNetwork::new(&network, Box::new(Euler::new()), 3).unwrap();
        let x = Mat::from_fn(12, 2, |i, j| (0.7 * j as f64 + 1.9 * i as f64).sin());
        let rows = sensitivity_matrices(&mut model, x.as_ref(), JacobianMode::Vjp).unwrap();
        let columns = sensitivity_matrices(&mut model, x.as_ref(), JacobianMode::Jvp).unwrap();
        let p = rows.matrix(1);
        assert_eq!(p.shape(), (3, 12));
        assert!((&p - &columns.matrix(1)).norm_max() < 1e-14);
        for i in 0..12 {
            let step = 1e-5;
            let moved = Mat::from_fn(12, 2, |row, column| {
                let sign = if column == 0 { step } else { -step };
                x[(row, 1)] + if row == i { sign } else { 0.0 }
            });
            let mut z = Mat::zeros(3, 2);
            model.evaluate(moved.as_ref(), z.as_mut()).unwrap();
            for class in 0..3 {
                let slope = (z[(class, 0)] - z[(class, 1)]) / (2.0 * step);
                assert!((slope - p[(class, i)]).abs() < 1e-8, "{readout:?}");
            }
        }
    }
}
