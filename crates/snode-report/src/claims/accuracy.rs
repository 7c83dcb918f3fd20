//! E2: accuracy by training, activation and loss.

use super::comparable::Freedom;
use super::{Claim, NCG, NCG_DECAY, Question, SGD, SGD_DECAY, accuracy, find, models, percent};
use crate::Collection;

/// What counts as the same accuracy, as a part.
const SAME: f64 = 0.01;

/// NCG is more accurate than SGD under cross-entropy.
pub(super) fn ncg_beats_sgd_under_cross_entropy(collection: &Collection) -> Claim {
    let question = Question {
        kinds: [NCG, SGD],
        freedom: Freedom::Method,
        measure: &accuracy(),
        show: percent,
        holds: |ncg, sgd| ncg > sgd,
    };
    let models = models(collection, Some("CE"), None).into_iter();
    Claim {
        experiment: "E2",
        text: "NCG is more accurate than SGD under cross-entropy.",
        rule: "Mean accuracy over seeds of NCG is higher than SGD's for each activation under CE, \
               without decay; of each group of NCG than of each of SGD."
            .into(),
        evidence: models.flat_map(|model| question.ask(collection, &model)).collect(),
    }
}

/// NCG and SGD are equally accurate under the squared distance.
pub(super) fn on_par_under_l2(collection: &Collection) -> Claim {
    let question = Question {
        kinds: [NCG, SGD],
        freedom: Freedom::Method,
        measure: &accuracy(),
        show: percent,
        holds: near,
    };
    let models = models(collection, Some("L²"), None).into_iter();
    Claim {
        experiment: "E2",
        text: "NCG and SGD are on par under the L² loss.",
        rule: format!(
            "Mean accuracies over seeds differ by at most {} percentage point for each activation \
             under L², without decay, between each group of NCG and each of SGD.",
            100.0 * SAME
        ),
        evidence: models.flat_map(|model| question.ask(collection, &model)).collect(),
    }
}

/// Weight decay does little to accuracy.
pub(super) fn decay_changes_little(collection: &Collection) -> Claim {
    let mut evidence = Vec::new();
    for model in models(collection, None, None) {
        for kinds in [[SGD_DECAY, SGD], [NCG_DECAY, NCG]] {
            if find(collection, &model, kinds[0]).is_empty() {
                continue;
            }
            let freedom = Freedom::Decay;
            let question =
                Question { kinds, freedom, measure: &accuracy(), show: percent, holds: near };
            evidence.extend(question.ask(collection, &model));
        }
    }
    Claim {
        experiment: "E2",
        text: "Weight decay changes accuracy little.",
        rule: format!(
            "Mean accuracies over seeds with and without decay differ by at most {} percentage point, \
             for SGD and NCG with each activation and loss.",
            100.0 * SAME
        ),
        evidence,
    }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME
}
