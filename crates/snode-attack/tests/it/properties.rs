//! What holds for every attack on any network.

use crate::support;

use faer::Mat;
use proptest::prelude::*;
use snode_attack::{
    Attack, AttackError, AttackOptions, AttackResults, AutoPgd, Bounds, CarliniWagner, DeepFool,
    FastGradient, JacobianMode, Loss, MovingTarget, Norm, Outcome, ProjectedGradient,
    SolvedNetwork, Target, Targeted, attack, attack_observed, predict, sensitivity_matrices,
};
use snode_ode::{Activation, Endpoint, Euler, Network, Real, SchemeChoice};
use snode_resnet::ResNet;
use support::{Affine, images, network};

const CLASSES: usize = 4;

fn methods<T: Real>() -> Vec<Box<dyn Attack<T>>> {
    let ball = |norm, radius| ProjectedGradient {
        norm,
        radius: Some(radius),
        step: 0.05,
        iterations: 12,
        random_start: true,
        restarts: 2,
        loss: Loss::CrossEntropy,
    };
    let auto = |norm, radius, loss| AutoPgd {
        norm,
        radius,
        loss,
        iterations: 15,
        restarts: 1,
        ..AutoPgd::default()
    };
    vec![
        Box::new(MovingTarget::default()),
        Box::new(Targeted::default()),
        Box::new(Targeted { target: Target::Class(1), ..Default::default() }),
        Box::new(DeepFool::default()),
        Box::new(FastGradient::default()),
        Box::new(FastGradient { norm: Norm::Two, radius: 0.2 }),
        Box::new(ProjectedGradient::default()),
        Box::new(ball(Norm::Two, 0.3)),
        Box::new(ball(Norm::Infinity, 0.1)),
        Box::new(CarliniWagner { iterations: 20, searches: 4, ..Default::default() }),
        Box::new(ProjectedGradient { loss: Loss::LogitRatio, ..ball(Norm::Two, 0.3) }),
        Box::new(auto(Norm::Two, 0.3, Loss::CrossEntropy)),
        Box::new(auto(Norm::Two, 0.3, Loss::LogitRatio)),
        Box::new(auto(Norm::Infinity, 0.1, Loss::CrossEntropy)),
    ]
}

fn run<T: Real>(
    network: &Network<T>,
    method: &dyn Attack<T>,
    x: &Mat<T>,
    options: &AttackOptions,
) -> AttackResults<T> {
    let mut model = SolvedNetwork::new(network, Box::new(Euler::new()), CLASSES).unwrap();
    let mut labels = predict(&mut model, x.as_ref(), 64).unwrap();
    // One image is wrong before.
    labels[2] = (labels[2] + 1) % CLASSES;
    attack(&mut model, method, x.as_ref(), &labels, options).unwrap()
}

fn without_time<T: Real>(results: &AttackResults<T>) -> String {
    format!("{:?}", results.images)
}

#[test]
fn outcomes_norms_and_box_hold_for_all_methods() {
    fn check<T: Real>() {
        let network = network::<T>(9, Activation::Tanh, Endpoint::Excluded);
        let x = images::<T>(9, 40);
        let mut fooled = 0;
        for method in methods::<T>() {
            for refinements in [0, 10] {
                let options = AttackOptions { refinements, batch: 16, ..Default::default() };
                let results = run(&network, &*method, &x, &options);
                assert_eq!(results.images[2].outcome, Outcome::WrongBefore);
                let summary = results.summary();
                assert_eq!(summary.resisted + summary.fooled + summary.wrong_before, 40);
                fooled += summary.fooled;
                let mut model =
                    SolvedNetwork::new(&network, Box::new(Euler::new()), CLASSES).unwrap();
                for (j, image) in results.images.iter().enumerate() {
                    let Some(found) = &image.adversarial else {
                        assert_ne!(image.outcome, Outcome::Fooled);
                        assert!(image.norm2.is_nan() && image.class_after == image.class_before);
                        continue;
                    };
                    assert_eq!(image.outcome, Outcome::Fooled);
                    assert!(image.first_success.unwrap() <= image.iterations);
                    // Judged again from the image, and its norms from the image too.
                    let alone = Mat::from_fn(9, 1, |i, _| found[i]);
                    let class = predict(&mut model, alone.as_ref(), 1).unwrap()[0];
                    assert!(class == image.class_after && class != image.label);
                    let clean = x.col_as_slice(j);
                    assert_eq!(image.norm2, Norm::Two.distance(found, clean));
                    assert_eq!(image.norm_infinity, Norm::Infinity.distance(found, clean));
                    let inside = |v: &T| v.to_f64() >= -1.0 && v.to_f64() <= 0.0;
                    assert!(found.iter().all(inside), "{}", method.name());
                }
                for norm in [Norm::Two, Norm::Infinity] {
                    let curve = results.success_curve(norm);
                    assert!(curve.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1));
                    if let Some(last) = curve.last() {
                        assert!((last.1 - summary.susceptible()).abs() < 1e-15);
                        let at = results.robust_accuracy(norm, last.0);
                        assert!((at - summary.resisted as f64 / 40.0).abs() < 1e-15);
                    }
                    assert!((results.robust_accuracy(norm, 0.0) - 39.0 / 40.0).abs() < 1e-15);
                }
            }
        }
        assert!(fooled > 200, "too few to say anything: {fooled}");
    }
    check::<f64>();
    check::<f32>();
}

/// ‖δ‖ ≤ ε, not a bit more, at every point that is ever visited: every success within the ball is one.
#[test]
fn perturbations_stay_within_the_radius() {
    fn check<T: Real>() {
        let network = network::<T>(9, Activation::Softplus, Endpoint::Excluded);
        let x = images::<T>(9, 40);
        for norm in [Norm::Two, Norm::Infinity] {
            for radius in [1e-6, 1e-3, 0.1, 0.37, 1.0 / 3.0] {
                let ball = |random_start, restarts| ProjectedGradient {
                    norm,
                    radius: Some(radius),
                    step: 0.4 * radius,
                    iterations: 10,
                    random_start,
                    restarts,
                    loss: Loss::CrossEntropy,
                };
                let auto = AutoPgd { norm, radius, iterations: 12, ..AutoPgd::default() };
                let methods: [Box<dyn Attack<T>>; 5] = [
                    Box::new(auto),
                    Box::new(AutoPgd { loss: Loss::LogitRatio, random_start: false, ..auto }),
                    Box::new(FastGradient { norm, radius }),
                    Box::new(ball(false, 0)),
                    Box::new(ball(true, 3)),
                ];
                for method in methods {
                    let results = run(&network, &*method, &x, &AttackOptions::default());
                    for image in results.images.iter().filter(|i| i.outcome == Outcome::Fooled) {
                        let size = match norm {
                            Norm::Two => image.norm2,
                            Norm::Infinity => image.norm_infinity,
                        };
                        assert!(size <= radius, "{} {size} {radius}", method.name());
                    }
                }
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn a_radius_of_zero_is_the_identity() {
    let network = network::<f64>(9, Activation::Tanh, Endpoint::Excluded);
    let x = images::<f64>(9, 20);
    for norm in [Norm::Two, Norm::Infinity] {
        let ball = ProjectedGradient {
            norm,
            radius: Some(0.0),
            random_start: true,
            restarts: 1,
            ..Default::default()
        };
        let methods: [Box<dyn Attack<f64>>; 3] = [
            Box::new(FastGradient { norm, radius: 0.0 }),
            Box::new(ball),
            Box::new(AutoPgd { norm, radius: 0.0, ..AutoPgd::default() }),
        ];
        for method in methods {
            let results = run(&network, &*method, &x, &AttackOptions::default());
            assert_eq!(results.summary().fooled, 0, "{}", method.name());
        }
    }
    // Neither do attacks without steps change anything.
    let still: [Box<dyn Attack<f64>>; 5] = [
        Box::new(AutoPgd { iterations: 0, random_start: false, ..Default::default() }),
        Box::new(MovingTarget { iterations: 0, ..Default::default() }),
        Box::new(Targeted { iterations: 0, ..Default::default() }),
        Box::new(DeepFool { iterations: 0, ..Default::default() }),
        Box::new(CarliniWagner { iterations: 0, ..Default::default() }),
    ];
    for method in still {
        let results = run(&network, &*method, &x, &AttackOptions::default());
        assert_eq!(results.summary().fooled, 0, "{}", method.name());
        assert_eq!(results.summary().mean_iterations, 0.0);
    }
}

/// An image is robust if it resists every attack: (S62), counted image by image.
#[test]
fn an_ensemble_is_as_strong_as_its_strongest_attack_on_each_image() {
    let network = network::<f64>(9, Activation::Tanh, Endpoint::Excluded);
    let x = images::<f64>(9, 40);
    let methods: [Box<dyn Attack<f64>>; 3] = [
        Box::new(DeepFool { iterations: 2, ..Default::default() }),
        Box::new(AutoPgd { radius: 0.2, iterations: 10, ..Default::default() }),
        Box::new(FastGradient { norm: Norm::Two, radius: 0.3 }),
    ];
    let run = |m: &dyn Attack<f64>| run(&network, m, &x, &AttackOptions::default());
    let results: Vec<_> = methods.iter().map(|method| run(&**method)).collect();
    let all = AttackResults::strongest(&results.iter().collect::<Vec<_>>(), Norm::Two).unwrap();
    for epsilon in [0.0, 0.05, 0.1, 0.2, 0.3, 1.0] {
        let robust = (0..40).filter(|&j| {
            let stands = |r: &AttackResults<f64>| {
                let image = &r.images[j];
                image.outcome == Outcome::Resisted
                    || (image.outcome == Outcome::Fooled && image.norm2 > epsilon)
            };
            results.iter().all(stands)
        });
        assert_eq!(all.robust_accuracy(Norm::Two, epsilon), robust.count() as f64 / 40.0);
    }
    assert!(results.iter().any(|r| r.summary().fooled != all.summary().fooled));
    assert!(AttackResults::<f64>::strongest(&[], Norm::Two).is_err());
    let fewer = AttackResults { images: all.images[..39].to_vec(), seconds: 0.0 };
    assert!(AttackResults::strongest(&[&all, &fewer], Norm::Two).is_err());
}

#[test]
fn the_same_seed_gives_the_same_images_for_any_number_of_threads() {
    // Wide enough for the columns of a batch to be divided.
    let network = network::<f64>(40, Activation::Tanh, Endpoint::Excluded);
    let x = images::<f64>(40, 90);
    for method in methods::<f64>() {
        let options = AttackOptions { seed: 7, batch: 60, ..Default::default() };
        let with_threads = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| without_time(&run(&network, &*method, &x, &options)))
        };
        let one = with_threads(1);
        assert!(one == with_threads(2) && one == with_threads(3), "{}", method.name());
    }
    let random =
        ProjectedGradient { radius: Some(0.3), random_start: true, ..ProjectedGradient::default() };
    let with_seed = |seed| {
        without_time(&run(&network, &random, &x, &AttackOptions { seed, ..Default::default() }))
    };
    assert_ne!(with_seed(1), with_seed(2));
}

#[test]
fn the_batch_changes_nothing_but_round_off() {
    let network = network::<f64>(9, Activation::Tanh, Endpoint::Excluded);
    let x = images::<f64>(9, 40);
    for method in methods::<f64>() {
        let with_batch =
            |batch| run(&network, &*method, &x, &AttackOptions { batch, ..Default::default() });
        let (one, many) = (with_batch(1), with_batch(1000));
        for (a, b) in one.images.iter().zip(&many.images) {
            assert_eq!((a.outcome, a.iterations), (b.outcome, b.iterations), "{}", method.name());
            if a.outcome == Outcome::Fooled {
                assert!((a.norm2 - b.norm2).abs() < 1e-6, "{}", method.name());
            }
        }
    }
}

#[test]
fn stopping_at_the_first_success_saves_steps() {
    let network = network::<f64>(9, Activation::Tanh, Endpoint::Excluded);
    let x = images::<f64>(9, 40);
    let run = |stop_on_success| {
        let options = AttackOptions { stop_on_success, ..Default::default() };
        run(&network, &MovingTarget::default(), &x, &options)
    };
    let (first, best) = (run(true), run(false));
    assert_eq!(first.summary().fooled, best.summary().fooled);
    assert!(first.summary().mean_iterations < best.summary().mean_iterations);
    for (first, best) in first.images.iter().zip(&best.images) {
        if let Some(steps) = first.first_success {
            assert_eq!((first.iterations, Some(steps)), (steps, best.first_success));
            assert!(best.norm2 <= first.norm2 && best.iterations == 30);
        }
    }
}

#[test]
fn a_residual_network_is_attacked_as_the_euler_network_it_is() {
    let network = network::<f64>(9, Activation::Tanh, Endpoint::Excluded);
    let resnet = ResNet::from_network(network.clone()).unwrap();
    let x = images::<f64>(9, 20);
    let options = AttackOptions::default();
    let ode = run(&network, &MovingTarget::default(), &x, &options);
    let twin = run(resnet.network(), &MovingTarget::default(), &x, &options);
    assert_eq!(without_time(&ode), without_time(&twin));
}

#[test]
fn no_images_have_no_results() {
    fn check<T: Real>() {
        for choice in SchemeChoice::all() {
            let network = network::<T>(6, Activation::Tanh, choice.endpoint());
            let mut model = SolvedNetwork::new(&network, choice.build().unwrap(), CLASSES).unwrap();
            let none = Mat::<T>::zeros(6, 0);
            for method in methods::<T>() {
                let options = AttackOptions { refinements: 3, ..AttackOptions::default() };
                let results = attack(&mut model, &*method, none.as_ref(), &[], &options).unwrap();
                assert_eq!((results.images.len(), results.summary().attacked()), (0, 0));
                assert!(results.success_curve(Norm::Two).is_empty());
            }
            for mode in [JacobianMode::Vjp, JacobianMode::Jvp] {
                let matrices = sensitivity_matrices(&mut model, none.as_ref(), mode).unwrap();
                assert_eq!(matrices.points(), 0);
            }
        }
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn a_single_class_cannot_be_left() {
    let network = network::<f64>(6, Activation::Tanh, Endpoint::Excluded);
    let mut model = SolvedNetwork::new(&network, Box::new(Euler::new()), 1).unwrap();
    let x = images::<f64>(6, 3);
    for method in methods::<f64>() {
        if (*method).check(1).is_err() {
            continue;
        }
        let results =
            attack(&mut model, &*method, x.as_ref(), &[0; 3], &AttackOptions::default()).unwrap();
        assert!(results.images.iter().all(|image| image.outcome == Outcome::Resisted));
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let network = network::<f64>(3, Activation::Tanh, Endpoint::Excluded);
    let euler = || Box::new(Euler::new());
    let too_many = SolvedNetwork::new(&network, euler(), 4).err().unwrap().to_string();
    assert_eq!(too_many, "classes: found 4; expected 1 to 3, the network's width");
    assert!(SolvedNetwork::new(&network, euler(), 0).is_err());

    let mut model = SolvedNetwork::new(&network, euler(), 3).unwrap();
    let x = images::<f64>(3, 2);
    let mut refusal = |method: &dyn Attack<f64>, x: &Mat<f64>, labels: &[usize], options| {
        attack(&mut model, method, x.as_ref(), labels, &options).err().map(|e| e.to_string())
    };
    let plain = AttackOptions::default();
    let moving = MovingTarget::default();
    assert!(refusal(&moving, &x, &[0, 3], plain).unwrap().contains("the label 3"));
    assert!(refusal(&moving, &x, &[0], plain).unwrap().starts_with("images"));
    assert!(refusal(&moving, &images(4, 2), &[0, 1], plain).unwrap().starts_with("images"));
    let outside = Mat::from_fn(3, 2, |i, _| i as f64);
    assert!(refusal(&moving, &outside, &[0, 1], plain).unwrap().contains("outside of the box"));
    let nan = Mat::from_fn(3, 2, |_, _| f64::NAN);
    assert!(refusal(&moving, &nan, &[0, 1], plain).unwrap().contains("outside of the box"));
    let no_batch = AttackOptions { batch: 0, ..plain };
    assert!(refusal(&moving, &x, &[0, 1], no_batch).unwrap().starts_with("batch"));
    let no_box = AttackOptions { bounds: Bounds { lower: 1.0, upper: 1.0 }, ..plain };
    assert!(refusal(&moving, &x, &[0, 1], no_box).unwrap().starts_with("box"));
    let wrong: [Box<dyn Attack<f64>>; 10] = [
        Box::new(AutoPgd { random_start: false, restarts: 1, ..Default::default() }),
        Box::new(AutoPgd { radius: f64::INFINITY, ..Default::default() }),
        Box::new(MovingTarget { step: f64::NAN, ..moving }),
        Box::new(MovingTarget { iterations: usize::MAX, ..moving }),
        Box::new(MovingTarget { margin: snode_attack::Margin::Multiplicative(1.5), ..moving }),
        Box::new(Targeted { target: Target::Class(3), ..Default::default() }),
        Box::new(ProjectedGradient { random_start: true, ..Default::default() }),
        Box::new(ProjectedGradient { restarts: 2, radius: Some(1.0), ..Default::default() }),
        Box::new(FastGradient { radius: -1.0, ..Default::default() }),
        Box::new(CarliniWagner { constant: 0.0, ..Default::default() }),
    ];
    for method in wrong {
        assert!(refusal(&*method, &x, &[0, 1], plain).unwrap().contains("expected"));
    }
    // No images at all are no trouble.
    let none = attack(&mut model, &moving, Mat::zeros(3, 0).as_ref(), &[], &plain).unwrap();
    assert_eq!(none.summary().images, 0);
}

#[test]
fn an_observer_sees_progress_and_can_end_it() {
    use std::ops::ControlFlow;
    let mut model = Affine::new(3, 5);
    let x = images::<f64>(5, 30);
    let labels = predict(&mut model, x.as_ref(), 30).unwrap();
    let options = AttackOptions { batch: 10, ..Default::default() };
    let mut seen = Vec::new();
    let mut watch = |progress: snode_attack::Progress| {
        seen.push(progress.done);
        ControlFlow::Continue(())
    };
    let method = MovingTarget::default();
    attack_observed(&mut model, &method, x.as_ref(), &labels, &options, &mut watch).unwrap();
    assert!(seen.is_sorted() && *seen.last().unwrap() == 30);
    let mut stop = |_| ControlFlow::Break(());
    let error = attack_observed(&mut model, &method, x.as_ref(), &labels, &options, &mut stop);
    assert!(matches!(error, Err(AttackError::Interrupted { total: 30, .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_network_any_image(
        width in 3_usize..12,
        count in 3_usize..20,
        batch in 1_usize..8,
        which in 0_usize..14,
        seed in 0_u64..1000,
    ) {
        let network = network::<f64>(width.max(CLASSES), Activation::Relu, Endpoint::Excluded);
        let x = images::<f64>(width.max(CLASSES), count);
        let method = &methods::<f64>()[which];
        let options = AttackOptions { seed, batch, refinements: 3, ..Default::default() };
        let results = run(&network, &**method, &x, &options);
        for image in &results.images {
            prop_assert_eq!(image.adversarial.is_some(), image.outcome == Outcome::Fooled);
            prop_assert_eq!(image.class_after != image.class_before, image.outcome == Outcome::Fooled);
        }
    }
}
