//! Whatever leaves a scheme is finite, or an error that names the problem and the depth: for every
//! scheme and every problem.

use crate::support;

use faer::Mat;
use snode_ode::{
    Activation, Combination, Grid, Initialisation, Network, Parameters, Perturbation, Problem,
    Real, SchemeChoice, Stop,
};
use support::{batch, stopped};

const WIDTH: usize = 4;
const POINTS: usize = 3;
const LAYERS: usize = 8;
const HORIZON: f64 = 1.0;

fn network<T: Real>(choice: SchemeChoice) -> Network<T> {
    let grid = Grid::new(HORIZON, LAYERS, choice.endpoint()).unwrap();
    Network::initial(WIDTH, grid, Activation::Tanh, Initialisation::Spline, 3)
}

fn spoilt<T: Real>(bad: f64) -> Mat<T> {
    let mut matrix = batch(WIDTH, POINTS, 0.3);
    matrix[(1, 2)] = T::from_f64(bad);
    matrix
}

fn assert_stopped<V: std::fmt::Debug>(
    result: Result<V, snode_ode::SolveError>,
    problem: Problem,
    depths: std::ops::RangeInclusive<f64>,
    what: &str,
) {
    let (found, reason, time, _, last) = stopped(result);
    assert_eq!((found, reason), (problem, Stop::NotFinite), "{what}");
    assert!(depths.contains(&time), "{what}: depth {time}");
    if let Some(last) = last {
        let mut values = last.state.col_iter().flat_map(|column| column.iter().copied());
        assert!(values.all(f64::is_finite), "{what}");
    }
}

fn everything_is_finite_or_an_error<T: Real>(choice: SchemeChoice, bad: f64) {
    let what = format!("{} {bad} {}", choice.name(), T::NAME);
    let good = network::<T>(choice);
    let mut scheme = choice.build::<T>().unwrap();
    let clean = batch::<T>(WIDTH, POINTS, 0.0);
    let mut out = Mat::zeros(WIDTH, POINTS);

    // x₀.
    let x0 = spoilt::<T>(bad);
    assert_stopped(scheme.direct(&good, x0.as_ref()), Problem::Direct, 0.0..=0.0, &what);
    let result = scheme.evaluate(&good, x0.as_ref(), out.as_mut());
    assert_stopped(result, Problem::Evaluation, 0.0..=0.0, &what);

    // W from the middle on: infinite weights times states of both signs are NaN.
    let mut broken = good.clone();
    for node in LAYERS / 2..good.parameters().nodes() {
        broken.parameters_mut().weights_mut(node)[(0, 0)] = T::from_f64(bad);
        broken.parameters_mut().weights_mut(node)[(0, 1)] = T::from_f64(-bad);
        broken.parameters_mut().bias_mut(node)[0] = T::from_f64(f64::NAN);
    }
    let middle = 0.02..=0.8;
    let result = scheme.direct(&broken, clean.as_ref());
    assert_stopped(result, Problem::Direct, middle.clone(), &what);
    assert!(scheme.trajectory(&broken).is_none(), "{what}");
    let result = scheme.evaluate(&broken, clean.as_ref(), out.as_mut());
    assert_stopped(result, Problem::Evaluation, middle, &what);

    // λ(T), alone and among several, with and without a gradient.
    let mut trajectory = scheme.direct(&good, clean.as_ref()).unwrap();
    let mut gradient = Parameters::zeros(WIDTH, good.parameters().nodes());
    let at_end = HORIZON..=HORIZON;
    let result = trajectory.adjoint(x0.as_ref(), None);
    assert_stopped(result, Problem::Adjoint, at_end.clone(), &what);
    let result = trajectory.adjoint(x0.as_ref(), Some(&mut gradient));
    assert_stopped(result, Problem::Adjoint, at_end.clone(), &what);
    let mut several = batch::<T>(WIDTH, 3 * POINTS, 0.1);
    several[(2, 2 * POINTS + 1)] = T::from_f64(bad);
    let mut columns = Mat::zeros(WIDTH, 3 * POINTS);
    let result = trajectory.adjoint_columns(several.as_ref(), columns.as_mut());
    assert_stopped(result, Problem::Adjoint, at_end, &what);

    // ξ₀, alone and among several.
    let at_start = 0.0..=0.0;
    let along = Perturbation { parameters: None, input: Some(x0.as_ref()) };
    assert_stopped(trajectory.sensitivity(along), Problem::Sensitivity, at_start.clone(), &what);
    let result = trajectory.sensitivity_columns(several.as_ref(), columns.as_mut());
    assert_stopped(result, Problem::Sensitivity, at_start, &what);

    // (ω, β) from the middle on, as a direction and as a combination.
    let mut direction = good.parameters().clone();
    for node in LAYERS / 2..direction.nodes() {
        direction.bias_mut(node)[1] = T::from_f64(bad);
    }
    let middle = 0.0..=HORIZON;
    let along = Perturbation { parameters: Some(&direction), input: None };
    assert_stopped(trajectory.sensitivity(along), Problem::Sensitivity, middle.clone(), &what);
    let zero = Parameters::zeros(WIDTH, direction.nodes());
    let combination = Combination { keep: T::ONE, last: &zero, add: -T::ONE, x: Some(&direction) };
    let mut made = zero.clone();
    let result = trajectory.sensitivity_of_combination(&mut made, combination);
    assert_stopped(result, Problem::Sensitivity, middle, &what);

    // None of it has spoilt the trajectory.
    let lambda = trajectory.adjoint(clean.as_ref(), Some(&mut gradient)).unwrap();
    assert!(lambda.norm_max().to_f64().is_finite() && gradient.is_finite(), "{what}");
}

#[test]
fn what_leaves_a_scheme_is_finite() {
    for choice in SchemeChoice::all() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            everything_is_finite_or_an_error::<f64>(choice, bad);
            everything_is_finite_or_an_error::<f32>(choice, bad);
        }
    }
}

/// λ and x are large, but finite; only their product is not.
#[test]
fn a_gradient_that_overflows_is_an_error() {
    for choice in SchemeChoice::all() {
        let name = choice.name();
        let grid = Grid::new(HORIZON, LAYERS, choice.endpoint()).unwrap();
        let parameters = Parameters::<f32>::zeros(WIDTH, grid.nodes());
        let network = Network::new(parameters, grid, Activation::Identity).unwrap();
        let large = Mat::from_fn(WIDTH, POINTS, |_, _| 1e25_f32);
        let mut scheme = choice.build::<f32>().unwrap();
        let mut trajectory = scheme.direct(&network, large.as_ref()).unwrap();
        assert!(trajectory.adjoint(large.as_ref(), None).is_ok(), "{name}");
        let mut gradient = network.parameters().clone();
        let result = trajectory.adjoint(large.as_ref(), Some(&mut gradient));
        let (problem, reason, time, _, _) = stopped(result);
        assert_eq!((problem, reason), (Problem::Adjoint, Stop::GradientNotFinite), "{name}");
        assert!(time > 0.8, "{name}: {time}");
    }
}
