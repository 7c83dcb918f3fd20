//! One NCG iteration at the paper's size (n = 196, L = 150, M = 100) and one evaluation of 10,000
//! images, two threads, both precisions, against bare products measured in turn with them.
//!
//! `cargo bench -p snode-benches --bench training`. After criterion's own figures a table gives
//! milliseconds, GFLOP/s, the share of the streaming and of the cache-hot rate of products, and the
//! phases: medians over rounds in which yardstick and iteration take turns, so that a change of the
//! machine's speed meets both.

use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};
use faer::Mat;
use snode_benches::{
    BATCH, LAYERS, PRODUCTS, WIDTH, Yardstick, batch, flops, median, ncg, network,
};
use snode_ode::{Activation, Euler, Real, Scheme};
use snode_train::{Cost, Discretisation, Ncg, NcgOptions, Phases, Space};

const THREADS: usize = 2;
const ROUNDS: usize = 40;
const IMAGES: usize = 10_000;
/// Columns of the yardstick's products for evaluation: as many as fit the cache with the weights.
const EVALUATION_BLOCK: usize = 125;

const H1: Space = Space::H1 { length: 1.0, discretisation: Discretisation::Tridiagonal };

fn cases() -> [(&'static str, Activation, Cost, Space); 4] {
    [
        ("tanh, L2", Activation::Tanh, Cost::l2(10), Space::L2),
        ("tanh, CE, H1", Activation::Tanh, Cost::cross_entropy(10), H1),
        ("relu, CE", Activation::Relu, Cost::cross_entropy(10), Space::L2),
        ("tanh, L2, decay", Activation::Tanh, Cost { mu4: 1e-4, ..Cost::l2(10) }, Space::L2),
    ]
}

fn with_criterion<T: Real>(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(T::NAME);
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(15)
        .measurement_time(Duration::from_secs(4));
    for (name, activation, cost, space) in cases() {
        let mut network = network::<T>(activation);
        let (x, labels) = batch::<T>(BATCH);
        let options = NcgOptions { space, ..NcgOptions::default() };
        let mut ncg = ncg(&network, cost, options);
        let initial = network.parameters().clone();
        group.bench_function(format!("iteration: {name}"), |bencher| {
            bencher.iter_custom(|iterations| {
                let mut seconds = 0.0;
                for i in 0..iterations {
                    if i % 6 == 0 {
                        network.parameters_mut().copy_from(&initial);
                        ncg.restart();
                    }
                    let begin = Instant::now();
                    ncg.iterate(&mut network, x.as_ref(), &labels).expect("a finite iteration");
                    seconds += begin.elapsed().as_secs_f64();
                }
                Duration::from_secs_f64(seconds)
            });
        });
    }
    let mut yardstick = Yardstick::<T>::new(BATCH, THREADS);
    group.bench_function("five products a layer, streaming", |bencher| {
        bencher.iter(|| (0..PRODUCTS).map(|_| yardstick.streaming()).sum::<f64>());
    });
    group.finish();
}

fn add(sum: &mut Phases, phases: &Phases) {
    sum.direct += phases.direct;
    sum.adjoint += phases.adjoint;
    sum.space += phases.space;
    sum.products += phases.products;
    sum.sensitivity += phases.sensitivity;
    sum.update += phases.update;
}

/// One batch's iterations, from the initial parameters.
fn iterations<T: Real>(
    ncg: &mut Ncg<T>,
    network: &mut snode_ode::Network<T>,
    x: &Mat<T>,
    labels: &[usize],
    phases: &mut Phases,
) -> Vec<f64> {
    ncg.restart();
    (0..6)
        .map(|_| {
            let begin = Instant::now();
            let report = ncg.iterate(network, x.as_ref(), labels).expect("a finite iteration");
            add(phases, &report.phases);
            begin.elapsed().as_secs_f64()
        })
        .collect()
}

fn table<T: Real>() {
    println!("\n{}, {THREADS} threads, n = {WIDTH}, L = {LAYERS}, M = {BATCH}", T::NAME);
    println!(
        "{:<18} {:>8} {:>9} {:>11} {:>8}   direct adjoint space products sensitivity update [ms]",
        "iteration", "ms", "GFLOP/s", "of stream", "of hot"
    );
    let gflop = flops(PRODUCTS, BATCH) / 1e9;
    let mut rates = (Vec::new(), Vec::new());
    for (name, activation, cost, space) in cases() {
        let initial = network::<T>(activation);
        let (x, labels) = batch::<T>(BATCH);
        let options = NcgOptions { space, ..NcgOptions::default() };
        let mut ncg = ncg(&initial, cost, options);
        let mut network = initial.clone();
        let mut yardstick = Yardstick::<T>::new(BATCH, THREADS);
        let mut phases = Phases::default();
        let (mut times, mut of_stream, mut of_hot) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let stream = PRODUCTS as f64
                * (0..6).map(|_| yardstick.streaming()).fold(0.0, |a, b| a + b / 6.0);
            let hot =
                PRODUCTS as f64 * (0..6).map(|_| yardstick.hot()).fold(0.0, |a, b| a + b / 6.0);
            network.parameters_mut().copy_from(initial.parameters());
            let mut these = Phases::default();
            let seconds = iterations(&mut ncg, &mut network, &x, &labels, &mut these);
            if round == 0 {
                continue;
            }
            add(&mut phases, &these);
            let mean = seconds.iter().sum::<f64>() / seconds.len() as f64;
            times.push(mean);
            of_stream.push(stream / mean);
            of_hot.push(hot / mean);
            rates.0.push(gflop / stream);
            rates.1.push(gflop / hot);
        }
        let count = 6.0 * ROUNDS as f64 / 1e3;
        println!(
            "{name:<18} {:>8.1} {:>9.1} {:>10.0}% {:>7.0}%   {:>6.1} {:>7.1} {:>5.1} {:>8.1} {:>11.1} {:>6.1}",
            median(&times) * 1e3,
            gflop / median(&times),
            median(&of_stream) * 100.0,
            median(&of_hot) * 100.0,
            phases.direct / count,
            phases.adjoint / count,
            phases.space / count,
            phases.products / count,
            phases.sensitivity / count,
            phases.update / count,
        );
    }
    println!(
        "bare products: {:.1} GFLOP/s streaming, {:.1} GFLOP/s cache-hot",
        median(&rates.0),
        median(&rates.1)
    );

    let network = network::<T>(Activation::Tanh);
    let (x, _) = batch::<T>(IMAGES);
    let mut out = Mat::zeros(WIDTH, IMAGES);
    let euler = Euler::new();
    let mut yardstick = Yardstick::<T>::new(IMAGES, THREADS);
    let (mut times, mut ratios) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        let bare = yardstick.seconds(LAYERS, EVALUATION_BLOCK);
        let begin = Instant::now();
        euler.evaluate(&network, x.as_ref(), out.as_mut()).expect("a finite evaluation");
        let seconds = begin.elapsed().as_secs_f64();
        times.push(seconds);
        ratios.push(seconds / bare);
    }
    println!(
        "evaluation of {IMAGES} images: {:.0} ms, {:.2} × its products",
        median(&times) * 1e3,
        median(&ratios)
    );
}

fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build().expect("a thread pool");
    pool.install(|| {
        let mut criterion = Criterion::default().without_plots().configure_from_args();
        with_criterion::<f64>(&mut criterion);
        with_criterion::<f32>(&mut criterion);
        criterion.final_summary();
        table::<f64>();
        table::<f32>();
    });
}
