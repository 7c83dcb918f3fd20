//! The predicted accuracy curve at the paper's size (n = 196, L = 150, 10 classes), two threads, both
//! precisions, against what measuring it takes.
//!
//! `cargo bench -p snode-benches --bench uncertainty`. Predicting takes a direct solve with its
//! trajectory, 10 adjoint columns an image, their inner products, and the integration over directions,
//! once for all levels; measuring takes an evaluation for every draw and level. The table gives seconds,
//! evaluations of the same images, and the number of evaluations' worth of products (1 + 10 for noise on the
//! input). "Bound" is two evaluations times ten columns. `IMAGES=10000` in the environment is the whole
//! test set.

use std::time::Instant;

use snode_analysis::{
    NoiseSource, RobustnessOptions, UncertaintyOptions, measure_noise, score_distributions,
};
use snode_benches::{LAYERS, WIDTH, batch, median, network};
use snode_ode::{Activation, Euler, Real, Scheme};
use snode_train::EvaluationSet;

const THREADS: usize = 2;
const CLASSES: usize = 10;
const COLUMNS: f64 = 10.0;
const DIRECTIONS: usize = 64;
const DRAWS: usize = 5;
const ROUNDS: usize = 3;

fn timed(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}

fn table<T: Real>(images: usize) {
    let network = network::<T>(Activation::Tanh);
    let (x, labels) = batch::<T>(images);
    let set = EvaluationSet { name: "images".into(), x, targets: labels.into() };
    let levels: Vec<f64> = (0..=10).map(|i| f64::from(i) / 10.0).collect();
    let mut out = faer::Mat::zeros(WIDTH, images);
    let mut evaluate = || {
        timed(|| {
            Euler::new().evaluate(&network, set.x.as_ref(), out.as_mut()).expect("finite states");
        })
    };
    println!(
        "\n{}, {THREADS} threads, n = {WIDTH}, L = {LAYERS}, {images} images, 11 levels",
        T::NAME
    );
    println!("{:<44} {:>9} {:>13}", "", "seconds", "evaluations");
    let line = |name: &str, seconds: f64, evaluation: f64| {
        println!("{name:<44} {seconds:>9.3} {:>13.2}", seconds / evaluation);
    };
    for on in [NoiseSource::Input, NoiseSource::Parameters] {
        let (mut covariance, mut curve, mut evaluation) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            evaluation.push(evaluate());
            let options = UncertaintyOptions { on, ..Default::default() };
            let mut found = None;
            covariance.push(timed(|| {
                let x = set.x.as_ref();
                found = score_distributions(&mut Euler::new(), &network, x, CLASSES, &options).ok();
            }));
            let found = found.expect("finite states");
            curve.push(timed(|| {
                found
                    .predicted_accuracy(
                        set.targets.as_ref().classes().unwrap(),
                        &levels,
                        DIRECTIONS,
                        1,
                    )
                    .expect("levels");
            }));
        }
        let [covariance, curve, evaluation] = [covariance, curve, evaluation].map(|v| median(&v));
        line("evaluation", evaluation, evaluation);
        line(&format!("covariances, noise on {on:?}"), covariance, evaluation);
        line(&format!("curve from {DIRECTIONS} directions"), curve, evaluation);
        line("predicted curve, both together", covariance + curve, evaluation);
        line("bound", 2.0 * COLUMNS * evaluation, evaluation);
    }
    let options = RobustnessOptions { levels, draws: DRAWS, ..Default::default() };
    let evaluation = evaluate();
    let measured = timed(|| {
        measure_noise(&Euler::new(), &network, &set, CLASSES, NoiseSource::Input, &options)
            .expect("finite states");
    });
    line(&format!("measured curve, {DRAWS} draws"), measured, evaluation);
}

fn main() {
    let images = std::env::var("IMAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build().expect("threads");
    pool.install(|| {
        table::<f32>(images);
        table::<f64>(images);
    });
}
