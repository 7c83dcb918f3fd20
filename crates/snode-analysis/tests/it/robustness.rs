//! Accuracy under noise.

use crate::support;

use snode_analysis::{AnalysisError, RobustnessCurve, RobustnessOptions, across_runs, robustness};
use snode_data::Noise;
use snode_ode::{Activation, Endpoint, Network, Real, SchemeChoice};
use snode_train::{Cost, EvaluationSet, classify};
use support::{inputs, network, on_threads};

const CLASSES: usize = 4;
const COUNT: usize = 300;

/// Inputs labelled as the network classifies them, but for one in five.
fn set<T: Real>(network: &Network<T>, choice: &SchemeChoice) -> EvaluationSet<T> {
    let x = inputs(network.width(), COUNT);
    let mut output = faer::Mat::zeros(network.width(), COUNT);
    let scheme = choice.build().unwrap();
    scheme.evaluate(network, x.as_ref(), output.as_mut()).unwrap();
    let mut labels = classify(output.as_ref(), CLASSES);
    for label in labels.iter_mut().step_by(5) {
        *label = (*label + 1) % CLASSES;
    }
    EvaluationSet { name: "test".into(), x, targets: labels.into() }
}

fn options(levels: &[f64], draws: usize) -> RobustnessOptions {
    RobustnessOptions { levels: levels.to_vec(), draws, seed: 2, clip: None, components: None }
}

#[test]
fn without_noise_accuracy_is_the_clean_one_under_every_scheme() {
    for choice in SchemeChoice::all() {
        let network = network::<f64>(8, 6, Activation::Tanh).with_endpoint(choice.endpoint());
        let set = set(&network, &choice);
        let scheme = choice.build().unwrap();
        let clean = set.score(&*scheme, &network, &Cost::cross_entropy(CLASSES).into()).unwrap();
        let curve =
            robustness(&*scheme, &network, &set, CLASSES, &options(&[0.0, 5.0], 2)).unwrap();
        assert_eq!(curve.correct[0], [clean.correct().unwrap(); 2], "{}", choice.name());
        assert_eq!((curve.total, curve.accuracy(0, 1)), (COUNT, clean.accuracy().unwrap()));
        assert_eq!(curve.over_draws(0).standard_deviation(), 0.0);
        // Noise of many times the inputs' size leaves little.
        assert!(curve.over_draws(1).mean < 0.7 * clean.accuracy().unwrap());
    }
}

/// Every level and draw is an evaluation of the set with `Noise` added.
#[test]
fn noise_is_that_of_the_images() {
    let choice = SchemeChoice::Euler;
    let network = network::<f32>(8, 6, Activation::Tanh);
    let set = set(&network, &choice);
    let scheme = choice.build().unwrap();
    for clip in [None, Some((-1.0, 0.0))] {
        let options = RobustnessOptions { clip, ..options(&[0.2, 0.7], 3) };
        let curve = robustness(&*scheme, &network, &set, CLASSES, &options).unwrap();
        for (level, &s) in options.levels.iter().enumerate() {
            for draw in 0..3 {
                let mut noise = Noise::new(2, s).unwrap().draw(draw as u32);
                if let Some((least, most)) = clip {
                    noise = noise.clipped(least, most).unwrap();
                }
                let mut columns: Vec<f32> = (0..COUNT)
                    .flat_map(|j| (0..8).map(move |i| (i, j)))
                    .map(|at| set.x[at])
                    .collect();
                noise.add(8, &(0..COUNT).collect::<Vec<_>>(), &mut columns).unwrap();
                let x = faer::Mat::from_fn(8, COUNT, |i, j| columns[j * 8 + i]);
                let noisy = EvaluationSet { x, ..set.clone() };
                let cost = Cost::cross_entropy(CLASSES);
                let expected =
                    noisy.score(&*scheme, &network, &cost.into()).unwrap().correct().unwrap();
                assert_eq!(curve.correct[level][draw], expected);
            }
        }
        let draws = &curve.correct[1];
        assert!(draws.iter().any(|correct| *correct != draws[0]), "draws are not independent");
    }
}

/// In a network wider than its data, noise and box leave the components behind the data alone.
#[test]
fn noise_moves_the_components_of_the_data_alone() {
    let choice = SchemeChoice::Euler;
    let network = network::<f64>(8, 6, Activation::Tanh);
    let mut set = set(&network, &choice);
    for j in 0..COUNT {
        set.x.col_mut(j).subrows_mut(3, 5).fill(0.0);
    }
    let scheme = choice.build().unwrap();
    let padded =
        RobustnessOptions { clip: Some((-0.9, -0.1)), components: Some(3), ..options(&[0.5], 1) };
    let curve = robustness(&*scheme, &network, &set, CLASSES, &padded).unwrap();

    let noise = Noise::new(2, 0.5).unwrap().draw(0).clipped(-0.9, -0.1).unwrap();
    let mut data: Vec<f64> =
        (0..COUNT).flat_map(|j| (0..3).map(move |i| (i, j))).map(|at| set.x[at]).collect();
    noise.add(3, &(0..COUNT).collect::<Vec<_>>(), &mut data).unwrap();
    let x = faer::Mat::from_fn(8, COUNT, |i, j| if i < 3 { data[j * 3 + i] } else { 0.0 });
    let noisy = EvaluationSet { x, ..set.clone() };
    let cost = Cost::cross_entropy(CLASSES);
    let expected = noisy.score(&*scheme, &network, &cost.into()).unwrap().correct().unwrap();
    assert_eq!(curve.correct[0][0], expected);
    let all = RobustnessOptions { components: Some(8), ..padded.clone() };
    let none = RobustnessOptions { components: None, ..padded.clone() };
    let curve = |options| robustness(&*scheme, &network, &set, CLASSES, options).unwrap();
    assert_eq!(curve(&all), curve(&none));
    let beyond = RobustnessOptions { components: Some(9), ..padded };
    assert!(robustness(&*scheme, &network, &set, CLASSES, &beyond).is_err());
}

#[test]
fn curves_are_the_same_for_any_number_of_threads() {
    for choice in [SchemeChoice::Euler, SchemeChoice::named("rk4").unwrap()] {
        let network = network::<f32>(16, 6, Activation::Relu).with_endpoint(choice.endpoint());
        let set = set(&network, &choice);
        let curve = |threads| {
            on_threads(threads, || {
                let scheme = choice.build().unwrap();
                robustness(&*scheme, &network, &set, CLASSES, &options(&[0.1, 0.4], 2)).unwrap()
            })
        };
        let one = curve(1);
        assert!((2..=4).all(|threads| curve(threads) == one));
    }
}

#[test]
fn runs_are_compared_by_their_means() {
    let curve = |correct: [usize; 2]| RobustnessCurve {
        levels: vec![0.1],
        total: 10,
        correct: vec![correct.to_vec()],
    };
    let across = across_runs(&[curve([4, 6]), curve([7, 9])]).unwrap();
    assert_eq!(across[0].count, 2);
    assert!((across[0].mean - 0.65).abs() < 1e-15);
    assert!((across[0].standard_deviation() - 0.15 * 2.0_f64.sqrt()).abs() < 1e-15);
    let other = RobustnessCurve { levels: vec![0.2], ..curve([1, 1]) };
    assert!(matches!(across_runs(&[curve([1, 1]), other]), Err(AnalysisError::Differ)));
    assert!(matches!(across_runs(&[]), Err(AnalysisError::Differ)));
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let network = network::<f64>(8, 6, Activation::Tanh).with_endpoint(Endpoint::Excluded);
    let set = set(&network, &SchemeChoice::Euler);
    let scheme = SchemeChoice::Euler.build().unwrap();
    let refused = |set: &EvaluationSet<f64>, options: &RobustnessOptions, part: &str| {
        let error = robustness(&*scheme, &network, set, CLASSES, options).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    };
    refused(&set, &options(&[-0.1], 1), "noise level");
    refused(&set, &options(&[f64::NAN], 1), "noise level");
    refused(&set, &options(&[], 1), "number of noise levels");
    refused(&set, &options(&[0.1], 0), "number of noise draws");
    for clip in [(0.0, -1.0), (0.0, 0.0), (f64::NEG_INFINITY, 0.0), (0.0, f64::NAN)] {
        refused(&set, &RobustnessOptions { clip: Some(clip), ..options(&[0.1], 1) }, "clipping");
    }
    let mut few = set.clone();
    few.targets = vec![0; COUNT - 1].into();
    refused(&few, &options(&[0.1], 1), "labels");
    let wide = EvaluationSet { x: inputs(9, COUNT), ..set };
    refused(&wide, &options(&[0.1], 1), "expected 8×300, found 9×300");
}

#[test]
fn of_no_inputs_none_is_right() {
    for choice in SchemeChoice::all() {
        let network = network::<f64>(4, 3, Activation::Tanh).with_endpoint(choice.endpoint());
        let none = EvaluationSet { name: "none".into(), x: inputs(4, 0), targets: vec![].into() };
        let scheme = choice.build().unwrap();
        let curve =
            robustness(&*scheme, &network, &none, CLASSES, &options(&[0.0, 1.0], 2)).unwrap();
        assert_eq!((curve.total, curve.accuracy(1, 1)), (0, 0.0));
    }
}
