//! Taylor remainders of second order and the adjoint identity, for every scheme, activation and
//! loss.

use crate::support;

use faer::Mat;
use snode_ode::{
    Activation, Endpoint, Euler, Grid, Initialisation, Interpolation, Network, Real, RungeKutta,
    Scheme, initialise,
};
use snode_train::{Accuracy, Cost, GradientCheck, check_gradient};
use support::wrong::Wrong;

/// Every scheme whose derivatives are exact, with a kind of grid for it.
fn schemes<T: Real>() -> Vec<(Box<dyn Scheme<T>>, Endpoint)> {
    vec![
        (Box::new(Euler::new()), Endpoint::Excluded),
        (Box::new(RungeKutta::midpoint(Interpolation::Hermite)), Endpoint::Included),
        (Box::new(RungeKutta::classical(Interpolation::Hermite)), Endpoint::Included),
        (Box::new(RungeKutta::classical(Interpolation::Linear)), Endpoint::Included),
        (Box::new(RungeKutta::midpoint(Interpolation::Constant)), Endpoint::Included),
    ]
}

/// The checks of all schemes, with their names.
fn checks<T: Real>(activation: Activation, cost: Cost) -> Vec<(&'static str, GradientCheck)> {
    schemes::<T>()
        .into_iter()
        .map(|(mut scheme, ends)| (scheme.name(), check(&mut *scheme, ends, activation, cost)))
        .collect()
}

fn check<T: Real>(
    scheme: &mut dyn Scheme<T>,
    ends: Endpoint,
    activation: Activation,
    cost: Cost,
) -> GradientCheck {
    let grid = Grid::new(1.5, 12, ends).unwrap();
    let mut network = Network::<T>::initial(8, grid, activation, Initialisation::Spline, 11);
    let copy = network.parameters().clone();
    network.parameters_mut().combine(T::ZERO, &copy, T::from_f64(4.0));
    let x0 = Mat::from_fn(8, 9, |i, j| T::from_f64(-(i as f64 + 2.3 * j as f64).sin().abs()));
    let labels: Vec<usize> = (0..9).map(|j| j % 3).collect();
    let direction = initialise(Initialisation::Independent, 8, &grid, 12);
    check_gradient(scheme, &network, cost, x0.as_ref(), &labels, &direction, Accuracy::EXACT)
        .unwrap()
}

fn losses() -> [(&'static str, Cost); 4] {
    [
        ("l2", Cost::l2(3)),
        ("ce", Cost { mu3: 0.0, ..Cost::cross_entropy(3) }),
        ("ce and centring", Cost { mu3: 0.3, ..Cost::cross_entropy(3) }),
        ("everything", Cost { mu1: 0.4, mu2: 0.7, mu3: 0.2, mu4: 0.05, ..Cost::l2(3) }),
    ]
}

/// The smooth activations; across a kink of the others a remainder is of first order.
fn smooth() -> impl Iterator<Item = Activation> {
    ["tanh", "sigmoid", "softplus", "identity"].into_iter().map(|name| name.parse().unwrap())
}

#[test]
fn remainders_are_of_second_order() {
    for activation in smooth() {
        for (name, cost) in losses() {
            for (scheme, check) in checks::<f64>(activation, cost) {
                let what = format!("{scheme} {activation} {name}");
                let rates = [check.cost_rate, check.state_rate].map(Option::unwrap);
                for rate in rates {
                    assert!(rate > 1.95, "{what}: {check:?}");
                }
                // Second order and no more: a rate above would mean that the curvature is lost too.
                assert!(rates[0] < 2.3, "{what}");
            }
        }
    }
}

#[test]
fn remainders_are_of_second_order_in_single_precision() {
    for activation in smooth() {
        for (name, cost) in losses() {
            for (scheme, check) in checks::<f32>(activation, cost) {
                // The cost stands above its round-off at a few large steps only, where its third
                // order is still seen.
                let lowest = 1.7;
                assert!(
                    check.cost_rate.is_none_or(|rate| rate > lowest)
                        && check.state_rate.is_some_and(|rate| rate > 1.85),
                    "{scheme} {activation} {name}: {check:?}"
                );
            }
        }
    }
}

#[test]
fn adjoints_are_transposes_to_round_off() {
    for name in Activation::NAMES {
        let activation = name.parse().unwrap();
        for (scheme, check) in checks::<f64>(activation, Cost::cross_entropy(3)) {
            let largest = check.parameter_gap.max(check.input_gap);
            assert!(largest < 1e-14, "{scheme} {name}: {largest:.1e}");
        }
        for (scheme, check) in checks::<f32>(activation, Cost::cross_entropy(3)) {
            let largest = check.parameter_gap.max(check.input_gap);
            assert!(largest < 1e-5, "{scheme} {name}: {largest:.1e}");
        }
    }
}

/// The check itself must notice a wrong gradient.
#[test]
fn a_wrong_gradient_is_noticed() {
    let grid = Grid::new(1.5, 12, Endpoint::Excluded).unwrap();
    let network = Network::<f64>::initial(8, grid, Activation::Tanh, Initialisation::Spline, 11);
    let x0 = Mat::from_fn(8, 9, |i, j| (i as f64 + 2.3 * j as f64).sin());
    let labels: Vec<usize> = (0..9).map(|j| j % 3).collect();
    let direction = initialise(Initialisation::Independent, 8, &grid, 12);
    let mut wrong = Wrong::new(Box::new(Euler::new()), 1.001);
    let check = check_gradient(
        &mut wrong,
        &network,
        Cost::l2(3),
        x0.as_ref(),
        &labels,
        &direction,
        Accuracy::EXACT,
    )
    .unwrap();
    assert!(check.cost_rate.unwrap() < 1.9, "{check:?}");
    assert!(check.parameter_gap > 1e-5, "{check:?}");
}
