//! The method: what every iteration guarantees, restarts, metrics, line searches, and the same bits
//! for any number of threads.

use crate::support;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use faer::Mat;
use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network, Parameters, Real};
use snode_train::{
    Conjugacy, Cost, Discretisation, EvaluationSet, FirstDirection, GradientSpace, Iteration,
    LineSearch, Memory, Metric, Ncg, NcgOptions, OptionError, Schedule, Score, Space, TrainError,
};
use support::wrong::Wrong;

const FORMULAS: [Conjugacy; 7] = [
    Conjugacy::SteepestDescent,
    Conjugacy::FletcherReeves,
    Conjugacy::PolakRibiere,
    Conjugacy::FletcherReevesPolakRibiere,
    Conjugacy::HestenesStiefel,
    Conjugacy::DaiYuan,
    Conjugacy::HagerZhang,
];

fn h1(discretisation: Discretisation) -> Space {
    Space::H1 { length: 1.0, discretisation }
}

fn problem<T: Real>(activation: Activation) -> (Network<T>, Mat<T>, Vec<usize>) {
    let grid = Grid::new(2.0, 15, Endpoint::Excluded).unwrap();
    let network = Network::initial(9, grid, activation, Initialisation::Spline, 4);
    let x = Mat::from_fn(9, 24, |i, j| T::from_f64(-(i as f64 * 1.3 + j as f64 * 2.9).sin().abs()));
    let labels = (0..24).map(|j| (j * j) % 3).collect();
    (network, x, labels)
}

fn run<T: Real>(
    cost: Cost,
    options: NcgOptions,
    iterations: usize,
) -> (Network<T>, Vec<Iteration>) {
    let (mut network, x, labels) = problem::<T>(Activation::Tanh);
    let mut ncg = Ncg::new(Box::new(Euler::new()), cost, options, &network).unwrap();
    let reports =
        (0..iterations).map(|_| ncg.iterate(&mut network, x.as_ref(), &labels).unwrap()).collect();
    (network, reports)
}

#[test]
fn every_formula_in_every_space_descends_and_learns() {
    for conjugacy in FORMULAS {
        for space in [
            Space::L2,
            h1(Discretisation::Tridiagonal),
            h1(Discretisation::Trapezoid),
            h1(Discretisation::Midpoint),
        ] {
            for metric in [Metric::L2, Metric::Space] {
                for cost in [Cost::l2(3), Cost::cross_entropy(3), Cost { mu4: 1e-3, ..Cost::l2(3) }]
                {
                    let options = NcgOptions { space, conjugacy, metric, ..NcgOptions::default() };
                    let (_, reports) = run::<f64>(cost, options, 25);
                    for report in &reports {
                        assert!(report.slope < 0.0, "{options:?}: {report:?}");
                        assert!(report.eta > 0.0, "{options:?}: {report:?}");
                    }
                    let (first, last) = (reports[0].cost.total(), reports[24].cost.total());
                    assert!(last < 0.95 * first, "{options:?}: {first} to {last}");
                }
            }
        }
    }
}

/// ⟨∇J, d⟩ of steepest descent is −‖g‖² in the space's own metric.
#[test]
fn slope_of_steepest_descent_is_the_gradients_square() {
    for space in [Space::L2, h1(Discretisation::Tridiagonal)] {
        let options = NcgOptions {
            space,
            conjugacy: Conjugacy::SteepestDescent,
            metric: Metric::Space,
            ..NcgOptions::default()
        };
        for report in run::<f64>(Cost { mu4: 0.01, ..Cost::cross_entropy(3) }, options, 5).1 {
            let square = report.gradient_norm.powi(2);
            assert!((report.slope + square).abs() < 1e-12 * square, "{report:?}");
        }
    }
}

#[test]
fn backtracking_never_lets_the_cost_rise() {
    // Few layers with large steps: the linearised step overshoots there.
    let line_search = LineSearch::Backtracking { halvings: 40 };
    let mut halved = 0;
    for conjugacy in FORMULAS {
        let options = NcgOptions { conjugacy, line_search, ..NcgOptions::default() };
        let (_, reports) = run::<f64>(Cost { mu3: 1e-3, ..Cost::cross_entropy(3) }, options, 40);
        assert!(reports.iter().all(|report| !report.rose), "{conjugacy:?}");
        for pair in reports.windows(2) {
            assert!(pair[1].cost.total() <= pair[0].cost.total(), "{conjugacy:?}");
        }
        halved += reports.iter().map(|report| report.halvings).sum::<usize>();
    }
    assert!(halved > 0, "the line search was never needed: the test shows nothing");
}

/// A caller's own space: the inner product is c times that of L², so that representatives are 1/c
/// as long, and steepest descent with its exact step goes the same way.
#[test]
fn a_space_of_the_callers_own() {
    struct Scaled(f64);
    impl GradientSpace<f64> for Scaled {
        fn represent(&mut self, gradient: &Parameters<f64>, representative: &mut Parameters<f64>) {
            representative.combine(0.0, gradient, 1.0 / self.0);
        }
    }
    let options = NcgOptions { conjugacy: Conjugacy::SteepestDescent, ..NcgOptions::default() };
    let (expected, reports) = run::<f64>(Cost::l2(3), options, 3);
    let (mut network, x, labels) = problem::<f64>(Activation::Tanh);
    let mut ncg = Ncg::new(Box::new(Euler::new()), Cost::l2(3), options, &network)
        .unwrap()
        .with_space(Box::new(Scaled(4.0)));
    for report in reports {
        let ours = ncg.iterate(&mut network, x.as_ref(), &labels).unwrap();
        assert!((ours.eta - 4.0 * report.eta).abs() < 1e-10 * report.eta);
    }
    let difference = network.parameters().as_slice().iter().zip(expected.parameters().as_slice());
    assert!(difference.into_iter().all(|(a, b)| (a - b).abs() < 1e-10));
}

#[test]
fn a_cap_is_kept_and_reported() {
    let options = NcgOptions { max_step: Some(1e-3), ..NcgOptions::default() };
    let (_, reports) = run::<f64>(Cost::l2(3), options, 4);
    assert!(reports.iter().all(|report| report.capped && report.eta == 1e-3));
}

#[test]
fn the_first_iteration_after_a_restart_is_steepest_descent() {
    let (mut network, x, labels) = problem::<f64>(Activation::Tanh);
    let ncg =
        Ncg::new(Box::new(Euler::new()), Cost::l2(3), NcgOptions::default(), &network).unwrap();
    let mut ncg = ncg.keeping_gradients();
    for _ in 0..3 {
        ncg.iterate(&mut network, x.as_ref(), &labels).unwrap();
    }
    ncg.restart();
    let report = ncg.iterate(&mut network, x.as_ref(), &labels).unwrap();
    assert_eq!(report.gamma, 0.0);
    assert!(!report.rose);
    for (d, g) in ncg.direction().as_slice().iter().zip(ncg.gradient().unwrap().as_slice()) {
        assert_eq!(*d, -*g);
    }
}

#[test]
fn a_vanishing_gradient_changes_nothing() {
    // Inputs at the target already, zero weights: the cost is 0 and so is its gradient.
    let grid = Grid::new(1.0, 4, Endpoint::Excluded).unwrap();
    let mut network = Network::<f64>::initial(3, grid, Activation::Tanh, Initialisation::Spline, 1);
    network.parameters_mut().as_mut_slice().fill(0.0);
    let x = Mat::from_fn(3, 2, |i, j| if i == j { 1.0 } else { 0.0 });
    let mut ncg =
        Ncg::new(Box::new(Euler::new()), Cost::l2(2), NcgOptions::default(), &network).unwrap();
    for _ in 0..3 {
        let report = ncg.iterate(&mut network, x.as_ref(), &[0, 1]).unwrap();
        assert_eq!((report.cost.total(), report.eta), (0.0, 0.0));
    }
    assert!(network.parameters().as_slice().iter().all(|&p| p == 0.0));
}

#[test]
fn divergence_is_an_error_and_leaves_the_parameters() {
    let (mut network, x, labels) = problem::<f64>(Activation::Relu);
    for p in network.parameters_mut().as_mut_slice() {
        *p = 1e60;
    }
    let before = network.clone();
    let mut ncg =
        Ncg::new(Box::new(Euler::new()), Cost::l2(3), NcgOptions::default(), &network).unwrap();
    let error = ncg.iterate(&mut network, x.map(|v| -v).as_ref(), &labels).unwrap_err();
    assert!(matches!(error, TrainError::Solve(_) | TrainError::Diverged { .. }), "{error}");
    assert_eq!(network, before);
}

#[test]
fn separated_batches_without_centring_are_an_error_that_says_so() {
    // One point a class, each in its own direction: separated before long.
    let (mut network, ..) = problem::<f64>(Activation::Tanh);
    let x = Mat::from_fn(9, 3, |i, j| if i == j { 1.0 } else { 0.0 });
    let labels = [0, 1, 2];
    let cost = Cost { mu3: 0.0, ..Cost::cross_entropy(3) };
    let mut ncg = Ncg::new(Box::new(Euler::new()), cost, NcgOptions::default(), &network).unwrap();
    let error = (0..2000)
        .find_map(|_| ncg.iterate(&mut network, x.as_ref(), &labels).err())
        .expect("cross-entropy alone has no minimum once the batch is separated");
    assert!(matches!(error, TrainError::NoStepLength { .. }), "{error}");
    assert!(error.to_string().contains("mu3"));
}

fn same_bits<T: Real>() {
    for space in [Space::L2, h1(Discretisation::Tridiagonal), h1(Discretisation::Midpoint)] {
        let options = NcgOptions {
            space,
            conjugacy: Conjugacy::HagerZhang,
            metric: Metric::Space,
            ..NcgOptions::default()
        };
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run::<T>(Cost { mu4: 1e-3, ..Cost::cross_entropy(3) }, options, 8).0)
        };
        let one = with(1);
        for threads in [2, 3] {
            assert!(one == with(threads), "{space:?} with {threads} threads");
        }
    }
}

#[test]
fn same_bits_for_any_number_of_threads() {
    same_bits::<f64>();
    same_bits::<f32>();
}

#[test]
fn single_precision_follows_double() {
    let (_, double) = run::<f64>(Cost::cross_entropy(3), NcgOptions::default(), 6);
    let (_, single) = run::<f32>(Cost::cross_entropy(3), NcgOptions::default(), 6);
    for (a, b) in double.iter().zip(&single) {
        assert!((a.cost.total() - b.cost.total()).abs() < 2e-5 * a.cost.total());
    }
}

#[test]
fn what_cannot_be_iterated_is_refused_and_changes_nothing() {
    fn check<T: Real>() {
        let (mut network, x, labels) = problem::<T>(Activation::Tanh);
        let before = network.clone();
        let ncg =
            |options| Ncg::new(Box::new(Euler::new()), Cost::cross_entropy(3), options, &before);
        let mut method = ncg(NcgOptions::default()).unwrap();
        let empty = method.iterate(&mut network, x.subcols(0, 0), &[]);
        assert!(matches!(empty, Err(TrainError::EmptyBatch)), "{empty:?}");
        let backwards = NcgOptions { max_step: Some(-1.0), ..NcgOptions::default() };
        let refused = ncg(backwards).unwrap_err();
        assert!(matches!(refused, TrainError::Option(OptionError { option: "max_step", .. })));
        let space = Space::H1 { length: 0.0, discretisation: Discretisation::Tridiagonal };
        let refused = ncg(NcgOptions { space, ..NcgOptions::default() }).unwrap_err();
        assert!(matches!(refused, TrainError::Option(OptionError { option: "length", .. })));
        assert!(network == before);

        let grid = Grid::new(2.0, 7, Endpoint::Excluded).unwrap();
        let mut other = Network::initial(9, grid, Activation::Tanh, Initialisation::Spline, 4);
        let refused = method.iterate(&mut other, x.as_ref(), &labels);
        assert!(matches!(refused, Err(TrainError::Solve(_))), "{refused:?}");
    }
    check::<f64>();
    check::<f32>();
    for length in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let space = Space::H1 { length, discretisation: Discretisation::Tridiagonal };
        assert!(matches!(space.check(), Err(OptionError { option: "length", .. })));
    }
    assert!(h1(Discretisation::Midpoint).check().is_ok() && Space::L2.check().is_ok());
}

#[test]
fn a_set_without_data_points_scores_nothing() {
    let (network, x, _) = problem::<f64>(Activation::Tanh);
    let set = EvaluationSet {
        name: "none".into(),
        x: x.subcols(0, 0).to_owned(),
        targets: vec![].into(),
    };
    let score = set.score(&Euler::new(), &network, &Cost::cross_entropy(3).into()).unwrap();
    assert_eq!((score, score.accuracy()), (Score::of_classes(0, 0, 0.0), Some(0.0)));
    let wrong = EvaluationSet { targets: vec![1].into(), ..set };
    assert!(wrong.score(&Euler::new(), &network, &Cost::cross_entropy(3).into()).is_err());
}

/// A second try after a failure has the bits of a first one.
#[test]
fn an_iteration_that_fails_leaves_direction_and_memory_as_they_were() {
    let backtracking = LineSearch::Backtracking { halvings: 2 };
    for (conjugacy, line_search) in [
        (Conjugacy::FletcherReeves, LineSearch::Linearised),
        (Conjugacy::PolakRibiere, LineSearch::Linearised),
        (Conjugacy::HagerZhang, backtracking),
    ] {
        for space in [Space::L2, h1(Discretisation::Tridiagonal)] {
            let (mut network, x, labels) = problem::<f64>(Activation::Tanh);
            let options = NcgOptions { conjugacy, line_search, space, ..NcgOptions::default() };
            let make = || {
                let scheme = Wrong::new(Box::new(Euler::new()), 1.0);
                let fails = Arc::clone(&scheme.fails);
                let cost = Cost::cross_entropy(3);
                (Ncg::new(Box::new(scheme), cost, options, &network).unwrap(), fails)
            };
            let ((mut disturbed, fails), (mut undisturbed, _)) = (make(), make());
            let mut twin = network.clone();
            for _ in 0..3 {
                disturbed.iterate(&mut network, x.as_ref(), &labels).unwrap();
                undisturbed.iterate(&mut twin, x.as_ref(), &labels).unwrap();
            }
            let (direction, memory) = (disturbed.direction().clone(), disturbed.memory());

            // The direct problem fails; or the sensitivity problem, once the direction has been made.
            let mut broken = network.clone();
            broken.parameters_mut().bias_mut(0)[0] = f64::NAN;
            assert!(disturbed.iterate(&mut broken, x.as_ref(), &labels).is_err());
            assert!(*disturbed.direction() == direction && disturbed.memory() == memory);
            fails.store(true, Ordering::Relaxed);
            assert!(disturbed.iterate(&mut network, x.as_ref(), &labels).is_err());
            fails.store(false, Ordering::Relaxed);
            assert!(*disturbed.direction() == direction && disturbed.memory() == memory);
            assert!(network == twin);

            let again = disturbed.iterate(&mut network, x.as_ref(), &labels).unwrap();
            let expected = undisturbed.iterate(&mut twin, x.as_ref(), &labels).unwrap();
            assert_eq!((again.gamma, again.eta), (expected.gamma, expected.eta));
            assert!(network == twin && disturbed.memory() == undisturbed.memory());
        }
    }
}

/// Where the formula does not need the gradient any more the direction takes its place: the numbers are
/// those of a method that keeps both, in restarts too.
#[test]
fn a_direction_in_the_place_of_its_gradient_has_the_same_bits() {
    let mut restarts = 0;
    for space in [Space::L2, h1(Discretisation::Tridiagonal), h1(Discretisation::Midpoint)] {
        let cost = Cost { mu4: 1e-3, ..Cost::cross_entropy(3) };
        let first_direction = FirstDirection::Conjugate;
        let options = NcgOptions { space, first_direction, ..NcgOptions::default() };
        let make = |network: &Network<f64>| {
            Ncg::new(Box::new(Euler::new()), cost, options, network).unwrap()
        };
        let (mut network, x, labels) = problem::<f64>(Activation::Tanh);
        let mut other = network.clone();
        let (mut one, mut both) = (make(&network), make(&network).keeping_gradients());
        for batch in 0..6 {
            // A batch whose labels are others: the last direction ascends there.
            let labels: Vec<usize> = labels.iter().map(|label| (label + batch) % 3).collect();
            for _ in 0..3 {
                let report = one.iterate(&mut network, x.as_ref(), &labels).unwrap();
                let kept = both.iterate(&mut other, x.as_ref(), &labels).unwrap();
                assert_eq!(
                    (report.gamma, report.eta, report.restarted),
                    (kept.gamma, kept.eta, kept.restarted)
                );
                assert!(one.gradient().is_none() && both.gradient().is_some());
                assert!(one.direction() == both.direction() && network == other);
                restarts += usize::from(report.restarted);
            }
            one.restart();
            both.restart();
        }
    }
    assert!(restarts > 0, "the gradient was never needed again: the test shows nothing");
}

/// (S51): η = c s_k η*.
#[test]
fn steps_are_damped_by_factor_and_schedule() {
    let (expected, _, _) = problem::<f64>(Activation::Tanh);
    let schedule = Schedule::Linear { batches: 4, factor: 0.2 };
    let damped = NcgOptions { step_factor: 0.5, schedule, ..NcgOptions::default() };
    let first = |options: NcgOptions, batches: usize| {
        let (mut network, x, labels) = problem::<f64>(Activation::Tanh);
        let mut ncg = Ncg::new(Box::new(Euler::new()), Cost::l2(3), options, &network).unwrap();
        for _ in 0..batches {
            ncg.restart();
        }
        let report = ncg.iterate(&mut network, x.as_ref(), &labels).unwrap();
        (report.eta, network, ncg.direction().clone())
    };
    let (whole, _, _) = first(NcgOptions::default(), 0);
    for (batches, factor) in [(0, 0.5), (1, 0.4), (2, 0.3), (4, 0.1), (7, 0.1)] {
        let (eta, network, direction) = first(damped, batches);
        assert!((eta - factor * whole).abs() < 1e-14 * whole, "batch {batches}");
        let mut moved = expected.parameters().clone();
        moved.axpy(eta, &direction);
        assert!(moved == *network.parameters());
    }
    for step_factor in [0.0, 2.0, f64::NAN] {
        let refused = NcgOptions { step_factor, ..NcgOptions::default() }.check().unwrap_err();
        assert!(matches!(refused, TrainError::Option(OptionError { option: "step_factor", .. })));
    }
}

/// (S52): the formula with the last batch's gradient and direction; steepest descent where that does not
/// descend.
#[test]
fn a_direction_is_carried_over_and_descends() {
    let mut carried = 0;
    for conjugacy in FORMULAS {
        let options = NcgOptions {
            conjugacy,
            first_direction: FirstDirection::Conjugate,
            ..NcgOptions::default()
        };
        let (mut network, x, labels) = problem::<f64>(Activation::Tanh);
        let ncg = Ncg::new(Box::new(Euler::new()), Cost::l2(3), options, &network).unwrap();
        let mut ncg = ncg.keeping_gradients();
        let mut square = f64::NAN;
        for batch in 0..12 {
            let x = Mat::from_fn(9, 24, |i, j| {
                x[(i, (j + 5 * batch) % 24)] * (1.0 + 0.1 * batch as f64)
            });
            let labels: Vec<usize> =
                (0..24).map(|j| labels[(j + 5 * batch + batch % 3) % 24]).collect();
            for iteration in 0..2 {
                let last = ncg.direction().clone();
                let report = ncg.iterate(&mut network, x.as_ref(), &labels).unwrap();
                assert!(report.slope < 0.0, "{conjugacy:?}");
                if iteration == 0 {
                    assert!(!report.rose);
                    carried += usize::from(report.gamma != 0.0);
                    if conjugacy == Conjugacy::FletcherReeves && batch > 0 && !report.restarted {
                        let gamma = report.gradient_norm.powi(2) / square;
                        assert!((report.gamma - gamma).abs() < 1e-12 * gamma);
                        let mut d = last;
                        d.combine(gamma, ncg.gradient().unwrap(), -1.0);
                        d.axpy(-1.0, ncg.direction());
                        assert!(d.as_slice().iter().all(|d| d.abs() < 1e-12));
                    }
                }
                square = report.gradient_norm.powi(2);
            }
            ncg.restart();
        }
    }
    assert!(carried > 40, "{carried}");
}

/// A last direction that ascends on the next batch, ten times its gradient: the first direction is that of
/// steepest descent.
#[test]
fn a_carried_direction_that_ascends_is_a_restart() {
    let options =
        NcgOptions { first_direction: FirstDirection::Conjugate, ..NcgOptions::default() };
    let (network, x, labels) = problem::<f64>(Activation::Tanh);
    let ncg = || Ncg::new(Box::new(Euler::new()), Cost::l2(3), options, &network).unwrap();
    let mut plain = ncg().keeping_gradients();
    let first = plain.iterate(&mut network.clone(), x.as_ref(), &labels).unwrap();
    let mut ascending = plain.direction().clone();
    ascending.combine(-10.0, plain.gradient().unwrap(), 0.0);
    let memory = Memory::new()
        .with_array("direction", ascending)
        .with_number("gradient_square", first.gradient_norm.powi(2))
        .with_number("gradient_direction", 0.0)
        .with_number("cost", 0.0)
        .with_number("batches", 1.0);
    let mut carried = ncg();
    carried.resume(memory, 0).unwrap();
    let report = carried.iterate(&mut network.clone(), x.as_ref(), &labels).unwrap();
    assert!(report.restarted && report.gamma == 0.0 && !report.rose, "{report:?}");
    assert_eq!((report.eta, report.slope), (first.eta, first.slope));
}
