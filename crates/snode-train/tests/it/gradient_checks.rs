//! The check of gradients itself: it passes what is right and fails what is wrong by a twentieth, for
//! every scheme, whatever the network and the direction.

use crate::support;

use faer::Mat;
use snode_ode::{
    Activation, Grid, Initialisation, Network, Parameters, Scheme, SchemeChoice, initialise,
};
use snode_train::{Accuracy, Cost, GradientCheck, check_gradient};
use support::wrong::Wrong;

const SEEDS: u64 = 30;

/// An adaptive scheme at a tight tolerance, on nodes where its gradient can be integrated; or one whose
/// derivatives are exact, on few.
fn setting(choice: SchemeChoice, layers: usize) -> (SchemeChoice, usize, Accuracy, f64) {
    match choice {
        SchemeChoice::Adaptive(options) => {
            let tolerance = if options.method.is_implicit() { 1e-8 } else { 1e-9 };
            let derivatives = 100.0 * tolerance;
            let accuracy = Accuracy { states: tolerance, derivatives, gradient: 2e-3 };
            (SchemeChoice::Adaptive(options.tolerance(tolerance)), 129, accuracy, 1e-2)
        }
        exact => (exact, layers, Accuracy::EXACT, 1e-11),
    }
}

fn check(choice: SchemeChoice, layers: usize, factor: f64, seed: u64) -> (GradientCheck, f64) {
    let (choice, layers, accuracy, gap) = setting(choice, layers);
    let (n, m) = (6, 9);
    let grid = Grid::new(3.0, layers, choice.endpoint()).unwrap();
    let how = Initialisation::Spline;
    let network = Network::<f64>::initial(n, grid, Activation::Tanh, how, 100 + seed);
    let direction: Parameters<f64> = initialise(how, n, &grid, 200 + seed);
    let x = Mat::from_fn(n, m, |i, j| -(((i * 7 + j * 3) % 11) as f64) / 11.0);
    let labels: Vec<usize> = (0..m).map(|j| j % 4).collect();
    let mut scheme: Box<dyn Scheme<f64>> = Box::new(Wrong::new(choice.build().unwrap(), factor));
    let cost = Cost::cross_entropy(4);
    let scheme = scheme.as_mut();
    let found = check_gradient(scheme, &network, cost, x.as_ref(), &labels, &direction, accuracy);
    (found.unwrap(), gap)
}

fn passes(found: &GradientCheck, gap: f64) -> bool {
    let rates = [found.cost_rate, found.state_rate];
    rates.iter().all(|rate| rate.is_some_and(|rate| rate >= 1.9))
        && found.parameter_gap <= gap
        && found.input_gap <= gap
}

#[test]
fn right_gradients_pass_and_gradients_wrong_by_a_twentieth_fail() {
    for choice in SchemeChoice::all() {
        let is_implicit =
            !["euler", "rk2", "rk4", "tsit5", "dopri5", "bs3"].contains(&choice.name());
        let (seeds, wrong) =
            if is_implicit { (1, &[1.05][..]) } else { (SEEDS, &[0.95, 1.05][..]) };
        for layers in [3, 15] {
            if layers == 15 && matches!(choice, SchemeChoice::Adaptive(_)) {
                continue;
            }
            for seed in 0..seeds {
                let what = format!("{} on {layers} layers, seed {seed}", choice.name());
                let (found, gap) = check(choice, layers, 1.0, seed);
                assert!(passes(&found, gap), "{what}: {found:?}");
                for &factor in wrong {
                    let (found, gap) = check(choice, layers, factor, seed);
                    assert!(!passes(&found, gap), "{what}, times {factor}: {found:?}");
                    assert!(found.parameter_gap > gap, "{what}, times {factor}: {found:?}");
                    let rate = found.cost_rate.unwrap();
                    assert!(rate < 1.9, "{what}, times {factor}: {found:?}");
                }
            }
        }
    }
}

/// A direction so small a part of which is seen that every remainder is noise.
#[test]
fn what_cannot_be_told_from_noise_is_not_checked() {
    let grid = Grid::new(1.0, 5, SchemeChoice::Euler.endpoint()).unwrap();
    let how = Initialisation::Spline;
    let network = Network::<f64>::initial(4, grid, Activation::Tanh, how, 1);
    let direction = initialise(how, 4, &grid, 2);
    let x = Mat::from_fn(4, 3, |i, j| (i + 2 * j) as f64 / 9.0);
    let mut scheme = SchemeChoice::Euler.build().unwrap();
    let coarse = Accuracy { states: 1e-1, derivatives: 1e-1, gradient: 1e-1 };
    let cost = Cost::l2(3);
    let found =
        check_gradient(&mut *scheme, &network, cost, x.as_ref(), &[0, 1, 2], &direction, coarse);
    let found = found.unwrap();
    assert_eq!((found.cost_rate, found.state_rate), (None, None));
}
