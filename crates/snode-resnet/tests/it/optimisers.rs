//! Every optimiser against sequences computed by hand, and what its options may be.
//!
//! The cost is made so that the derivative is known in closed form: one layer of width 1 with σ the
//! identity and h = 1 carries x₀ to x₀ + w x₀ + b, and with J = ½(x(T) − y)² the derivatives are
//! r x₀ by w and r by b, with the residual r = x₀ + w x₀ + b − y.

use faer::Mat;
use snode_ode::{Activation, Parameters, Real};
use snode_resnet::{
    Adam, EpsilonPlace, Momentum, Optimiser, Plain, ResNet, ResNetError, RmsProp, Schedule, Sgd,
    SgdOptions,
};
use snode_train::{Cost, OptionError};

/// x₀; the target is 1.
const INPUT: f64 = -0.5;
/// w and b at the beginning.
const START: [f64; 2] = [0.3, -0.2];
const STEPS: usize = 7;

/// (w, b) after every step, by the program.
fn sequence<T: Real>(options: SgdOptions, mu4: f64) -> Vec<[f64; 2]> {
    let mut parameters = Parameters::<T>::zeros(1, 1);
    parameters.as_mut_slice().copy_from_slice(&START.map(T::from_f64));
    let resnet = ResNet::new(parameters, 1.0, Activation::Identity).unwrap();
    let cost = Cost { mu4, ..Cost::l2(1) };
    let mut sgd = Sgd::new(cost, options, resnet.network()).unwrap();
    let mut network = resnet.into_network();
    let x = Mat::from_fn(1, 1, |_, _| T::from_f64(INPUT));
    let mut found = Vec::new();
    for _ in 0..STEPS {
        let [w, b]: [f64; 2] = numbers(network.parameters());
        let report = sgd.step(&mut network, x.as_ref(), &[0]).unwrap();
        let derivative = derivative([w, b], mu4);
        let norm = derivative.map(|g| g * g).iter().sum::<f64>().sqrt();
        assert!((report.gradient_norm - norm).abs() < 1e-5 * norm);
        let decay = mu4 / 2.0 * (w * w + b * b);
        assert!((report.cost.decay - decay).abs() <= 1e-6 * decay);
        found.push(numbers(network.parameters()));
    }
    assert_eq!(sgd.steps(), STEPS as u64);
    found
}

fn numbers<T: Real>(parameters: &Parameters<T>) -> [f64; 2] {
    std::array::from_fn(|i| parameters.as_slice()[i].to_f64())
}

fn derivative([w, b]: [f64; 2], mu4: f64) -> [f64; 2] {
    let residual = INPUT + w * INPUT + b - 1.0;
    [residual * INPUT + mu4 * w, residual + mu4 * b]
}

/// (w, b) after every step, with `formula` giving the new number from step, number, derivative and
/// state, one number after the other as Keras documents it.
fn by_hand(mu4: f64, formula: impl Fn(i32, f64, f64, &mut [f64; 3]) -> f64) -> Vec<[f64; 2]> {
    let mut p = START;
    let mut states = [[0.0; 3]; 2];
    (0..)
        .take(STEPS)
        .map(|step| {
            let g = derivative(p, mu4);
            for i in 0..2 {
                p[i] = formula(step, p[i], g[i], &mut states[i]);
            }
            p
        })
        .collect()
}

#[track_caller]
fn check(options: SgdOptions, mu4: f64, expected: &[[f64; 2]]) {
    let pairs = |found: Vec<[f64; 2]>, tolerance: f64| {
        for (step, (found, expected)) in found.iter().zip(expected).enumerate() {
            for i in 0..2 {
                let gap = (found[i] - expected[i]).abs();
                assert!(gap < tolerance, "{options:?}, step {step}: {found:?} {expected:?}");
            }
        }
    };
    pairs(sequence::<f64>(options, mu4), 1e-14);
    pairs(sequence::<f32>(options, mu4), 2e-6);
}

fn with(optimiser: Optimiser) -> SgdOptions {
    SgdOptions { optimiser, learning_rate: 0.1, ..SgdOptions::default() }
}

#[test]
fn gradient_descent() {
    let options = with(Optimiser::Plain(Plain));
    check(options, 0.0, &by_hand(0.0, |_, p, g, _| p - 0.1 * g));
    // One step in figures: r = −0.5 − 0.15 − 0.2 − 1 = −1.85, so w moves by −0.1·0.925.
    let [w, b] = sequence::<f64>(options, 0.0)[0];
    assert!((w - 0.2075).abs() < 1e-15 && (b + 0.015).abs() < 1e-15);
}

#[test]
fn heavy_ball() {
    let options = with(Optimiser::Momentum(Momentum { momentum: 0.8, nesterov: false }));
    let expected = by_hand(0.0, |_, p, g, [v, ..]| {
        *v = 0.8 * *v - 0.1 * g;
        p + *v
    });
    check(options, 0.0, &expected);
}

#[test]
fn nesterov() {
    let options = with(Optimiser::Momentum(Momentum { momentum: 0.8, nesterov: true }));
    let expected = by_hand(0.0, |_, p, g, [v, ..]| {
        *v = 0.8 * *v - 0.1 * g;
        p + 0.8 * *v - 0.1 * g
    });
    check(options, 0.0, &expected);
}

/// ε = 0.01 is large enough to tell the inside of the root from the outside.
#[test]
fn rmsprop() {
    for epsilon in [1e-7, 0.01] {
        let options = with(Optimiser::RmsProp(RmsProp { rho: 0.7, epsilon, ..RmsProp::default() }));
        let expected = by_hand(0.0, |_, p, g, [q, ..]| {
            *q = 0.7 * *q + 0.3 * g * g;
            p - 0.1 * g / (*q + epsilon).sqrt()
        });
        check(options, 0.0, &expected);
    }
}

#[test]
fn rmsprop_with_epsilon_outside() {
    let options = with(Optimiser::RmsProp(RmsProp {
        rho: 0.7,
        epsilon: 0.01,
        epsilon_place: EpsilonPlace::Outside,
        ..RmsProp::default()
    }));
    let expected = by_hand(0.0, |_, p, g, [q, ..]| {
        *q = 0.7 * *q + 0.3 * g * g;
        p - 0.1 * g / (q.sqrt() + 0.01)
    });
    check(options, 0.0, &expected);
}

#[test]
fn rmsprop_with_momentum() {
    let options = with(Optimiser::RmsProp(RmsProp {
        rho: 0.7,
        epsilon: 0.01,
        momentum: 0.6,
        ..RmsProp::default()
    }));
    let expected = by_hand(0.0, |_, p, g, [q, v, _]| {
        *q = 0.7 * *q + 0.3 * g * g;
        *v = 0.6 * *v + 0.1 * g / (*q + 0.01).sqrt();
        p - *v
    });
    check(options, 0.0, &expected);
}

#[test]
fn rmsprop_centred() {
    for momentum in [0.0, 0.6] {
        let options = with(Optimiser::RmsProp(RmsProp {
            rho: 0.7,
            epsilon: 0.01,
            momentum,
            centred: true,
            ..RmsProp::default()
        }));
        let expected = by_hand(0.0, |_, p, g, [q, a, v]| {
            *q = 0.7 * *q + 0.3 * g * g;
            *a = 0.7 * *a + 0.3 * g;
            *v = momentum * *v + 0.1 * g / (*q - *a * *a + 0.01).sqrt();
            p - *v
        });
        check(options, 0.0, &expected);
    }
}

#[test]
fn adam() {
    for epsilon in [1e-7, 0.01] {
        let options = with(Optimiser::Adam(Adam { beta1: 0.8, beta2: 0.95, epsilon }));
        let expected = by_hand(0.0, |step, p, g, [m, v, _]| {
            let power = step + 1;
            let rate = 0.1 * (1.0 - 0.95_f64.powi(power)).sqrt() / (1.0 - 0.8_f64.powi(power));
            *m += (g - *m) * (1.0 - 0.8);
            *v += (g * g - *v) * (1.0 - 0.95);
            p - *m * rate / (v.sqrt() + epsilon)
        });
        check(options, 0.0, &expected);
    }
}

/// The first step of Adam is α along the sign of the derivative, whatever its size.
#[test]
fn adam_begins_with_the_sign() {
    let options = with(Optimiser::Adam(Adam { epsilon: 1e-300, ..Adam::default() }));
    let [w, b] = sequence::<f64>(options, 0.0)[0];
    assert!((w - START[0] + 0.1).abs() < 1e-14 && (b - START[1] - 0.1).abs() < 1e-14);
}

/// Decoupled decay shrinks the number before the step and is no part of the derivative (AdamW);
/// μ₄ is part of it.
#[test]
fn both_kinds_of_weight_decay() {
    let adam = Adam { beta1: 0.8, beta2: 0.95, epsilon: 1e-7 };
    let step = |step: i32, g: f64, [m, v, _]: &mut [f64; 3]| {
        let power = step + 1;
        let rate = 0.1 * (1.0 - 0.95_f64.powi(power)).sqrt() / (1.0 - 0.8_f64.powi(power));
        *m += (g - *m) * (1.0 - 0.8);
        *v += (g * g - *v) * (1.0 - 0.95);
        *m * rate / (v.sqrt() + 1e-7)
    };
    let decoupled = SgdOptions { weight_decay: 0.3, ..with(Optimiser::Adam(adam)) };
    let expected = by_hand(0.0, |j, p, g, state| p - p * 0.3 * 0.1 - step(j, g, state));
    check(decoupled, 0.0, &expected);
    let expected = by_hand(0.3, |j, p, g, state| p - step(j, g, state));
    check(with(Optimiser::Adam(adam)), 0.3, &expected);
}

/// The rate of every step is the schedule's, and decoupled decay falls with it.
#[test]
fn schedules_change_the_rate() {
    let schedule = Schedule::Step { batches: 2, factor: 0.5 };
    let options = SgdOptions { schedule, weight_decay: 0.2, ..with(Optimiser::Plain(Plain)) };
    let expected = by_hand(0.0, |step, p, g, _| {
        let rate = 0.1 * 0.5_f64.powi(step / 2);
        p * (1.0 - rate * 0.2) - rate * g
    });
    check(options, 0.0, &expected);
}

/// With a constant derivative q − a² tends to 0 and rounding makes it negative.
#[test]
fn the_centred_root_stays_real() {
    let rmsprop = RmsProp { rho: 0.5, epsilon: 1e-12, centred: true, ..RmsProp::default() };
    let options = SgdOptions {
        optimiser: Optimiser::RmsProp(rmsprop),
        learning_rate: 1e-12,
        ..SgdOptions::default()
    };
    let resnet = ResNet::new(Parameters::<f32>::zeros(1, 1), 1.0, Activation::Identity).unwrap();
    // A derivative of a thousand, which steps of this size leave as it is.
    let cost = Cost { target_on: 1003.7, ..Cost::l2(1) };
    let mut sgd = Sgd::new(cost, options, resnet.network()).unwrap();
    let mut network = resnet.into_network();
    let x = Mat::from_fn(1, 1, |_, _| 0.0);
    for _ in 0..200 {
        sgd.step(&mut network, x.as_ref(), &[0]).unwrap();
        assert!(network.parameters().is_finite());
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let base = SgdOptions::default();
    let rmsprop = RmsProp::default();
    let adam = Adam::default();
    let momentum = Momentum::default();
    let of = |optimiser| SgdOptions { optimiser, ..base };
    let cases = [
        (SgdOptions { learning_rate: 0.0, ..base }, "learning_rate"),
        (SgdOptions { learning_rate: f64::NAN, ..base }, "learning_rate"),
        (SgdOptions { learning_rate: f64::INFINITY, ..base }, "learning_rate"),
        (SgdOptions { weight_decay: -0.1, ..base }, "weight_decay"),
        (SgdOptions { weight_decay: f64::NAN, ..base }, "weight_decay"),
        (SgdOptions { learning_rate: 0.1, weight_decay: 10.0, ..base }, "weight_decay"),
        (
            SgdOptions { schedule: Schedule::Step { batches: 0, factor: 0.5 }, ..base },
            "schedule_batches",
        ),
        (
            SgdOptions { schedule: Schedule::Exponential { batches: 1, factor: 2.0 }, ..base },
            "schedule_factor",
        ),
        (of(Optimiser::RmsProp(RmsProp { rho: 1.0, ..rmsprop })), "rho"),
        (of(Optimiser::RmsProp(RmsProp { rho: -0.1, ..rmsprop })), "rho"),
        (of(Optimiser::RmsProp(RmsProp { epsilon: 0.0, ..rmsprop })), "epsilon"),
        (of(Optimiser::RmsProp(RmsProp { momentum: 1.0, ..rmsprop })), "momentum"),
        (of(Optimiser::Momentum(Momentum { momentum: f64::NAN, ..momentum })), "momentum"),
        (of(Optimiser::Adam(Adam { beta1: 1.0, ..adam })), "betas"),
        (of(Optimiser::Adam(Adam { beta2: -1.0, ..adam })), "betas"),
        (of(Optimiser::Adam(Adam { epsilon: f64::INFINITY, ..adam })), "epsilon"),
    ];
    let resnet = ResNet::new(Parameters::<f64>::zeros(1, 1), 1.0, Activation::Tanh).unwrap();
    for (options, name) in cases {
        let error = Sgd::new(Cost::l2(1), options, resnet.network()).err().unwrap();
        assert!(
            matches!(error, ResNetError::Option(OptionError { option, .. }) if option == name),
            "{error}"
        );
        assert!(error.to_string().contains("expected"), "{error}");
    }
    for optimiser in [
        Optimiser::Plain(Plain),
        Optimiser::Momentum(momentum),
        Optimiser::RmsProp(rmsprop),
        Optimiser::Adam(adam),
    ] {
        assert!(Sgd::new(Cost::l2(1), of(optimiser), resnet.network()).is_ok());
    }
}
