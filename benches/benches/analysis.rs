//! Noise propagation of 1,000 images at the paper's size (n = 196, L = 150), two threads, both
//! precisions, in units of a direct solve of the same images.
//!
//! `cargo bench -p snode-benches --bench analysis`. A noise level and draw is one propagation: its
//! estimate and its measured distance at all layers for all images. It takes three products a layer
//! (the state, the perturbed state, the estimate) where it stands alone; the state is shared by all,
//! and the estimate by all levels of a draw, so that D draws at K levels take 1 + D (1 + K) products.
//! The table gives, for several D and K, the time of one propagation in direct solves that keep
//! nothing (`evaluate`: products and activations alone), in direct solves that keep their trajectory
//! (`direct`), and in bare products, all measured in turn.

use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};
use faer::Mat;
use snode_analysis::{NoiseOn, NoiseOptions, summarise_noise};
use snode_benches::{LAYERS, WIDTH, Yardstick, batch, median, network};
use snode_ode::{Activation, Euler, Network, Real, Scheme};

const THREADS: usize = 2;
const IMAGES: usize = 1000;
const ROUNDS: usize = 7;

fn cases() -> [(&'static str, NoiseOptions); 6] {
    let case = |on, levels: usize, draws| {
        let levels = (1..=levels).map(|level| 0.1 * level as f64).collect();
        NoiseOptions { on, levels, draws, seed: 1, components: None }
    };
    [
        ("input, 1 level, 1 draw", case(NoiseOn::Input, 1, 1)),
        ("input, 1 level, 5 draws", case(NoiseOn::Input, 1, 5)),
        ("input, 2 levels, 1 draw", case(NoiseOn::Input, 2, 1)),
        ("input, 4 levels, 1 draw", case(NoiseOn::Input, 4, 1)),
        ("input, 4 levels, 5 draws", case(NoiseOn::Input, 4, 5)),
        ("parameters, 2 levels, 1 draw", case(NoiseOn::Parameters, 2, 1)),
    ]
}

fn propagate<T: Real>(network: &Network<T>, x0: &Mat<T>, options: &NoiseOptions) {
    summarise_noise(network, x0.as_ref(), options).expect("finite states");
}

fn evaluate<T: Real>(network: &Network<T>, x0: &Mat<T>, out: &mut Mat<T>) {
    Euler::new().evaluate(network, x0.as_ref(), out.as_mut()).expect("finite states");
}

fn with_criterion<T: Real>(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(format!("noise propagation, {}", T::NAME));
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        .measurement_time(Duration::from_secs(4));
    let network = network::<T>(Activation::Tanh);
    let (x0, _) = batch::<T>(IMAGES);
    let mut out = Mat::zeros(WIDTH, IMAGES);
    for (name, options) in cases() {
        group.bench_function(name, |bencher| {
            bencher.iter(|| propagate(&network, &x0, &options));
        });
    }
    group.bench_function("a direct solve that keeps nothing", |bencher| {
        bencher.iter(|| evaluate(&network, &x0, &mut out));
    });
    group.finish();
}

fn timed(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}

fn table<T: Real>() {
    println!(
        "\n{}, {THREADS} threads, n = {WIDTH}, L = {LAYERS}, {IMAGES} images, tanh: one level and draw",
        T::NAME
    );
    println!(
        "{:<30} {:>8} {:>14} {:>12} {:>15} {:>10}",
        "noise on", "ms", "evaluations", "direct", "bare products", "products"
    );
    let network = network::<T>(Activation::Tanh);
    let (x0, _) = batch::<T>(IMAGES);
    let mut out = Mat::zeros(WIDTH, IMAGES);
    let mut euler = Euler::new();
    let mut yardstick = Yardstick::<T>::new(IMAGES, THREADS);
    let mut bases = (Vec::new(), Vec::new());
    for (name, options) in cases() {
        let propagations = (options.levels.len() * options.draws) as f64;
        let (draws, levels) = (options.draws as f64, options.levels.len() as f64);
        let products = match options.on {
            NoiseOn::Input => 1.0 + draws * (1.0 + levels),
            NoiseOn::Parameters => draws * (3.0 + levels),
        };
        let mut samples = [const { Vec::new() }; 4];
        for round in 0..=ROUNDS {
            let bare = yardstick.seconds(LAYERS, 128);
            let evaluation = timed(|| evaluate(&network, &x0, &mut out));
            let direct = timed(|| {
                euler.direct(&network, x0.as_ref()).expect("finite states");
            });
            let own = timed(|| propagate(&network, &x0, &options)) / propagations;
            if round == 0 {
                continue;
            }
            for (sample, value) in
                samples.iter_mut().zip([own, own / evaluation, own / direct, own / bare])
            {
                sample.push(value);
            }
            bases.0.push(evaluation);
            bases.1.push(direct);
        }
        let [own, evaluations, directs, bare] = samples.map(|sample| median(&sample));
        println!(
            "{name:<30} {:>8.1} {evaluations:>14.2} {directs:>12.2} {bare:>15.2} {:>10.2}",
            own * 1e3,
            products / propagations,
        );
    }
    println!(
        "a direct solve of the images: {:.1} ms keeping nothing, {:.1} ms keeping the trajectory",
        median(&bases.0) * 1e3,
        median(&bases.1) * 1e3
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
