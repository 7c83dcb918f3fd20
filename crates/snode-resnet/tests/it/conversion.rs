//! A residual network and a neural ODE under Euler are the same numbers.

use faer::Mat;
use proptest::prelude::*;
use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network, Real, Scheme};
use snode_resnet::{ResNet, ResNetError, Sgd, SgdOptions};
use snode_train::Cost;

fn bits<T: Real>(values: &[T]) -> Vec<u64> {
    values.iter().map(|value| value.to_f64().to_bits()).collect()
}

/// (S2) by plain loops.
fn by_hand(resnet: &ResNet<f64>, x0: &Mat<f64>) -> Mat<f64> {
    let mut x = x0.clone();
    for k in 0..resnet.layers() {
        let (w, b) = (resnet.parameters().weights(k), resnet.parameters().bias(k));
        let z = Mat::from_fn(x.nrows(), x.ncols(), |i, j| {
            b[i] + (0..x.nrows()).map(|l| w[(i, l)] * x[(l, j)]).sum::<f64>()
        });
        for j in 0..x.ncols() {
            for i in 0..x.nrows() {
                x[(i, j)] += resnet.step() * z[(i, j)].tanh();
            }
        }
    }
    x
}

fn conversion_is_exact<T: Real>(width: usize, layers: usize, horizon: f64, seed: u64) {
    let grid = Grid::new(horizon, layers, Endpoint::Excluded).unwrap();
    let how = Initialisation::Independent;
    let network = Network::<T>::initial(width, grid, Activation::Tanh, how, seed);
    let x0 = Mat::from_fn(width, 5, |i, j| T::from_f64(((i * 3 + j) as f64).sin()));
    let mut of_the_ode = Mat::zeros(width, 5);
    Euler::new().evaluate(&network, x0.as_ref(), of_the_ode.as_mut()).unwrap();

    let resnet = ResNet::from_network(network.clone()).unwrap();
    assert_eq!((resnet.width(), resnet.layers()), (width, layers));
    let mut of_the_resnet = Mat::zeros(width, 5);
    resnet.predict(x0.as_ref(), of_the_resnet.as_mut()).unwrap();
    for j in 0..5 {
        let (left, right) = (of_the_ode.col_as_slice(j), of_the_resnet.col_as_slice(j));
        assert_eq!(bits(left), bits(right));
    }

    let parts = ResNet::new(resnet.parameters().clone(), horizon, resnet.activation()).unwrap();
    for again in [resnet.into_network(), parts.into()] {
        assert_eq!(again.grid(), network.grid());
        assert_eq!(again.activation(), network.activation());
        assert_eq!(
            bits(again.parameters().as_slice()),
            bits(network.parameters().as_slice()),
            "width {width}, {layers} layers"
        );
    }
}

proptest! {
    #[test]
    fn conversion_is_exact_both_ways(
        width in 1_usize..12, layers in 1_usize..9, horizon in 1e-3..50.0_f64, seed: u64,
    ) {
        conversion_is_exact::<f64>(width, layers, horizon, seed);
        conversion_is_exact::<f32>(width, layers, horizon, seed);
    }
}

#[test]
fn predictions_are_those_of_the_formula() {
    let how = Initialisation::Independent;
    let resnet = ResNet::<f64>::initial(5, 1.5, 7, Activation::Tanh, how, 3).unwrap();
    let x0 = Mat::from_fn(5, 4, |i, j| ((i * 3 + j) as f64).sin());
    let mut out = Mat::zeros(5, 4);
    resnet.predict(x0.as_ref(), out.as_mut()).unwrap();
    let expected = by_hand(&resnet, &x0);
    for j in 0..4 {
        for i in 0..5 {
            assert!((out[(i, j)] - expected[(i, j)]).abs() < 1e-14);
        }
    }
}

/// A network with a node at T could not be given back as it was.
#[test]
fn networks_with_a_node_at_the_horizon_are_refused() {
    let grid = Grid::new(1.0, 4, Endpoint::Included).unwrap();
    let how = Initialisation::Spline;
    let network = Network::<f64>::initial(3, grid, Activation::Relu, how, 1);
    let sgd = Sgd::new(Cost::l2(2), SgdOptions::default(), &network);
    assert_eq!(sgd.err(), Some(ResNetError::ClosedGrid));
    assert_eq!(ResNet::try_from(network), Err(ResNetError::ClosedGrid));
}

#[test]
fn networks_without_layers_or_depth_are_refused() {
    let build = |horizon, layers| {
        ResNet::<f32>::initial(3, horizon, layers, Activation::Relu, Initialisation::Spline, 1)
    };
    assert!(matches!(build(1.0, 0), Err(ResNetError::Grid(_))));
    for horizon in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(build(horizon, 3), Err(ResNetError::Grid(_))));
    }
}
