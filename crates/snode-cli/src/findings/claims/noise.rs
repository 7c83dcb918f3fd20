//! E3 and E4: noise on the inputs.

use snode_analysis::Moments;

use super::{
    Claim, LEAST_RUNS, NCG, NCG_DECAY, SGD, SGD_DECAY, compare, compare_kinds, find, judge,
    kind_name, models, percent, sample,
};
use crate::config::Experiment;
use crate::findings::sections::propagation::{curve, levels_of};
use crate::findings::statistics::short;
use crate::findings::{Collection, Group, Run};

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
    run.analyses.contains_key("sensitivity/input")
}

fn asks_noise(experiment: &Experiment) -> bool {
    experiment.analysis.noise.as_ref().is_some_and(|keys| !keys.levels.is_empty())
}

/// NCG is more robust than SGD under the squared distance.
pub(super) fn ncg_is_more_robust(collection: &Collection) -> Claim {
    let models = models(collection, Some("L²"), None)
        .into_iter()
        .filter(|model| is_planned(collection, model));
    Claim {
        experiment: "E3",
        text: "NCG is more robust than SGD under L² without decay.",
        rule: format!("{MEASURE} Its mean over seeds is higher for NCG, for each activation."),
        evidence: models
            .map(|model| {
                compare_kinds(collection, &model, [NCG, SGD], robustness, |ncg, sgd| ncg > sgd)
            })
            .collect(),
    }
}

/// Decay costs NCG robustness.
pub(super) fn decay_hurts_robustness(collection: &Collection) -> Claim {
    let models = models(collection, None, None).into_iter().filter(|model| {
        is_planned(collection, model) && find(collection, model, NCG_DECAY).is_some()
    });
    Claim {
        experiment: "E3",
        text: "Weight decay hurts NCG's robustness.",
        rule: format!(
            "{MEASURE} Its mean over seeds is lower with decay, for each activation and loss."
        ),
        evidence: models
            .map(|model| {
                compare_kinds(collection, &model, [NCG_DECAY, NCG], robustness, |with, without| {
                    with < without
                })
            })
            .collect(),
    }
}

/// Sobolev gradients and tanh give the most robust network.
pub(super) fn sobolev_tanh_is_the_most_robust(collection: &Collection) -> Claim {
    let samples: Vec<(&Group, Moments)> = collection
        .planned(asks_robustness, has_robustness)
        .map(|group| (group, sample(collection, Some(group), robustness)))
        .collect();
    let is_named = |group: &Group| group.sobolev && group.activation == "tanh";
    let best = |named: bool| {
        let groups = samples.iter().filter(|(group, _)| is_named(group) == named);
        groups.max_by(|a, b| a.1.mean.total_cmp(&b.1.mean))
    };
    let evidence = match (best(true), best(false)) {
        (Some((named, a)), Some((other, b))) => {
            let mut found =
                compare("best", (&named.name(), *a), (&other.name(), *b), percent, |a, b| a > b);
            let lacking = samples.iter().filter(|(_, moments)| moments.count < LEAST_RUNS).count();
            if lacking > 0 {
                found.holds = None;
                found.text.push_str(&format!("; {lacking} of {} groups lack runs", samples.len()));
            }
            vec![found]
        }
        _ => Vec::new(),
    };
    Claim {
        experiment: "E3",
        text: "Sobolev gradients with tanh give the most robust networks.",
        rule: format!(
            "{MEASURE} Of all groups of runs, one trained by Sobolev gradients with tanh has the \
             highest mean over seeds."
        ),
        evidence,
    }
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
        judge(&format!("{}, s = {level}", group.name()), &error, short, |e| e <= AGREEMENT)
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

/// How much smaller a damped perturbation is.
const DAMPED: f64 = 0.95;

/// Decay damps perturbations for NCG with tanh, and not for SGD.
pub(super) fn decay_damps(collection: &Collection) -> Claim {
    let mut evidence = Vec::new();
    for model in models(collection, None, Some("tanh")) {
        for (with, without, damped) in [(NCG_DECAY, NCG, true), (SGD_DECAY, SGD, false)] {
            let Some(first) = find(collection, &model, with) else {
                continue;
            };
            let second = find(collection, &model, without);
            let name = first.name();
            if !collection.planned(asks_noise, has_noise).any(|group| group.name() == name) {
                continue;
            }
            let level = levels_of(collection, first).first().copied();
            let side = |kind, group: Option<&Group>| {
                let found = group.zip(level);
                let end = found.map(|(group, level)| at_end(collection, group, level, "measured"));
                (kind_name(kind, group), end.unwrap_or_default())
            };
            let level = level.map_or_else(String::new, |level| format!(", s = {level}"));
            evidence.push(compare(
                &format!("{model}{level}"),
                side(with, Some(first)),
                side(without, second),
                short,
                |with, without| (with < DAMPED * without) == damped,
            ));
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
