//! The accuracy that attacks leave, within bounds of their own norms.

use snode_analysis::Moments;

use super::attacks::{extent, groups, names, norm_name, on_group};
use super::panels::{columns, group_cells};
use crate::statistics::{mean_and_spread, scaled};
use crate::{Attack, Collection, Group, Table};
use snode_experiment::format::{counts, plain};

/// A row for each attack on each group, and each ε.
pub(super) fn table(collection: &Collection) -> Table {
    let mut data =
        columns(&["attack", "norm", "epsilon", "seed", "images", "accuracy", "wrong_before"]);
    let mut rows = Vec::new();
    for group in groups(collection) {
        for name in &names(collection) {
            let attacks = on_group(collection, group, name);
            let Some(first) = attacks.first() else { continue };
            let norm = first.keys.own_norm();
            for epsilon in epsilons(collection, group, first) {
                let accuracy = |attack: &Attack| attack.results.robust_accuracy(norm, epsilon);
                for run in group.runs(collection) {
                    let own = run.attacks.iter().filter(|attack| attack.name == *name);
                    for attack in own {
                        data.row(group_cells(group).into_iter().chain([
                            name.clone(),
                            norm_name(norm).to_owned(),
                            epsilon.to_string(),
                            run.summary.info.seed.to_string(),
                            attack.summary.images.to_string(),
                            accuracy(attack).to_string(),
                            attack.summary.wrong_before.to_string(),
                        ]));
                    }
                }
                let moments: Moments = attacks.iter().map(|attack| accuracy(attack)).collect();
                let images = attacks.iter().map(|attack| attack.summary.images);
                rows.push(vec![
                    group.model(),
                    group.line(),
                    name.clone(),
                    format!("‖δ‖{} ≤ {}", subscript(norm_name(norm)), plain(epsilon)),
                    mean_and_spread(&scaled(&moments, 100.0), 2),
                    counts(images, "image").unwrap_or("–".into()),
                    format!("{}/{}", attacks.len(), group.cells.len()),
                ]);
            }
        }
    }
    Table {
        name: "robust-accuracy".into(),
        title: format!(
            "Accuracy [%] on all images that is left within bounds of the attack's own norm ({})",
            extent(collection, None)
        ),
        header: ["network", "training", "attack", "bound", "accuracy [%]", "of", "runs"]
            .map(str::to_owned)
            .to_vec(),
        rows,
        data,
    }
}

fn subscript(norm: &str) -> &str {
    if norm == "2" { "₂" } else { norm }
}

/// At which ε: as it is planned now, or else as it was when the attack was made.
fn epsilons(collection: &Collection, group: &Group, attack: &Attack) -> Vec<f64> {
    let planned = group.cells.iter().flat_map(|&place| &collection.cells[place].planned);
    let mut planned = planned.flat_map(|experiment| &experiment.attack);
    let keys = planned.find(|keys| keys.name() == attack.name && keys.epsilons.is_some());
    keys.unwrap_or(&attack.keys).epsilons()
}
