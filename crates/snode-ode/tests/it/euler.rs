//! What makes Euler's three problems right: exact derivatives, observed order, bits that do not
//! depend on threads, and errors instead of nonsense.

use crate::support;

use faer::Mat;
use proptest::prelude::*;
use snode_ode::{
    Activation, Combination, Endpoint, Euler, Grid, Initialisation, Network, Parameters,
    Perturbation, Problem, Real, Scheme, SolveError, Stop, initialise,
};
use support::{Solver, adjoint_gap, all_bits, batch, scaled, stopped};

fn network<T: Real>(width: usize, layers: usize, activation: Activation, seed: u64) -> Network<T> {
    let grid = Grid::new(1.5, layers, Endpoint::Excluded).unwrap();
    scaled(Network::initial(width, grid, activation, Initialisation::Spline, seed))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_adjoint_is_the_transpose(
        width in 1usize..24,
        layers in 1usize..20,
        columns in 1usize..30,
        activation in prop::sample::select(Activation::NAMES.to_vec()),
        seed in 0u64..1000,
    ) {
        let activation: Activation = activation.parse().unwrap();
        let double = network::<f64>(width, layers, activation, seed);
        prop_assert!(adjoint_gap(&mut Euler::new(), &double, columns) < 1e-13);
        let single = network::<f32>(width, layers, activation, seed);
        prop_assert!(adjoint_gap(&mut Euler::new(), &single, columns) < 3e-5);
    }

    #[test]
    fn every_column_is_its_own_problem(columns in 1usize..40, chosen in 0usize..40) {
        let chosen = chosen % columns;
        let network = network::<f64>(7, 9, Activation::Softplus, 3);
        let x0 = batch::<f64>(7, columns, 0.3);
        let mut euler = Solver::new(Euler::new());
        euler.direct(&network, x0.as_ref()).unwrap();
        let together = euler.output().col(chosen).to_owned();
        let alone = Mat::from_fn(7, 1, |i, _| x0[(i, chosen)]);
        euler.direct(&network, alone.as_ref()).unwrap();
        for i in 0..7 {
            prop_assert!((together[i] - euler.output()[(i, 0)]).abs() < 1e-13);
        }
    }
}

#[test]
fn observed_order_is_one() {
    // A fixed smooth W(t), sampled on finer and finer grids.
    let error = |layers: usize| {
        let solve = |layers: usize| {
            let grid = Grid::new(2.0, layers, Endpoint::Excluded).unwrap();
            let mut parameters = Parameters::<f64>::zeros(3, layers);
            for k in 0..layers {
                let t = grid.time(k);
                for (i, p) in parameters.node_mut(k).iter_mut().enumerate() {
                    *p = (t + i as f64).cos();
                }
            }
            let network = Network::new(parameters, grid, Activation::Tanh).unwrap();
            let mut euler = Solver::new(Euler::new());
            euler.direct(&network, batch(3, 2, 0.2).as_ref()).unwrap();
            euler.output().to_owned()
        };
        (solve(layers) - solve(4096)).norm_l2()
    };
    let levels = [16, 32, 64, 128];
    let errors: Vec<f64> = levels.iter().map(|&l| error(l)).collect();
    for pair in errors.windows(2) {
        let order = (pair[0] / pair[1]).log2();
        assert!((0.9..1.15).contains(&order), "observed order {order} in {errors:?}");
    }
}

fn same_bits_for_any_number_of_threads<T: Real>() {
    // Among them sizes at which a part alone would take another kernel than the whole.
    let small = [1, 8, 9, 16, 20, 25].into_iter().flat_map(|width| {
        [1, 3, 8, 16, 17, 30, 45, 90, 259, 300].map(move |columns| (width, columns))
    });
    for (width, columns) in small.chain([(196, 100), (33, 101)]) {
        let network = network::<T>(width, 6, Activation::Tanh, 5);
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| all_bits(&mut Euler::new(), &network, columns))
        };
        let one = with(1);
        for threads in [2, 3, 4] {
            assert!(one == with(threads), "{width}×{columns} with {threads} threads");
        }
    }
}

#[test]
fn same_bits_for_any_number_of_threads_f64() {
    same_bits_for_any_number_of_threads::<f64>();
}

#[test]
fn same_bits_for_any_number_of_threads_f32() {
    same_bits_for_any_number_of_threads::<f32>();
}

#[test]
fn evaluation_equals_the_direct_problem() {
    let network = network::<f64>(9, 12, Activation::Sigmoid, 2);
    let x0 = batch::<f64>(9, 300, 0.4);
    let mut euler = Solver::new(Euler::new());
    let mut out = Mat::zeros(9, 300);
    euler.evaluate(&network, x0.as_ref(), out.as_mut()).unwrap();
    euler.direct(&network, x0.as_ref()).unwrap();
    assert!((out - euler.output()).norm_max() < 1e-14);
}

#[test]
fn a_smaller_batch_after_a_larger_one_is_right() {
    let network = network::<f64>(6, 5, Activation::Tanh, 1);
    let (large, small) = (batch::<f64>(6, 40, 0.0), batch::<f64>(6, 10, 0.0));
    let mut used = Solver::new(Euler::new());
    used.direct(&network, large.as_ref()).unwrap();
    used.direct(&network, small.as_ref()).unwrap();
    let mut fresh = Solver::new(Euler::new());
    fresh.direct(&network, small.as_ref()).unwrap();
    assert_eq!(used.output(), fresh.output());
    let third = |euler: &mut Solver<f64, Euler<f64>>| {
        euler.scheme.trajectory(&network).unwrap().state(3).to_owned()
    };
    assert_eq!(third(&mut used), third(&mut fresh));
}

#[test]
fn linear_network_is_a_matrix() {
    // With the identity as activation and no bias the output is Π (I + h W_k) x₀.
    let mut network = network::<f64>(4, 5, Activation::Identity, 8);
    for k in 0..5 {
        network.parameters_mut().bias_mut(k).fill(0.0);
    }
    let x0 = batch::<f64>(4, 3, 0.0);
    let mut expected = x0.clone();
    for k in 0..5 {
        let step = network.parameters().weights(k) * &expected;
        expected += step * faer::Scale(network.grid().step());
    }
    let mut euler = Solver::new(Euler::new());
    euler.direct(&network, x0.as_ref()).unwrap();
    assert!((euler.output() - expected).norm_max() < 1e-14);
}

#[test]
fn what_does_not_fit_is_refused() {
    let network = network::<f64>(4, 5, Activation::Tanh, 8);
    let mut euler = Solver::new(Euler::new());
    let wrong = Mat::<f64>::zeros(3, 2);
    assert!(matches!(euler.direct(&network, wrong.as_ref()), Err(SolveError::Shape { .. })));
    assert!(euler.scheme.trajectory(&network).is_none());
    euler.direct(&network, batch(4, 2, 0.0).as_ref()).unwrap();
    assert!(matches!(euler.adjoint(&network, wrong.as_ref(), None), Err(SolveError::Shape { .. })));
    let mut short = Parameters::zeros(4, 3);
    assert!(matches!(
        euler.adjoint(&network, batch(4, 2, 0.0).as_ref(), Some(&mut short)),
        Err(SolveError::Shape { .. })
    ));
    let other = Parameters::zeros(4, 3);
    let along = Perturbation { parameters: Some(&other), input: None };
    assert!(matches!(euler.sensitivity(&network, along), Err(SolveError::Shape { .. })));
}

#[test]
fn states_that_are_not_finite_are_an_error_with_their_depth() {
    for name in Activation::NAMES {
        let mut network = network::<f64>(4, 10, name.parse().unwrap(), 8);
        network.parameters_mut().bias_mut(4)[1] = f64::NAN;
        let mut euler = Solver::new(Euler::new());
        let result = euler.direct(&network, batch(4, 2, 0.0).as_ref());
        let (problem, reason, time, statistics, last) = stopped(result);
        assert_eq!((problem, reason), (Problem::Direct, Stop::NotFinite), "{name}");
        assert!((time - network.grid().time(5)).abs() < 1e-12 && statistics.accepted == 5);
        let last = last.unwrap();
        assert!((last.depth - network.grid().time(4)).abs() < 1e-12);
        assert!(last.state.norm_max().is_finite());
        assert!(euler.scheme.trajectory(&network).is_none());
        let mut out = Mat::zeros(4, 2);
        let result = euler.evaluate(&network, batch(4, 2, 0.0).as_ref(), out.as_mut());
        let (problem, _, time, _, _) = stopped(result);
        assert_eq!(problem, Problem::Evaluation, "{name}");
        assert!((time - network.grid().time(5)).abs() < 1e-12, "{name}: {time}");
    }
}

#[test]
fn a_closed_grids_last_node_has_no_part() {
    let grid = Grid::new(1.0, 6, Endpoint::Included).unwrap();
    let mut network = Network::<f64>::initial(3, grid, Activation::Tanh, Initialisation::Spline, 4);
    let mut euler = Solver::new(Euler::new());
    euler.direct(&network, batch(3, 2, 0.0).as_ref()).unwrap();
    let before = euler.output().to_owned();
    let mut gradient = network.parameters().clone();
    euler.adjoint(&network, batch(3, 2, 1.0).as_ref(), Some(&mut gradient)).unwrap();
    assert!(gradient.node(6).iter().all(|&g| g == 0.0));
    network.parameters_mut().node_mut(6).fill(7.0);
    euler.direct(&network, batch(3, 2, 0.0).as_ref()).unwrap();
    assert_eq!(euler.output(), before);
}

#[test]
fn a_combination_and_its_sensitivity_are_the_two_steps_together() {
    for ends in [Endpoint::Excluded, Endpoint::Included] {
        let grid = Grid::new(1.0, 37, ends).unwrap();
        let network = Network::<f64>::initial(5, grid, Activation::Tanh, Initialisation::Spline, 4);
        let x = initialise::<f64>(Initialisation::Independent, 5, &grid, 6);
        let mut by_hand = initialise::<f64>(Initialisation::Independent, 5, &grid, 7);
        let mut euler = Solver::new(Euler::new());
        euler.direct(&network, batch(5, 20, 0.0).as_ref()).unwrap();
        let last = by_hand.clone();
        by_hand.combine(0.7, &x, -1.0);
        // From elsewhere, and over what is combined.
        let zeros = Parameters::zeros(5, grid.nodes());
        for (mut direction, x) in [(zeros, Some(&x)), (x.clone(), None)] {
            let combination = Combination { keep: 0.7, last: &last, add: -1.0, x };
            let mut trajectory = euler.scheme.trajectory(&network).unwrap();
            let solved =
                trajectory.sensitivity_of_combination(&mut direction, combination).unwrap();
            let together = solved.sensitivity.to_owned();
            let along = Perturbation { parameters: Some(&by_hand), input: None };
            euler.sensitivity(&network, along).unwrap();
            assert!(direction == by_hand);
            assert_eq!(euler.output_sensitivity(), together);
        }
    }
}

#[test]
fn the_adjoint_is_the_same_with_and_without_a_gradient() {
    let network = network::<f64>(5, 37, Activation::Tanh, 3);
    let mut euler = Solver::new(Euler::new());
    euler.direct(&network, batch(5, 20, 0.0).as_ref()).unwrap();
    euler.adjoint(&network, batch(5, 20, 1.0).as_ref(), None).unwrap();
    let alone = euler.input_adjoint().to_owned();
    let mut gradient = network.parameters().clone();
    euler.adjoint(&network, batch(5, 20, 1.0).as_ref(), Some(&mut gradient)).unwrap();
    assert_eq!(euler.input_adjoint(), alone);
}
