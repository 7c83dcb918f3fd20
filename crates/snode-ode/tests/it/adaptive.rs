//! What makes the adaptive schemes right: errors that follow the tolerance and the step, the
//! gradient and the sensitivity of the continuous problem, counts that do not drift, and a typed
//! end for every solve that fails.

#![cfg(feature = "adaptive")]

use crate::support;

use faer::{Mat, MatRef};
use snode_ode::{
    Activation, Adaptive, AdaptiveOptions, Endpoint, ErrorNorm, Euler, Grid, GridError,
    Initialisation, Interpolation, Method, Network, Parameters, Perturbation, Problem, Real,
    Scheme, SolveError, Stop, initialise,
};
use support::{Solver, batch, inner, norm, observed_order, stopped};

const EXPLICIT: [Method; 3] = [Method::Tsit5, Method::Dopri5, Method::Bs3];

/// A network whose parameters are smooth in depth: W(t) = A cos t + B, on so many nodes that
/// interpolation errors are far below the tolerances here.
fn network<T: Real>(width: usize, layers: usize, activation: Activation) -> Network<T> {
    let grid = Grid::new(1.5, layers, Endpoint::Included).unwrap();
    let mut parameters = Parameters::zeros(width, grid.nodes());
    for node in 0..grid.nodes() {
        let c = grid.time(node).cos();
        for (i, value) in parameters.node_mut(node).iter_mut().enumerate() {
            let i = i as f64;
            *value = T::from_f64(c * (1.3 * i).sin() + 0.5 * (2.1 * i + 1.0).cos());
        }
    }
    Network::new(parameters, grid, activation).unwrap()
}

/// W(t) = A + t B exactly: two nodes and linear interpolation.
fn linear_in_depth(width: usize) -> (Network<f64>, AdaptiveOptions) {
    let options =
        AdaptiveOptions { interpolation: Interpolation::Linear, ..AdaptiveOptions::default() };
    (network(width, 1, Activation::Tanh), options)
}

fn scheme<T: Real>(method: Method, tolerance: f64) -> Solver<T, Adaptive<T>> {
    with(AdaptiveOptions { method, ..AdaptiveOptions::default() }.tolerance(tolerance))
}

fn with<T: Real>(options: AdaptiveOptions) -> Solver<T, Adaptive<T>> {
    Solver::new(Adaptive::new(options).unwrap())
}

fn distance<T: Real, U: Real>(a: MatRef<'_, T>, b: MatRef<'_, U>) -> f64 {
    let difference =
        Mat::<f64>::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)].to_f64() - b[(i, j)].to_f64());
    inner(difference.as_ref(), difference.as_ref()).sqrt()
}

/// The slope of ln y over ln x.
fn fitted_order(points: &[(f64, f64)]) -> f64 {
    let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    observed_order(&x, &y)
}

fn output<T: Real>(
    scheme: &mut Solver<T, Adaptive<T>>,
    network: &Network<T>,
    columns: usize,
) -> Mat<T> {
    scheme.direct(network, batch(network.width(), columns, 0.2).as_ref()).unwrap();
    scheme.output().to_owned()
}

#[test]
fn errors_fall_with_the_tolerance() {
    let network = network::<f64>(6, 400, Activation::Tanh);
    let exact = output(&mut scheme(Method::Dopri5, 1e-13), &network, 7);
    for method in Method::ALL {
        let tolerances: &[f64] = if method.is_implicit() {
            &[1e-2, 1e-3, 1e-4, 1e-5]
        } else {
            &[1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8]
        };
        let points: Vec<(f64, f64)> = tolerances
            .iter()
            .map(|&tolerance| {
                let found = output(&mut scheme(method, tolerance), &network, 7);
                (tolerance, distance(found.as_ref(), exact.as_ref()) / norm(exact.as_ref()))
            })
            .collect();
        let order = fitted_order(&points);
        assert!((0.6..1.4).contains(&order), "{method}: order {order} in {points:?}");
        assert!(points.iter().all(|(tol, error)| *error < 30.0 * tol), "{method}: {points:?}");
    }
}

/// With every error allowed and steps capped, a method goes in equal steps.
#[test]
fn equal_steps_show_the_methods_orders() {
    let (network, base) = linear_in_depth(5);
    let exact = {
        let mut scheme = with(base.tolerance(1e-13));
        output(&mut scheme, &network, 4)
    };
    for (method, expected) in [(Method::Tsit5, 5.0), (Method::Dopri5, 5.0), (Method::Bs3, 3.0)] {
        let points: Vec<(f64, f64)> = [6_usize, 12, 24, 48]
            .into_iter()
            .map(|steps| {
                let h = network.grid().horizon() / steps as f64;
                let mut scheme = with(AdaptiveOptions {
                    method,
                    rtol: 0.99,
                    atol: 1e6,
                    first_step: Some(h),
                    max_step: Some(h),
                    ..base
                });
                let found = output(&mut scheme, &network, 4);
                let taken = scheme.statistics(Problem::Direct).accepted;
                assert!(taken.abs_diff(steps) <= 1, "{taken} steps, not {steps}");
                (h, distance(found.as_ref(), exact.as_ref()))
            })
            .collect();
        let order = fitted_order(&points);
        // Tsitouras' leading error happens to be small here: the next order shows.
        let seen = expected - 0.2..expected + 1.0;
        assert!(seen.contains(&order), "{method}: order {order} in {points:?}");
    }
}

#[test]
fn the_trajectory_is_as_good_as_its_steps() {
    let network = network::<f64>(6, 400, Activation::Softplus);
    for (method, factor) in [(Method::Tsit5, 30.0), (Method::Dopri5, 30.0), (Method::Bs3, 100.0)] {
        let (mut coarse, mut fine) = (scheme(method, 1e-6), scheme(Method::Dopri5, 1e-12));
        output(&mut coarse, &network, 3);
        output(&mut fine, &network, 3);
        let (mut found, mut exact) = (Mat::zeros(6, 3), Mat::zeros(6, 3));
        for i in 0..=60 {
            let t = 1.5 * f64::from(i) / 60.0;
            let coarse = coarse.scheme.trajectory(&network).unwrap();
            coarse.state_at(t, found.as_mut()).unwrap();
            fine.scheme.trajectory(&network).unwrap().state_at(t, exact.as_mut()).unwrap();
            let error = distance(found.as_ref(), exact.as_ref());
            assert!(error < factor * 1e-6 * norm(exact.as_ref()), "{method} at {t}: {error:e}");
        }
        let last = coarse.depths.last().copied().unwrap();
        assert!((last - 1.5).abs() < 1e-12);
    }
}

/// ½‖x(T)‖², whose λ(T) is x(T).
fn gradient<S: Scheme<f64>>(
    scheme: &mut Solver<f64, S>,
    network: &Network<f64>,
    x0: &Mat<f64>,
) -> Parameters<f64> {
    scheme.direct(network, x0.as_ref()).unwrap();
    let terminal = scheme.output().to_owned();
    let mut gradient = Parameters::zeros(network.width(), network.grid().nodes());
    scheme.adjoint(network, terminal.as_ref(), Some(&mut gradient)).unwrap();
    gradient
}

/// The gradient is that of the exact discrete one in the limit of fine Euler grids: of two such
/// grids, extrapolated by Euler's order.
#[test]
fn the_gradient_is_the_limit_of_the_exact_discrete_ones() {
    let (coarse, base) = linear_in_depth(4);
    let x0 = batch(4, 3, 0.4);
    let on_grid = |layers: usize| {
        let grid = Grid::new(coarse.grid().horizon(), layers, Endpoint::Included).unwrap();
        let mut parameters = Parameters::zeros(4, grid.nodes());
        for node in 0..grid.nodes() {
            let stencil = Interpolation::Linear.stencil(coarse.grid(), grid.time(node));
            coarse.parameters().interpolate(&stencil, parameters.node_mut(node));
        }
        Network::new(parameters, grid, coarse.activation()).unwrap()
    };
    let sampled = gradient(&mut with(base.tolerance(1e-11)), &on_grid(10), &x0);
    let fine = 10_000;
    let [one, two] = [fine, 2 * fine]
        .map(|layers| gradient(&mut Solver::new(Euler::new()), &on_grid(layers), &x0));
    // Euler's last node has no part in its scheme.
    for node in 0..10 {
        let expected: Vec<f64> = one
            .node(node * fine / 10)
            .iter()
            .zip(two.node(node * fine / 5))
            .map(|(one, two)| 2.0 * two - one)
            .collect();
        let size = expected.iter().map(|v| v * v).sum::<f64>().sqrt();
        let gap =
            expected.iter().zip(sampled.node(node)).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        assert!(gap.sqrt() < 1e-6 * size, "node {node}: {:e} of {size}", gap.sqrt());
    }
}

/// J(p + εd) − J(p) − ε⟨∇J, d⟩ falls as ε².
#[test]
fn taylor_remainders_have_order_two_at_tight_tolerance() {
    for method in EXPLICIT {
        let network = network::<f64>(5, 2000, Activation::Tanh);
        let x0 = batch(5, 4, 0.7);
        let mut direction = network.parameters().clone();
        let node_len = direction.node_len();
        for (i, value) in direction.as_mut_slice().iter_mut().enumerate() {
            let (node, entry) = (i / node_len, i % node_len);
            *value = (0.3 * entry as f64).sin() * (1.0 + network.grid().time(node)).sin();
        }
        let mut scheme = scheme(method, if method == Method::Bs3 { 1e-9 } else { 1e-12 });
        let slope = gradient(&mut scheme, &network, &x0).inner(&direction, network.grid());
        let cost =
            |scheme: &Solver<f64, Adaptive<f64>>| inner(scheme.output(), scheme.output()) / 2.0;
        let start = cost(&scheme);
        let points: Vec<(f64, f64)> = (6..11)
            .map(|k| {
                let step = 0.5_f64.powi(k);
                let mut moved = network.clone();
                moved.parameters_mut().axpy(step, &direction);
                scheme.direct(&moved, x0.as_ref()).unwrap();
                (step, (cost(&scheme) - start - step * slope).abs())
            })
            .collect();
        let rate = fitted_order(&points);
        assert!(rate > 1.95, "{method}: {rate} in {points:?}");
    }
}

#[test]
fn sensitivities_are_the_limits_of_differences() {
    let (network, base) = linear_in_depth(5);
    let (x0, xi0) = (batch(5, 4, 0.1), batch(5, 4, 2.0));
    let direction = initialise::<f64>(Initialisation::Independent, 5, network.grid(), 3);
    for method in EXPLICIT {
        let tolerance = if method == Method::Bs3 { 1e-10 } else { 1e-13 };
        let options = AdaptiveOptions { method, ..base }.tolerance(tolerance);
        let mut scheme = with(options);
        scheme.direct(&network, x0.as_ref()).unwrap();
        let perturbation = Perturbation { parameters: Some(&direction), input: Some(xi0.as_ref()) };
        scheme.sensitivity(&network, perturbation).unwrap();
        let found = scheme.output_sensitivity().to_owned();
        let step = 3e-5;
        let mut moved = |sign: f64| {
            let mut other = network.clone();
            other.parameters_mut().axpy(sign * step, &direction);
            let x0 = Mat::from_fn(5, 4, |i, j| x0[(i, j)] + sign * step * xi0[(i, j)]);
            scheme.direct(&other, x0.as_ref()).unwrap();
            scheme.output().to_owned()
        };
        let (up, down) = (moved(1.0), moved(-1.0));
        let expected = Mat::from_fn(5, 4, |i, j| (up[(i, j)] - down[(i, j)]) / (2.0 * step));
        let gap = distance(found.as_ref(), expected.as_ref()) / norm(expected.as_ref());
        let bound = if method == Method::Bs3 { 1e-4 } else { 1e-6 };
        assert!(gap < bound, "{method}: {gap:e}");
    }
}

/// ⟨J ξ₀, w⟩ = ⟨ξ₀, Jᵀ w⟩ up to the tolerance, in both precisions.
#[test]
fn adjoint_and_sensitivity_are_transposes_up_to_the_tolerance() {
    fn gap<T: Real>(method: Method, tolerance: f64) -> f64 {
        let network = network::<T>(6, 50, Activation::Sigmoid);
        let (xi0, w) = (batch::<T>(6, 8, 0.3), batch::<T>(6, 8, 1.3));
        let mut scheme = scheme::<T>(method, tolerance);
        output(&mut scheme, &network, 8);
        let input = Perturbation { parameters: None, input: Some(xi0.as_ref()) };
        scheme.sensitivity(&network, input).unwrap();
        scheme.adjoint(&network, w.as_ref(), None).unwrap();
        let forward = inner(scheme.output_sensitivity(), w.as_ref());
        let backward = inner(xi0.as_ref(), scheme.input_adjoint());
        (forward - backward).abs() / (norm(scheme.output_sensitivity()) * norm(w.as_ref()))
    }
    for method in EXPLICIT {
        for tolerance in [1e-3, 1e-5] {
            let (double, single) = (gap::<f64>(method, tolerance), gap::<f32>(method, tolerance));
            let bound = 5.0 * tolerance;
            assert!(double < bound && single < bound, "{method} {tolerance}: {double} {single}");
        }
        // The trajectory between the steps has an order less than the steps.
        let double = gap::<f64>(method, 1e-9);
        assert!(double < 1e-7, "{method}: {double}");
    }
}

/// Scaling a cost scales its gradient: tolerances of the linear problems are relative to their size.
#[test]
fn linear_problems_scale_to_the_last_bit() {
    let network = network::<f64>(6, 30, Activation::Tanh);
    let mut scheme = scheme(Method::Tsit5, 1e-3);
    output(&mut scheme, &network, 5);
    let terminal = batch::<f64>(6, 5, 0.9);
    let direction = initialise::<f64>(Initialisation::Spline, 6, network.grid(), 8);
    let mut solve = |factor: f64| {
        let scaled = Mat::from_fn(6, 5, |i, j| factor * terminal[(i, j)]);
        let mut gradient = network.parameters().clone();
        scheme.adjoint(&network, scaled.as_ref(), Some(&mut gradient)).unwrap();
        let lambda = scheme.input_adjoint().to_owned();
        let mut along = direction.clone();
        along.combine(0.0, &direction, factor);
        let perturbation = Perturbation { parameters: Some(&along), input: Some(scaled.as_ref()) };
        scheme.sensitivity(&network, perturbation).unwrap();
        (lambda, gradient, scheme.output_sensitivity().to_owned())
    };
    let (lambda, gradient, xi) = solve(1.0);
    for factor in [2.0_f64.powi(-20), 2.0_f64.powi(30)] {
        let (scaled_lambda, scaled_gradient, scaled_xi) = solve(factor);
        assert_eq!(scaled_lambda, Mat::from_fn(6, 5, |i, j| factor * lambda[(i, j)]));
        assert_eq!(scaled_xi, Mat::from_fn(6, 5, |i, j| factor * xi[(i, j)]));
        let mut expected = gradient.clone();
        expected.combine(0.0, &gradient, factor);
        assert!(scaled_gradient == expected);
    }
    let zero = Mat::zeros(6, 5);
    let mut gradient = network.parameters().clone();
    scheme.adjoint(&network, zero.as_ref(), Some(&mut gradient)).unwrap();
    assert!(gradient.as_slice().iter().all(|&g| g == 0.0));
    scheme.sensitivity(&network, Perturbation { parameters: None, input: None }).unwrap();
    assert_eq!(scheme.output_sensitivity(), zero.as_ref());
}

/// Steps accepted and rejected and right-hand sides computed, for the three problems.
fn counts<T: Real>(method: Method, tolerance: f64) -> [[usize; 3]; 3] {
    let mut network = network::<T>(12, 40, Activation::Tanh);
    let doubled = network.parameters().clone();
    network.parameters_mut().axpy(T::ONE, &doubled);
    let mut scheme = scheme::<T>(method, tolerance);
    output(&mut scheme, &network, 9);
    scheme.adjoint(&network, batch(12, 9, 0.0).as_ref(), None).unwrap();
    let input = batch::<T>(12, 9, 1.0);
    scheme
        .sensitivity(&network, Perturbation { parameters: None, input: Some(input.as_ref()) })
        .unwrap();
    [Problem::Direct, Problem::Adjoint, Problem::Sensitivity].map(|problem| {
        let counts = scheme.statistics(problem);
        assert!(counts.smallest_step > 0.0 && counts.largest_step <= 1.5);
        [counts.accepted, counts.rejected, counts.right_hand_sides]
    })
}

/// Any change in how steps are chosen shows here.
#[test]
fn counts_are_those_on_record() {
    let recorded = RECORDED;
    let found: Vec<_> = recorded
        .iter()
        .map(|&(method, tolerance, _)| (method, tolerance, counts::<f64>(method, tolerance)))
        .collect();
    assert_eq!(found, recorded, "found {found:#?}");
    // At loose tolerances single precision takes the same steps.
    for &(method, tolerance, expected) in &recorded {
        if tolerance >= 1e-3 && !method.is_implicit() {
            assert_eq!(counts::<f32>(method, tolerance), expected, "{method}");
        }
    }
}

const RECORDED: [(Method, f64, [[usize; 3]; 3]); 9] = [
    (Method::Tsit5, 1e-3, [[4, 0, 26], [4, 0, 26], [4, 0, 25]]),
    (Method::Tsit5, 1e-6, [[10, 2, 74], [13, 0, 80], [12, 1, 79]]),
    (Method::Dopri5, 1e-3, [[4, 0, 26], [4, 0, 26], [4, 0, 25]]),
    (Method::Dopri5, 1e-6, [[10, 0, 62], [13, 1, 86], [12, 1, 79]]),
    (Method::Bs3, 1e-3, [[7, 2, 29], [11, 0, 35], [9, 1, 31]]),
    (Method::Bs3, 1e-6, [[51, 0, 155], [89, 0, 269], [72, 0, 217]]),
    (Method::Bdf, 1e-3, [[15, 1, 35], [21, 0, 39], [20, 1, 46]]),
    (Method::TrBdf2, 1e-3, [[13, 0, 51], [20, 0, 79], [13, 0, 52]]),
    (Method::Esdirk34, 1e-3, [[7, 0, 84], [10, 1, 100], [10, 0, 79]]),
];

#[test]
fn implicit_methods_solve_all_three_problems() {
    fn check<T: Real>(bound: f64) {
        let network = network::<T>(5, 60, Activation::Tanh);
        let w = batch::<T>(5, 3, 0.4);
        let direction = initialise::<T>(Initialisation::Spline, 5, network.grid(), 3);
        let solve = |method, tolerance| {
            let mut scheme = scheme::<T>(method, tolerance);
            let x = output(&mut scheme, &network, 3);
            let mut gradient = network.parameters().clone();
            scheme.adjoint(&network, w.as_ref(), Some(&mut gradient)).unwrap();
            let along = Perturbation { parameters: Some(&direction), input: Some(w.as_ref()) };
            scheme.sensitivity(&network, along).unwrap();
            let lambda = scheme.input_adjoint().to_owned();
            let slope = gradient.inner(&direction, network.grid());
            (x, lambda, scheme.output_sensitivity().to_owned(), slope)
        };
        let exact = solve(Method::Tsit5, 1e-5);
        for method in [Method::Bdf, Method::TrBdf2, Method::Esdirk34] {
            let found = solve(method, 1e-5);
            for (found, exact) in [(&found.0, &exact.0), (&found.1, &exact.1), (&found.2, &exact.2)]
            {
                let gap = distance(found.as_ref(), exact.as_ref()) / norm(exact.as_ref());
                assert!(gap < bound, "{method}: {gap:e}");
            }
            let gap = (found.3 - exact.3).abs() / exact.3.abs();
            assert!(gap < 10.0 * bound, "{method}: gradient {gap:e}");
        }
    }
    check::<f64>(2e-3);
    check::<f32>(2e-3);
}

#[test]
fn stricter_norms_take_no_fewer_steps() {
    let network = network::<f64>(12, 40, Activation::Tanh);
    let steps = [ErrorNorm::Rms, ErrorNorm::PerSample, ErrorNorm::Max].map(|norm| {
        let options = AdaptiveOptions { norm, ..AdaptiveOptions::default() };
        let mut scheme = with(options.tolerance(1e-5));
        // One data point is unlike the others.
        let x0 = Mat::from_fn(12, 30, |i, j| if j == 0 { 3.0 * (i as f64).sin() } else { 0.01 });
        scheme.direct(&network, x0.as_ref()).unwrap();
        scheme.statistics(Problem::Direct).accepted
    });
    assert!(steps[0] <= steps[1] && steps[1] <= steps[2] && steps[0] < steps[2], "{steps:?}");
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    fn solve<T: Real>(threads: usize) -> ([Mat<T>; 4], Parameters<T>) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let network = network::<T>(40, 30, Activation::Tanh);
            let direction = initialise::<T>(Initialisation::Spline, 40, network.grid(), 3);
            let mut scheme = scheme::<T>(Method::Tsit5, 1e-4);
            let x = output(&mut scheme, &network, 61);
            let mut gradient = network.parameters().clone();
            scheme.adjoint(&network, x.as_ref(), Some(&mut gradient)).unwrap();
            let lambda = scheme.input_adjoint().to_owned();
            let along = Perturbation { parameters: Some(&direction), input: None };
            scheme.sensitivity(&network, along).unwrap();
            let mut evaluated = Mat::zeros(40, 330);
            scheme.evaluate(&network, batch(40, 330, 0.2).as_ref(), evaluated.as_mut()).unwrap();
            ([x, lambda, scheme.output_sensitivity().to_owned(), evaluated], gradient)
        })
    }
    let (f64_bits, f32_bits) = (solve::<f64>(1), solve::<f32>(1));
    for threads in 2..=4 {
        assert!(solve::<f64>(threads) == f64_bits);
        assert!(solve::<f32>(threads) == f32_bits);
    }
}

#[test]
fn evaluation_is_the_direct_solution_of_its_groups() {
    let network = network::<f64>(6, 30, Activation::Tanh);
    let group = Adaptive::<f64>::EVALUATION_BATCH;
    let columns = 2 * group + 17;
    let x0 = batch::<f64>(6, columns, 0.0);
    let mut scheme = scheme(Method::Bs3, 1e-4);
    let mut evaluated = Mat::zeros(6, columns);
    let statistics = scheme.evaluate(&network, x0.as_ref(), evaluated.as_mut()).unwrap();
    let mut accepted = 0;
    for start in (0..columns).step_by(group) {
        let len = group.min(columns - start);
        scheme.direct(&network, x0.subcols(start, len)).unwrap();
        assert_eq!(scheme.output(), evaluated.subcols(start, len));
        accepted += scheme.statistics(Problem::Direct).accepted;
    }
    assert_eq!(statistics.accepted, accepted);
}

#[test]
fn steps_end_at_the_horizon_whatever_the_grid() {
    // Neither the longest step nor the grid's divides T.
    let grid = Grid::new(0.7, 3, Endpoint::Included).unwrap();
    let network = Network::<f64>::initial(4, grid, Activation::Tanh, Initialisation::Spline, 2);
    let options = AdaptiveOptions { max_step: Some(0.09), ..AdaptiveOptions::default() };
    let mut scheme = with(options);
    output(&mut scheme, &network, 2);
    let steps = &scheme.depths;
    assert!((steps.last().unwrap() - 0.7).abs() < 1e-14);
    assert!(steps.windows(2).all(|s| s[1] > s[0] && s[1] - s[0] <= 0.09 + 1e-12));
    assert!(steps.len() >= 9);
    // An interval without length is no grid.
    assert_eq!(Grid::new(0.0, 3, Endpoint::Included), Err(GridError::Horizon(0.0)));
}

#[test]
fn a_network_that_euler_trained_can_be_solved() {
    let grid = Grid::new(1.0, 50, Endpoint::Excluded).unwrap();
    let network = Network::<f64>::initial(4, grid, Activation::Tanh, Initialisation::Spline, 2);
    let adaptive = output(&mut scheme(Method::Tsit5, 1e-6), &network, 3);
    let mut euler = Solver::new(Euler::new());
    euler.direct(&network, batch(4, 3, 0.2).as_ref()).unwrap();
    assert!(distance(adaptive.as_ref(), euler.output()) < 0.02 * norm(euler.output()));
}

#[test]
fn nan_is_never_a_success() {
    check_nan::<f64>();
    check_nan::<f32>();
}

fn check_nan<T: Real>() {
    let nan = T::from_f64(f64::NAN);
    for method in Method::ALL {
        // NaN from the middle of the depth on.
        let mut network = network::<T>(4, 30, Activation::Tanh);
        (15..=30).for_each(|node| network.parameters_mut().bias_mut(node)[1] = nan);
        let mut solver = scheme::<T>(method, 1e-3);
        let (problem, reason, time, cost, last) =
            stopped(solver.direct(&network, batch(4, 3, 0.0).as_ref()));
        assert_eq!((problem, reason), (Problem::Direct, Stop::NotFinite), "{method}");
        assert!(time > 0.3 && time <= 0.76 && cost.accepted > 0, "{method}: {time} {cost}");
        let last = last.unwrap();
        assert!(last.depth == time && norm(last.state.as_ref()).is_finite(), "{method}");
        let mut out = Mat::zeros(4, 3);
        let result = solver.evaluate(&network, batch(4, 3, 0.0).as_ref(), out.as_mut());
        assert_eq!(stopped(result).1, Stop::NotFinite, "{method}");

        // A NaN at the start, in the input or in the parameters.
        let mut x0 = batch::<T>(4, 3, 0.0);
        x0[(2, 1)] = nan;
        let clean = self::network::<T>(4, 30, Activation::Tanh);
        let (_, reason, time, _, last) = stopped(solver.direct(&clean, x0.as_ref()));
        assert_eq!((reason, time, last), (Stop::NotFinite, 0.0, None), "{method}");
        network.parameters_mut().bias_mut(0)[0] = T::from_f64(f64::INFINITY);
        network.parameters_mut().weights_mut(0)[(0, 0)] = nan;
        let result = solver.direct(&network, batch(4, 3, 0.0).as_ref());
        let (_, reason, time, _, _) = stopped(result);
        assert_eq!((reason, time), (Stop::NotFinite, 0.0), "{method}");
        // Nothing runs along a solve that failed.
        assert!(solver.scheme.trajectory(&network).is_none());

        // A NaN in what adjoint and sensitivity start from.
        solver.direct(&clean, batch(4, 3, 0.0).as_ref()).unwrap();
        let (problem, reason, time, _, _) = stopped(solver.adjoint(&clean, x0.as_ref(), None));
        assert_eq!((problem, reason, time), (Problem::Adjoint, Stop::NotFinite, 1.5));
        let input = Perturbation { parameters: None, input: Some(x0.as_ref()) };
        let (problem, reason, time, _, _) = stopped(solver.sensitivity(&clean, input));
        assert_eq!((problem, reason, time), (Problem::Sensitivity, Stop::NotFinite, 0.0));
    }
}

#[test]
fn a_state_that_blows_up_is_noticed_where_it_does() {
    fn check<T: Real>(method: Method, rate: f64) {
        // x′ = rate x: e^{rate t} leaves the number type on the way.
        let grid = Grid::new(2.0, 4, Endpoint::Included).unwrap();
        let mut parameters = Parameters::zeros(2, grid.nodes());
        for node in 0..grid.nodes() {
            parameters.weights_mut(node)[(0, 0)] = T::from_f64(rate);
        }
        let network = Network::new(parameters, grid, Activation::Identity).unwrap();
        let mut scheme = scheme::<T>(method, 1e-3);
        let (_, reason, time, cost, last) =
            stopped(scheme.direct(&network, Mat::from_fn(2, 2, |_, _| T::ONE).as_ref()));
        assert_eq!(reason, Stop::NotFinite, "{method}");
        assert!(time > 0.5 && time < 2.0 && cost.accepted > 10, "{method}: {time} {cost}");
        let state = last.unwrap().state;
        assert!(state[(0, 0)].is_finite() && state[(0, 0)] > 1e15);
    }
    for method in EXPLICIT {
        check::<f64>(method, 500.0);
        check::<f32>(method, 60.0);
    }
}

#[test]
fn the_largest_number_of_steps_ends_a_solve_with_what_there_is() {
    check_max_steps::<f64>(1e-12);
    check_max_steps::<f32>(2e-6);
}

fn check_max_steps<T: Real>(tight: f64) {
    let network = network::<T>(6, 60, Activation::Tanh);
    for method in Method::ALL {
        let options = AdaptiveOptions { method, max_steps: 7, ..AdaptiveOptions::default() };
        let tolerance = if method.is_implicit() { 1e-5 } else { tight };
        let mut scheme = with::<T>(options.tolerance(tolerance));
        let result = scheme.direct(&network, batch(6, 3, 0.0).as_ref());
        let (_, reason, time, cost, last) = stopped(result);
        assert_eq!(reason, Stop::MaxStepsReached, "{method}");
        assert!(time > 0.0 && time < 1.5 && cost.accepted <= 7, "{method}: {time}");
        assert!(cost.accepted + cost.rejected >= 7);
        assert_eq!(last.unwrap().depth, time);
    }
}

#[test]
fn a_network_too_stiff_for_the_number_type_underflows() {
    // x′ = −10⁹ x asks for steps of 10⁻⁹ on an interval of 1, which single precision cannot add.
    let grid = Grid::new(1.0, 4, Endpoint::Included).unwrap();
    let mut parameters = Parameters::zeros(2, grid.nodes());
    for node in 0..grid.nodes() {
        parameters.weights_mut(node)[(0, 0)] = -1e9;
    }
    let network = Network::new(parameters, grid, Activation::Identity).unwrap();
    for method in EXPLICIT {
        let mut scheme = scheme::<f32>(method, 1e-3);
        let result = scheme.direct(&network, Mat::from_fn(2, 2, |_, _| 1.0).as_ref());
        let (_, reason, time, _, last) = stopped(result);
        assert_eq!((reason, time), (Stop::StepUnderflow, 0.0), "{method}");
        assert_eq!(last.unwrap().state[(0, 0)], 1.0);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let network = network::<f64>(4, 5, Activation::Tanh);
    let mut scheme = scheme(Method::Tsit5, 1e-3);
    let wrong = Mat::<f64>::zeros(3, 2);
    assert!(matches!(scheme.direct(&network, wrong.as_ref()), Err(SolveError::Shape { .. })));
    assert!(scheme.scheme.trajectory(&network).is_none());
    output(&mut scheme, &network, 2);
    assert!(matches!(
        scheme.adjoint(&network, wrong.as_ref(), None),
        Err(SolveError::Shape { .. })
    ));
    let mut short = Parameters::zeros(4, 3);
    assert!(matches!(
        scheme.adjoint(&network, batch(4, 2, 0.0).as_ref(), Some(&mut short)),
        Err(SolveError::Shape { .. })
    ));
    let along = Perturbation { parameters: Some(&short), input: None };
    assert!(matches!(scheme.sensitivity(&network, along), Err(SolveError::Shape { .. })));
    // No data points are no problem.
    let mut none = Mat::zeros(4, 0);
    scheme.direct(&network, none.as_ref()).unwrap();
    scheme.evaluate(&network, Mat::zeros(4, 0).as_ref(), none.as_mut()).unwrap();
}
