//! The perturbed walk is Euler's direct and sensitivity problems, layer by layer.

use crate::support;

use faer::{Mat, MatRef};
use snode_ode::{
    Activation, Endpoint, Euler, Grid, Initialisation, Network, Parameters, Perturbation,
    PerturbedWalk, Real, Scheme, SolveError, initialise,
};
use support::{batch, norm, scaled};

const LAYERS: usize = 12;
const INPUTS: usize = 9;

fn network<T: Real>(width: usize, activation: Activation) -> Network<T> {
    let grid = Grid::new(1.5, LAYERS, Endpoint::Excluded).unwrap();
    scaled(Network::initial(width, grid, activation, Initialisation::Spline, 4))
}

fn difference<T: Real>(a: MatRef<'_, T>, b: MatRef<'_, T>) -> f64 {
    norm((a - b).as_ref()) / norm(b).max(1.0)
}

/// What the walk has at every layer is what Euler's own solves have.
fn walks_as_euler<T: Real>(width: usize, activation: Activation, tolerance: f64) {
    let network = network::<T>(width, activation);
    let levels = [T::from_f64(0.5), T::from_f64(0.01)];
    let x0 = batch::<T>(width, INPUTS, 0.1);
    let noise: [Mat<T>; 3] = std::array::from_fn(|i| batch(width, INPUTS, 1.0 + i as f64));
    let direction: Parameters<T> =
        initialise(Initialisation::Independent, width, network.grid(), 8);
    let sets = [
        vec![(None, Some(&noise[0])), (None, Some(&noise[1]))],
        vec![
            (Some(&direction), None),
            (None, Some(&noise[1])),
            (Some(&direction), Some(&noise[2])),
        ],
    ];
    for set in sets {
        let perturbations: Vec<_> = set
            .iter()
            .map(|(parameters, input)| Perturbation {
                parameters: *parameters,
                input: input.map(Mat::as_ref),
            })
            .collect();
        let mut walk = PerturbedWalk::new(&network, x0.as_ref(), &perturbations, &levels).unwrap();
        let mut euler = Euler::new();
        let mut trajectory = euler.direct(&network, x0.as_ref()).unwrap();
        let mut layers = 0;
        loop {
            assert_eq!(walk.layer(), layers);
            assert!(difference(walk.state(), trajectory.state(layers)) < tolerance);
            if !walk.advance() {
                break;
            }
            layers += 1;
        }
        assert_eq!(layers, LAYERS);
        for (draw, perturbation) in perturbations.iter().enumerate() {
            let xi = trajectory.sensitivity(*perturbation).unwrap().sensitivity;
            assert!(difference(walk.sensitivity(draw), xi) < tolerance);
            for (index, &level) in levels.iter().enumerate() {
                let mut moved = network.clone();
                if let Some(parameters) = perturbation.parameters {
                    moved.parameters_mut().axpy(level, parameters);
                }
                let mut x0 = x0.clone();
                if let Some(input) = perturbation.input {
                    x0 += input * faer::Scale(level);
                }
                let mut out = Mat::zeros(width, INPUTS);
                Euler::new().evaluate(&moved, x0.as_ref(), out.as_mut()).unwrap();
                assert!(difference(walk.perturbed(draw, index), out.as_ref()) < tolerance);

                let input = INPUTS - 1;
                let measured = out.col(input).to_owned() - walk.state().col(input);
                let estimated = walk.sensitivity(draw).col(input) * faer::Scale(level);
                let found = walk.distances(draw, index, input);
                for (found, expected) in [
                    (found.measured, measured.norm_l2().to_f64()),
                    (found.estimated, estimated.norm_l2().to_f64()),
                    (found.error, (estimated - measured).norm_l2().to_f64()),
                ] {
                    assert!((found - expected).abs() < 10.0 * tolerance * expected.max(1.0));
                }
            }
        }
    }
}

#[test]
fn every_layer_is_eulers() {
    for width in [3, 21] {
        for name in Activation::NAMES {
            walks_as_euler::<f64>(width, name.parse().unwrap(), 1e-13);
            walks_as_euler::<f32>(width, name.parse().unwrap(), 3e-5);
        }
    }
}

/// For the identity x̃ − x solves (S3) itself when only the input is perturbed.
#[test]
fn the_estimate_of_a_linear_network_is_exact() {
    let network = network::<f64>(8, Activation::Identity);
    let (x0, xi0) = (batch::<f64>(8, 5, 0.2), batch::<f64>(8, 5, 1.2));
    let noise = Perturbation { parameters: None, input: Some(xi0.as_ref()) };
    let mut walk = PerturbedWalk::new(&network, x0.as_ref(), &[noise], &[2.0]).unwrap();
    while walk.advance() {
        for input in 0..5 {
            let distances = walk.distances(0, 0, input);
            assert!(distances.error < 1e-13 * distances.measured, "{distances:?}");
        }
    }
}

#[test]
fn a_walk_without_inputs_or_perturbations_is_possible() {
    let network = network::<f64>(4, Activation::Tanh);
    let nothing = Mat::<f64>::zeros(4, 0);
    let noise = Perturbation { parameters: None, input: Some(nothing.as_ref()) };
    let mut walk = PerturbedWalk::new(&network, nothing.as_ref(), &[noise], &[1.0]).unwrap();
    while walk.advance() {}
    let x0 = batch::<f64>(4, 3, 0.0);
    let mut walk = PerturbedWalk::new(&network, x0.as_ref(), &[], &[]).unwrap();
    while walk.advance() {}
    let mut out = Mat::zeros(4, 3);
    Euler::new().evaluate(&network, x0.as_ref(), out.as_mut()).unwrap();
    assert!(difference(walk.state(), out.as_ref()) < 1e-14);
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let network = network::<f64>(4, Activation::Tanh);
    let (good, bad) = (batch::<f64>(4, 3, 0.0), batch::<f64>(5, 3, 0.0));
    let refused = |x0: &Mat<f64>, perturbation| {
        let walk = PerturbedWalk::new(&network, x0.as_ref(), &[perturbation], &[1.0]);
        matches!(walk, Err(SolveError::Shape { .. }))
    };
    let input = |input| Perturbation { parameters: None, input: Some(input) };
    let parameters = Parameters::zeros(4, LAYERS + 1);
    assert!(refused(&bad, input(good.as_ref())));
    assert!(refused(&good, input(bad.as_ref())));
    assert!(refused(&good, Perturbation { parameters: Some(&parameters), input: None }));
    assert!(!refused(&good, input(good.as_ref())));
}
