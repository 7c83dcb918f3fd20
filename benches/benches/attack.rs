//! Attacks on 1,000 images at the paper's size (n = 196, L = 150, 10 classes, 30 steps), two threads,
//! both precisions, against bare products of the same shapes.
//!
//! `cargo bench -p snode-benches --bench attack`. A step of a batch of 100 images is a direct solve, a
//! product of 100 columns a layer, and adjoint columns: 10 an image for the sensitivity matrix of the
//! moving target, 1 an image for a targeted step or one of PGD. The yardstick is the time of as many bare
//! products, with weights that stream from memory, measured in turn with the attacks. The table gives
//! seconds, the share of the yardstick, and the time in units of the moving target's. The forward
//! form of the sensitivity matrix, 196 columns an image, is measured on 100 images.
//!
//! Not by criterion: a single attack takes up to a minute. `IMAGES=200` in the environment makes it shorter.

use std::time::Instant;

use snode_attack::{
    Attack, AttackOptions, DeepFool, JacobianMode, MovingTarget, ProjectedGradient, SolvedNetwork,
    Targeted, attack, predict, sensitivity_matrices,
};
use snode_benches::{LAYERS, WIDTH, Yardstick, batch, median, network};
use snode_ode::{Activation, Euler, Network, Real};

const THREADS: usize = 2;
const CLASSES: usize = 10;
const BATCH: usize = 100;
const STEPS: usize = 30;

/// Seconds of bare products for a batch: `columns` adjoint columns an image, or only the direct solve.
struct Products<T> {
    direct: Yardstick<T>,
    adjoint: Vec<(usize, Yardstick<T>)>,
}

impl<T: Real> Products<T> {
    fn new(columns: &[usize]) -> Self {
        let yardstick = |columns: &usize| (*columns, Yardstick::new(BATCH * columns, THREADS));
        Self {
            direct: Yardstick::new(BATCH, THREADS),
            adjoint: columns.iter().map(yardstick).collect(),
        }
    }

    /// One step of a batch with this many adjoint columns an image.
    fn seconds(&mut self, columns: usize) -> f64 {
        let mut samples = Vec::new();
        for _ in 0..5 {
            let adjoint = self.adjoint.iter_mut().find(|(of, _)| *of == columns);
            let adjoint = adjoint.map_or(0.0, |(_, yardstick)| yardstick.seconds(LAYERS, 192));
            samples.push(self.direct.streaming() + adjoint);
        }
        median(&samples)
    }
}

fn timed(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}

/// Parameters like trained ones in size, so that images are neither all fooled at once nor frozen.
fn trained_size<T: Real>() -> Network<T> {
    let mut network = network::<T>(Activation::Tanh);
    for value in network.parameters_mut().as_mut_slice() {
        *value *= T::from_f64(10.0);
    }
    network
}

fn table<T: Real>(images: usize) {
    let network = trained_size::<T>();
    let (x, _) = batch::<T>(images);
    let mut model =
        SolvedNetwork::new(&network, Box::new(Euler::new()), CLASSES).expect("fewer classes");
    let labels = predict(&mut model, x.as_ref(), BATCH).expect("finite states");
    let mut products = Products::<T>::new(&[1, CLASSES]);
    let options = AttackOptions { batch: BATCH, ..Default::default() };
    println!(
        "\n{}, {THREADS} threads, n = {WIDTH}, L = {LAYERS}, {images} images, {STEPS} steps, tanh",
        T::NAME
    );
    println!("{:<34} {:>8} {:>16} {:>14}", "attack", "seconds", "% of products", "moving target");
    let methods: [(&str, &dyn Attack<T>, usize, usize); 4] = [
        ("moving target", &MovingTarget::default(), CLASSES, STEPS + 1),
        ("nine targeted attacks", &Targeted::default(), 1, 9 * (STEPS + 1)),
        ("PGD, 2-norm", &ProjectedGradient::default(), 1, STEPS + 1),
        ("DeepFool, as many steps at most", &DeepFool { iterations: STEPS, overshoot: 0.02 }, 0, 0),
    ];
    let mut moving = f64::NAN;
    for (name, method, columns, rounds) in methods {
        let before = products.seconds(columns);
        let mut steps = 0.0;
        let seconds = timed(|| {
            let results = attack(&mut model, method, x.as_ref(), &labels, &options);
            steps = results.expect("finite states").summary().mean_iterations;
        });
        let bare = f64::midpoint(before, products.seconds(columns));
        if moving.is_nan() {
            moving = seconds;
        }
        let share = if rounds > 0 {
            format!("{:.0}", 100.0 * bare * (rounds * images / BATCH) as f64 / seconds)
        } else {
            format!("– ({steps:.1} steps)")
        };
        println!("{name:<34} {seconds:>8.2} {share:>16} {:>14.2}", seconds / moving);
    }
    let few = x.subcols(0, BATCH);
    let mut matrices = |form| {
        let mut samples = Vec::new();
        for _ in 0..3 {
            samples.push(timed(|| {
                sensitivity_matrices(&mut model, few, form).expect("finite states");
            }));
        }
        median(&samples)
    };
    let (adjoint, forward) = (matrices(JacobianMode::Vjp), matrices(JacobianMode::Jvp));
    println!(
        "sensitivity matrices of {BATCH} images: {:.3} s by {CLASSES} adjoint columns, {:.3} s by \
         {WIDTH} forward columns, {:.1} times as long; the moving target with them: {:.1} times",
        adjoint,
        forward,
        forward / adjoint,
        forward * ((STEPS + 1) * images / BATCH) as f64 / moving
    );
}

fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build().expect("a thread pool");
    let images = std::env::var("IMAGES").ok().and_then(|images| images.parse().ok());
    let images = images.unwrap_or(1000);
    pool.install(|| {
        table::<f64>(images);
        table::<f32>(images);
    });
}
