//! Euler or adaptive: the scheme a network is trained under, and the one that solves it.

use std::collections::BTreeSet;

use snode_analysis::Moments;

use super::extent::{Counts, Extent};
use super::order::arrange;
use super::panels::{columns, group_cells};
use crate::csv_table::Csv;
use crate::run::Run;
use crate::statistics::{mean_and_spread, scaled};
use crate::{Collection, Group, Section, Table};
use snode_experiment::Experiment;
use snode_experiment::format::show_seconds;

/// Training under each scheme, and the cross table of training and solving.
pub(super) fn section(collection: &Collection) -> Option<Section> {
    let solved = solved(collection);
    if solved.is_empty() {
        return None;
    }
    let asks = |experiment: &Experiment| experiment.analysis.schemes.is_some();
    let has = |run: &Run| run.measured("schemes").next().is_some();
    let measured: Vec<&Group> = collection.planned(asks, has).collect();
    Some(Section {
        id: "schemes",
        title: "Schemes of training and of solving".into(),
        about:
            "Every trained network is solved by each scheme, the one it was trained under among \
                them."
                .into(),
        tables: vec![trained(collection, &measured), crossed(collection, &measured, &solved)],
        ..Section::default()
    })
}

/// The schemes that networks were solved by: those of experiments in their order, then others by name.
fn solved(collection: &Collection) -> Vec<String> {
    let measured = collection.runs().flat_map(|run| run.measured("schemes"));
    let there: BTreeSet<&str> = measured.map(|(name, _)| name).collect();
    let experiments = collection.groups.iter().filter_map(|group| group.experiment(collection));
    let asked = experiments.filter_map(|experiment| experiment.analysis.schemes.as_ref());
    arrange(asked.flat_map(|keys| &keys.solve).map(|scheme| scheme.text()), &there)
}

fn trained(collection: &Collection, groups: &[&Group]) -> Table {
    let mut data = columns(&["runs", "accuracy_mean", "accuracy_std", "seconds_mean"]);
    let mut rows = Vec::new();
    for group in groups {
        let runs = || group.runs(collection);
        let accuracies: Moments = runs().filter_map(Run::accuracy).collect();
        let seconds: Moments = runs().map(|run| run.summary.history.seconds()).collect();
        rows.push(vec![
            group.model(),
            group.line(),
            mean_and_spread(&scaled(&accuracies, 100.0), 2),
            group.count(collection),
            show_seconds(seconds.mean),
        ]);
        data.row(group_cells(group).into_iter().chain([
            accuracies.count.to_string(),
            accuracies.mean.to_string(),
            accuracies.standard_deviation().to_string(),
            seconds.mean.to_string(),
        ]));
    }
    Table {
        name: "training-schemes".into(),
        title: format!(
            "Networks by the scheme they were trained under ({})",
            Extent::of_groups(collection, groups.iter().copied(), |run| {
                run.test_images().map(Counts::images)
            })
            .text()
        ),
        header: ["network", "training", "accuracy [%]", "runs", "time of a training"]
            .map(str::to_owned)
            .to_vec(),
        rows,
        data,
    }
}

fn crossed(collection: &Collection, groups: &[&Group], solved: &[String]) -> Table {
    let mut data: Csv = columns(&["solved_by", "seed", "images", "accuracy", "right_hand_sides"]);
    let mut rows = Vec::new();
    for group in groups {
        let mut row = vec![group.model(), group.line()];
        for scheme in solved {
            let mut accuracies = Moments::default();
            for run in group.runs(collection) {
                let found = run.analyses.get(&format!("schemes/{scheme}"));
                let Some(accuracy) = found.and_then(|found| found.number("accuracy")) else {
                    continue;
                };
                accuracies.add(accuracy);
                let effort = found.and_then(|found| found.number("right_hand_sides"));
                data.row(group_cells(group).into_iter().chain([
                    scheme.clone(),
                    run.summary.info.seed.to_string(),
                    found.map(Counts::of).unwrap_or_default().cells()[0].clone(),
                    accuracy.to_string(),
                    effort.map_or_else(String::new, |count| count.to_string()),
                ]));
            }
            let text = mean_and_spread(&scaled(&accuracies, 100.0), 2);
            row.push(format!("{text} ({}/{})", accuracies.count, group.cells.len()));
        }
        rows.push(row);
    }
    let mut header = vec!["network".to_owned(), "trained".to_owned()];
    header.extend(solved.iter().map(|scheme| format!("solved by {scheme}")));
    Table {
        name: "schemes".into(),
        title: format!(
            "Accuracy [%] by the schemes of training (rows) and of solving (columns; {})",
            Extent::of(collection, |run| {
                run.measured("schemes").next().map(|(_, found)| Counts::of(found))
            })
            .text()
        ),
        header,
        rows,
        data,
    }
}
