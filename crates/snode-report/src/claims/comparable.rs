//! Whether two groups of runs may be compared: they differ in nothing but what a claim is about.

use crate::{Collection, Group};
use snode_experiment::differences;

/// In which keys two sides of a comparison may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freedom {
    /// In the method of training and its options.
    Method,
    /// In weight decay.
    Decay,
    /// In the space of gradients.
    Space,
    /// In the scheme and its options.
    Scheme,
    /// In the model and the method: activation, cost, and all of the training's options.
    Model,
}

/// How far training goes, and on what: no option of a method.
const EXTENT: [&str; 5] = [
    "training.epochs",
    "training.batches",
    "training.batch_size",
    "training.time_limit",
    "training.early_stop",
];
/// Keys that change nothing in what is compared.
const NEVER_MATTER: [&str; 3] = ["seed", "training.evaluate_every", "training.divergence_factor"];

impl Freedom {
    fn allows(self, key: &str) -> bool {
        let in_table = |table: &str| key.starts_with(table);
        let of_method = in_table("training.") && !EXTENT.contains(&key);
        match self {
            Self::Method => of_method,
            Self::Decay => matches!(key, "cost.mu4" | "training.weight_decay"),
            Self::Space => {
                matches!(key, "training.space" | "training.length" | "training.discretisation")
            }
            Self::Scheme => key == "network.scheme" || in_table("solver."),
            Self::Model => of_method || in_table("cost.") || key == "network.activation",
        }
    }
}

/// Why two groups are not compared; nothing if they may be.
pub(super) fn unequal(
    collection: &Collection,
    groups: [&Group; 2],
    freedom: Freedom,
) -> Option<String> {
    let [first, second] = groups.map(|group| group.experiment(collection));
    let differing = differences(first?, second?);
    let keys = differing.iter().map(|difference| difference.key.as_str());
    let keys: Vec<&str> =
        keys.filter(|key| !NEVER_MATTER.contains(key) && !freedom.allows(key)).collect();
    (!keys.is_empty()).then(|| format!("they differ in {} too", keys.join(", ")))
}
