//! Inputs perturbed for training.

use crate::support;

use faer::Mat;
use snode_attack::{
    Bounds, FastGradient, MovingTarget, Norm, PerturbationMethod, PerturbationOptions,
    PerturbedInputs, ProjectedGradient,
};
use snode_ode::{Activation, Endpoint, Euler, Network, Real, Scheme};
use snode_train::{Cost, InputPerturbation, Position, TrainError};
use support::{images, network};

const CLASSES: usize = 4;
const WIDTH: usize = 9;
const POINTS: usize = 40;

fn options(method: PerturbationMethod) -> PerturbationOptions {
    PerturbationOptions { method, fraction: 1.0, bounds: Bounds::default(), seed: 3 }
}

fn labels() -> Vec<usize> {
    (0..POINTS).map(|j| j % CLASSES).collect()
}

fn at(epoch: usize, batch: usize) -> Position {
    Position { epoch, batch, iteration: 0 }
}

fn perturbed<T: Real>(
    network: &Network<T>,
    options: PerturbationOptions,
    position: Position,
) -> Mat<T> {
    let mut x = images::<T>(network.width(), POINTS);
    let mut inputs = PerturbedInputs::new(options, Box::new(Euler::new()), CLASSES).unwrap();
    inputs.perturb(network, position, x.as_mut(), (&labels()).into()).unwrap();
    x
}

/// The mean cross-entropy of the right labels.
fn loss(network: &Network<f64>, x: &Mat<f64>) -> f64 {
    let mut output = Mat::zeros(x.nrows(), x.ncols());
    Euler::new().evaluate(network, x.as_ref(), output.as_mut()).unwrap();
    let cost = Cost { mu3: 0.0, ..Cost::cross_entropy(CLASSES) };
    cost.value(output.as_ref(), &labels(), 0.0).unwrap().total()
}

fn methods() -> Vec<PerturbationMethod> {
    let ball = |norm, radius, random_start| ProjectedGradient {
        norm,
        radius: Some(radius),
        step: 0.1 * radius,
        iterations: 12,
        random_start,
        ..Default::default()
    };
    vec![
        PerturbationMethod::Noise { level: 0.2, clip: true },
        PerturbationMethod::FastGradient(FastGradient::default()),
        PerturbationMethod::ProjectedGradient(ball(Norm::Two, 0.3, true)),
        PerturbationMethod::ProjectedGradient(ball(Norm::Infinity, 0.1, false)),
        PerturbationMethod::MovingTarget(MovingTarget { iterations: 5, ..Default::default() }),
    ]
}

/// x + ε sign ∇ₓ of the cross-entropy, in the box, from the adjoint problem itself.
#[test]
fn fgsm_is_its_formula() {
    let network = network::<f64>(WIDTH, Activation::Tanh, Endpoint::Excluded);
    let method = PerturbationMethod::FastGradient(FastGradient::default());
    let found = perturbed(&network, options(method), at(0, 0));
    let x = images::<f64>(WIDTH, POINTS);
    let mut scheme = Euler::new();
    let mut trajectory = scheme.direct(&network, x.as_ref()).unwrap();
    let z = trajectory.output().to_owned();
    let terminal = Mat::from_fn(WIDTH, POINTS, |i, j| {
        if i >= CLASSES {
            return 0.0;
        }
        let total: f64 = (0..CLASSES).map(|c| z[(c, j)].exp()).sum();
        z[(i, j)].exp() / total - f64::from(u8::from(i == j % CLASSES))
    });
    let gradient = trajectory.adjoint(terminal.as_ref(), None).unwrap();
    for (i, j) in (0..WIDTH).flat_map(|i| (0..POINTS).map(move |j| (i, j))) {
        let expected = (x[(i, j)] + 0.1 * gradient[(i, j)].signum()).clamp(-1.0, 0.0);
        // Where rounding made a step too long it is shortened by a part in 10⁷.
        assert!((found[(i, j)] - expected).abs() < 2e-8, "{i} {j}");
    }
}

#[test]
fn attacks_raise_the_loss_within_ball_and_box() {
    let network = network::<f64>(WIDTH, Activation::Tanh, Endpoint::Excluded);
    let x = images::<f64>(WIDTH, POINTS);
    let clean = loss(&network, &x);
    for method in methods() {
        let found = perturbed(&network, options(method), at(1, 2));
        assert!(
            (0..POINTS).all(|j| found.col_as_slice(j).iter().all(|v| (-1.0..=0.0).contains(v)))
        );
        let PerturbationMethod::ProjectedGradient(ball) = method else { continue };
        assert!(loss(&network, &found) > clean + 0.01, "{method:?}");
        for j in 0..POINTS {
            let size = ball.norm.distance(found.col_as_slice(j), x.col_as_slice(j));
            assert!(size <= ball.radius.unwrap() && size > 0.0, "{size}");
        }
    }
}

/// z of the noise has mean 0 and variance 1, and depends on epoch, batch and seed.
#[test]
fn noise_has_its_level_and_streams_of_its_own() {
    let network = network::<f64>(WIDTH, Activation::Tanh, Endpoint::Excluded);
    let noise = options(PerturbationMethod::Noise { level: 0.5, clip: false });
    let x = images::<f64>(WIDTH, POINTS);
    let found = perturbed(&network, noise, at(0, 0));
    let z = (&found - &x) * 2.0;
    let count = (WIDTH * POINTS) as f64;
    let (mean, square) = (z.sum() / count, z.squared_norm_l2() / count);
    assert!(mean.abs() < 0.15 && (square - 1.0).abs() < 0.2, "{mean} {square}");
    for other in [at(1, 0), at(0, 1)] {
        assert_ne!(perturbed(&network, noise, other), found);
    }
    assert_ne!(perturbed(&network, PerturbationOptions { seed: 4, ..noise }, at(0, 0)), found);
    assert_eq!(perturbed(&network, noise, at(0, 0)), found);
}

#[test]
fn a_fraction_of_the_batch_is_perturbed() {
    let network = network::<f64>(WIDTH, Activation::Tanh, Endpoint::Excluded);
    let x = images::<f64>(WIDTH, POINTS);
    for method in methods() {
        for (fraction, count) in [(0.0, 0), (0.3, 12), (1.0, POINTS)] {
            let options = PerturbationOptions { fraction, ..options(method) };
            let found = perturbed(&network, options, at(0, 0));
            let changed = (0..POINTS).filter(|&j| found.col_as_slice(j) != x.col_as_slice(j));
            assert!(changed.eq(0..count), "{method:?} {fraction}");
        }
    }
}

/// What data are lifted with is no data.
#[test]
fn lifted_data_are_perturbed_as_data() {
    let network = network::<f64>(WIDTH, Activation::Tanh, Endpoint::Excluded);
    let network = network.with_inputs(5, 0.0).unwrap();
    let data = images::<f64>(5, POINTS);
    for method in methods() {
        let mut found = data.clone();
        let scheme = Box::new(Euler::new());
        let mut inputs = PerturbedInputs::new(options(method), scheme, CLASSES).unwrap();
        inputs.perturb(&network, at(0, 0), found.as_mut(), (&labels()).into()).unwrap();
        assert_ne!(found, data, "{method:?}");
    }
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let network = network::<f32>(40, Activation::Tanh, Endpoint::Excluded);
    for method in methods() {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| perturbed(&network, options(method), at(2, 1)))
        };
        let one = with(1);
        assert!(one == with(2) && one == with(3), "{method:?}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let wrong = [
        options(PerturbationMethod::Noise { level: -0.1, clip: false }),
        options(PerturbationMethod::FastGradient(FastGradient {
            radius: f64::NAN,
            ..Default::default()
        })),
        PerturbationOptions {
            fraction: 1.5,
            ..options(PerturbationMethod::FastGradient(FastGradient::default()))
        },
    ];
    for options in wrong {
        let made = PerturbedInputs::<f64>::new(options, Box::new(Euler::new()), CLASSES);
        assert!(made.is_err(), "{options:?}");
    }
    // Inputs outside of the box cannot be attacked.
    let network = network::<f64>(WIDTH, Activation::Tanh, Endpoint::Excluded);
    let method = PerturbationMethod::FastGradient(FastGradient::default());
    let scheme = Box::new(Euler::new());
    let mut inputs = PerturbedInputs::new(options(method), scheme, CLASSES).unwrap();
    let mut x = Mat::from_fn(WIDTH, POINTS, |_, _| 0.5);
    let refused = inputs.perturb(&network, at(0, 0), x.as_mut(), (&labels()).into()).unwrap_err();
    assert!(matches!(refused, TrainError::Perturbation(_)), "{refused}");
}
