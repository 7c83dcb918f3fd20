//! E1: Euler and adaptive schemes.

use std::collections::BTreeMap;

use snode_analysis::Moments;

use super::comparable::{Freedom, unequal};
use super::{Claim, Evidence, LEAST_RUNS, Outcome, compare, percent, sample};
use crate::{Collection, Family, Group, Run};
use snode_experiment::Experiment;

/// Networks trained under Euler's scheme are at least as accurate.
pub(super) fn euler_trains_as_well(collection: &Collection) -> Claim {
    let adaptive = collection.groups.iter().filter(|group| {
        group.family == Some(Family::Ncg) && !group.scheme.is_empty() && group.scheme != "euler"
    });
    let evidence = adaptive.flat_map(|adaptive| against_euler(collection, adaptive));
    Claim {
        experiment: "E1",
        text: "NCG trains at least as well under Euler's scheme as under an adaptive one.",
        rule: "Mean accuracy over seeds of networks trained under Euler is not below that of networks \
               trained under the adaptive scheme."
            .into(),
        evidence: evidence.collect(),
    }
}

/// A group trained under an adaptive scheme, compared with each that differs by the scheme alone.
fn against_euler(collection: &Collection, adaptive: &Group) -> Vec<Evidence> {
    let kind = |group: &Group| (group.model(), group.family, group.decay, group.sobolev);
    let twins = collection
        .groups
        .iter()
        .filter(|group| group.scheme == "euler" && kind(group) == kind(adaptive));
    let twins: Vec<(&Group, Option<String>)> =
        twins.map(|twin| (twin, unequal(collection, [twin, adaptive], Freedom::Scheme))).collect();
    let own = sample(collection, adaptive, Run::accuracy);
    let compared = |euler: Moments| {
        let sides = (("euler", euler), (&adaptive.scheme, own));
        compare(&adaptive.model(), sides.0, sides.1, percent, |euler, adaptive| euler >= adaptive)
    };
    let equal = twins.iter().filter(|(_, reason)| reason.is_none());
    let equal: Vec<Evidence> =
        equal.map(|(twin, _)| compared(sample(collection, twin, Run::accuracy))).collect();
    match (equal.is_empty(), twins.is_empty()) {
        (false, _) => equal,
        (true, true) => vec![compared(Moments::default())],
        (true, false) => twins
            .iter()
            .map(|(twin, reason)| {
                let sides = [&twin.line()[..], &adaptive.line()];
                let reason = reason.as_deref().unwrap_or_default();
                Evidence::unequal(&adaptive.model(), sides, reason)
            })
            .collect(),
    }
}

/// How far apart schemes that solve the same networks may be, as a part.
const APART: f64 = 0.01;

/// A trained network is as accurate under every scheme.
pub(super) fn interchangeable(collection: &Collection) -> Claim {
    let several = |experiment: &Experiment| {
        experiment.analysis.schemes.as_ref().is_some_and(|keys| keys.solve.len() > 1)
    };
    let evidence =
        collection.planned(several, |run| run.measured("schemes").count() > 1).map(|group| {
            let mut by_scheme: BTreeMap<&str, Moments> = BTreeMap::new();
            for run in group.runs(collection) {
                for (scheme, found) in run.measured("schemes") {
                    let accuracy = found.number("accuracy").into_iter();
                    accuracy.for_each(|value| by_scheme.entry(scheme).or_default().add(value));
                }
            }
            spread(group, &by_scheme)
        });
    Claim {
        experiment: "E1",
        text: "Schemes are interchangeable when a trained network is solved.",
        rule: format!(
            "Mean accuracies of the same networks, solved by each scheme, lie within {} percentage \
             point.",
            100.0 * APART
        ),
        evidence: evidence.collect(),
    }
}

fn spread(group: &Group, by_scheme: &BTreeMap<&str, Moments>) -> Evidence {
    let sides: Vec<String> = by_scheme
        .iter()
        .map(|(scheme, moments)| format!("{scheme} {}", percent(moments)))
        .collect();
    let means = || by_scheme.values().map(|moments| moments.mean);
    let (least, most) = (means().fold(1.0, f64::min), means().fold(0.0, f64::max));
    let runs = by_scheme.values().map(|moments| moments.count).min().unwrap_or(0);
    Evidence {
        text: format!("{}: {} ({runs} runs)", group.name(), sides.join(", ")),
        runs,
        outcome: if by_scheme.len() > 1 && runs >= LEAST_RUNS {
            Outcome::of(most - least <= APART)
        } else {
            Outcome::TooFewRuns
        },
    }
}
