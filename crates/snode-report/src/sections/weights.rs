//! Weights as functions of depth.

use snode_analysis::Moments;
use snode_figures::{Axis, Line};

use super::extent::{Counts, Extent};
use super::panels::{columns, figure, group_cells, incomplete, panels};
use crate::csv_table::Csv;
use crate::run::Run;
use crate::statistics::short;
use crate::{Collection, Group, Section, Table};
use snode_experiment::Experiment;

/// The path of one weight of each group's first run, and how smooth all weights are.
pub(super) fn section(collection: &Collection) -> Option<Section> {
    let panels = panels(collection, &(Axis::linear("depth t"), Axis::linear("weight")), |group| {
        let path = group.runs(collection).find_map(path);
        path.map(|path| Line::new(group.line(), path).plain().dashed()).into_iter().collect()
    });
    let entry = collection.runs().find_map(|run| {
        let found = run.analyses.get("smoothness")?;
        Some(format!("({}, {})", found.number("path_row")?, found.number("path_column")?))
    })?;
    let first = collection.runs().find(|run| path(run).is_some());
    let seed = first.map_or_else(String::new, |run| format!(" (seed {})", run.summary.info.seed));
    let caption = format!("The weight {entry} through depth, in the first run of each kind{seed}.");
    let figure = figure("weights", caption, &panels, data(collection))?;
    let measured = |group: &Group| {
        group.runs(collection).filter(|run| run.analyses.contains_key("smoothness")).count()
    };
    Some(Section {
        id: "weights",
        title: "Weights through depth".into(),
        about: "How smooth the trained weights are as functions of depth.".into(),
        notes: incomplete(&groups(collection), measured).into_iter().collect(),
        tables: vec![table(collection)],
        figures: vec![figure],
    })
}

/// The groups that smoothness is measured for.
fn groups(collection: &Collection) -> Vec<&Group> {
    let asks = |experiment: &Experiment| experiment.analysis.smoothness.is_some();
    collection.planned(asks, |run| run.analyses.contains_key("smoothness")).collect()
}

fn path(run: &Run) -> Option<Vec<(f64, f64)>> {
    let found = run.analyses.get("smoothness")?;
    let (times, path) = (found.values("path_times")?, found.values("path")?);
    Some(times.iter().copied().zip(path.iter().copied()).collect())
}

/// H¹ seminorm of all weights relative to their norm: 0 for weights that are constant in depth.
pub(crate) fn relative_seminorm(run: &Run) -> Option<f64> {
    let found = run.analyses.get("smoothness")?;
    let (seminorm, norm) = (found.number("weights_total_seminorm")?, found.number("weights_norm")?);
    Some(seminorm / norm)
}

fn data(collection: &Collection) -> Csv {
    let mut data = columns(&["seed", "depth", "weight"]);
    for group in &collection.groups {
        for run in group.runs(collection) {
            for (depth, weight) in path(run).unwrap_or_default() {
                data.row(group_cells(group).into_iter().chain([
                    run.summary.info.seed.to_string(),
                    depth.to_string(),
                    weight.to_string(),
                ]));
            }
        }
    }
    data
}

fn table(collection: &Collection) -> Table {
    let names = ["weights_total_variation", "weights_total_seminorm", "weights_norm"];
    let mut data = columns(&["seed", names[0], names[1], names[2]]);
    let mut rows = Vec::new();
    for group in groups(collection) {
        let found = || {
            group.runs(collection).filter_map(|run| Some((run, run.analyses.get("smoothness")?)))
        };
        for (run, smoothness) in found() {
            let numbers = names.map(|name| {
                smoothness.number(name).map_or_else(String::new, |value| value.to_string())
            });
            let seed = [run.summary.info.seed.to_string()];
            data.row(group_cells(group).into_iter().chain(seed).chain(numbers));
        }
        let mut row = vec![group.model(), group.line()];
        for name in names {
            let moments: Moments = found().filter_map(|(_, f)| f.number(name)).collect();
            row.push(short(&moments));
        }
        let ratios: Moments = group.runs(collection).filter_map(relative_seminorm).collect();
        row.push(short(&ratios));
        row.push(format!("{}/{}", ratios.count, group.cells.len()));
        rows.push(row);
    }
    Table {
        name: "smoothness".into(),
        title: format!(
            "Smoothness of all weights in depth ({})",
            Extent::of(collection, |run| run.analyses.get("smoothness").map(Counts::of)).text()
        ),
        header: [
            "network",
            "training",
            "total variation",
            "H¹ seminorm",
            "L² norm",
            "seminorm / norm",
            "runs",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows,
        data,
    }
}
