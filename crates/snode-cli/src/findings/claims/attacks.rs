//! E6: attacks.

use snode_analysis::Moments;
use snode_attack::AttackSummary;

use super::{
    Claim, Evidence, LEAST_RUNS, NCG, NCG_SOBOLEV, SGD, compare, find, kind_name, models, percent,
    sample,
};
use crate::config::AttackMethod::{self, CarliniWagner, MovingTarget, Pgd, Targeted};
use crate::config::Experiment;
use crate::findings::statistics::{short, short_number};
use crate::findings::{Attack, Collection, Family, Group, Run};

/// The first attack on a run by a method that fulfils a condition.
fn by(run: &Run, method: AttackMethod, holds: impl Fn(&Attack) -> bool) -> Option<&Attack> {
    let mut attacks = run.attacks.iter().filter(|attack| attack.summary.attacked() > 0);
    attacks.find(|attack| attack.keys.method == method && holds(attack))
}

/// The groups that are attacked by all of these methods, or are to be.
fn attacked<'a>(
    collection: &'a Collection,
    methods: &'a [AttackMethod],
) -> impl Iterator<Item = &'a Group> {
    let asks = move |experiment: &Experiment| {
        let by =
            |method: &AttackMethod| experiment.attack.iter().any(|attack| attack.method == *method);
        methods.iter().all(by)
    };
    collection
        .planned(asks, move |run| methods.iter().all(|method| by(run, *method, |_| true).is_some()))
}

/// Every run's moving-target attack with another one that is planned beside it.
fn pairs<'a>(
    collection: &'a Collection,
    group: &'a Group,
    other: impl Fn(&'a Run, &'a Attack) -> Option<&'a Attack>,
) -> Vec<(&'a Attack, &'a Attack)> {
    let pair = |run: &'a Run| {
        let moving = by(run, MovingTarget, |_| true)?;
        Some((moving, other(run, moving)?))
    };
    group.runs(collection).filter_map(pair).collect()
}

/// A number of each attack, over all of them.
fn over<'a>(attacks: impl Iterator<Item = &'a Attack>, of: fn(&AttackSummary) -> f64) -> Moments {
    attacks.map(|attack| of(&attack.summary)).filter(|value| value.is_finite()).collect()
}

fn susceptible(summary: &AttackSummary) -> f64 {
    summary.susceptible()
}

fn mean_norm(summary: &AttackSummary) -> f64 {
    summary.mean_norm2
}

/// How far fooled parts may lie apart.
const SAME_PART: f64 = 0.05;
/// How far mean norms may lie apart, relatively.
const SAME_NORM: f64 = 0.1;
/// What nine targeted attacks cost relative to one with a moving target: about nine.
const COST: std::ops::RangeInclusive<f64> = 4.5..=18.0;

/// The moving target is as good as all targets, for a ninth of the cost.
pub(super) fn moving_is_targeted_for_a_ninth(collection: &Collection) -> Claim {
    let evidence = attacked(collection, &[MovingTarget, Targeted]).map(|group| {
        let pairs = pairs(collection, group, |run, _| by(run, Targeted, |_| true));
        let (moving, targeted) =
            (|| pairs.iter().map(|pair| pair.0), || pairs.iter().map(|pair| pair.1));
        let parts = (over(moving(), susceptible), over(targeted(), susceptible));
        let norms = (over(moving(), mean_norm), over(targeted(), mean_norm));
        let seconds = |summary: &AttackSummary| summary.seconds_per_image;
        let cost = over(targeted(), seconds).mean / over(moving(), seconds).mean;
        let runs = pairs.len() as u64;
        let same = (parts.0.mean - parts.1.mean).abs() <= SAME_PART
            && (norms.0.mean / norms.1.mean - 1.0).abs() <= SAME_NORM
            && COST.contains(&cost);
        Evidence {
            text: format!(
                "{}: moving target fools {} at mean norm {}, all targets {} at {}, which take {} times \
                 as long ({runs} runs)",
                group.name(),
                percent(&parts.0),
                short(&norms.0),
                percent(&parts.1),
                short(&norms.1),
                short_number(cost)
            ),
            runs,
            holds: (runs >= LEAST_RUNS).then_some(same),
        }
    });
    Claim {
        experiment: "E6",
        text: "A moving target is about as good as nine targeted attacks, at about a ninth of the cost.",
        rule: format!(
            "For every group of runs the parts of images fooled differ by at most {} percentage points, \
             the mean norms by at most {} %, and all targets take {} to {} times as long.",
            100.0 * SAME_PART,
            100.0 * SAME_NORM,
            COST.start(),
            COST.end()
        ),
        evidence: evidence.collect(),
    }
}

/// One attack beats another: it fools more, or as many by smaller perturbations.
fn beats(own: (&Moments, &Moments), other: (&Moments, &Moments)) -> bool {
    own.0.mean > other.0.mean || (own.0.mean == other.0.mean && own.1.mean < other.1.mean)
}

fn contest(group: &Group, winner: &str, pairs: &[(&Attack, &Attack)], loser: &str) -> Evidence {
    let of = |attacks: Vec<&Attack>| {
        let parts = over(attacks.iter().copied(), susceptible);
        (parts, over(attacks.into_iter(), mean_norm))
    };
    let first = of(pairs.iter().map(|pair| pair.0).collect());
    let second = of(pairs.iter().map(|pair| pair.1).collect());
    let runs = pairs.len() as u64;
    Evidence {
        text: format!(
            "{}: {winner} fools {} at mean norm {}, {loser} {} at {} ({runs} runs)",
            group.name(),
            percent(&first.0),
            short(&first.1),
            percent(&second.0),
            short(&second.1)
        ),
        runs,
        holds: (runs >= LEAST_RUNS).then(|| beats((&first.0, &first.1), (&second.0, &second.1))),
    }
}

const WINS: &str = "fools a larger part of the images, or the same part at a smaller mean norm";

/// The moving target beats projected gradients that make the same steps.
pub(super) fn moving_beats_projected_gradient(collection: &Collection) -> Claim {
    let evidence = attacked(collection, &[MovingTarget, Pgd]).map(|group| {
        let same = |own: &Attack, other: &Attack| {
            other.is_euclidean()
                && (own.keys.step, own.keys.iterations) == (other.keys.step, other.keys.iterations)
        };
        let pairs = pairs(collection, group, |run, moving| by(run, Pgd, |pgd| same(moving, pgd)));
        contest(group, "moving target", &pairs, "PGD")
    });
    Claim {
        experiment: "E6",
        text: "The moving target beats PGD at equal step and iterations.",
        rule: format!("For every group of runs the moving target {WINS}."),
        evidence: evidence.collect(),
    }
}

/// Projected gradients with longer steps win on networks trained by NCG.
pub(super) fn long_steps_win_on_ncg(collection: &Collection) -> Claim {
    let ncg = attacked(collection, &[MovingTarget, Pgd])
        .filter(|group| group.family == Some(Family::Ncg));
    let evidence = ncg.map(|group| {
        let longer =
            |own: &Attack, other: &Attack| other.is_euclidean() && other.keys.step > own.keys.step;
        let pairs = pairs(collection, group, |run, moving| by(run, Pgd, |pgd| longer(moving, pgd)));
        let turned: Vec<_> = pairs.into_iter().map(|(moving, pgd)| (pgd, moving)).collect();
        contest(group, "PGD with longer steps", &turned, "moving target")
    });
    Claim {
        experiment: "E6",
        text: "On networks trained by NCG, PGD with a larger step wins.",
        rule: format!("For every group of runs trained by NCG, PGD with the larger step {WINS}."),
        evidence: evidence.collect(),
    }
}

/// Carlini and Wagner's attack needs large perturbations.
pub(super) fn carlini_wagner_goes_far(collection: &Collection) -> Claim {
    let evidence = attacked(collection, &[MovingTarget, CarliniWagner]).map(|group| {
        let pairs = pairs(collection, group, |run, _| by(run, CarliniWagner, |_| true));
        let norms = pairs.iter().map(|(moving, cw)| cw.mean_norms_in_common(moving));
        let norms: Vec<_> = norms.filter(|(cw, _)| cw.is_finite()).collect();
        compare(
            &group.name(),
            ("Carlini–Wagner, mean norm", norms.iter().map(|norms| norms.0).collect()),
            ("moving target", norms.iter().map(|norms| norms.1).collect()),
            short,
            |cw, moving| cw > moving,
        )
    });
    Claim {
        experiment: "E6",
        text: "Carlini–Wagner needs large perturbations.",
        rule: "For every group of runs, on the images that both fool, the mean 2-norm of its \
               perturbations is larger than that of the moving target."
            .into(),
        evidence: evidence.collect(),
    }
}

/// Networks trained by NCG resist better.
pub(super) fn ncg_is_less_susceptible(collection: &Collection) -> Claim {
    let part =
        |run: &Run| by(run, MovingTarget, |_| true).map(|attack| attack.summary.susceptible());
    let is_attacked =
        |model: &String| attacked(collection, &[MovingTarget]).any(|group| group.model() == *model);
    let mut evidence = Vec::new();
    for model in models(collection, None, None).into_iter().filter(is_attacked) {
        for kind in [NCG, NCG_SOBOLEV] {
            let side = |kind| {
                let group = find(collection, &model, kind);
                (kind_name(kind, group), sample(collection, group, part))
            };
            evidence.push(compare(&model, side(kind), side(SGD), percent, |own, sgd| own < sgd));
        }
    }
    Claim {
        experiment: "E6",
        text: "Networks trained by NCG, with and without Sobolev gradients, are less susceptible than \
               those trained by SGD.",
        rule: "The part of attacked images that the moving target fools, mean over seeds, is lower, for \
               each activation and loss without decay."
            .into(),
        evidence,
    }
}
