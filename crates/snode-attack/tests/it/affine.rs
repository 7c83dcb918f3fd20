//! Attacks on affine classifiers, for which everything can be said in closed form.

use crate::support;

use faer::Mat;
use faer::linalg::solvers::SolveLstsq;
use snode_attack::{
    Attack, AttackOptions, AutoPgd, Bounds, CarliniWagner, DeepFool, JacobianMode, Linearisable,
    Margin, MovingTarget, Norm, Outcome, ProjectedGradient, Target, Targeted, approach, attack,
    closest, predict, sensitivity_matrices,
};
use support::{Affine, images};

/// A box so large that nothing is clipped.
const NO_BOX: Bounds = Bounds { lower: -1e3, upper: 1e3 };

fn options() -> AttackOptions {
    AttackOptions { bounds: NO_BOX, ..Default::default() }
}

fn outputs(model: &mut Affine, x: &[f64]) -> Vec<f64> {
    let x = Mat::from_fn(x.len(), 1, |i, _| x[i]);
    let mut z = Mat::zeros(model.classes(), 1);
    model.linearise(x.as_ref(), z.as_mut()).unwrap();
    (0..model.classes()).map(|c| z[(c, 0)]).collect()
}

/// The least-norm ξ₀ with ⟨κ P_j − P_c, ξ₀⟩ = z_c − κ z_j, by a dense least-squares solver that knows
/// nothing of norms and directions: the minimum-norm solution is v times the least-squares solution
/// of the one normal equation, found by a QR factorisation of v.
#[test]
fn distances_are_those_of_the_least_norm_solution() {
    let mut model = Affine::new(4, 9);
    let x = images::<f64>(9, 20);
    let matrices = sensitivity_matrices(&mut model, x.as_ref(), JacobianMode::Vjp).unwrap();
    for j in 0..20 {
        let z = outputs(&mut model, x.col_as_slice(j));
        for (class, target) in (0..4).flat_map(|c| (0..4).map(move |t| (c, t))) {
            if class == target {
                continue;
            }
            for margin in [Margin::Multiplicative(0.975), Margin::Additive(0.1)] {
                let row = |c| matrices.row(j, c);
                let way = approach(&z, class, target, row(class), row(target), margin);
                let (kappa, gap) = match margin {
                    Margin::Multiplicative(kappa) => (kappa, z[class] - kappa * z[target]),
                    Margin::Additive(m) => (1.0, z[class] + m - z[target]),
                };
                let v =
                    Mat::from_fn(9, 1, |i, _| kappa * model.a[(target, i)] - model.a[(class, i)]);
                // ξ = v (vᵀv)⁻¹ gap = the pseudo-inverse of vᵀ times the gap, and (vᵀ)⁺ = (v⁺)ᵀ:
                // row i of v⁺ solves min ‖v s − e_i‖.
                let least_norm: Vec<f64> = (0..9)
                    .map(|i| {
                        let unit = Mat::from_fn(9, 1, |row, _| f64::from(u8::from(row == i)));
                        v.qr().solve_lstsq(unit)[(0, 0)] * gap
                    })
                    .collect();
                let norm = least_norm.iter().map(|v| v * v).sum::<f64>().sqrt();
                assert!((norm - way.distance.abs()).abs() < 1e-13 * norm, "{norm}");
                let length = way.direction.iter().map(|v| v * v).sum::<f64>().sqrt();
                for (xi, v) in least_norm.iter().zip(&way.direction) {
                    assert!((xi - way.distance * v / length).abs() < 1e-13 * norm.max(1.0));
                }
            }
        }
    }
}

/// The closest point of another class's region, by the formula for hyperplanes.
fn closest_boundary(model: &mut Affine, x: &[f64]) -> (f64, Vec<f64>) {
    let z = outputs(model, x);
    let class = (0..z.len()).reduce(|a, b| if z[b] > z[a] { b } else { a }).unwrap();
    (0..z.len())
        .filter(|&j| j != class)
        .map(|j| {
            let v: Vec<f64> = (0..x.len()).map(|i| model.a[(j, i)] - model.a[(class, i)]).collect();
            let square: f64 = v.iter().map(|v| v * v).sum();
            let scale = (z[class] - z[j]) / square;
            (scale * square.sqrt(), v.iter().zip(x).map(|(v, x)| x + scale * v).collect())
        })
        .min_by(|a: &(f64, Vec<f64>), b| a.0.total_cmp(&b.0))
        .unwrap()
}

#[test]
fn one_step_of_the_right_length_hits_the_closest_boundary() {
    let mut model = Affine::new(5, 8);
    let x = images::<f64>(8, 30);
    let labels = predict(&mut model, x.as_ref(), 30).unwrap();
    for j in 0..30 {
        let clean = x.col_as_slice(j).to_vec();
        let (distance, boundary) = closest_boundary(&mut model, &clean);
        let image = x.as_ref().subcols(j, 1);
        // A hair further than the boundary: fooled, and just where the boundary is.
        let margin = Margin::Additive(0.0);
        for step in [distance * (1.0 + 1e-9), distance * (1.0 - 1e-9)] {
            let method = MovingTarget { step, iterations: 1, margin };
            let result = attack(&mut model, &method, image, &labels[j..=j], &options()).unwrap();
            let result = &result.images[0];
            assert_eq!(result.outcome == Outcome::Fooled, step > distance);
            if let Some(found) = &result.adversarial {
                let error = Norm::Two.distance(found, &boundary);
                assert!(error < 1e-8 * distance.max(1.0), "{error:e}");
                assert!((result.norm2 - distance).abs() < 1e-8 * distance);
            }
        }
        // DeepFool gets there in one step by itself, and the 1e-4 further that it adds to be across.
        let method = DeepFool { overshoot: 0.0, iterations: 50 };
        let result = attack(&mut model, &method, image, &labels[j..=j], &options()).unwrap();
        let result = &result.images[0];
        assert_eq!((result.outcome, result.iterations), (Outcome::Fooled, 1));
        assert!((result.norm2 - distance - 1e-4).abs() < 1e-8 * distance.max(1.0));
        let beyond = Norm::Two.distance(result.adversarial.as_ref().unwrap(), &boundary);
        assert!((beyond - 1e-4).abs() < 1e-8 * distance.max(1.0), "{beyond:e}");
    }
}

/// Half of every step leads out of the box: what is left covers half of the distance each time.
#[test]
fn deepfool_gets_across_where_the_box_cuts_its_steps_short() {
    let mut model = Affine { a: Mat::from_fn(2, 2, |i, _| i as f64), b: vec![0.5, 0.0] };
    // z₁ − z₀ = x₀ + x₁ − 0.5, where the box only lets x₀ grow.
    let x = Mat::from_fn(2, 1, |i, _| if i == 0 { -1.0 } else { 1.0 });
    let bounds = Bounds { lower: -1.0, upper: 1.0 };
    let options = AttackOptions { bounds, ..Default::default() };
    let method = DeepFool { overshoot: 0.02, iterations: 50 };
    let results = attack(&mut model, &method, x.as_ref(), &[0], &options).unwrap();
    let result = &results.images[0];
    assert_eq!(result.outcome, Outcome::Fooled);
    assert!(result.norm2 > 0.5 && result.norm2 < 0.501, "{}", result.norm2);
}

#[test]
fn the_best_of_all_targets_is_the_moving_target_for_an_affine_map() {
    let mut model = Affine::new(5, 8);
    let x = images::<f64>(8, 40);
    let labels = predict(&mut model, x.as_ref(), 40).unwrap();
    let options = AttackOptions { refinements: 40, ..options() };
    let margin = Margin::Additive(0.0);
    let moving = MovingTarget { step: 0.1, iterations: 100, margin };
    let targeted = Targeted { target: Target::Every, step: 0.1, iterations: 100, margin };
    let moving = attack(&mut model, &moving, x.as_ref(), &labels, &options).unwrap();
    let targeted = attack(&mut model, &targeted, x.as_ref(), &labels, &options).unwrap();
    let deepfool = DeepFool { overshoot: 1e-6, iterations: 10 };
    let deepfool = attack(&mut model, &deepfool, x.as_ref(), &labels, &options).unwrap();
    for j in 0..40 {
        let exact = closest_boundary(&mut model, x.col_as_slice(j)).0;
        for results in [&moving, &deepfool] {
            let found = results.images[j].norm2;
            assert!((found - exact).abs() < 1e-9 * exact.max(1.0), "{found} {exact}");
        }
        // Of two targets that take as many steps the first is refined, be it the further one.
        let found = targeted.images[j].norm2;
        assert!(found > exact - 1e-9 && found < exact + 0.1, "{found} {exact}");
    }
}

/// With two classes every gradient is along the one normal, so that all methods find the same.
#[test]
fn with_two_classes_all_methods_find_the_same_boundary() {
    let mut model = Affine::new(2, 6);
    let x = images::<f64>(6, 25);
    let labels = predict(&mut model, x.as_ref(), 25).unwrap();
    let bounds = Bounds { lower: -5.0, upper: 5.0 };
    let options = AttackOptions { refinements: 40, bounds, ..Default::default() };
    let methods: [&dyn Attack<f64>; 3] = [
        &ProjectedGradient { step: 0.1, iterations: 60, ..Default::default() },
        &DeepFool::default(),
        &CarliniWagner { iterations: 1500, learning_rate: 0.002, ..Default::default() },
    ];
    for method in methods {
        let results = attack(&mut model, method, x.as_ref(), &labels, &options).unwrap();
        for j in 0..25 {
            let exact = closest_boundary(&mut model, x.col_as_slice(j)).0;
            let found = results.images[j].norm2;
            // Adam does not end up on the normal exactly.
            let allowed = if method.name() == "carlini-wagner" { 3e-2 } else { 1e-9 };
            assert!(
                found >= exact * (1.0 - 1e-12) && found - exact < allowed * exact.max(0.1),
                "{}: {found} {exact}",
                method.name()
            );
        }
    }
}

/// With two classes the loss is largest where the ball comes furthest along the normal: at
/// |z₀ − z₁|/‖v‖₂ in the 2-norm, at |z₀ − z₁|/‖v‖₁ in the ∞-norm, the ball reaches the boundary.
#[test]
fn apgd_finds_the_boundary_where_its_ball_reaches_it_and_only_there() {
    let mut model = Affine::new(2, 6);
    let x = images::<f64>(6, 20);
    let labels = predict(&mut model, x.as_ref(), 20).unwrap();
    let normal: Vec<f64> = (0..6).map(|i| model.a[(1, i)] - model.a[(0, i)]).collect();
    let lengths = [
        (Norm::Two, normal.iter().map(|v| v * v).sum::<f64>().sqrt()),
        (Norm::Infinity, normal.iter().map(|v| v.abs()).sum()),
    ];
    for j in 0..20 {
        let z = outputs(&mut model, x.col_as_slice(j));
        for (norm, length) in lengths {
            for (part, expected) in [(1.001, Outcome::Fooled), (0.999, Outcome::Resisted)] {
                let radius = part * (z[0] - z[1]).abs() / length;
                let method = AutoPgd { norm, radius, ..AutoPgd::default() };
                let image = x.as_ref().subcols(j, 1);
                let results =
                    attack(&mut model, &method, image, &labels[j..=j], &options()).unwrap();
                assert_eq!(results.images[0].outcome, expected, "{norm:?} {radius}");
            }
        }
    }
}

#[test]
fn classes_out_of_reach_are_skipped_and_a_flat_map_is_walked_at_random() {
    // Class 2 never changes against class 0; class 1 does.
    let mut model = Affine::new(3, 4);
    for i in 0..4 {
        model.a[(2, i)] = model.a[(0, i)];
    }
    model.b = vec![1.0, -10.0, 0.9];
    let matrices =
        sensitivity_matrices(&mut model, images::<f64>(4, 1).as_ref(), JacobianMode::Vjp).unwrap();
    let row = |class| matrices.row(0, class);
    let z = outputs(&mut model, &[0.0; 4]);
    let margin = Margin::Additive(0.0);
    let way = approach(&z, 0, 2, row(0), row(2), margin);
    assert_eq!(way.distance, f64::INFINITY);
    assert_eq!(closest(&z, 0, row, margin).unwrap().target, 1);

    // Nothing changes with the input: no class is in reach, steps are random and of full length, and
    // end in failure.
    model.a = Mat::zeros(3, 4);
    let x = images::<f64>(4, 2);
    assert!(closest(&z, 0, |_| &[0.0; 4][..], margin).is_none());
    let methods: [&dyn Attack<f64>; 6] = [
        &AutoPgd::default(),
        &MovingTarget::default(),
        &Targeted::default(),
        &DeepFool::default(),
        &ProjectedGradient::default(),
        &CarliniWagner { iterations: 5, ..Default::default() },
    ];
    for method in methods {
        let results = attack(&mut model, method, x.as_ref(), &[0, 0], &options()).unwrap();
        assert!(results.images.iter().all(|image| image.outcome == Outcome::Resisted));
        assert!(results.images.iter().all(|image| image.norm2.is_nan()));
        assert!(results.summary().mean_norm2.is_nan() && results.summary().susceptible() == 0.0);
    }
}
