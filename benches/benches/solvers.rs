//! Euler, Runge–Kutta and the adaptive methods on one problem: time and error of the direct
//! problem, the gradient and the sensitivity, at several tolerances; and what an adaptive solve
//! costs beside its own matrix products.
//!
//! `cargo bench -p snode-benches --bench solvers`. n = 196, M = 100, L = 150, T = 3, tanh, weights
//! ten times the initial ones, one thread. Prints tables, and writes work–precision data as CSV and
//! SVG into `target/work-precision`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use snode_benches::{BATCH, LAYERS, WIDTH, batch, median, network};
use snode_figures::{Axis, Line, Panel, svg};
use snode_ode::{
    Activation, AdaptiveOptions, Endpoint, Interpolation, Method, Network, Parameters,
    Perturbation, Problem, Real, Scheme, SchemeChoice,
};

const ROUNDS: usize = 15;
/// Tolerance of the reference solution.
const TIGHT: f64 = 1e-12;

fn problem<T: Real>() -> Network<T> {
    let mut network = network::<T>(Activation::Tanh).with_endpoint(Endpoint::Included);
    let copy = network.parameters().clone();
    network.parameters_mut().combine(T::ZERO, &copy, T::from_f64(10.0));
    network
}

fn adaptive(method: Method, tolerance: f64) -> SchemeChoice {
    let options = AdaptiveOptions { method, ..AdaptiveOptions::default() };
    SchemeChoice::Adaptive(options.tolerance(tolerance))
}

/// What is measured, with the tolerance where there is one.
fn cases(precision: &str) -> Vec<(SchemeChoice, Option<f64>)> {
    let hermite = Interpolation::Hermite;
    let mut cases = vec![
        (SchemeChoice::Euler, None),
        (SchemeChoice::Rk2(hermite), None),
        (SchemeChoice::Rk4(hermite), None),
    ];
    let tolerances: &[f64] = if precision == "f32" {
        &[1e-2, 1e-3, 1e-4, 1e-5]
    } else {
        &[1e-2, 1e-3, 1e-4, 1e-6, 1e-8]
    };
    for method in [Method::Tsit5, Method::Dopri5, Method::Bs3] {
        for &tolerance in tolerances.iter().filter(|tol| method != Method::Bs3 || **tol > 1e-7) {
            cases.push((adaptive(method, tolerance), Some(tolerance)));
        }
    }
    // They compute in double precision whatever the network is in.
    if precision == "f64" {
        for method in [Method::Bdf, Method::TrBdf2, Method::Esdirk34] {
            cases.push((adaptive(method, 1e-3), Some(1e-3)));
        }
    }
    cases
}

/// x(T), gradient of ½‖x(T)‖² and ξ(T) along it, in double precision.
struct Solution {
    x: Mat<f64>,
    gradient: Vec<f64>,
    xi: Mat<f64>,
}

struct Measured {
    name: &'static str,
    tolerance: Option<f64>,
    /// Right-hand sides, milliseconds and relative errors of the three problems.
    calls: [usize; 3],
    milliseconds: [f64; 3],
    errors: [f64; 3],
}

fn wide<T: Real>(a: MatRef<'_, T>) -> Mat<f64> {
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)].to_f64())
}

/// Solves the three problems once, and says how long each took.
fn solve<T: Real>(
    scheme: &mut dyn Scheme<T>,
    network: &Network<T>,
    x0: &Mat<T>,
    terminal: &Mat<T>,
    direction: &Parameters<T>,
    gradient: &mut Parameters<T>,
) -> [f64; 3] {
    let begin = Instant::now();
    let mut trajectory = scheme.direct(network, x0.as_ref()).expect("a finite solution");
    let direct = begin.elapsed().as_secs_f64();
    let begin = Instant::now();
    trajectory.adjoint(terminal.as_ref(), Some(gradient)).expect("a finite adjoint");
    let adjoint = begin.elapsed().as_secs_f64();
    let along = Perturbation { parameters: Some(direction), input: None };
    let begin = Instant::now();
    trajectory.sensitivity(along).expect("a finite sensitivity");
    [direct, adjoint, begin.elapsed().as_secs_f64()]
}

fn relative(found: &Mat<f64>, exact: &Mat<f64>) -> f64 {
    (found - exact).norm_l2() / exact.norm_l2()
}

fn measure<T: Real>(
    (choice, tolerance): (SchemeChoice, Option<f64>),
    data: &Data<T>,
    exact: Option<&Solution>,
    rounds: usize,
) -> (Measured, Solution) {
    let mut scheme = choice.build::<T>().expect("options in range");
    let network = data.network.clone().with_endpoint(choice.endpoint());
    let mut gradient = Parameters::zeros(WIDTH, network.grid().nodes());
    // A network on the other grid has one node more or less.
    let direction = network.parameters().clone();
    let mut times = [const { Vec::new() }; 3];
    for round in 0..=rounds {
        let seconds =
            solve(scheme.as_mut(), &network, &data.x0, &data.terminal, &direction, &mut gradient);
        if round > 0 || rounds == 0 {
            times.iter_mut().zip(seconds).for_each(|(times, s)| times.push(1e3 * s));
        }
    }
    // The end nodes of a Runge–Kutta gradient carry the ends of the trapezoid rule and of the
    // interpolation: what all share are the nodes inside.
    let inside = 2 * gradient.node_len()..(LAYERS - 2) * gradient.node_len();
    let mut trajectory = scheme.trajectory(&network).expect("a solution");
    let along = Perturbation { parameters: Some(&direction), input: None };
    let solved = trajectory.sensitivity(along).expect("a finite sensitivity");
    let solution = Solution {
        x: wide(solved.output),
        gradient: gradient.as_slice()[inside].iter().map(|g| g.to_f64()).collect(),
        xi: wide(solved.sensitivity),
    };
    let errors = exact.map_or([0.0; 3], |exact| {
        let square = |v: f64| v * v;
        let pairs = solution.gradient.iter().zip(&exact.gradient);
        let gap: f64 = pairs.map(|(a, b)| square(a - b)).sum();
        let size: f64 = exact.gradient.iter().map(|g| square(*g)).sum();
        [relative(&solution.x, &exact.x), (gap / size).sqrt(), relative(&solution.xi, &exact.xi)]
    });
    let problems = [Problem::Direct, Problem::Adjoint, Problem::Sensitivity];
    let measured = Measured {
        name: choice.name(),
        tolerance,
        calls: problems.map(|problem| trajectory.statistics(problem).right_hand_sides),
        milliseconds: times.map(|times| median(&times)),
        errors,
    };
    (measured, solution)
}

struct Data<T> {
    network: Network<T>,
    x0: Mat<T>,
    terminal: Mat<T>,
}

impl<T: Real> Data<T> {
    fn new() -> Self {
        let (x0, _) = batch::<T>(BATCH);
        let terminal = Mat::from_fn(WIDTH, BATCH, |i, j| {
            T::from_f64(((3 * i + 7 * j) as f64).sin() / BATCH as f64)
        });
        Self { network: problem(), x0, terminal }
    }
}

fn work_precision<T: Real>() -> Vec<Measured> {
    // The reference in double precision, whatever is measured.
    let (_, exact) = measure((adaptive(Method::Dopri5, TIGHT), None), &Data::<f64>::new(), None, 0);
    let data = Data::<T>::new();
    println!("\n{}: right-hand sides, milliseconds, relative error", T::NAME);
    println!(
        "{:<8} {:>6}   {:>24}   {:>24}   {:>24}",
        "scheme", "tol", "direct", "gradient", "sensitivity"
    );
    cases(T::NAME)
        .into_iter()
        .map(|case| {
            // Implicit methods take seconds, of which noise is a small part.
            let implicit = matches!(case.0, SchemeChoice::Adaptive(o) if o.method.is_implicit());
            let rounds = if implicit { 0 } else { ROUNDS };
            let (measured, _) = measure(case, &data, Some(&exact), rounds);
            let mut line = format!("{:<8}", measured.name);
            let tolerance = measured.tolerance.map_or_else(String::new, |tol| format!("{tol:.0e}"));
            let _ = write!(line, " {tolerance:>6}");
            for i in 0..3 {
                let (calls, ms) = (measured.calls[i], measured.milliseconds[i]);
                let _ = write!(line, "   {calls:>4} {ms:>8.2} {:>10.1e}", measured.errors[i]);
            }
            println!("{line}");
            measured
        })
        .collect()
}

fn write_files(precision: &str, all: &[Measured]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/work-precision");
    std::fs::create_dir_all(&folder).expect("a folder in target");
    let mut csv = String::from("scheme,tolerance,problem,right_hand_sides,milliseconds,error\n");
    let problems = ["direct", "gradient", "sensitivity"];
    for measured in all {
        for i in 0..3 {
            let tolerance = measured.tolerance.map_or(String::new(), |tol| tol.to_string());
            let _ = writeln!(
                csv,
                "{},{tolerance},{},{},{},{}",
                measured.name,
                problems[i],
                measured.calls[i],
                measured.milliseconds[i],
                measured.errors[i]
            );
        }
    }
    std::fs::write(folder.join(format!("{precision}.csv")), csv).expect("a file in target");
    let mut names: Vec<&str> = all.iter().map(|measured| measured.name).collect();
    names.dedup();
    let mut panels = Vec::new();
    for (i, problem) in problems.iter().enumerate() {
        for (axis, label) in ["milliseconds", "right-hand sides"].into_iter().enumerate() {
            let mut panel = Panel::new(
                format!("{problem}, {precision}"),
                Axis::logarithmic(label),
                Axis::logarithmic("relative error"),
            );
            for name in &names {
                let points = all.iter().filter(|measured| measured.name == *name).map(|m| {
                    (if axis == 0 { m.milliseconds[i] } else { m.calls[i] as f64 }, m.errors[i])
                });
                panel.lines.push(Line::new(*name, points));
            }
            panels.push(panel);
        }
    }
    let figure = svg(&panels, 2).expect("a figure");
    let path = folder.join(format!("{precision}.svg"));
    std::fs::write(&path, figure).expect("a file in target");
    println!("written: {} and .csv", path.display());
}

/// A solve at tolerance 1e-3 against as many bare products of its shape: with one weight matrix
/// that stays in the cache, and with a weight matrix for each, as the solve's right-hand sides have.
fn against_products<T: Real>() {
    let data = Data::<T>::new();
    println!("\n{}, one thread, tolerance 1e-3: a direct solve against its own products", T::NAME);
    for method in [Method::Tsit5, Method::Dopri5, Method::Bs3] {
        let mut scheme = adaptive(method, 1e-3).build::<T>().expect("options in range");
        let mut out = Mat::<T>::zeros(WIDTH, BATCH);
        let (mut solves, mut evaluations) = (Vec::new(), Vec::new());
        let (mut hot, mut own) = (Vec::new(), Vec::new());
        let mut calls = 0;
        for round in 0..=3 * ROUNDS {
            let begin = Instant::now();
            let trajectory =
                scheme.direct(&data.network, data.x0.as_ref()).expect("a finite solution");
            let solve = begin.elapsed().as_secs_f64();
            calls = trajectory.statistics(Problem::Direct).right_hand_sides;
            let begin = Instant::now();
            scheme
                .evaluate(&data.network, data.x0.as_ref(), out.as_mut())
                .expect("a finite solution");
            let evaluation = begin.elapsed().as_secs_f64();
            let products = |distinct: usize| {
                let mut z = vec![T::ZERO; WIDTH * BATCH];
                let begin = Instant::now();
                for call in 0..calls {
                    // Distinct matrices from all over the depth, as the solve's stages read them.
                    let node = (call % distinct) * LAYERS / calls.max(1);
                    matmul(
                        MatMut::from_column_major_slice_mut(&mut z, WIDTH, BATCH),
                        Accum::Replace,
                        data.network.parameters().weights(node),
                        data.x0.as_ref(),
                        T::ONE,
                        Par::Seq,
                    );
                }
                begin.elapsed().as_secs_f64()
            };
            let (one, many) = (products(1), products(calls.max(1)));
            if round > 0 {
                solves.push(1e3 * solve);
                evaluations.push(evaluation / one);
                hot.push(solve / one);
                own.push(solve / many);
            }
        }
        println!(
            "{method:<7} {calls:>3} right-hand sides {:>7.2} ms = {:.2} × products in the cache, \
             {:.2} × products with a matrix each; without a trajectory {:.2} ×",
            median(&solves),
            median(&hot),
            median(&own),
            median(&evaluations)
        );
    }
}

fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread pool");
    pool.install(|| {
        against_products::<f64>();
        against_products::<f32>();
        write_files("f64", &work_precision::<f64>());
        write_files("f32", &work_precision::<f32>());
    });
}
