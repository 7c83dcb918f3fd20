//! Noise through depth: estimated and measured.

use snode_figures::{Axis, Line};

use super::extent::{Counts, Extent};
use super::panels::{Curve, banded, columns, figure, group_cells, incomplete, panels};
use crate::csv_table::Csv;
use crate::run::Run;
use crate::statistics::{across, short};
use crate::{Collection, Figure, Group, Section, Table};
use snode_experiment::format::{file_name, plain};
use snode_experiment::{Experiment, NoiseConfig};

/// How many markers a curve of measured values has.
const MARKERS: usize = 12;
/// The quantities, by the names they have in files.
pub(crate) const QUANTITIES: [&str; 3] = ["estimated", "measured", "relative_error"];

/// Figures for noise on the inputs and, where it was measured, on the parameters.
pub(super) fn section(collection: &Collection) -> Option<Section> {
    let mut section = Section {
        id: "propagation",
        title: "Noise through depth".into(),
        about:
            "The sensitivity problem estimates how far noise moves the state at every depth; two \
                solutions of the network measure it. Mean over images and draws, then over seeds."
                .into(),
        ..Section::default()
    };
    for part in ["input", "parameters"] {
        let levels = levels(collection, part);
        if levels.is_empty() {
            continue;
        }
        let measured = |group: &Group| {
            group.runs(collection).filter(|run| run.analyses.contains_key(&key(part))).count()
        };
        section.notes.extend(incomplete(&groups(collection, part), measured));
        section.tables.push(table(collection, part, &levels));
        for &level in &levels {
            section.figures.extend(figures(collection, part, level));
        }
    }
    section.notes.dedup();
    (!section.tables.is_empty()).then_some(section)
}

/// The groups that noise on a part is measured for.
fn groups<'a>(collection: &'a Collection, part: &str) -> Vec<&'a Group> {
    let asks = |experiment: &Experiment| {
        let levels = |keys: &NoiseConfig| match part {
            "input" => !keys.levels.is_empty(),
            _ => !keys.weights_levels.is_empty(),
        };
        experiment.analysis.noise.as_ref().is_some_and(levels)
    };
    let key = key(part);
    collection.planned(asks, |run| run.analyses.contains_key(&key)).collect()
}

fn key(part: &str) -> String {
    format!("noise/{part}")
}

fn levels(collection: &Collection, part: &str) -> Vec<f64> {
    let groups = collection.runs().filter_map(|run| run.analyses.get(&key(part)));
    let mut levels: Vec<f64> =
        groups.filter_map(|group| group.values("levels")).flatten().copied().collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    levels
}

/// The mean of a quantity through depth, for one run.
pub(crate) fn of_run(run: &Run, part: &str, level: f64, quantity: &str) -> Option<Vec<(f64, f64)>> {
    let found = run.analyses.get(&key(part))?;
    let row = found.values("levels")?.iter().position(|known| *known == level)?;
    let times = found.values("times")?;
    let means = found.values(&format!("{quantity}_mean"))?.chunks(times.len().max(1)).nth(row)?;
    Some(times.iter().copied().zip(means.iter().copied()).collect())
}

/// The mean of a quantity through depth, over the runs of a group.
pub(crate) fn curve(
    collection: &Collection,
    group: &Group,
    part: &str,
    level: f64,
    quantity: &str,
) -> Curve {
    let curves: Vec<_> =
        group.runs(collection).filter_map(|run| of_run(run, part, level, quantity)).collect();
    across(&curves)
}

/// The levels of noise on the inputs that a group was measured under.
pub(crate) fn levels_of(collection: &Collection, group: &Group) -> Vec<f64> {
    let all = levels(collection, "input");
    let there = |level: &f64| !curve(collection, group, "input", *level, "measured").is_empty();
    all.into_iter().filter(there).collect()
}

fn counts(run: &Run, part: &str) -> Option<Counts> {
    run.analyses.get(&key(part)).map(Counts::of)
}

/// How many images, draws and seeds there are.
fn extent(collection: &Collection, part: &str) -> String {
    Extent::of(collection, |run| counts(run, part)).text()
}

fn figures(collection: &Collection, part: &str, level: f64) -> Vec<Figure> {
    let depth = || Axis::linear("depth t");
    let curve = |group: &Group, quantity| curve(collection, group, part, level, quantity);
    let points = |curve: &Curve, first: usize, every: usize| {
        let points = curve.iter().skip(first).step_by(every);
        points.map(|(x, moments)| (*x, moments.mean)).collect::<Vec<_>>()
    };
    let sizes =
        panels(collection, &(depth(), Axis::logarithmic("‖ξ‖ and ‖x̃ − x‖")), |group| {
            let (estimated, measured) = (curve(group, "estimated"), curve(group, "measured"));
            if measured.is_empty() {
                return Vec::new();
            }
            let every = measured.len().div_ceil(MARKERS);
            vec![
                banded(group.line(), &estimated, 1.0).plain().dashed(),
                Line::new(format!("{}, measured", group.line()), points(&measured, 0, every))
                    .unjoined(),
            ]
        });
    let errors = panels(
        collection,
        &(depth(), Axis::logarithmic("‖ξ − (x̃ − x)‖/‖x̃ − x‖")),
        |group| {
            // At layer 0 the estimate is exact to round-off, far below everything else.
            let points = points(&curve(group, "relative_error"), 1, 1);
            if points.is_empty() {
                return Vec::new();
            }
            vec![Line::new(group.line(), points).plain().dashed()]
        },
    );
    let data = || data(collection, part, level);
    let extent = extent(collection, part);
    let on = format!("noise of standard deviation {} on the {part} ({extent})", plain(level));
    let name = |what: &str| file_name(&format!("{what}-{part}-{}", plain(level)));
    let figures = [
        figure(
            name("noise"),
            format!(
                "Perturbation of the state by {on}: lines estimated, with a band of one standard \
                 deviation over seeds, markers measured."
            ),
            &sizes,
            data(),
        ),
        figure(
            name("noise-error"),
            format!("Relative error of the estimate, {on}."),
            &errors,
            data(),
        ),
    ];
    figures.into_iter().flatten().collect()
}

fn data(collection: &Collection, part: &str, level: f64) -> Csv {
    let mut data = columns(&["quantity", "depth", "runs", "images", "draws", "mean", "std"]);
    for group in &collection.groups {
        let counts = group.runs(collection).find_map(|run| counts(run, part));
        let [images, draws] = counts.unwrap_or_default().cells();
        for quantity in QUANTITIES {
            for (depth, moments) in curve(collection, group, part, level, quantity) {
                data.row(group_cells(group).into_iter().chain([
                    quantity.to_owned(),
                    depth.to_string(),
                    moments.count.to_string(),
                    images.clone(),
                    draws.clone(),
                    moments.mean.to_string(),
                    moments.standard_deviation().to_string(),
                ]));
            }
        }
    }
    data
}

fn table(collection: &Collection, part: &str, levels: &[f64]) -> Table {
    let mut data = columns(&["level", "seed", "images", "draws", "quantity", "mean_at_end"]);
    let mut rows = Vec::new();
    for group in groups(collection, part) {
        for &level in levels {
            let mut row = vec![group.model(), group.line(), plain(level)];
            let mut runs = 0;
            for quantity in QUANTITIES {
                let curve = curve(collection, group, part, level, quantity);
                let end = curve.last().map(|(_, moments)| *moments).unwrap_or_default();
                runs = runs.max(end.count);
                row.push(short(&end));
                for run in group.runs(collection) {
                    let [images, draws] = counts(run, part).unwrap_or_default().cells();
                    let of_run = of_run(run, part, level, quantity).unwrap_or_default();
                    if let Some((_, value)) = of_run.last() {
                        data.row(group_cells(group).into_iter().chain([
                            level.to_string(),
                            run.summary.info.seed.to_string(),
                            images,
                            draws,
                            quantity.to_owned(),
                            value.to_string(),
                        ]));
                    }
                }
            }
            row.push(format!("{runs}/{}", group.cells.len()));
            rows.push(row);
        }
    }
    Table {
        name: format!("noise-{part}"),
        title: format!("Noise on the {part} at the end of depth ({})", extent(collection, part)),
        header: [
            "network",
            "training",
            "s",
            "estimated ‖ξ(T)‖",
            "measured ‖x̃(T) − x(T)‖",
            "relative error",
            "runs",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows,
        data,
    }
}
