//! E2: accuracy by training, activation and loss.

use super::{Claim, Evidence, NCG, NCG_DECAY, SGD, SGD_DECAY, compare_kinds, find, models};
use crate::findings::{Collection, Run};

/// What counts as the same accuracy, as a part.
const SAME: f64 = 0.01;

/// NCG is more accurate than SGD under cross-entropy.
pub(super) fn ncg_beats_sgd_under_cross_entropy(collection: &Collection) -> Claim {
    let evidence = models(collection, Some("CE"), None).into_iter().map(|model| {
        compare_kinds(collection, &model, [NCG, SGD], Run::accuracy, |ncg, sgd| ncg > sgd)
    });
    Claim {
        experiment: "E2",
        text: "NCG is more accurate than SGD under cross-entropy.",
        rule: "Mean accuracy over seeds of NCG is higher than SGD's for each activation under CE, \
               without decay."
            .into(),
        evidence: evidence.collect(),
    }
}

/// NCG and SGD are equally accurate under the squared distance.
pub(super) fn on_par_under_l2(collection: &Collection) -> Claim {
    let evidence = models(collection, Some("L²"), None).into_iter().map(|model| {
        compare_kinds(collection, &model, [NCG, SGD], Run::accuracy, |ncg, sgd| {
            (ncg - sgd).abs() <= SAME
        })
    });
    Claim {
        experiment: "E2",
        text: "NCG and SGD are on par under the L² loss.",
        rule: format!(
            "Mean accuracies over seeds differ by at most {} percentage point for each activation \
             under L², without decay.",
            100.0 * SAME
        ),
        evidence: evidence.collect(),
    }
}

/// Weight decay does little to accuracy.
pub(super) fn decay_changes_little(collection: &Collection) -> Claim {
    let pairs = [(SGD_DECAY, SGD), (NCG_DECAY, NCG)];
    let evidence = models(collection, None, None).into_iter().flat_map(|model| {
        let planned =
            pairs.into_iter().filter(|(with, _)| find(collection, &model, *with).is_some());
        let near = |a: f64, b: f64| (a - b).abs() <= SAME;
        let found: Vec<Evidence> = planned
            .map(|(with, without)| {
                compare_kinds(collection, &model, [with, without], Run::accuracy, near)
            })
            .collect();
        found
    });
    Claim {
        experiment: "E2",
        text: "Weight decay changes accuracy little.",
        rule: format!(
            "Mean accuracies over seeds with and without decay differ by at most {} percentage point, \
             for SGD and NCG with each activation and loss.",
            100.0 * SAME
        ),
        evidence: evidence.collect(),
    }
}
