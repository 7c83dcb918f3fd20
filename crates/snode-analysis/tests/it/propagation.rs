//! Why the estimate of noise propagation can be believed: its error is of first order in the noise,
//! nothing for linear networks, and it is Euler's sensitivity problem.

use crate::support;

use faer::Mat;
use snode_analysis::{
    AnalysisError, NoiseOn, NoiseOptions, PropagationSummary, parameter_noise, propagate_noise,
    summarise_noise,
};
use snode_ode::{Activation, Euler, Network, Parameters, Perturbation, Real, Scheme};
use support::{inputs, network, on_threads, rate};

const LAYERS: usize = 20;

fn options(on: NoiseOn, levels: &[f64], draws: usize) -> NoiseOptions {
    NoiseOptions { on, levels: levels.to_vec(), draws, seed: 11, components: None }
}

fn noise(seed: u64, draw: u32, width: usize, count: usize) -> Mat<f64> {
    let mut values = vec![0.0_f64; width * count];
    let indices: Vec<usize> = (0..count).collect();
    let noise = snode_data::Noise::new(seed, 1.0).unwrap().draw(draw);
    noise.add(width, &indices, &mut values).unwrap();
    Mat::from_fn(width, count, |i, j| values[j * width + i])
}

#[test]
fn the_relative_error_is_of_first_order_in_the_noise() {
    let network = network::<f64>(12, LAYERS, Activation::Tanh);
    let x0 = inputs::<f64>(12, 40);
    let levels = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2];
    for on in [NoiseOn::Input, NoiseOn::Parameters] {
        let summaries = summarise_noise(&network, x0.as_ref(), &options(on, &levels, 2)).unwrap();
        for layer in 1..=LAYERS {
            let errors: Vec<f64> =
                summaries.iter().map(|summary| summary.relative_error[layer].mean).collect();
            let rate = rate(&levels, &errors);
            assert!((0.9..1.1).contains(&rate), "{on:?}, layer {layer}: {rate}, {errors:?}");
        }
    }
}

#[test]
fn the_estimate_of_a_linear_network_is_exact() {
    let network = network::<f64>(9, LAYERS, Activation::Identity);
    let x0 = inputs::<f64>(9, 25);
    for level in [1e-2, 1.0, 100.0] {
        let options = options(NoiseOn::Input, &[level], 1);
        let found = propagate_noise(&network, x0.as_ref(), &options).unwrap();
        for layer in 0..=LAYERS {
            for error in found.relative_errors(0, 0, layer) {
                assert!(error.unwrap() < 1e-12, "level {level}, layer {layer}: {error:?}");
            }
        }
    }
}

/// At the last layer the estimate is ‖s ξ(T)‖ of Euler's own sensitivity problem, and the measured
/// distance that of two of its evaluations.
#[test]
fn the_last_layer_is_eulers() {
    let (width, count, level) = (10, 30, 0.2);
    let network = network::<f64>(width, LAYERS, Activation::Softplus);
    let x0 = inputs::<f64>(width, count);
    let mut euler = Euler::new();
    let mut trajectory = euler.direct(&network, x0.as_ref()).unwrap();
    for draw in 0..2 {
        let xi0 = noise(11, draw, width, count);
        let omega: Parameters<f64> = parameter_noise(width, LAYERS, 11, draw as usize);
        for (on, perturbation) in [
            (NoiseOn::Input, Perturbation { parameters: None, input: Some(xi0.as_ref()) }),
            (NoiseOn::Parameters, Perturbation { parameters: Some(&omega), input: None }),
        ] {
            let solved = trajectory.sensitivity(perturbation).unwrap();
            let (mut moved, mut moved_x0) = (network.clone(), x0.clone());
            match on {
                NoiseOn::Input => moved_x0 += &xi0 * faer::Scale(level),
                NoiseOn::Parameters => moved.parameters_mut().axpy(level, &omega),
            }
            let mut output = Mat::zeros(width, count);
            Euler::new().evaluate(&moved, moved_x0.as_ref(), output.as_mut()).unwrap();

            let options = options(on, &[0.5, level], 2);
            let found = propagate_noise(&network, x0.as_ref(), &options).unwrap();
            let found = found.distances(1, draw as usize, LAYERS);
            for (input, found) in found.iter().enumerate() {
                let xi = solved.sensitivity.col(input) * faer::Scale(level);
                let moved = output.col(input) - solved.output.col(input);
                for (found, expected) in [
                    (found.estimated, xi.norm_l2()),
                    (found.measured, moved.norm_l2()),
                    (found.error, (xi - moved).norm_l2()),
                ] {
                    assert!((found - expected).abs() < 1e-12 * (1.0 + expected));
                }
            }
        }
    }
}

/// Before the first layer the perturbation is the noise: √n s on average, exactly estimated.
#[test]
fn layer_zero_is_the_noise_itself() {
    let (width, count) = (50, 400);
    let network = network::<f64>(width, 2, Activation::Tanh);
    let x0 = inputs::<f64>(width, count);
    let summary =
        &summarise_noise(&network, x0.as_ref(), &options(NoiseOn::Input, &[0.3], 3)).unwrap()[0];
    let size = summary.measured[0];
    assert_eq!(size.count, 3 * count as u64);
    // ‖z‖ has mean √n (1 − 1/4n + …) and standard deviation about 1/√2.
    let expected = 0.3 * ((width as f64).sqrt() - 0.25 / (width as f64).sqrt());
    let standard_error = 0.3 / (2.0 * size.count as f64).sqrt();
    assert!((size.mean - expected).abs() < 5.0 * standard_error, "{size:?}, {expected}");
    assert!((size.standard_deviation() - 0.3 / 2.0_f64.sqrt()).abs() < 0.02);
    assert!(summary.relative_error[0].mean < 1e-12);
}

#[test]
fn noise_on_parameters_is_normal_and_its_own_for_every_node_and_draw() {
    let noise: Parameters<f64> = parameter_noise(20, 30, 3, 0);
    let values = noise.as_slice();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    assert!(mean.abs() < 5.0 / n.sqrt() && (variance - 1.0).abs() < 5.0 * (2.0 / n).sqrt());
    assert_ne!(noise.node(0), noise.node(1));
    let other: Parameters<f64> = parameter_noise(20, 30, 3, 1);
    assert_ne!(noise, other);
    let single: Parameters<f32> = parameter_noise(20, 30, 3, 0);
    assert!(single.as_slice().iter().zip(values).all(|(&s, &d)| s == d as f32));
}

/// A summary is that of the distances, and neither depends on how inputs are divided into blocks.
fn one_and_the_same<T: Real>(network: &Network<T>, on: NoiseOn) {
    let x0 = inputs::<T>(network.width(), 230);
    let options = options(on, &[0.05, 0.5], 3);
    let propagation = propagate_noise(network, x0.as_ref(), &options).unwrap();
    let summaries = summarise_noise(network, x0.as_ref(), &options).unwrap();
    for (level, summary) in summaries.iter().enumerate() {
        for layer in 0..summary.times.len() {
            let all: Vec<f64> = (0..3)
                .flat_map(|draw| propagation.distances(level, draw, layer))
                .map(|found| found.measured)
                .collect();
            let mean = all.iter().sum::<f64>() / all.len() as f64;
            assert_eq!(summary.measured[layer].count, all.len() as u64);
            assert!((summary.measured[layer].mean - mean).abs() < 1e-12 * (1.0 + mean));
        }
    }
}

#[test]
fn summaries_are_those_of_the_distances() {
    for on in [NoiseOn::Input, NoiseOn::Parameters] {
        one_and_the_same(&network::<f64>(7, 6, Activation::Relu), on);
        one_and_the_same(&network::<f32>(7, 6, Activation::Tanh), on);
    }
}

#[test]
fn results_have_the_same_bits_for_any_number_of_threads() {
    let network = network::<f32>(14, 8, Activation::Tanh);
    let x0 = inputs::<f32>(14, 300);
    for on in [NoiseOn::Input, NoiseOn::Parameters] {
        let analyse = |threads| -> Vec<PropagationSummary> {
            let options = options(on, &[0.1, 0.2], 2);
            on_threads(threads, || summarise_noise(&network, x0.as_ref(), &options).unwrap())
        };
        let one = analyse(1);
        for threads in 2..=4 {
            assert!(one == analyse(threads), "{on:?} on {threads} threads");
        }
    }
}

#[test]
fn what_cannot_be_analysed_is_refused() {
    let network = network::<f64>(4, 3, Activation::Relu);
    let x0 = inputs::<f64>(4, 5);
    for level in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e7] {
        let refused = summarise_noise(&network, x0.as_ref(), &options(NoiseOn::Input, &[level], 1));
        assert!(matches!(refused, Err(AnalysisError::Option { what: "noise level", .. })));
    }
    let none = summarise_noise(&network, x0.as_ref(), &options(NoiseOn::Input, &[], 1));
    assert!(none.unwrap_err().to_string().contains("number of noise levels"));
    let none = summarise_noise(&network, x0.as_ref(), &options(NoiseOn::Input, &[0.1], 0));
    assert!(none.unwrap_err().to_string().contains("number of noise draws"));
    let wide = inputs::<f64>(5, 5);
    let refused = propagate_noise(&network, wide.as_ref(), &options(NoiseOn::Input, &[0.1], 1));
    assert!(matches!(refused, Err(AnalysisError::Solve(_))));
    let narrow = inputs::<f64>(3, 5);
    let refused = propagate_noise(&network, narrow.as_ref(), &options(NoiseOn::Input, &[0.1], 1));
    assert!(matches!(refused, Err(AnalysisError::Solve(_))));
    let nothing = Mat::<f64>::zeros(4, 0);
    let empty = summarise_noise(&network, nothing.as_ref(), &options(NoiseOn::Input, &[0.1], 1));
    assert_eq!(empty.unwrap()[0].measured[0].count, 0);
}

#[test]
fn states_that_overflow_are_an_error() {
    let mut network = network::<f32>(4, 12, Activation::Identity);
    let copy = network.parameters().clone();
    network.parameters_mut().combine(0.0, &copy, 1e6);
    let x0 = inputs::<f32>(4, 5);
    let stopped = summarise_noise(&network, x0.as_ref(), &options(NoiseOn::Input, &[1.0], 1));
    assert!(matches!(stopped, Err(AnalysisError::NotFinite { layer: 1.., .. })), "{stopped:?}");
}
