//! Accuracy under noise.

use snode_figures::Axis;

use super::extent::{Counts, Extent};
use super::panels::{Curve, banded, columns, figure, group_cells, incomplete, panels};
use crate::run::Run;
use crate::statistics::{across, mean_and_spread, scaled};
use crate::{Collection, Group, Section, Table};
use snode_experiment::Experiment;
use snode_experiment::format::plain;

/// Accuracy against the level of noise on the inputs.
pub(super) fn section(collection: &Collection) -> Option<Section> {
    let axes = (
        Axis::linear("standard deviation of the noise (background 0, foreground −1)"),
        Axis::linear("accuracy [%]"),
    );
    let panels = panels(collection, &axes, |group| {
        let curve = curve(collection, group);
        if curve.is_empty() {
            Vec::new()
        } else {
            vec![banded(group.line(), &curve, 100.0).dashed()]
        }
    });
    let table = table(collection);
    let caption = format!(
        "Accuracy on test images with Gaussian noise ({}): mean over seeds of the mean over draws, \
         and a band of one standard deviation over seeds.",
        Extent::of(collection, counts).text()
    );
    let figure = figure("robustness", caption, &panels, table.data.clone())?;
    let measured = |group: &Group| group.runs(collection).filter_map(Run::robustness).count();
    Some(Section {
        id: "robustness",
        title: "Robustness against noise".into(),
        about:
            "Gaussian noise is added to the test images; the network is solved by the scheme it \
                was trained under."
                .into(),
        notes: incomplete(&groups(collection), measured).into_iter().collect(),
        tables: vec![table],
        figures: vec![figure],
    })
}

fn counts(run: &Run) -> Option<Counts> {
    run.robustness_group().map(Counts::of)
}

/// Accuracy under noise, over the runs of a group.
fn curve(collection: &Collection, group: &Group) -> Curve {
    let curves: Vec<Vec<(f64, f64)>> = group
        .runs(collection)
        .filter_map(Run::robustness)
        .map(|curve| curve.into_iter().map(|(level, draws)| (level, draws.mean)).collect())
        .collect();
    across(&curves)
}

/// The groups that robustness is measured for.
fn groups(collection: &Collection) -> Vec<&Group> {
    let asks = |experiment: &Experiment| experiment.analysis.robustness.is_some();
    collection.planned(asks, |run| run.robustness().is_some()).collect()
}

fn table(collection: &Collection) -> Table {
    let mut levels: Vec<f64> = collection
        .runs()
        .filter_map(Run::robustness)
        .flat_map(|curve| curve.into_iter().map(|(level, _)| level))
        .collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let mut data = columns(&["seed", "level", "images", "draws", "accuracy_mean", "accuracy_std"]);
    let mut rows = Vec::new();
    for group in groups(collection) {
        for run in group.runs(collection) {
            let [images, _] = counts(run).unwrap_or_default().cells();
            for (level, draws) in run.robustness().unwrap_or_default() {
                data.row(group_cells(group).into_iter().chain([
                    run.summary.info.seed.to_string(),
                    level.to_string(),
                    images.clone(),
                    draws.count.to_string(),
                    draws.mean.to_string(),
                    draws.standard_deviation().to_string(),
                ]));
            }
        }
        let curve = curve(collection, group);
        let at = |level: &f64| {
            let found = curve.iter().find(|(x, _)| x == level).map(|(_, moments)| *moments);
            mean_and_spread(&scaled(&found.unwrap_or_default(), 100.0), 1)
        };
        let runs = curve.iter().map(|(_, moments)| moments.count).max().unwrap_or(0);
        let mut row = vec![group.model(), group.line(), format!("{runs}/{}", group.cells.len())];
        row.extend(levels.iter().map(at));
        rows.push(row);
    }
    let mut header = ["network", "training", "runs"].map(str::to_owned).to_vec();
    header.extend(levels.iter().map(|level| format!("s = {}", plain(*level))));
    Table {
        name: "robustness".into(),
        title: format!(
            "Accuracy [%] under noise of standard deviation s ({})",
            Extent::of(collection, counts).text()
        ),
        header,
        rows,
        data,
    }
}
