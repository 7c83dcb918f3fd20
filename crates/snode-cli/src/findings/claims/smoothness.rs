//! E5: weights through depth.

use super::{Claim, NCG, NCG_SOBOLEV, SGD, compare, find, kind_name, models, planned, sample};
use crate::config::Experiment;
use crate::findings::sections::weights::relative_seminorm;
use crate::findings::statistics::short;
use crate::findings::{Collection, Run};

/// Sobolev gradients give weights that are smooth in depth.
pub(super) fn sobolev_is_smooth(collection: &Collection) -> Claim {
    let mut evidence = Vec::new();
    for model in models(collection, None, None) {
        let Some(sobolev) = find(collection, &model, NCG_SOBOLEV) else {
            continue;
        };
        let asks = |experiment: &Experiment| experiment.analysis.smoothness.is_some();
        let has = |run: &Run| run.analyses.contains_key("smoothness");
        if !planned(collection, asks, has).any(|group| group.name() == sobolev.name()) {
            continue;
        }
        for other in [NCG, SGD] {
            let group = find(collection, &model, other);
            let smooth = sample(collection, Some(sobolev), relative_seminorm);
            let rough = sample(collection, group, relative_seminorm);
            let sides = ((sobolev.line(), smooth), (kind_name(other, group), rough));
            evidence.push(compare(&model, sides.0, sides.1, short, |smooth, rough| smooth < rough));
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
