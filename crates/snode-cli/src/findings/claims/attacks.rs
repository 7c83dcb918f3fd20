//! E6: attacks.

use snode_analysis::Moments;

use super::{
    Claim, Evidence, LEAST_RUNS, NCG, NCG_SOBOLEV, SGD, compare, find, kind_name, models, percent,
    planned, sample,
};
use crate::config::Experiment;
use crate::findings::statistics::{short, short_number};
use crate::findings::{Attack, Collection, Family, Group, Run};

const MOVING: &str = "moving-target";
const TARGETED: &str = "targeted";
const PROJECTED: &str = "pgd";
const CARLINI_WAGNER: &str = "carlini-wagner";

/// The first attack on a run by a method that fulfils a condition.
fn by<'a>(run: &'a Run, method: &str, holds: impl Fn(&Attack) -> bool) -> Option<&'a Attack> {
    let mut attacks = run.attacks.iter().filter(|attack| attack.attacked > 0);
    attacks.find(|attack| attack.method == method && holds(attack))
}

/// The groups that are attacked by all of these methods, or are to be.
fn attacked<'a>(
    collection: &'a Collection,
    methods: &'a [&str],
) -> impl Iterator<Item = &'a Group> {
    let asks = move |experiment: &Experiment| {
        let by =
            |method: &&str| experiment.attack.iter().any(|attack| attack.method.text() == *method);
        methods.iter().all(by)
    };
    planned(collection, asks, move |run| {
        methods.iter().all(|method| by(run, method, |_| true).is_some())
    })
}

/// Every run's moving-target attack with another one that is planned beside it.
fn pairs<'a>(
    collection: &'a Collection,
    group: &'a Group,
    other: impl Fn(&'a Run, &'a Attack) -> Option<&'a Attack>,
) -> Vec<(&'a Attack, &'a Attack)> {
    let pair = |run: &'a Run| {
        let moving = by(run, MOVING, |_| true)?;
        Some((moving, other(run, moving)?))
    };
    group.runs(collection).filter_map(pair).collect()
}

/// A number of each attack, over all of them.
fn over<'a>(attacks: impl Iterator<Item = &'a Attack>, of: impl Fn(&Attack) -> f64) -> Moments {
    attacks.map(of).filter(|value| value.is_finite()).collect()
}

/// How far fooled parts may lie apart.
const SAME_PART: f64 = 0.05;
/// How far mean norms may lie apart, relatively.
const SAME_NORM: f64 = 0.1;
/// What nine targeted attacks cost relative to one with a moving target: about nine.
const COST: std::ops::RangeInclusive<f64> = 4.5..=18.0;

/// The moving target is as good as all targets, for a ninth of the cost.
pub(super) fn moving_is_targeted_for_a_ninth(collection: &Collection) -> Claim {
    let evidence = attacked(collection, &[MOVING, TARGETED]).map(|group| {
        let pairs = pairs(collection, group, |run, _| by(run, TARGETED, |_| true));
        let (moving, targeted) =
            (|| pairs.iter().map(|pair| pair.0), || pairs.iter().map(|pair| pair.1));
        let parts = (over(moving(), Attack::susceptible), over(targeted(), Attack::susceptible));
        let norms = (over(moving(), Attack::mean_norm), over(targeted(), Attack::mean_norm));
        let seconds = |attack: &Attack| attack.seconds_per_image().unwrap_or(f64::NAN);
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
        let parts = over(attacks.iter().copied(), Attack::susceptible);
        (parts, over(attacks.into_iter(), Attack::mean_norm))
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
    let evidence = attacked(collection, &[MOVING, PROJECTED]).map(|group| {
        let same = |own: &Attack, other: &Attack| {
            other.euclidean && (own.step, own.iterations) == (other.step, other.iterations)
        };
        let pairs =
            pairs(collection, group, |run, moving| by(run, PROJECTED, |pgd| same(moving, pgd)));
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
    let ncg = attacked(collection, &[MOVING, PROJECTED])
        .filter(|group| group.family == Some(Family::Ncg));
    let evidence = ncg.map(|group| {
        let longer = |own: &Attack, other: &Attack| other.euclidean && other.step > own.step;
        let pairs =
            pairs(collection, group, |run, moving| by(run, PROJECTED, |pgd| longer(moving, pgd)));
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
    let evidence = attacked(collection, &[MOVING, CARLINI_WAGNER]).map(|group| {
        let pairs = pairs(collection, group, |run, _| by(run, CARLINI_WAGNER, |_| true));
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
    let susceptible = |run: &Run| by(run, MOVING, |_| true).map(Attack::susceptible);
    let is_attacked =
        |model: &String| attacked(collection, &[MOVING]).any(|group| group.model() == *model);
    let mut evidence = Vec::new();
    for model in models(collection, None, None).into_iter().filter(is_attacked) {
        for kind in [NCG, NCG_SOBOLEV] {
            let side = |kind| {
                let group = find(collection, &model, kind);
                (kind_name(kind, group), sample(collection, group, susceptible))
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
