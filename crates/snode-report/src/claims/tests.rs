//! Verdicts on collections of which the outcome is known.

use snode_analysis::Moments;
use snode_store::Appendix;

use super::Verdict::{DoesNotHold, Holds, NotComparable, NotEnoughData};
use super::synthetic::{Runs, collection, expect, runs};
use super::{
    Claim, Evidence, Outcome, Verdict, accuracy, attacks, compare, noise, percent, schemes,
    smoothness,
};

const SGD: &str = "training.method = \"rmsprop\"\n";
const CE: &str = "cost.loss = \"cross-entropy\"\n";
const DECAY: &str = "cost.mu4 = 0.001\n";
const SOBOLEV: &str = "training.space = \"h1\"\n";
const RELU: &str = "network.activation = \"relu\"\n";

fn keys(parts: &[&str]) -> String {
    parts.concat()
}

#[test]
fn accuracy_is_compared_model_by_model() {
    let pair = |ncg: &[f64], sgd: &[f64]| {
        let sgd_runs = runs(&keys(&[CE, SGD]), sgd);
        accuracy::ncg_beats_sgd_under_cross_entropy(&collection(vec![runs(CE, ncg), sgd_runs]))
    };
    expect(&pair(&[0.97, 0.98], &[0.95, 0.96]), Holds, 1);
    expect(&pair(&[0.95, 0.96], &[0.97, 0.98]), DoesNotHold, 1);
    expect(&pair(&[0.97], &[0.95, 0.96]), NotEnoughData, 1);
    // One of two activations lacks its runs of SGD.
    let some = vec![
        runs(CE, &[0.97, 0.98]),
        runs(&keys(&[CE, SGD]), &[0.9, 0.9]),
        runs(&keys(&[CE, RELU]), &[0.97, 0.98]),
        runs(&keys(&[CE, RELU, SGD]), &[0.9, 0.9]).missing(),
    ];
    expect(&accuracy::ncg_beats_sgd_under_cross_entropy(&collection(some)), NotEnoughData, 2);

    let on_par = |sgd: f64| {
        let all = vec![runs("", &[0.97, 0.97]), runs(SGD, &[sgd, sgd])];
        accuracy::on_par_under_l2(&collection(all))
    };
    expect(&on_par(0.963), Holds, 1);
    expect(&on_par(0.95), DoesNotHold, 1);
    let decay = |missing: bool| {
        let with = runs(DECAY, &[0.97, 0.97]);
        let with = if missing { with.missing() } else { with };
        accuracy::decay_changes_little(&collection(vec![runs("", &[0.97, 0.97]), with]))
    };
    expect(&decay(false), Holds, 1);
    // It was planned, so there is a comparison without a verdict.
    expect(&decay(true), NotEnoughData, 1);
    expect(
        &accuracy::decay_changes_little(&collection(vec![runs("", &[0.9, 0.9])])),
        NotEnoughData,
        0,
    );
}

#[test]
fn schemes_of_training_and_of_solving() {
    let dopri5 = "network.scheme = \"dopri5\"\n";
    let trained = |adaptive: f64| {
        let all = vec![runs("", &[0.97, 0.97]), runs(dopri5, &[adaptive, adaptive])];
        schemes::euler_trains_as_well(&collection(all))
    };
    expect(&trained(0.96), Holds, 1);
    expect(&trained(0.98), DoesNotHold, 1);
    let solved = |adaptive: f64| {
        let by = |accuracy: f64| Appendix::default().with_attribute("accuracy", accuracy);
        let all = runs("[analysis.schemes]\n", &[0.97, 0.97])
            .with("schemes/euler", &by(0.97))
            .with("schemes/dopri5", &by(adaptive));
        schemes::interchangeable(&collection(vec![all]))
    };
    expect(&solved(0.965), Holds, 1);
    expect(&solved(0.95), DoesNotHold, 1);
    let planned = runs("[analysis.schemes]\n", &[0.97, 0.97]);
    expect(&schemes::interchangeable(&collection(vec![planned])), NotEnoughData, 1);
}

fn robust(experiment: &str, noisy: f64) -> Runs {
    let found = Appendix::default().with_array("levels", &[2], vec![0.0, 0.5]).with_array(
        "accuracy",
        &[2, 1],
        vec![0.97, noisy],
    );
    let planned = keys(&[experiment, "[analysis.robustness]\n"]);
    runs(&planned, &[0.97, 0.97]).with("robustness/euler", &found)
}

#[test]
fn robustness_is_the_accuracy_under_noise() {
    let all = || vec![robust(SGD, 0.5), robust("", 0.7), robust(DECAY, 0.6), robust(SOBOLEV, 0.8)];
    expect(&noise::ncg_is_more_robust(&collection(all())), Holds, 1);
    expect(&noise::decay_hurts_robustness(&collection(all())), Holds, 1);
    expect(&noise::sobolev_tanh_is_the_most_robust(&collection(all())), Holds, 1);
    let mut more = all();
    more.push(robust(RELU, 0.9));
    expect(&noise::sobolev_tanh_is_the_most_robust(&collection(more)), DoesNotHold, 1);
    let mut lacking = all();
    lacking.push(robust(RELU, 0.9).missing());
    expect(&noise::sobolev_tanh_is_the_most_robust(&collection(lacking)), NotEnoughData, 1);
    let unmeasured = vec![runs("", &[0.97, 0.97]), runs(SGD, &[0.97, 0.97])];
    expect(&noise::ncg_is_more_robust(&collection(unmeasured)), NotEnoughData, 0);
}

fn noisy(experiment: &str, measured: f64, error: f64) -> Runs {
    let found = Appendix::default()
        .with_array("levels", &[1], vec![0.01])
        .with_array("times", &[2], vec![0.0, 3.0])
        .with_array("measured_mean", &[1, 2], vec![0.1, measured])
        .with_array("relative_error_mean", &[1, 2], vec![0.0, error]);
    let planned = keys(&[experiment, "[analysis.noise]\n"]);
    runs(&planned, &[0.97, 0.97]).with("noise/input", &found)
}

#[test]
fn noise_is_estimated_and_damped() {
    let all = |ncg_decay: f64, error: f64| {
        collection(vec![
            noisy(SGD, 1.0, 0.01),
            noisy(&keys(&[SGD, DECAY]), 1.0, 0.01),
            noisy("", 1.0, error),
            noisy(DECAY, ncg_decay, 0.01),
        ])
    };
    expect(&noise::estimate_is_measurement(&all(0.5, 0.05)), Holds, 4);
    expect(&noise::estimate_is_measurement(&all(0.5, 0.2)), DoesNotHold, 4);
    expect(&noise::decay_damps(&all(0.5, 0.05)), Holds, 2);
    expect(&noise::decay_damps(&all(1.0, 0.05)), DoesNotHold, 2);
    let lacking = collection(vec![noisy("", 1.0, 0.01), noisy(DECAY, 0.5, 0.01).missing()]);
    expect(&noise::estimate_is_measurement(&lacking), NotEnoughData, 2);
    expect(&noise::decay_damps(&lacking), NotEnoughData, 1);
}

#[test]
fn smooth_weights_have_small_seminorms() {
    let weights = |experiment: &str, seminorm: f64| {
        let found = Appendix::default()
            .with_attribute("weights_total_seminorm", seminorm)
            .with_attribute("weights_norm", 2.0);
        let planned = keys(&[experiment, "[analysis.smoothness]\n"]);
        runs(&planned, &[0.97, 0.97]).with("smoothness", &found)
    };
    let all = |sobolev: f64| {
        collection(vec![weights(SGD, 9.0), weights("", 3.0), weights(SOBOLEV, sobolev)])
    };
    expect(&smoothness::sobolev_is_smooth(&all(1.0)), Holds, 2);
    expect(&smoothness::sobolev_is_smooth(&all(4.0)), DoesNotHold, 2);
}

/// An attack that fools `fooled` of ten images.
fn attack(method: &str, step: f64, fooled: usize, norm: f64, seconds: f64) -> Appendix {
    let each = |value: &dyn Fn(usize) -> f64| (0..10).map(value).collect::<Vec<f64>>();
    let of_fooled = |value: f64| each(&|i| if i < fooled { value } else { f64::NAN });
    let configuration = format!("method = {method:?}\nstep = {step:?}\niterations = 30\n");
    Appendix::default()
        .with_attribute("configuration", configuration.as_str())
        .with_attribute("seconds", seconds)
        .with_array("outcome", &[10], each(&|i| if i < fooled { 2.0 } else { 1.0 }))
        .with_array("label", &[10], vec![1.0; 10])
        .with_array("class_before", &[10], vec![1.0; 10])
        .with_array("class_after", &[10], each(&|i| if i < fooled { 2.0 } else { 1.0 }))
        .with_array("norm2", &[10], of_fooled(norm))
        .with_array("norm_inf", &[10], of_fooled(norm))
        .with_array("iterations", &[10], vec![30.0; 10])
        .with_array("first_success", &[10], of_fooled(3.0))
        .with_array("adversarial_index", &[0], Vec::new())
        .with_array("adversarial", &[0, 4], Vec::new())
}

fn attacked(experiment: &str, found: &[Appendix]) -> Runs {
    let methods = ["moving-target", "targeted", "pgd", "carlini-wagner"];
    let tables = methods.map(|method| format!("[[attack]]\nmethod = \"{method}\"\n"));
    let all = runs(&keys(&[experiment, &tables.concat()]), &[0.97, 0.97]);
    found
        .iter()
        .enumerate()
        .fold(all, |runs, (number, found)| runs.with(&format!("attack/{number}"), found))
}

#[test]
fn attacks_are_compared_on_the_same_runs() {
    let moving = || attack("moving-target", 0.03, 8, 0.5, 1.0);
    let all = |targeted: Appendix, pgd: Appendix| {
        let found = [moving(), targeted, pgd, attack("carlini-wagner", 0.0, 8, 2.0, 9.0)];
        collection(vec![attacked("", &found)])
    };
    let targeted = |seconds: f64| attack("targeted", 0.03, 8, 0.5, seconds);
    let pgd = |step: f64, fooled: usize| attack("pgd", step, fooled, 0.6, 1.0);
    let usual = all(targeted(9.0), pgd(0.03, 7));
    expect(&attacks::moving_is_targeted_for_a_ninth(&usual), Holds, 1);
    let cheap = all(targeted(2.0), pgd(0.03, 7));
    expect(&attacks::moving_is_targeted_for_a_ninth(&cheap), DoesNotHold, 1);
    expect(&attacks::moving_beats_projected_gradient(&usual), Holds, 1);
    let better = all(targeted(9.0), pgd(0.03, 9));
    expect(&attacks::moving_beats_projected_gradient(&better), DoesNotHold, 1);
    // With other steps it is another comparison.
    let long = all(targeted(9.0), pgd(0.3, 9));
    expect(&attacks::moving_beats_projected_gradient(&long), NotComparable, 1);
    expect(&attacks::long_steps_win_on_ncg(&long), Holds, 1);
    expect(&attacks::carlini_wagner_goes_far(&usual), Holds, 1);

    let susceptible = |ncg: usize| {
        let by = |fooled: usize| [attack("moving-target", 0.03, fooled, 0.5, 1.0)];
        let all = [(SGD, 9), ("", ncg), (SOBOLEV, 5)];
        let all = all.map(|(kind, fooled)| attacked(kind, &by(fooled)));
        attacks::ncg_is_less_susceptible(&collection(Vec::from(all)))
    };
    expect(&susceptible(6), Holds, 2);
    expect(&susceptible(10), DoesNotHold, 2);
}

fn claim(outcomes: &[Outcome]) -> Claim {
    let evidence = |outcome: &Outcome| Evidence { text: String::new(), runs: 2, outcome: *outcome };
    Claim {
        experiment: "E0",
        text: "",
        rule: String::new(),
        evidence: outcomes.iter().map(evidence).collect(),
    }
}

#[test]
fn no_verdict_without_all_data() {
    use Outcome::{Contradicts, Supports, TooFewRuns, Unequal};
    assert_eq!(claim(&[]).verdict(), Verdict::NotEnoughData);
    assert_eq!(claim(&[Supports, TooFewRuns]).verdict(), Verdict::NotEnoughData);
    assert_eq!(claim(&[Contradicts, TooFewRuns]).verdict(), Verdict::NotEnoughData);
    assert_eq!(claim(&[Supports, Supports]).verdict(), Verdict::Holds);
    assert_eq!(claim(&[Supports, Contradicts]).verdict(), Verdict::DoesNotHold);
    // What was not compared neither supports nor contradicts.
    assert_eq!(claim(&[Unequal]).verdict(), Verdict::NotComparable);
    assert_eq!(claim(&[Supports, Unequal]).verdict(), Verdict::Holds);
}

#[test]
fn a_comparison_needs_runs_on_both_sides() {
    let sample = |values: &[f64]| values.iter().copied().collect::<Moments>();
    let higher = |a: &[f64], b: &[f64]| {
        compare("x", ("A", sample(a)), ("B", sample(b)), percent, |a, b| a > b)
    };
    let found = higher(&[0.98, 0.97], &[0.96, 0.95]);
    assert_eq!((found.outcome, found.runs), (Outcome::Supports, 4));
    assert_eq!(found.text, "x: A 97.50 ± 0.71 % (2 runs), B 95.50 ± 0.71 % (2 runs)");
    assert_eq!(higher(&[0.9, 0.9], &[0.96, 0.95]).outcome, Outcome::Contradicts);
    assert_eq!(higher(&[0.98], &[0.96, 0.95]).outcome, Outcome::TooFewRuns);
    assert_eq!(higher(&[0.98, 0.97], &[]).text, "x: A 97.50 ± 0.71 % (2 runs), B – (0 runs)");
}

#[test]
fn no_order_of_groups_decides() {
    let (good, bad) = ("training.learning_rate = 1e-2\n", "training.learning_rate = 1e-5\n");
    let verdicts = [[good, bad], [bad, good]].map(|rates| {
        let sgd = rates.map(|rate| {
            let accuracy = if rate == good { 0.98 } else { 0.5 };
            runs(&keys(&[CE, SGD, rate]), &[accuracy, accuracy])
        });
        let mut all = vec![runs(CE, &[0.97, 0.97])];
        all.extend(sgd);
        accuracy::ncg_beats_sgd_under_cross_entropy(&collection(all))
    });
    // It is more accurate than one of them only.
    for claim in &verdicts {
        expect(claim, DoesNotHold, 2);
    }
}

#[test]
fn only_what_is_equal_is_compared() {
    let longer = "training.epochs = 9\n";
    let pair = |ncg: &str| {
        let all =
            vec![runs(&keys(&[CE, ncg]), &[0.97, 0.97]), runs(&keys(&[CE, SGD]), &[0.9, 0.9])];
        accuracy::ncg_beats_sgd_under_cross_entropy(&collection(all))
    };
    let unequal = pair(longer);
    expect(&unequal, NotComparable, 1);
    assert!(unequal.evidence[0].text.contains("training.epochs"), "{unequal:?}");
    // A group that has its equal beside it is compared with that one alone.
    let rate = "training.learning_rate = 1e-3\n";
    let all = vec![
        runs(SGD, &[0.97, 0.97]),
        runs(&keys(&[SGD, DECAY]), &[0.97, 0.97]),
        runs(&keys(&[SGD, rate]), &[0.9, 0.9]),
        runs(&keys(&[SGD, rate, DECAY]), &[0.9, 0.9]),
    ];
    expect(&accuracy::decay_changes_little(&collection(all)), Holds, 2);
}

#[test]
fn attacks_with_other_options_are_not_compared() {
    let moving = || attack("moving-target", 0.03, 8, 0.5, 1.0);
    let bounded = attack("pgd", 0.03, 5, 0.3, 1.0).with_attribute(
        "configuration",
        "method = \"pgd\"\nstep = 0.03\niterations = 30\nradius = 0.3\n",
    );
    let claim = attacks::moving_beats_projected_gradient(&collection(vec![attacked(
        "",
        &[moving(), bounded],
    )]));
    expect(&claim, NotComparable, 1);
    assert!(claim.evidence[0].text.contains("radius"), "{claim:?}");
    let all = [("", 0.03), (SGD, 0.05)];
    let all = all.map(|(kind, step)| attacked(kind, &[attack("moving-target", step, 5, 0.5, 1.0)]));
    let claim = attacks::ncg_is_less_susceptible(&collection(Vec::from(all)));
    let reasons = claim.evidence.iter().filter(|one| one.text.contains("step"));
    assert_eq!(reasons.count(), 1, "{claim:?}");
}
