//! E5: weights through depth.

use super::comparable::Freedom;
use super::{Claim, Measure, NCG, NCG_SOBOLEV, Question, SGD, models};
use crate::sections::weights::relative_seminorm;
use crate::statistics::short;
use crate::{Collection, Run};
use snode_experiment::Experiment;

/// Sobolev gradients give weights that are smooth in depth.
pub(super) fn sobolev_is_smooth(collection: &Collection) -> Claim {
    let asks = |experiment: &Experiment| experiment.analysis.smoothness.is_some();
    let has = |run: &Run| run.analyses.contains_key("smoothness");
    let measure = Measure { number: relative_seminorm, conditions: |_: &Run| None };
    let mut evidence = Vec::new();
    for model in models(collection, None, None) {
        let is_planned = collection
            .planned(asks, has)
            .any(|group| group.model() == model && super::is(group, NCG_SOBOLEV));
        if !is_planned {
            continue;
        }
        for (other, freedom) in [(NCG, Freedom::Space), (SGD, Freedom::Method)] {
            let question = Question {
                kinds: [NCG_SOBOLEV, other],
                freedom,
                measure: &measure,
                show: short,
                holds: |smooth, rough| smooth < rough,
            };
            evidence.extend(question.ask(collection, &model));
        }
    }
    Claim {
        experiment: "E5",
        text: "Sobolev gradients give weights that are smooth in depth.",
        rule: "The H¹ seminorm of all weights relative to their L² norm, mean over seeds, is lower for \
               NCG with Sobolev gradients than for NCG and for SGD, for each activation and loss."
            .into(),
        evidence,
    }
}
