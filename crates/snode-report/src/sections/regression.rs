//! Errors of regressions: in the end, and during training.

use snode_analysis::Moments;
use snode_figures::Axis;

use super::curves::{Quantity, Source};
use super::extent::{Counts, Extent};
use super::panels::{columns, group_cells};
use crate::run::Run;
use crate::statistics::short;
use crate::{Collection, Section, Table};
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
    let inputs = |run: &Run| run.errors().map(|(_, inputs)| Counts::images(inputs));
    let extent = Extent::of(collection, inputs).text();
    let curves = Quantity {
        name: "errors",
        caption: format!(
            "Mean squared error of a component of the targets during training ({extent})"
        ),
        axis: Axis::logarithmic("mean squared error"),
        factor: 1.0,
        columns: ["mean_squared_error_mean", "mean_squared_error_std"],
        source: Source::Evaluations(&|record| Some(record.score.errors()?.mean_square)),
    };
    let figures = curves.figure(collection).into_iter().collect();
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
