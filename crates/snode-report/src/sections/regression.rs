//! Errors of regressions: in the end, and during training.

use snode_analysis::Moments;
use snode_figures::Axis;

use super::extent::{Counts, Extent};
use super::panels::{Curve, banded, columns, figure, group_cells, panels};
use crate::run::Run;
use crate::statistics::{across, short};
use crate::{Collection, Group, Section, Table};
use snode_runner::TEST;
use snode_train::ValueErrors;

/// What is told of the errors: what it is called, its column in files, and the number.
type Measure = (&'static str, &'static str, fn(&ValueErrors) -> f64);

const MEASURES: [Measure; 3] = [
    ("mean squared error", "mean_squared_error", |errors| errors.mean_square),
    ("mean absolute error", "mean_absolute_error", |errors| errors.mean_absolute),
    ("R²", "r_squared", |errors| errors.r_squared),
];

/// A row for each group of regressions, and the mean squared error against batches.
pub(super) fn section(collection: &Collection) -> Option<Section> {
    collection.runs().find_map(Run::errors)?;
    let extent =
        Extent::of(collection, |run| run.errors().map(|(_, images)| Counts::images(images)));
    let extent = extent.text();
    let axes = (Axis::linear("batches trained on"), Axis::linear("mean squared error"));
    let panels = panels(collection, &axes, |group| {
        let curve = across(&curves(collection, group));
        if curve.is_empty() { Vec::new() } else { vec![banded(group.line(), &curve, 1.0).dashed()] }
    });
    let caption = format!(
        "Mean squared error of a component of the targets during training ({extent}): mean over \
         seeds, and a band of one standard deviation."
    );
    let figures = figure("errors", caption, &panels, curve_data(collection)).into_iter().collect();
    Some(Section {
        id: "errors",
        title: "Errors of regressions".into(),
        about:
            "How far predictions of the test inputs are from their targets: the last evaluation \
                of every run, and on the way there."
                .into(),
        tables: vec![table(collection, &extent)],
        figures,
        ..Section::default()
    })
}

fn table(collection: &Collection, extent: &str) -> Table {
    let mut data =
        columns(&["seed", "file", "inputs"].iter().copied().chain(names()).collect::<Vec<_>>());
    let mut rows = Vec::new();
    for group in &collection.groups {
        let errors = || group.runs(collection).filter_map(|run| Some((run, run.errors()?)));
        if errors().next().is_none() {
            continue;
        }
        let mut row = vec![group.model(), group.line()];
        for (_, _, number) in MEASURES {
            let moments: Moments = errors().map(|(_, (errors, _))| number(&errors)).collect();
            row.push(short(&moments));
        }
        row.push(group.count(collection));
        rows.push(row);
        for (run, (errors, inputs)) in errors() {
            let own = [
                run.summary.info.seed.to_string(),
                run.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                inputs.to_string(),
            ];
            let numbers = MEASURES.map(|(_, _, number)| number(&errors).to_string());
            data.row(group_cells(group).into_iter().chain(own).chain(numbers));
        }
    }
    let measures = MEASURES.map(|(name, ..)| name);
    let header = ["network", "training"].into_iter().chain(measures).chain(["runs"]);
    Table {
        name: "errors".into(),
        title: format!(
            "Errors on the test inputs ({extent}): mean ± standard deviation over seeds"
        ),
        header: header.map(str::to_owned).collect(),
        rows,
        data,
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    MEASURES.into_iter().map(|(_, column, _)| column)
}

fn curves(collection: &Collection, group: &Group) -> Vec<Vec<(f64, f64)>> {
    let curves = group.runs(collection).map(|run| {
        let records = run.summary.history.evaluations.iter().filter(|record| record.set == TEST);
        records
            .filter_map(|record| Some((record.batches as f64, record.score.errors()?.mean_square)))
            .collect()
    });
    curves.filter(|curve: &Vec<_>| !curve.is_empty()).collect()
}

fn curve_data(collection: &Collection) -> crate::csv_table::Csv {
    let mut data =
        columns(&["batches", "runs", "mean_squared_error_mean", "mean_squared_error_std"]);
    for group in &collection.groups {
        let curve: Curve = across(&curves(collection, group));
        for (batches, moments) in curve {
            let numbers = [
                batches.to_string(),
                moments.count.to_string(),
                moments.mean.to_string(),
                moments.standard_deviation().to_string(),
            ];
            data.row(group_cells(group).into_iter().chain(numbers));
        }
    }
    data
}
