//! Predictions under noise from the sensitivity problem.

use crate::support;

use faer::{Mat, MatRef};
use snode_analysis::{
    NoiseSource, RobustnessOptions, ScoreDistributions, UncertaintyOptions, calibration_error,
    measure_noise, reliability, score_distributions,
};
use snode_ode::{Activation, Euler, Network, Parameters, Real, Scheme, SchemeChoice};
use snode_train::{EvaluationSet, classify};
use support::{inputs, network, on_threads};

const CLASSES: usize = 4;
const SOURCES: [NoiseSource; 3] =
    [NoiseSource::Input, NoiseSource::Parameters, NoiseSource::ConstantParameters];

fn distributions<T: Real>(
    network: &Network<T>,
    x: MatRef<'_, T>,
    on: NoiseSource,
) -> ScoreDistributions {
    let options = UncertaintyOptions { on, batch: 7, ..Default::default() };
    score_distributions(&mut Euler::new(), network, x, CLASSES, &options).unwrap()
}

/// Data of another size than the network's are an error, as for noise through depth.
#[test]
fn data_of_another_size_are_refused() {
    let network = network::<f64>(8, 6, Activation::Tanh);
    let (x, options) = (inputs::<f64>(7, 3), UncertaintyOptions::default());
    let refused = score_distributions(&mut Euler::new(), &network, x.as_ref(), CLASSES, &options);
    let message = refused.unwrap_err().to_string();
    assert_eq!(message, "the data of a network: expected 8×3, found 7×3");
}

/// The largest difference over the largest number.
fn disagreement(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    let pairs = found.iter().zip(expected);
    pairs.map(|(f, e)| (f - e).abs()).fold(0.0, f64::max) / largest
}

/// A linear network is x(T) = ∏ (I + h W_k) x₀ + …: P is the product's first rows, and P Pᵀ all there is
/// to know of scores under noise.
#[test]
fn under_noise_on_the_input_a_linear_network_is_exact() {
    let network = network::<f64>(8, 6, Activation::Identity);
    let x = inputs::<f64>(8, 10);
    let found = distributions(&network, x.as_ref(), NoiseSource::Input);
    let mut product = Mat::<f64>::identity(8, 8);
    for k in 0..6 {
        product = &product + network.grid().step() * (network.parameters().weights(k) * &product);
    }
    let p = product.as_ref().subrows(0, CLASSES);
    let expected = p * p.transpose();
    let flat: Vec<f64> =
        (0..CLASSES * CLASSES).map(|i| expected[(i / CLASSES, i % CLASSES)]).collect();
    for j in 0..10 {
        let error = disagreement(found.covariance(j), &flat);
        assert!(error < 1e-12, "{error:e}");
    }
}

/// w_k ∇(t_k) of each score of one image, from the adjoint problem's gradient.
fn gradients(
    scheme: &mut dyn Scheme<f64>,
    network: &Network<f64>,
    x: &[f64],
) -> Vec<Parameters<f64>> {
    let n = network.width();
    let x = MatRef::from_column_major_slice(x, n, 1);
    let mut trajectory = scheme.direct(network, x).unwrap();
    (0..CLASSES)
        .map(|class| {
            let mut gradient = network.parameters().clone();
            let terminal = Mat::from_fn(n, 1, |i, _| f64::from(u8::from(i == class)));
            trajectory.adjoint(terminal.as_ref(), Some(&mut gradient)).unwrap();
            for k in 0..gradient.nodes() {
                let weight = network.grid().weight(k);
                gradient.node_mut(k).iter_mut().for_each(|g| *g *= weight);
            }
            gradient
        })
        .collect()
}

/// The outer products of (S64) against inner products of whole gradients, under every scheme.
#[test]
fn under_noise_on_the_parameters_covariances_are_those_of_gradients() {
    for choice in ["euler", "rk4"].map(|name| SchemeChoice::named(name).unwrap()) {
        let network = network::<f64>(8, 6, Activation::Tanh).with_endpoint(choice.endpoint());
        let x = inputs::<f64>(8, 9);
        for on in [NoiseSource::Parameters, NoiseSource::ConstantParameters] {
            let options = UncertaintyOptions { on, batch: 4, ..Default::default() };
            let mut scheme = choice.build().unwrap();
            let found =
                score_distributions(&mut *scheme, &network, x.as_ref(), CLASSES, &options).unwrap();
            for j in 0..9 {
                let rows = gradients(&mut *scheme, &network, x.col_as_slice(j));
                let row = |class: usize| -> Vec<f64> {
                    let all = &rows[class];
                    match on {
                        NoiseSource::Parameters => all.as_slice().to_vec(),
                        _ => (0..all.node_len())
                            .map(|i| (0..all.nodes()).map(|k| all.node(k)[i]).sum())
                            .collect(),
                    }
                };
                let expected: Vec<f64> = (0..CLASSES * CLASSES)
                    .map(|i| {
                        row(i / CLASSES).iter().zip(row(i % CLASSES)).map(|(a, b)| a * b).sum()
                    })
                    .collect();
                let error = disagreement(found.covariance(j), &expected);
                assert!(error < 1e-12, "{} {on:?}: {error:e}", choice.name());
            }
        }
    }
}

/// The covariance of scores over many draws of small noise: that of the estimate, but for sampling.
#[test]
fn covariances_are_those_of_many_draws() {
    const DRAWS: usize = 3000;
    const LEVEL: f64 = 1e-4;
    let network = network::<f64>(8, 6, Activation::Tanh);
    let x = inputs::<f64>(8, 1);
    for on in SOURCES {
        let found = distributions(&network, x.as_ref(), on);
        let mut sums = [0.0; CLASSES * CLASSES];
        for draw in 0..DRAWS {
            let (noisy, moved) = noisy(&network, &x, on, LEVEL, draw);
            let mut output = Mat::zeros(8, 1);
            Euler::new().evaluate(&noisy, moved.as_ref(), output.as_mut()).unwrap();
            let away: Vec<f64> =
                (0..CLASSES).map(|c| (output[(c, 0)] - found.scores(0)[c]) / LEVEL).collect();
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum += away[i / CLASSES] * away[i % CLASSES] / DRAWS as f64;
            }
        }
        let error = disagreement(&sums, found.covariance(0));
        assert!(error < 0.1, "{on:?}: {error}");
    }
}

fn noisy(
    network: &Network<f64>,
    x: &Mat<f64>,
    on: NoiseSource,
    level: f64,
    draw: usize,
) -> (Network<f64>, Mat<f64>) {
    let (mut network, mut x) = (network.clone(), x.clone());
    let nodes = network.parameters().nodes();
    match on {
        NoiseSource::Input => {
            let mut values = x.col_as_slice(0).to_vec();
            let noise = snode_data::Noise::new(5, level).unwrap().draw(draw as u32);
            noise.add(8, &[0], &mut values).unwrap();
            x = Mat::from_fn(8, 1, |i, _| values[i]);
        }
        NoiseSource::Parameters => {
            let noise = snode_analysis::parameter_noise(8, nodes, 5, draw);
            network.parameters_mut().axpy(level, &noise);
        }
        NoiseSource::ConstantParameters => {
            let one = snode_analysis::parameter_noise::<f64>(8, 1, 5, draw);
            for k in 0..nodes {
                let node = network.parameters_mut().node_mut(k);
                node.iter_mut().zip(one.node(0)).for_each(|(p, z)| *p += level * z);
            }
        }
    }
    (network, x)
}

/// The classes share out all of the probability: their intervals along a direction meet.
#[test]
fn probabilities_of_all_classes_add_up_to_one() {
    let network = network::<f64>(8, 6, Activation::Tanh);
    let x = inputs::<f64>(8, 5);
    let levels = [0.0, 1e-3, 0.1, 1.0, 30.0];
    let found = distributions(&network, x.as_ref(), NoiseSource::Input);
    let of_class = |class| found.predicted_accuracy(&[class; 5], &levels, 50, 1).unwrap();
    let all: Vec<Vec<f64>> = (0..CLASSES).map(of_class).collect();
    for level in 0..levels.len() {
        let sum: f64 = all.iter().map(|p| p[level]).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    }
}

/// With two classes the probability of a flip is Φ(−distance/s), Φ by its continued fraction.
#[test]
fn with_two_classes_flips_have_a_closed_form() {
    let network = network::<f64>(8, 6, Activation::Tanh);
    let x = inputs::<f64>(8, 12);
    let options = UncertaintyOptions::default();
    let found = score_distributions(&mut Euler::new(), &network, x.as_ref(), 2, &options).unwrap();
    let normal_tail = |x: f64| {
        // Q(x) = φ(x)/(x + 1/(x + 2/(x + 3/…))), for x > 0.
        let fraction = (1..400).rev().fold(x, |below, k| x + f64::from(k) / below);
        (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() / fraction
    };
    for j in 0..12 {
        let distance = found.nearest(j).unwrap().distance;
        for part in [0.5, 1.0, 2.0] {
            let level = distance * part;
            let flips = found.flip_probabilities(&[level], 20_000, 3).unwrap()[0][j];
            let exact = normal_tail(1.0 / part);
            assert!((flips / exact - 1.0).abs() < 0.05, "{part}: {flips} {exact}");
        }
    }
}

/// (S66) is the distance of (S11) for noise on the input: no smaller step changes the linear map's class.
#[test]
fn the_nearest_class_is_that_of_the_least_step() {
    let network = network::<f64>(8, 6, Activation::Identity);
    let x = inputs::<f64>(8, 6);
    let found = distributions(&network, x.as_ref(), NoiseSource::Input);
    for j in 0..6 {
        let own = found.predicted(j);
        let nearest = found.nearest(j).unwrap();
        let mut scheme = Euler::new();
        let mut trajectory = scheme.direct(&network, x.as_ref().subcols(j, 1)).unwrap();
        let terminal = Mat::from_fn(8, 1, |i, _| {
            f64::from(u8::from(i == nearest.class)) - f64::from(u8::from(i == own))
        });
        let step = trajectory.adjoint(terminal.as_ref(), None).unwrap().to_owned();
        let length = step.norm_l2();
        for (part, flips) in [(1.0 - 1e-9, false), (1.0 + 1e-9, true)] {
            let moved = x.as_ref().subcols(j, 1) + part * nearest.distance / length * &step;
            let mut output = Mat::zeros(8, 1);
            Euler::new().evaluate(&network, moved.as_ref(), output.as_mut()).unwrap();
            let class = classify(output.as_ref(), CLASSES)[0];
            assert_eq!(class != own, flips, "{class} {own} {}", nearest.class);
        }
    }
}

fn set(network: &Network<f64>, count: usize) -> EvaluationSet<f64> {
    let x = inputs(network.width(), count);
    let mut output = Mat::zeros(network.width(), count);
    Euler::new().evaluate(network, x.as_ref(), output.as_mut()).unwrap();
    let mut labels = classify(output.as_ref(), CLASSES);
    for label in labels.iter_mut().step_by(5) {
        *label = (*label + 1) % CLASSES;
    }
    EvaluationSet { name: "test".into(), x, targets: labels.into() }
}

/// A linear network's predicted accuracy is the measured one but for sampling, whatever the level; that of
/// any other network is for small noise.
#[test]
fn predicted_accuracy_is_the_measured_one() {
    let cases =
        [(Activation::Identity, vec![0.0, 0.1, 1.0, 10.0]), (Activation::Tanh, vec![0.0, 0.02])];
    for (activation, levels) in cases {
        let network = network::<f64>(8, 6, activation);
        let set = set(&network, 400);
        let options = RobustnessOptions {
            levels: levels.clone(),
            draws: 30,
            seed: 2,
            clip: None,
            components: None,
        };
        let measured =
            measure_noise(&Euler::new(), &network, &set, CLASSES, NoiseSource::Input, &options)
                .unwrap();
        let found = distributions(&network, set.x.as_ref(), NoiseSource::Input);
        let predicted = found
            .predicted_accuracy(set.targets.as_ref().classes().unwrap(), &levels, 200, 4)
            .unwrap();
        for (level, predicted) in predicted.into_iter().enumerate() {
            let mean = measured.curve.over_draws(level).mean;
            assert!((predicted - mean).abs() < 0.01, "{activation:?}: {predicted} {mean}");
        }
        // And every image's flips are, on the whole, those observed.
        let flips = found.flip_probabilities(&levels, 200, 4).unwrap();
        let diagram = reliability(&flips[1], &measured.flips[1], 30, 10).unwrap();
        assert_eq!(diagram.iter().map(|bin| bin.images).sum::<usize>(), 400);
        let error = calibration_error(&diagram);
        assert!(error < 0.02, "{activation:?}: {error}");
        assert!(
            measured.flips[0].iter().all(|&flips| flips == 0) && flips[0].iter().all(|&p| p == 0.0)
        );
    }
}

/// Noise on the parameters is the same for all images of a draw; measured and predicted agree in the mean.
#[test]
fn predicted_accuracy_under_noise_on_the_parameters() {
    let network = network::<f64>(8, 6, Activation::Tanh);
    let set = set(&network, 100);
    for on in [NoiseSource::Parameters, NoiseSource::ConstantParameters] {
        let levels = vec![0.02];
        let options = RobustnessOptions {
            levels: levels.clone(),
            draws: 200,
            seed: 2,
            clip: None,
            components: None,
        };
        let measured = measure_noise(&Euler::new(), &network, &set, CLASSES, on, &options).unwrap();
        let found = distributions(&network, set.x.as_ref(), on);
        let predicted = found
            .predicted_accuracy(set.targets.as_ref().classes().unwrap(), &levels, 200, 4)
            .unwrap()[0];
        let mean = measured.curve.over_draws(0).mean;
        assert!((predicted - mean).abs() < 0.02, "{on:?}: {predicted} {mean}");
    }
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let network = network::<f32>(40, 6, Activation::Tanh);
    let x = inputs::<f32>(40, 60);
    let labels = [0; 60];
    for on in SOURCES {
        let with = |threads| {
            on_threads(threads, || {
                let options = UncertaintyOptions { on, batch: 50, ..Default::default() };
                let found =
                    score_distributions(&mut Euler::new(), &network, x.as_ref(), CLASSES, &options);
                let found = found.unwrap();
                let curve = found.predicted_accuracy(&labels, &[0.1, 0.4], 20, 1).unwrap();
                (found, curve)
            })
        };
        let one = with(1);
        assert!(one == with(2) && one == with(3), "{on:?}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let network = network::<f64>(8, 6, Activation::Tanh);
    let x = inputs::<f64>(8, 2);
    let ask = |classes, options: UncertaintyOptions| {
        score_distributions(&mut Euler::new(), &network, x.as_ref(), classes, &options).err()
    };
    let plain = UncertaintyOptions::default();
    assert!(ask(0, plain).is_some() && ask(9, plain).is_some() && ask(3, plain).is_none());
    assert!(ask(3, UncertaintyOptions { batch: 0, ..plain }).is_some());
    assert!(ask(3, UncertaintyOptions { components: Some(9), ..plain }).is_some());
    let found = distributions(&network, x.as_ref(), NoiseSource::Input);
    assert!(found.flip_probabilities(&[-1.0], 10, 0).is_err());
    assert!(found.flip_probabilities(&[f64::NAN], 10, 0).is_err());
    assert!(found.flip_probabilities(&[0.1], 0, 0).is_err());
    assert!(found.predicted_accuracy(&[0], &[0.1], 10, 0).is_err());
    assert!(found.predicted_accuracy(&[0, 4], &[0.1], 10, 0).is_err());
    assert!(reliability(&[0.5], &[1], 1, 0).is_err() && reliability(&[0.5], &[], 1, 3).is_err());
    // No images have no distributions.
    let none = distributions(&network, Mat::zeros(8, 0).as_ref(), NoiseSource::Parameters);
    assert_eq!(none.images(), 0);
}
