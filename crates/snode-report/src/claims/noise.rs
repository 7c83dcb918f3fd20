//! E3 and E4: noise on the inputs.

use snode_analysis::Moments;

use super::comparable::{Freedom, unequal};
use super::{
    Claim, Evidence, LEAST_RUNS, Measure, NCG, NCG_DECAY, Outcome, Question, SGD, SGD_DECAY,
    compare, find, judge, models, percent, sample,
};
use crate::sections::propagation::{curve, levels_of, of_run};
use crate::statistics::short;
use crate::{Collection, Group, Run};
use snode_experiment::Experiment;
use snode_experiment::format::{plain, plain_list};

const MEASURE: &str = "Robustness of a run is its mean accuracy over all levels of noise above 0.";

/// Mean accuracy over all levels of noise above 0.
fn robustness(run: &Run) -> Option<f64> {
    let curve = run.robustness()?;
    let noisy = curve.iter().filter(|(level, _)| *level > 0.0).map(|(_, draws)| draws.mean);
    let moments: Moments = noisy.collect();
    (moments.count > 0).then_some(moments.mean)
}

/// Whether robustness is measured on any network of a model, or is to be.
fn is_planned(collection: &Collection, model: &str) -> bool {
    collection.planned(asks_robustness, has_robustness).any(|group| group.model() == model)
}

fn has_robustness(run: &Run) -> bool {
    robustness(run).is_some()
}

fn asks_robustness(experiment: &Experiment) -> bool {
    experiment.analysis.robustness.is_some()
}

fn has_noise(run: &Run) -> bool {
    run.analyses.contains_key("noise/input")
}

fn asks_noise(experiment: &Experiment) -> bool {
    experiment.analysis.noise.as_ref().is_some_and(|keys| !keys.levels.is_empty())
}

/// How robustness was measured.
fn conditions(run: &Run) -> Option<String> {
    let found = run.robustness_group()?;
    let number = |name: &str| found.number(name).map_or_else(|| "all".into(), plain);
    let clipped = if found.number("clipped") == Some(1.0) { ", clipped" } else { "" };
    let levels = found.values("levels")?.to_vec();
    Some(format!("on {} images at {}{clipped}", number("images"), plain_list(&levels)))
}

/// NCG is more robust than SGD under the squared distance.
pub(super) fn ncg_is_more_robust(collection: &Collection) -> Claim {
    let models = models(collection, Some("L²"), None)
        .into_iter()
        .filter(|model| is_planned(collection, model));
    let question = Question {
        kinds: [NCG, SGD],
        freedom: Freedom::Method,
        measure: &Measure { number: robustness, conditions },
        show: percent,
        holds: |ncg, sgd| ncg > sgd,
    };
    Claim {
        experiment: "E3",
        text: "NCG is more robust than SGD under L² without decay.",
        rule: format!("{MEASURE} Its mean over seeds is higher for NCG, for each activation."),
        evidence: models.flat_map(|model| question.ask(collection, &model)).collect(),
    }
}

/// Decay costs NCG robustness.
pub(super) fn decay_hurts_robustness(collection: &Collection) -> Claim {
    let models = models(collection, None, None).into_iter().filter(|model| {
        is_planned(collection, model) && !find(collection, model, NCG_DECAY).is_empty()
    });
    let question = Question {
        kinds: [NCG_DECAY, NCG],
        freedom: Freedom::Decay,
        measure: &Measure { number: robustness, conditions },
        show: percent,
        holds: |with, without| with < without,
    };
    Claim {
        experiment: "E3",
        text: "Weight decay hurts NCG's robustness.",
        rule: format!(
            "{MEASURE} Its mean over seeds is lower with decay, for each activation and loss."
        ),
        evidence: models.flat_map(|model| question.ask(collection, &model)).collect(),
    }
}

/// Sobolev gradients and tanh give the most robust network.
pub(super) fn sobolev_tanh_is_the_most_robust(collection: &Collection) -> Claim {
    let samples: Vec<(&Group, Moments)> = collection
        .planned(asks_robustness, has_robustness)
        .filter(|group| group.family.is_some())
        .map(|group| (group, sample(collection, group, robustness)))
        .collect();
    let is_named = |group: &Group| group.sobolev && group.activation == "tanh";
    let mut evidence = Vec::new();
    if let Some((named, own)) = best(samples.iter().filter(|(group, _)| is_named(group))) {
        let reason = |group: &Group| {
            unequal(collection, [named, group], Freedom::Model)
                .or_else(|| measured_otherwise(collection, [named, group]))
        };
        let others = samples.iter().filter(|(group, _)| !is_named(group));
        let (equal, unequal): (Vec<_>, Vec<_>) = others
            .map(|(group, moments)| (reason(group), (*group, *moments)))
            .partition(|(reason, _)| reason.is_none());
        let equal: Vec<(&Group, Moments)> = equal.into_iter().map(|(_, other)| other).collect();
        if let Some((other, of_other)) = best(equal.iter()) {
            let mut found = compare(
                "best",
                (&named.name(), own),
                (&other.name(), of_other),
                percent,
                |a, b| a > b,
            );
            let lacking = equal.iter().filter(|(_, moments)| moments.count < LEAST_RUNS).count();
            if lacking > 0 {
                found.outcome = Outcome::TooFewRuns;
                found.text.push_str(&format!("; {lacking} of {} groups lack runs", equal.len()));
            }
            evidence.push(found);
        }
        evidence.extend(unequal.iter().map(|(reason, (other, _))| {
            let reason = reason.as_deref().unwrap_or_default();
            Evidence::unequal("best", [&named.name(), &other.name()], reason)
        }));
    }
    Claim {
        experiment: "E3",
        text: "Sobolev gradients with tanh give the most robust networks.",
        rule: format!(
            "{MEASURE} Of all groups of runs, one trained by Sobolev gradients with tanh has the \
             highest mean over seeds: the best of them is held against the best of the others."
        ),
        evidence,
    }
}

/// The group with the highest mean.
fn best<'a: 'b, 'b>(
    groups: impl Iterator<Item = &'b (&'a Group, Moments)>,
) -> Option<(&'a Group, Moments)> {
    let mean = |moments: &Moments| if moments.count > 0 { moments.mean } else { f64::MIN };
    groups.copied().max_by(|a, b| mean(&a.1).total_cmp(&mean(&b.1)))
}

fn measured_otherwise(collection: &Collection, groups: [&Group; 2]) -> Option<String> {
    let [a, b] = groups.map(|group| group.runs(collection).find_map(conditions));
    let (a, b) = (a?, b?);
    (a != b).then(|| format!("measured differently, {a} and {b}"))
}

/// The largest relative error that counts as agreement.
const AGREEMENT: f64 = 0.1;

/// The sensitivity problem tells what small noise does.
pub(super) fn estimate_is_measurement(collection: &Collection) -> Claim {
    let evidence = collection.planned(asks_noise, has_noise).map(|group| {
        let Some(level) = levels_of(collection, group).first().copied() else {
            return judge(&group.name(), &Moments::default(), short, |_| false);
        };
        let error = at_end(collection, group, level, "relative_error");
        judge(&format!("{}, s = {}", group.name(), plain(level)), &error, short, |e| e <= AGREEMENT)
    });
    Claim {
        experiment: "E4",
        text: "For small noise the estimate by the sensitivity problem is the measured perturbation.",
        rule: format!(
            "At the smallest level of noise the relative error of the estimate at the end of depth is \
             at most {AGREEMENT} for every group of runs."
        ),
        evidence: evidence.collect(),
    }
}

/// A quantity at the end of depth, over the runs of a group.
fn at_end(collection: &Collection, group: &Group, level: f64, quantity: &str) -> Moments {
    let curve = curve(collection, group, "input", level, quantity);
    curve.last().map(|(_, moments)| *moments).unwrap_or_default()
}

/// The same for one run.
fn at_end_of_run(run: &Run, level: f64, quantity: &str) -> Option<f64> {
    of_run(run, "input", level, quantity)?.last().map(|(_, value)| *value)
}

/// How much smaller a damped perturbation is.
const DAMPED: f64 = 0.95;

/// Decay damps perturbations for NCG with tanh, and not for SGD.
pub(super) fn decay_damps(collection: &Collection) -> Claim {
    let mut evidence = Vec::new();
    for model in models(collection, None, Some("tanh")) {
        for (with, without, damped) in [(NCG_DECAY, NCG, true), (SGD_DECAY, SGD, false)] {
            let is_planned = collection
                .planned(asks_noise, has_noise)
                .any(|group| group.model() == model && super::is(group, with));
            if !is_planned {
                continue;
            }
            let groups = find(collection, &model, with).into_iter();
            let groups = groups.chain(find(collection, &model, without));
            let levels = groups.flat_map(|group| levels_of(collection, group));
            let level = levels.min_by(f64::total_cmp);
            let number = |run: &Run| at_end_of_run(run, level?, "measured");
            let conditions = |run: &Run| {
                let images = run.analyses.get("noise/input")?.number("images")?;
                Some(format!("on {} images", plain(images)))
            };
            let question = Question {
                kinds: [with, without],
                freedom: Freedom::Decay,
                measure: &Measure { number, conditions },
                show: short,
                holds: |with, without| (with < DAMPED * without) == damped,
            };
            let level = level.map_or_else(String::new, |level| format!("s = {}, ", plain(level)));
            evidence.extend(
                question
                    .ask(collection, &model)
                    .into_iter()
                    .map(|found| Evidence { text: format!("{level}{}", found.text), ..found }),
            );
        }
    }
    Claim {
        experiment: "E4",
        text: "Weight decay damps perturbations for NCG with tanh, and not for SGD.",
        rule: format!(
            "At the smallest level of noise the measured perturbation at the end of depth, with decay, \
             is below {DAMPED} of that without for NCG with tanh, and not below it for SGD with tanh."
        ),
        evidence,
    }
}
