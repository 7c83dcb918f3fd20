//! What makes the Runge–Kutta schemes right: agreement with textbook formulas, exact derivatives,
//! observed orders, bits that do not depend on threads, and errors instead of nonsense.

use crate::support;

use faer::Mat;
use proptest::prelude::*;
use snode_ode::{
    Activation, Combination, Endpoint, Euler, Grid, Initialisation, Interpolation, Network,
    Parameters, Perturbation, Problem, Real, RungeKutta, Scheme, SolveError, Stop, initialise,
};
use support::reference::{self, Dual, Node};
use support::{Solver, adjoint_gap, all_bits, batch, observed_order, scaled, stopped};

const ALL: [Interpolation; 3] =
    [Interpolation::Hermite, Interpolation::Linear, Interpolation::Constant];

fn schemes<T: Real>(how: Interpolation) -> [Solver<T, RungeKutta<T>>; 2] {
    [RungeKutta::midpoint(how), RungeKutta::classical(how)].map(Solver::new)
}

fn network<T: Real>(width: usize, layers: usize, activation: Activation, seed: u64) -> Network<T> {
    let grid = Grid::new(1.5, layers, Endpoint::Included).unwrap();
    scaled(Network::initial(width, grid, activation, Initialisation::Independent, seed))
}

/// Largest |a − b| over both.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// The entries column by column.
fn entries(matrix: faer::MatRef<'_, f64>) -> Vec<f64> {
    (0..matrix.ncols()).flat_map(|j| (0..matrix.nrows()).map(move |i| matrix[(i, j)])).collect()
}

/// Direct problem, sensitivity and every entry of the gradient are those of the textbook's formulas.
#[test]
fn textbook_formulas_and_their_derivatives_are_reproduced() {
    for (horizon, layers) in [(0.7, 1), (0.7, 2), (0.7, 3), (2.0, 4), (2.0, 9), (2.0, 17)] {
        for how in ALL {
            for mut scheme in schemes::<f64>(how) {
                let what = format!("{} {how:?} {layers}", scheme.name());
                let (n, m) = (3, 2);
                let grid = Grid::new(horizon, layers, Endpoint::Included).unwrap();
                let (rule, seed) = (Initialisation::Independent, 5);
                let network = scaled(Network::initial(n, grid, Activation::Tanh, rule, seed));
                let direction = initialise::<f64>(rule, n, &grid, 6);
                let (x0, xi0) = (batch(n, m, 0.1), batch(n, m, 0.5));
                let w = batch::<f64>(n, m, 2.0);

                let reference = |parameters: &dyn Fn(usize, usize) -> Dual, input: f64| {
                    let nodes: Vec<Node> = (0..=layers)
                        .map(|k| (0..n * n + n).map(|i| parameters(k, i)).collect())
                        .collect();
                    (0..m)
                        .flat_map(|j| {
                            let x: Vec<Dual> =
                                (0..n).map(|i| Dual(x0[(i, j)], input * xi0[(i, j)])).collect();
                            reference::solve(scheme.name(), how, grid.step(), &nodes, &x)
                        })
                        .collect::<Vec<Dual>>()
                };
                let perturbed = reference(
                    &|k, i| Dual(network.parameters().node(k)[i], direction.node(k)[i]),
                    1.0,
                );
                let mut derivatives = Parameters::<f64>::zeros(n, layers + 1);
                for l in 0..=layers {
                    for e in 0..n * n + n {
                        let moved = reference(
                            &|k, i| {
                                let chosen = k == l && i == e;
                                Dual(network.parameters().node(k)[i], f64::from(u8::from(chosen)))
                            },
                            0.0,
                        );
                        derivatives.node_mut(l)[e] =
                            moved.iter().zip(entries(w.as_ref())).map(|(x, w)| x.1 * w).sum();
                    }
                }

                scheme.direct(&network, x0.as_ref()).unwrap();
                let expected: Vec<f64> = perturbed.iter().map(|x| x.0).collect();
                assert!(distance(&entries(scheme.output()), &expected) < 1e-14, "{what}");
                let along =
                    Perturbation { parameters: Some(&direction), input: Some(xi0.as_ref()) };
                scheme.sensitivity(&network, along).unwrap();
                let expected: Vec<f64> = perturbed.iter().map(|x| x.1).collect();
                assert!(
                    distance(&entries(scheme.output_sensitivity()), &expected) < 1e-13,
                    "{what}"
                );
                // What is in the gradient beforehand must not matter.
                let mut gradient = direction.clone();
                scheme.adjoint(&network, w.as_ref(), Some(&mut gradient)).unwrap();
                for l in 0..=layers {
                    let ours: Vec<f64> =
                        gradient.node(l).iter().map(|g| g * grid.weight(l)).collect();
                    assert!(distance(&ours, derivatives.node(l)) < 1e-13, "{what}, node {l}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_adjoint_is_the_transpose(
        width in 1usize..24,
        layers in 1usize..20,
        columns in 1usize..30,
        activation in prop::sample::select(Activation::NAMES.to_vec()),
        how in prop::sample::select(ALL.to_vec()),
        seed in 0u64..1000,
    ) {
        let activation: Activation = activation.parse().unwrap();
        let double = network::<f64>(width, layers, activation, seed);
        let single = network::<f32>(width, layers, activation, seed);
        for (mut in_double, mut in_single) in schemes(how).into_iter().zip(schemes(how)) {
            prop_assert!(adjoint_gap(&mut in_double.scheme, &double, columns) < 1e-13);
            prop_assert!(adjoint_gap(&mut in_single.scheme, &single, columns) < 1e-5);
        }
    }

    #[test]
    fn every_column_is_its_own_problem(columns in 1usize..40, chosen in 0usize..40) {
        let chosen = chosen % columns;
        let network = network::<f64>(7, 9, Activation::Softplus, 3);
        let x0 = batch::<f64>(7, columns, 0.3);
        for mut scheme in schemes(Interpolation::Hermite) {
            scheme.direct(&network, x0.as_ref()).unwrap();
            let together = scheme.output().col(chosen).to_owned();
            let alone = Mat::from_fn(7, 1, |i, _| x0[(i, chosen)]);
            scheme.direct(&network, alone.as_ref()).unwrap();
            for i in 0..7 {
                prop_assert!((together[i] - scheme.output()[(i, 0)]).abs() < 1e-13);
            }
        }
    }
}

/// Horizon of the convergence tests.
const T: f64 = 2.0;

/// A network of width 3 whose entries are known at every depth, t running from 0 to 1.
struct Smooth(fn(usize, f64) -> f64);

/// Linear in depth: every interpolation but the constant one reproduces it.
const LINEAR: Smooth = Smooth(|i, t| (i as f64).sin() + (1.3 * i as f64).cos() * t);

/// With second derivatives that vanish at both ends: what Hermite interpolation with one-sided end
/// slopes, exact for 1, t and t³ but not for t² in the first and last interval, needs for its full
/// order there.
const FLAT_ENDS: Smooth =
    Smooth(|i, t| (i as f64).sin() + (1.3 * i as f64).cos() * (std::f64::consts::PI * t).sin());

/// With second derivatives that do not vanish at the ends.
const CURVED_ENDS: Smooth = Smooth(|i, t| (i as f64 + 2.0 * t).cos());

impl Smooth {
    fn on(&self, layers: usize) -> Network<f64> {
        let grid = Grid::new(T, layers, Endpoint::Included).unwrap();
        let mut parameters = Parameters::zeros(3, grid.nodes());
        for k in 0..grid.nodes() {
            for (i, p) in parameters.node_mut(k).iter_mut().enumerate() {
                *p = (self.0)(i, grid.time(k) / T);
            }
        }
        Network::new(parameters, grid, Activation::Tanh).unwrap()
    }

    /// x(T) for two inputs, and its derivative when the parameters move along `direction`.
    fn exactly(&self, direction: &Smooth) -> Vec<Dual> {
        let x0 = batch::<f64>(3, 2, 0.2);
        let node = |t: f64| {
            (0..12).map(|i| Dual((self.0)(i, t / T), (direction.0)(i, t / T))).collect::<Node>()
        };
        (0..2)
            .flat_map(|j| {
                let x: Vec<Dual> = (0..3).map(|i| Dual(x0[(i, j)], 0.0)).collect();
                reference::solve_exactly(&node, T, &x)
            })
            .collect()
    }

    /// The observed order of x(T).
    fn order(&self, scheme: RungeKutta<f64>) -> f64 {
        let mut scheme = Solver::new(scheme);
        let exact: Vec<f64> = self.exactly(self).iter().map(|x| x.0).collect();
        observed(|layers| {
            scheme.direct(&self.on(layers), batch(3, 2, 0.2).as_ref()).unwrap();
            distance(&entries(scheme.output()), &exact)
        })
    }
}

/// Numbers of steps from which on the orders are seen, and not yet round-off.
const LEVELS: [usize; 4] = [24, 48, 96, 192];

/// The order of an error, over halved steps.
fn observed(error: impl FnMut(usize) -> f64) -> f64 {
    let steps = LEVELS.map(|layers| T / layers as f64);
    observed_order(&steps, &LEVELS.map(error))
}

fn assert_order(observed: f64, expected: f64, what: &str) {
    assert!((observed - expected).abs() < 0.15, "{what}: observed order {observed}");
}

#[test]
fn observed_orders_are_two_and_four() {
    for (parameters, hows) in [(LINEAR, &ALL[..2]), (FLAT_ENDS, &ALL[..1])] {
        for &how in hows {
            assert_order(parameters.order(RungeKutta::midpoint(how)), 2.0, "rk2");
            assert_order(parameters.order(RungeKutta::classical(how)), 4.0, "rk4");
        }
    }
}

/// Where interpolation is worse than the method, its order is that of the whole. Two intervals with
/// errors of second order leave Hermite interpolation the order 3.
#[test]
fn interpolation_bounds_the_order() {
    for (how, bound) in ALL.into_iter().zip([3.0, 2.0, 1.0]) {
        let what = format!("{how:?}");
        assert_order(CURVED_ENDS.order(RungeKutta::midpoint(how)), f64::min(2.0, bound), &what);
        assert_order(CURVED_ENDS.order(RungeKutta::classical(how)), bound, &what);
    }
}

/// Directional derivatives of every entry of x(T) converge with the order of the method, by the
/// sensitivity and by the gradient.
#[test]
fn gradient_and_sensitivity_converge_as_functionals() {
    let exact: Vec<f64> = FLAT_ENDS.exactly(&LINEAR).iter().map(|x| x.1).collect();
    for (mut scheme, order) in schemes::<f64>(Interpolation::Hermite).into_iter().zip([2.0, 4.0]) {
        let measured = observed(|layers| {
            let (network, direction) = (FLAT_ENDS.on(layers), LINEAR.on(layers).into_parameters());
            scheme.direct(&network, batch(3, 2, 0.2).as_ref()).unwrap();
            let along = Perturbation { parameters: Some(&direction), input: None };
            scheme.sensitivity(&network, along).unwrap();
            let xi = entries(scheme.output_sensitivity());
            let mut gradient = direction.clone();
            for (e, xi) in xi.iter().enumerate() {
                let unit = Mat::from_fn(3, 2, |i, j| f64::from(u8::from(j * 3 + i == e)));
                scheme.adjoint(&network, unit.as_ref(), Some(&mut gradient)).unwrap();
                assert!((gradient.inner(&direction, network.grid()) - xi).abs() < 1e-13);
            }
            distance(&xi, &exact)
        });
        assert_order(measured, order, "directional derivatives");
    }
}

/// The gradient (S6) at the nodes of a grid, by Euler on much finer ones, extrapolated.
fn continuous_gradient(layers: usize) -> Parameters<f64> {
    let by_euler = |refinement: usize| {
        let network = LINEAR.on(layers * refinement);
        let mut euler = Solver::new(Euler::new());
        euler.direct(&network, batch(3, 2, 0.2).as_ref()).unwrap();
        let mut fine = network.parameters().clone();
        euler.adjoint(&network, batch(3, 2, 1.1).as_ref(), Some(&mut fine)).unwrap();
        let mut coarse = Parameters::zeros(3, layers + 1);
        for k in 0..layers {
            coarse.node_mut(k).copy_from_slice(fine.node(k * refinement));
        }
        // Euler has no gradient at T; continue it linearly from the finest nodes.
        for i in 0..12 {
            let last = layers * refinement - 1;
            coarse.node_mut(layers)[i] = 2.0 * fine.node(last)[i] - fine.node(last - 1)[i];
        }
        coarse
    };
    let refinement = 192 * 32 / layers;
    let mut gradient = by_euler(2 * refinement);
    gradient.combine(2.0, &by_euler(refinement), -1.0);
    gradient
}

/// How a gradient differs from `factor` times (S6) over some nodes, on every level.
fn observed_gradient_order(
    scheme: RungeKutta<f64>,
    nodes: fn(usize) -> Vec<usize>,
    factor: f64,
) -> f64 {
    let mut scheme = Solver::new(scheme);
    observed(|layers| {
        let network = LINEAR.on(layers);
        scheme.direct(&network, batch(3, 2, 0.2).as_ref()).unwrap();
        let mut gradient = network.parameters().clone();
        scheme.adjoint(&network, batch(3, 2, 1.1).as_ref(), Some(&mut gradient)).unwrap();
        let continuous = continuous_gradient(layers);
        nodes(layers)
            .into_iter()
            .map(|k| {
                let expected: Vec<f64> = continuous.node(k).iter().map(|g| factor * g).collect();
                distance(gradient.node(k), &expected)
            })
            .fold(0.0, f64::max)
    })
}

#[test]
fn the_gradient_converges_to_the_continuous_one() {
    let inside = |layers: usize| (2..layers - 1).collect();
    let everywhere = |layers: usize| (0..=layers).collect();
    for scheme in schemes(Interpolation::Linear) {
        assert_order(observed_gradient_order(scheme.scheme, everywhere, 1.0), 1.0, "linear");
    }
    for (scheme, order) in schemes(Interpolation::Hermite).into_iter().zip([2.0, 4.0]) {
        assert_order(observed_gradient_order(scheme.scheme, inside, 1.0), order, "Hermite");
    }
    // At the ends Hermite interpolation leaves the weights of an end-corrected quadrature.
    let outermost = |layers: usize| vec![0, layers];
    let next = |layers: usize| vec![1, layers - 1];
    let factors = [(3.0 / 4.0, 9.0 / 8.0), (5.0 / 6.0, 13.0 / 12.0)];
    for (scheme, (at_end, beside)) in schemes(Interpolation::Hermite).into_iter().zip(factors) {
        for (nodes, factor) in [(outermost as fn(usize) -> Vec<usize>, at_end), (next, beside)] {
            let order = observed_gradient_order(scheme.scheme.clone(), nodes, factor);
            assert_order(order, 1.0, "Hermite at the ends");
        }
    }
}

fn same_bits_for_any_number_of_threads<T: Real>() {
    // Among them sizes at which a part alone would take another kernel than the whole.
    let small = [1, 8, 9, 16, 25]
        .into_iter()
        .flat_map(|width| [1, 3, 8, 17, 30, 45, 90, 259].map(move |columns| (width, columns)));
    for (width, columns) in small.chain([(196, 100), (33, 101)]) {
        let network = network::<T>(width, 6, Activation::Tanh, 5);
        for scheme in schemes::<T>(Interpolation::Hermite) {
            let with = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| all_bits(&mut scheme.scheme.clone(), &network, columns))
            };
            let one = with(1);
            for threads in [2, 3, 4] {
                assert!(one == with(threads), "{width}×{columns} with {threads} threads");
            }
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
    for layers in [1, 5, 12] {
        let network = network::<f64>(9, layers, Activation::Sigmoid, 2);
        let x0 = batch::<f64>(9, 300, 0.4);
        for mut scheme in schemes(Interpolation::Hermite) {
            let mut out = Mat::zeros(9, 300);
            let statistics = scheme.evaluate(&network, x0.as_ref(), out.as_mut()).unwrap();
            scheme.direct(&network, x0.as_ref()).unwrap();
            assert!((out - scheme.output()).norm_max() < 1e-14);
            assert_eq!(statistics, scheme.statistics(Problem::Direct));
        }
    }
}

#[test]
fn a_smaller_batch_after_a_larger_one_is_right() {
    let network = network::<f64>(6, 5, Activation::Tanh, 1);
    for scheme in schemes(Interpolation::Hermite) {
        let (mut used, mut fresh) = (scheme.scheme.clone(), scheme.scheme);
        let before = all_bits(&mut used, &network, 40);
        assert_eq!(all_bits(&mut used, &network, 10), all_bits(&mut fresh, &network, 10));
        let third =
            |scheme: &mut RungeKutta<f64>| scheme.trajectory(&network).unwrap().state(3).to_owned();
        assert_eq!(third(&mut used), third(&mut fresh));
        assert_eq!(all_bits(&mut used, &network, 40), before);
    }
}

#[test]
fn a_combination_and_its_sensitivity_are_the_two_steps_together() {
    for layers in [1, 2, 37] {
        for how in ALL {
            let network = network::<f64>(5, layers, Activation::Tanh, 4);
            let (rule, grid) = (Initialisation::Independent, network.grid());
            let x = initialise::<f64>(rule, 5, grid, 6);
            let last = initialise::<f64>(rule, 5, grid, 7);
            let mut by_hand = last.clone();
            by_hand.combine(0.7, &x, -1.0);
            for mut scheme in schemes(how) {
                scheme.direct(&network, batch(5, 20, 0.0).as_ref()).unwrap();
                // Where there is an x, what is in the direction beforehand must not matter.
                for (mut direction, x) in [(last.clone(), Some(&x)), (x.clone(), None)] {
                    let combination = Combination { keep: 0.7, last: &last, add: -1.0, x };
                    let mut trajectory = scheme.scheme.trajectory(&network).unwrap();
                    let solved =
                        trajectory.sensitivity_of_combination(&mut direction, combination).unwrap();
                    let together = solved.sensitivity.to_owned();
                    let along = Perturbation { parameters: Some(&by_hand), input: None };
                    scheme.sensitivity(&network, along).unwrap();
                    assert!(direction == by_hand);
                    assert_eq!(scheme.output_sensitivity(), together);
                }
            }
        }
    }
}

#[test]
fn the_adjoint_is_the_same_with_and_without_a_gradient() {
    let network = network::<f64>(5, 37, Activation::Tanh, 3);
    for mut scheme in schemes(Interpolation::Hermite) {
        scheme.direct(&network, batch(5, 20, 0.0).as_ref()).unwrap();
        scheme.adjoint(&network, batch(5, 20, 1.0).as_ref(), None).unwrap();
        let alone = scheme.input_adjoint().to_owned();
        let mut gradient = network.parameters().clone();
        scheme.adjoint(&network, batch(5, 20, 1.0).as_ref(), Some(&mut gradient)).unwrap();
        assert_eq!(scheme.input_adjoint(), alone);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let network = network::<f64>(4, 5, Activation::Tanh, 8);
    for mut scheme in schemes(Interpolation::Hermite) {
        let wrong = Mat::<f64>::zeros(3, 2);
        assert!(matches!(scheme.direct(&network, wrong.as_ref()), Err(SolveError::Shape { .. })));
        let mut out = Mat::zeros(4, 3);
        let right = batch(4, 2, 0.0);
        let evaluated = scheme.evaluate(&network, right.as_ref(), out.as_mut());
        assert!(matches!(evaluated, Err(SolveError::Shape { .. })));
        assert!(scheme.scheme.trajectory(&network).is_none());
        scheme.direct(&network, right.as_ref()).unwrap();
        let result = scheme.adjoint(&network, wrong.as_ref(), None);
        assert!(matches!(result, Err(SolveError::Shape { .. })));
        let mut short = Parameters::zeros(4, 3);
        let result = scheme.adjoint(&network, right.as_ref(), Some(&mut short));
        assert!(matches!(result, Err(SolveError::Shape { .. })));
        let along = Perturbation { parameters: Some(&short), input: None };
        assert!(matches!(scheme.sensitivity(&network, along), Err(SolveError::Shape { .. })));
        let along = Perturbation { parameters: None, input: Some(wrong.as_ref()) };
        assert!(matches!(scheme.sensitivity(&network, along), Err(SolveError::Shape { .. })));
    }
}

#[test]
fn an_open_grid_is_refused() {
    let grid = Grid::new(1.0, 6, Endpoint::Excluded).unwrap();
    let network = Network::<f64>::initial(3, grid, Activation::Tanh, Initialisation::Spline, 4);
    let x0 = batch(3, 2, 0.0);
    for mut scheme in schemes(Interpolation::Hermite) {
        let refused = Err(SolveError::OpenGrid { scheme: scheme.name() });
        assert_eq!(scheme.direct(&network, x0.as_ref()), refused);
        let mut out = Mat::zeros(3, 2);
        assert!(matches!(
            scheme.evaluate(&network, x0.as_ref(), out.as_mut()),
            Err(SolveError::OpenGrid { .. })
        ));
    }
}

#[test]
fn states_that_are_not_finite_are_an_error_with_their_depth() {
    // A NaN at node 4 is first read between nodes 2 and 3 by Hermite interpolation, between 3 and 4
    // by the linear one and, by the constant one, at node 4: at the end of step 3 by rk4 and in step
    // 4 by rk2.
    let steps = [[2, 2], [3, 3], [4, 3]];
    for name in Activation::NAMES {
        let mut network = network::<f64>(4, 10, name.parse().unwrap(), 8);
        network.parameters_mut().bias_mut(4)[1] = f64::NAN;
        for (how, steps) in ALL.into_iter().zip(steps) {
            for (mut scheme, k) in schemes(how).into_iter().zip(steps) {
                let result = scheme.direct(&network, batch(4, 2, 0.0).as_ref());
                let (problem, reason, time, statistics, last) = stopped(result);
                assert_eq!((problem, reason), (Problem::Direct, Stop::NotFinite));
                assert!((time - network.grid().time(k + 1)).abs() < 1e-12, "{name} {how:?} {time}");
                assert_eq!(statistics.accepted, k + 1);
                let last = last.unwrap();
                assert!((last.depth - network.grid().time(k)).abs() < 1e-12);
                assert!(last.state.norm_max().is_finite());
                assert!(scheme.scheme.trajectory(&network).is_none());
                let mut out = Mat::zeros(4, 2);
                let result = scheme.evaluate(&network, batch(4, 2, 0.0).as_ref(), out.as_mut());
                let (problem, _, time, _, _) = stopped(result);
                assert_eq!(problem, Problem::Evaluation);
                assert!((time - network.grid().time(k + 1)).abs() < 1e-12, "{name} {how:?} {time}");
            }
        }
    }
    // An input that is not finite leaves no good state.
    let network = network::<f64>(4, 10, Activation::Tanh, 8);
    for mut scheme in schemes(Interpolation::Hermite) {
        let mut x0 = batch(4, 2, 0.0);
        x0[(1, 1)] = f64::INFINITY;
        let (_, _, time, _, last) = stopped(scheme.direct(&network, x0.as_ref()));
        assert_eq!((time, last), (0.0, None));
    }
}

#[test]
fn statistics_and_depths_are_those_of_fixed_steps() {
    let network = network::<f64>(4, 6, Activation::Tanh, 8);
    let grid = network.grid();
    for (mut scheme, stages) in schemes(Interpolation::Hermite).into_iter().zip([2, 4]) {
        scheme.direct(&network, batch(4, 2, 0.0).as_ref()).unwrap();
        let depths: Vec<f64> = (0..=6).map(|k| grid.time(k)).collect();
        assert_eq!(scheme.depths, depths);
        for problem in [Problem::Adjoint, Problem::Sensitivity] {
            assert_eq!(scheme.statistics(problem).accepted, 0);
        }
        scheme.adjoint(&network, batch(4, 2, 1.0).as_ref(), None).unwrap();
        let xi0 = batch(4, 2, 2.0);
        let along = Perturbation { parameters: None, input: Some(xi0.as_ref()) };
        scheme.sensitivity(&network, along).unwrap();
        for problem in [Problem::Direct, Problem::Adjoint, Problem::Sensitivity] {
            let statistics = scheme.statistics(problem);
            assert_eq!((statistics.accepted, statistics.rejected), (6, 0));
            assert_eq!(statistics.right_hand_sides, 6 * stages);
            assert_eq!(statistics.smallest_step, grid.step());
        }
    }
}
