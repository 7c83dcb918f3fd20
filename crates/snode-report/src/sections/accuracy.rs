//! Accuracy in the end: ways of training against models.

use std::collections::HashMap;

use snode_analysis::Moments;

use super::extent::{Counts, Extent};
use super::panels::{columns, group_cells};
use crate::csv_table::Csv;
use crate::statistics::{mean_and_spread, scaled};
use crate::{Collection, Group, Section, Table};

/// A row for each way of training, a column for each model.
pub(super) fn section(collection: &Collection) -> Option<Section> {
    collection.runs().find_map(super::super::Run::accuracy)?;
    let models = collection.models();
    let mut texts: HashMap<(String, String), Vec<String>> = HashMap::new();
    for group in &collection.groups {
        let place = (group.line(), group.model());
        texts.entry(place).or_default().push(cell(collection, group));
    }
    let rows = collection.lines().iter().map(|line| {
        let cells = models.iter().map(|model| {
            texts.get(&(line.clone(), model.clone())).map_or_else(String::new, |t| t.join("; "))
        });
        std::iter::once(line.clone()).chain(cells).collect()
    });
    let mut header = vec!["training".to_owned()];
    header.extend(models.iter().cloned());
    let table = Table {
        name: "accuracy".into(),
        title: format!(
            "Accuracy on the test images [%] ({}): mean ± standard deviation over seeds (runs there \
             / runs planned)",
            Extent::of(collection, |run| run.test_images().map(Counts::images)).text()
        ),
        header,
        rows: rows.collect(),
        data: data(collection),
    };
    Some(Section {
        id: "accuracy",
        title: "Accuracy by training, activation and loss".into(),
        about: "The last evaluation of every run. An empty cell was not planned.".into(),
        tables: vec![table],
        ..Section::default()
    })
}

fn cell(collection: &Collection, group: &Group) -> String {
    let accuracies: Moments =
        group.runs(collection).filter_map(super::super::Run::accuracy).collect();
    let text = mean_and_spread(&scaled(&accuracies, 100.0), 2);
    format!("{text} ({}/{})", accuracies.count, group.cells.len())
}

fn data(collection: &Collection) -> Csv {
    let mut data =
        columns(&["seed", "file", "images", "accuracy", "batches", "iterations", "seconds"]);
    for group in &collection.groups {
        for run in group.runs(collection) {
            let history = &run.summary.history;
            let batches = history.evaluations.last().map_or(0, |record| record.batches);
            let own = [
                run.summary.info.seed.to_string(),
                run.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                run.test_images().map_or_else(String::new, |images| images.to_string()),
                run.accuracy().map_or_else(String::new, |value| value.to_string()),
                batches.to_string(),
                history.iterations.len().to_string(),
                history.seconds().to_string(),
            ];
            data.row(group_cells(group).into_iter().chain(own));
        }
    }
    data
}
