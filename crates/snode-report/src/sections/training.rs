//! Accuracy during training.

use snode_figures::Axis;

use super::extent::{Counts, Extent};
use super::panels::{Curve, banded, columns, figure, group_cells, incomplete, panels};
use crate::csv_table::Csv;
use crate::run::Run;
use crate::statistics::across;
use crate::{Collection, Group, Section};
use snode_runner::TEST;

/// Accuracy on the test images against batches, over the runs of each group.
pub(super) fn section(collection: &Collection) -> Option<Section> {
    let axes =
        (Axis::linear("batches trained on"), Axis::linear("accuracy on the test images [%]"));
    let panels = panels(collection, &axes, |group| {
        let curve = curve(collection, group);
        if curve.is_empty() {
            Vec::new()
        } else {
            vec![banded(group.line(), &curve, 100.0).dashed()]
        }
    });
    let extent = Extent::of(collection, counts).text();
    let caption = format!(
        "Accuracy on the test images during training ({extent}): mean over seeds, and a band of one \
         standard deviation."
    );
    let figure = figure("training", caption, &panels, data(collection))?;
    let classified = |group: &&Group| {
        group.experiment(collection).is_none_or(|experiment| !experiment.cost.loss.is_for_values())
    };
    let groups: Vec<&Group> = collection.groups.iter().filter(classified).collect();
    let evaluated = |group: &Group| curves(collection, group).len();
    Some(Section {
        id: "training",
        title: "Accuracy during training".into(),
        about: "Every so many batches the network classifies the test images.".into(),
        notes: incomplete(&groups, evaluated).into_iter().collect(),
        figures: vec![figure],
        ..Section::default()
    })
}

fn counts(run: &Run) -> Option<Counts> {
    run.test_images().map(Counts::images)
}

fn curves(collection: &Collection, group: &Group) -> Vec<Vec<(f64, f64)>> {
    let curves = group.runs(collection).map(|run| {
        let records = run.summary.history.evaluations.iter().filter(|record| record.set == TEST);
        records
            .filter_map(|record| Some((record.batches as f64, record.score.accuracy()?)))
            .collect()
    });
    curves.filter(|curve: &Vec<_>| !curve.is_empty()).collect()
}

fn curve(collection: &Collection, group: &Group) -> Curve {
    across(&curves(collection, group))
}

fn data(collection: &Collection) -> Csv {
    let mut data = columns(&["batches", "runs", "images", "accuracy_mean", "accuracy_std"]);
    for group in &collection.groups {
        let images = group.runs(collection).find_map(Run::test_images);
        let images = images.map_or_else(String::new, |images| images.to_string());
        for (batches, moments) in curve(collection, group) {
            let numbers = [
                batches.to_string(),
                moments.count.to_string(),
                images.clone(),
                moments.mean.to_string(),
                moments.standard_deviation().to_string(),
            ];
            data.row(group_cells(group).into_iter().chain(numbers));
        }
    }
    data
}
