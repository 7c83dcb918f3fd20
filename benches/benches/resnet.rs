//! One step of the discrete twin at the paper's size (n = 196, L = 150, M = 100), two threads, both
//! precisions, against bare products measured in turn with it, and the optimisers' updates.
//!
//! `cargo bench -p snode-benches --bench resnet`. After criterion's own figures a table gives, for
//! every optimiser, milliseconds, GFLOP/s, the share of the streaming and of the cache-hot rate of
//! products, the phases, and the GB/s of the update: every array of the parameters' size that it
//! reads or writes is counted once each way. Below stands the same for a bare pass that reads two
//! such arrays and writes one (axpy).

use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};
use faer::Mat;
use snode_benches::{
    BATCH, LAYERS, STEP_PRODUCTS, WIDTH, Yardstick, batch, flops, median, network,
};
use snode_ode::{Activation, Network, Parameters, Real};
use snode_resnet::{Adam, Momentum, Optimiser, Plain, RmsProp, Sgd, SgdOptions};
use snode_train::{Cost, Phases};

const THREADS: usize = 2;
const ROUNDS: usize = 40;
/// Steps between two measurements of the yardstick.
const STEPS: usize = 6;

fn cases() -> [(&'static str, Optimiser); 5] {
    let centred = RmsProp { centred: true, momentum: 0.9, ..RmsProp::default() };
    [
        ("rmsprop", Optimiser::RmsProp(RmsProp::default())),
        ("rmsprop, all of it", Optimiser::RmsProp(centred)),
        ("adam", Optimiser::Adam(Adam::default())),
        ("momentum", Optimiser::Momentum(Momentum::default())),
        ("gradient descent", Optimiser::Plain(Plain)),
    ]
}

fn sgd<T: Real>(optimiser: Optimiser, network: &Network<T>) -> Sgd<T> {
    let options = SgdOptions { optimiser, learning_rate: 1e-4, ..SgdOptions::default() };
    Sgd::new(Cost::cross_entropy(10), options, network).expect("options that make sense")
}

fn with_criterion<T: Real>(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(T::NAME);
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(15)
        .measurement_time(Duration::from_secs(4));
    for (name, optimiser) in cases() {
        let mut network = network::<T>(Activation::Tanh);
        let (x, labels) = batch::<T>(BATCH);
        let mut sgd = sgd(optimiser, &network);
        group.bench_function(format!("step: {name}"), |bencher| {
            bencher.iter(|| sgd.step(&mut network, x.as_ref(), &labels).expect("a finite step"));
        });
    }
    let mut yardstick = Yardstick::<T>::new(BATCH, THREADS);
    group.bench_function("three products a layer, streaming", |bencher| {
        bencher.iter(|| (0..STEP_PRODUCTS).map(|_| yardstick.streaming()).sum::<f64>());
    });
    group.finish();
}

/// Some steps, the seconds of each; the phases are added up.
fn steps<T: Real>(
    sgd: &mut Sgd<T>,
    network: &mut Network<T>,
    x: &Mat<T>,
    labels: &[usize],
    phases: &mut Phases,
) -> f64 {
    let begin = Instant::now();
    for _ in 0..STEPS {
        let report = sgd.step(network, x.as_ref(), labels).expect("a finite step");
        phases.direct += report.phases.direct;
        phases.adjoint += report.phases.adjoint;
        phases.update += report.phases.update;
    }
    begin.elapsed().as_secs_f64() / STEPS as f64
}

fn table<T: Real>() {
    println!("\n{}, {THREADS} threads, n = {WIDTH}, L = {LAYERS}, M = {BATCH}", T::NAME);
    println!(
        "{:<18} {:>8} {:>9} {:>11} {:>8}   direct adjoint update [ms]   update GB/s",
        "step", "ms", "GFLOP/s", "of stream", "of hot"
    );
    let gflop = flops(STEP_PRODUCTS, BATCH) / 1e9;
    let array = (size_of::<T>() * LAYERS * (WIDTH * WIDTH + WIDTH)) as f64;
    let mut yardstick = Yardstick::<T>::new(BATCH, THREADS);
    let mut rates = (Vec::new(), Vec::new());
    for (name, optimiser) in cases() {
        let mut network = network::<T>(Activation::Tanh);
        let (x, labels) = batch::<T>(BATCH);
        let mut sgd = sgd(optimiser, &network);
        let mut phases = Phases::default();
        let (mut times, mut of_stream, mut of_hot) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let products = STEP_PRODUCTS as f64;
            let mean = |seconds: &mut dyn FnMut() -> f64| {
                products * (0..STEPS).map(|_| seconds()).sum::<f64>() / STEPS as f64
            };
            let stream = mean(&mut || yardstick.streaming());
            let hot = mean(&mut || yardstick.hot());
            let mut these = Phases::default();
            let seconds = steps(&mut sgd, &mut network, &x, &labels, &mut these);
            if round == 0 {
                continue;
            }
            phases.direct += these.direct;
            phases.adjoint += these.adjoint;
            phases.update += these.update;
            times.push(seconds);
            of_stream.push(stream / seconds);
            of_hot.push(hot / seconds);
            rates.0.push(gflop / stream);
            rates.1.push(gflop / hot);
        }
        let count = (STEPS * ROUNDS) as f64;
        // Parameters and state are read and written, the gradient is read.
        let arrays = 3 + 2 * optimiser.state_names().len();
        println!(
            "{name:<18} {:>8.1} {:>9.1} {:>10.0}% {:>7.0}%   {:>6.1} {:>7.1} {:>6.1}        {:>6.1}",
            median(&times) * 1e3,
            gflop / median(&times),
            median(&of_stream) * 100.0,
            median(&of_hot) * 100.0,
            phases.direct / count * 1e3,
            phases.adjoint / count * 1e3,
            phases.update / count * 1e3,
            arrays as f64 * array / (phases.update / count) / 1e9,
        );
    }
    println!(
        "bare products: {:.1} GFLOP/s streaming, {:.1} GFLOP/s cache-hot; bare axpy: {:.1} GB/s",
        median(&rates.0),
        median(&rates.1),
        axpy::<T>(array)
    );
}

/// GB/s of a pass over two arrays.
fn axpy<T: Real>(array: f64) -> f64 {
    let x = network::<T>(Activation::Tanh).into_parameters();
    let mut y = Parameters::zeros(WIDTH, LAYERS);
    let times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begin = Instant::now();
            y.axpy(T::from_f64(1e-9), &x);
            begin.elapsed().as_secs_f64()
        })
        .collect();
    3.0 * array / median(&times) / 1e9
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
