//! E6: attacks.

use std::collections::BTreeMap;

use snode_analysis::Moments;
use snode_attack::AttackSummary;
use toml::Table;

use super::comparable::{Freedom, unequal};
use super::{
    Claim, Evidence, LEAST_RUNS, NCG, NCG_SOBOLEV, Outcome, SGD, compare, find, kind_name, models,
    percent, sample,
};
use crate::statistics::short;
use crate::{Attack, Collection, Family, Group, Run};
use snode_experiment::AttackMethod::{self, CarliniWagner, MovingTarget, Pgd, Targeted};
use snode_experiment::format;
use snode_experiment::{AttackConfig, Experiment};

/// The attacks on a run by a method.
fn by(run: &Run, method: AttackMethod) -> impl Iterator<Item = &Attack> {
    let attacks = run.attacks.iter().filter(|attack| attack.summary.attacked() > 0);
    attacks.filter(move |attack| attack.keys.method == method)
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
        .planned(asks, move |run| methods.iter().all(|method| by(run, *method).next().is_some()))
}

/// An attack with another one on the same network, run by run.
type Pairs<'a> = Vec<(&'a Attack, &'a Attack)>;

/// The moving-target attacks on a group with those of another method beside them, by their names:
/// those for which there is no reason against it, or, if there are none, the reasons.
fn pairs<'a>(
    collection: &'a Collection,
    group: &'a Group,
    method: AttackMethod,
    reason: impl Fn(&Attack, &Attack) -> Option<String>,
) -> Result<Vec<Pairs<'a>>, String> {
    let mut all: BTreeMap<(&str, &str), Pairs<'a>> = BTreeMap::new();
    for run in group.runs(collection) {
        for moving in by(run, MovingTarget) {
            for other in by(run, method) {
                all.entry((&moving.name, &other.name)).or_default().push((moving, other));
            }
        }
    }
    // Planned, but not made yet.
    if all.is_empty() {
        return Ok(vec![Vec::new()]);
    }
    let (mut equal, mut reasons) = (Vec::new(), Vec::new());
    for pairs in all.into_values() {
        match pairs.iter().find_map(|(moving, other)| reason(moving, other)) {
            None => equal.push(pairs),
            Some(reason) => reasons.push(reason),
        }
    }
    if equal.is_empty() { Err(reasons.join("; ")) } else { Ok(equal) }
}

/// Keys that any two attacks must have in common to be compared.
const COMMON: [&str; 4] = ["images", "stop_on_success", "refinements", "tolerance"];

/// Why two attacks are not compared whose keys must agree, those of [`COMMON`] among them.
fn differ(one: &Attack, other: &Attack, keys: &[&str]) -> Option<String> {
    let (a, b) = (&one.conditions, &other.conditions);
    let conditions = [
        ("data", &a.data, &b.data),
        ("split", &a.split, &b.split),
        ("scheme", &a.scheme, &b.scheme),
    ];
    if let Some((what, _, _)) = conditions.iter().find(|(_, a, b)| a != b) {
        return Some(format!("{what} of {} and {} are not the same", one.name, other.name));
    }
    let tables = [one, other].map(|attack| Table::try_from(&attack.keys).unwrap_or_default());
    let differing =
        COMMON.iter().chain(keys).find(|key| tables[0].get(**key) != tables[1].get(**key))?;
    let said = |index: usize| {
        tables[index].get(*differing).map_or_else(|| "not set".into(), ToString::to_string)
    };
    Some(format!("{differing} of {} is {}, of {} {}", one.name, said(0), other.name, said(1)))
}

/// Why projected gradients are not of the kind that the moving target is compared with: steps of the
/// 2-norm from the image itself, bounded by nothing else.
fn is_bound(pgd: &Attack) -> Option<String> {
    let keys = &pgd.keys;
    let name = &pgd.name;
    if let Some(radius) = keys.radius {
        let radius = format::plain(radius);
        return Some(format!(
            "{name} keeps within a radius of {radius}, the moving target within none"
        ));
    }
    if !pgd.is_euclidean() {
        return Some(format!(
            "{name} makes its steps in the ∞-norm, the moving target in the 2-norm"
        ));
    }
    let begins_anew = keys.random_start == Some(true) || keys.restarts.is_some_and(|n| n > 0);
    begins_anew.then(|| format!("{name} begins at random points, the moving target at the image"))
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
    let mut evidence = Vec::new();
    for group in attacked(collection, &[MovingTarget, Targeted]) {
        let reason = |moving: &Attack, targeted: &Attack| {
            if targeted.keys.target.is_some() {
                return Some(format!("{} leads to one class alone", targeted.name));
            }
            differ(moving, targeted, &["step", "iterations", "kappa", "margin"])
        };
        match pairs(collection, group, Targeted, reason) {
            Ok(all) => evidence.extend(all.iter().map(|pairs| ninth(group, pairs))),
            Err(reason) => evidence.push(Evidence::unequal(
                &group.name(),
                ["the moving target", "all targets"],
                &reason,
            )),
        }
    }
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
        evidence,
    }
}

fn ninth(group: &Group, pairs: &Pairs<'_>) -> Evidence {
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
            "{}: {} fools {} at mean norm {}, {} {} at {}, which takes {} times as long ({runs} runs)",
            group.name(),
            name_of(pairs.first().map(|pair| pair.0), "moving target"),
            percent(&parts.0),
            short(&norms.0),
            name_of(pairs.first().map(|pair| pair.1), "all targets"),
            percent(&parts.1),
            short(&norms.1),
            format::short(cost)
        ),
        runs,
        outcome: if runs >= LEAST_RUNS { Outcome::of(same) } else { Outcome::TooFewRuns },
    }
}

/// What an attack is called in evidence.
fn name_of<'a>(attack: Option<&'a Attack>, otherwise: &'a str) -> &'a str {
    attack.map_or(otherwise, |attack| &attack.name)
}

/// One attack beats another: it fools more, or as many by smaller perturbations.
fn beats(own: (&Moments, &Moments), other: (&Moments, &Moments)) -> bool {
    own.0.mean > other.0.mean || (own.0.mean == other.0.mean && own.1.mean < other.1.mean)
}

/// Which of two attacks on the networks of a group is better.
fn contest(group: &Group, pairs: &Pairs<'_>, names: [&str; 2]) -> Evidence {
    let of = |attacks: Vec<&Attack>| {
        let parts = over(attacks.iter().copied(), susceptible);
        (parts, over(attacks.into_iter(), mean_norm))
    };
    let first = of(pairs.iter().map(|pair| pair.0).collect());
    let second = of(pairs.iter().map(|pair| pair.1).collect());
    let runs = pairs.len() as u64;
    Evidence {
        text: format!(
            "{}: {} fools {} at mean norm {}, {} {} at {} ({runs} runs)",
            group.name(),
            name_of(pairs.first().map(|pair| pair.0), names[0]),
            percent(&first.0),
            short(&first.1),
            name_of(pairs.first().map(|pair| pair.1), names[1]),
            percent(&second.0),
            short(&second.1)
        ),
        runs,
        outcome: if runs >= LEAST_RUNS {
            Outcome::of(beats((&first.0, &first.1), (&second.0, &second.1)))
        } else {
            Outcome::TooFewRuns
        },
    }
}

const WINS: &str = "fools a larger part of the images, or the same part at a smaller mean norm";

/// The moving target beats projected gradients that make the same steps.
pub(super) fn moving_beats_projected_gradient(collection: &Collection) -> Claim {
    let names = ["moving target", "PGD"];
    let reason = |moving: &Attack, pgd: &Attack| {
        is_bound(pgd).or_else(|| differ(moving, pgd, &["step", "iterations"]))
    };
    let evidence = attacked(collection, &[MovingTarget, Pgd]).flat_map(|group| {
        match pairs(collection, group, Pgd, reason) {
            Ok(all) => all.iter().map(|pairs| contest(group, pairs, names)).collect(),
            Err(reason) => vec![Evidence::unequal(&group.name(), names, &reason)],
        }
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
    let names = ["PGD with longer steps", "moving target"];
    let reason = |moving: &Attack, pgd: &Attack| {
        let is_longer = pgd.keys.step > moving.keys.step;
        is_bound(pgd)
            .or_else(|| differ(moving, pgd, &["iterations"]))
            .or_else(|| (!is_longer).then(|| format!("{} makes no longer steps", pgd.name)))
    };
    let evidence = ncg.flat_map(|group| match pairs(collection, group, Pgd, reason) {
        Ok(all) => all
            .into_iter()
            .map(|pairs| pairs.into_iter().map(|(moving, pgd)| (pgd, moving)).collect())
            .map(|turned| contest(group, &turned, names))
            .collect(),
        Err(reason) => vec![Evidence::unequal(&group.name(), names, &reason)],
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
    // Only images that both fooled count, so that how many were attacked does not matter.
    let reason = |moving: &Attack, cw: &Attack| {
        (moving.conditions != cw.conditions)
            .then(|| "they were made on other images or under another scheme".to_owned())
    };
    let evidence = attacked(collection, &[MovingTarget, CarliniWagner]).flat_map(|group| {
        let name = group.name();
        match pairs(collection, group, CarliniWagner, reason) {
            Ok(all) => all.iter().map(|pairs| farther(&name, pairs)).collect(),
            Err(reason) => {
                vec![Evidence::unequal(&name, ["Carlini–Wagner", "the moving target"], &reason)]
            }
        }
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

fn farther(group: &str, pairs: &Pairs<'_>) -> Evidence {
    let norms = pairs.iter().map(|(moving, cw)| cw.mean_norms_in_common(moving));
    let norms: Vec<_> = norms.filter(|(cw, _)| cw.is_finite()).collect();
    compare(
        group,
        ("Carlini–Wagner, mean norm", norms.iter().map(|norms| norms.0).collect()),
        ("moving target", norms.iter().map(|norms| norms.1).collect()),
        short,
        |cw, moving| cw > moving,
    )
}

/// The moving-target attacks on the networks of a group, by everything that was chosen of them.
fn setups<'a>(collection: &'a Collection, group: &'a Group) -> BTreeMap<String, &'a Attack> {
    let attacks = group.runs(collection).flat_map(|run| by(run, MovingTarget));
    attacks.map(|attack| (setup(attack), attack)).collect()
}

/// Everything that was chosen of an attack, but for its name and what changes nothing in it.
fn setup(attack: &Attack) -> String {
    let keys = AttackConfig { name: None, epsilons: None, batch: None, ..attack.keys.clone() };
    format!("{keys:?} {:?}", attack.conditions)
}

/// How two groups resist the attacks that both were given.
fn resistance(collection: &Collection, model: &str, [own, sgd]: [&Group; 2]) -> Vec<Evidence> {
    let sides = [&own.line()[..], &sgd.line()];
    if let Some(reason) = unequal(collection, [own, sgd], Freedom::Method) {
        return vec![Evidence::unequal(model, sides, &reason)];
    }
    let [of_own, of_sgd] = [own, sgd].map(|group| setups(collection, group));
    let part = |setup: String| {
        move |run: &Run| {
            let mut attacks = by(run, MovingTarget);
            attacks.find(|a| self::setup(a) == setup).map(|a| a.summary.susceptible())
        }
    };
    let compared = |setup: &String| {
        let of = |group| sample(collection, group, part(setup.clone()));
        compare(model, (sides[0], of(own)), (sides[1], of(sgd)), percent, |own, sgd| own < sgd)
    };
    let common: Vec<Evidence> =
        of_own.keys().filter(|setup| of_sgd.contains_key(*setup)).map(compared).collect();
    match (common.is_empty(), of_own.values().next(), of_sgd.values().next()) {
        (false, ..) => common,
        (true, Some(a), Some(b)) => {
            let reason = differ(a, b, &["step", "iterations", "kappa", "margin"]);
            let reason = reason.unwrap_or_else(|| "they were attacked differently".into());
            vec![Evidence::unequal(model, sides, &reason)]
        }
        // One of them was not attacked at all.
        (true, a, b) => vec![compared(&a.or(b).map(|attack| setup(attack)).unwrap_or_default())],
    }
}

/// Networks trained by NCG resist better.
pub(super) fn ncg_is_less_susceptible(collection: &Collection) -> Claim {
    let is_attacked =
        |model: &String| attacked(collection, &[MovingTarget]).any(|group| group.model() == *model);
    let mut evidence = Vec::new();
    for model in models(collection, None, None).into_iter().filter(is_attacked) {
        for kind in [NCG, NCG_SOBOLEV] {
            let (owns, sgds) = (find(collection, &model, kind), find(collection, &model, SGD));
            if owns.is_empty() || sgds.is_empty() {
                let none = || Moments::default();
                let sides = ((kind_name(kind), none()), (kind_name(SGD), none()));
                evidence.push(compare(&model, sides.0, sides.1, percent, |own, sgd| own < sgd));
            }
            for own in owns {
                for sgd in &sgds {
                    evidence.extend(resistance(collection, &model, [own, sgd]));
                }
            }
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
