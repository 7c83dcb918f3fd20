//! The accuracy that attacks leave, within bounds of their own norms.

use snode_analysis::Moments;
use snode_attack::{AttackResults, Norm};

use super::attacks::{extent, groups, names, norm_name, on_group};
use super::panels::{columns, group_cells};
use crate::csv_table::Csv;
use crate::run::Run;
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
        for norm in [Norm::Two, Norm::Infinity] {
            rows.extend(ensemble(collection, group, norm, &mut data));
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

/// What all attacks of one norm together leave (S62): a row for each ε that any of them tells.
fn ensemble(
    collection: &Collection,
    group: &Group,
    norm: Norm,
    data: &mut Csv,
) -> Vec<Vec<String>> {
    let together: Vec<(&Run, AttackResults<f64>)> = group
        .runs(collection)
        .filter_map(|run| {
            let own = run.attacks.iter().filter(|attack| attack.keys.own_norm() == norm);
            let own: Vec<&AttackResults<f64>> = own.map(|attack| &attack.results).collect();
            // Not of the same images: nothing can be said of them together.
            let all = AttackResults::strongest(&own, norm).ok()?;
            (own.len() > 1).then_some((run, all))
        })
        .collect();
    let attacks = together.iter().flat_map(|(run, _)| &run.attacks);
    let own = attacks.filter(|attack| attack.keys.own_norm() == norm);
    let mut epsilons: Vec<f64> =
        own.flat_map(|attack| epsilons(collection, group, attack)).collect();
    epsilons.sort_by(f64::total_cmp);
    epsilons.dedup();
    let mut row = |epsilon: f64| {
        for (run, all) in &together {
            data.row(group_cells(group).into_iter().chain([
                ENSEMBLE.to_owned(),
                norm_name(norm).to_owned(),
                epsilon.to_string(),
                run.summary.info.seed.to_string(),
                all.images.len().to_string(),
                all.robust_accuracy(norm, epsilon).to_string(),
                all.summary().wrong_before.to_string(),
            ]));
        }
        let accuracy = together.iter().map(|(_, all)| all.robust_accuracy(norm, epsilon));
        let moments: Moments = accuracy.collect();
        let images = together.iter().map(|(_, all)| all.images.len());
        vec![
            group.model(),
            group.line(),
            ENSEMBLE.to_owned(),
            format!("‖δ‖{} ≤ {}", subscript(norm_name(norm)), plain(epsilon)),
            mean_and_spread(&scaled(&moments, 100.0), 2),
            counts(images, "image").unwrap_or("–".into()),
            format!("{}/{}", together.len(), group.cells.len()),
        ]
    };
    epsilons.into_iter().map(&mut row).collect()
}

/// What all attacks of one norm together are called.
const ENSEMBLE: &str = "all together";

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
