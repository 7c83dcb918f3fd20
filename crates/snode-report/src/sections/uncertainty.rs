//! Accuracy under noise, predicted and measured, and how sure each prediction is.

use snode_analysis::Moments;
use snode_figures::{Axis, Line, Panel};
use snode_store::Appendix;

use super::extent::{Counts, Extent};
use super::panels::{Curve, columns, figure, group_cells, incomplete, panels};
use crate::run::Run;
use crate::statistics::{across, mean_and_spread, scaled};
use crate::{Collection, Figure, Group, Section, Table};
use snode_experiment::Experiment;
use snode_experiment::format::{file_name, plain};

/// The group of noise on the inputs.
const INPUT: &str = "uncertainty/input";
/// Below which relative error of the estimate its predictions are taken to hold.
const TRUSTED: f64 = 0.1;
/// The most reliability diagrams.
const DIAGRAMS: usize = 12;

/// Predicted and measured curves, the table of both, and a reliability diagram for each network.
pub(super) fn section(collection: &Collection) -> Option<Section> {
    let axes = (
        Axis::linear("standard deviation of the noise on the inputs"),
        Axis::linear("accuracy [%]"),
    );
    let panels = panels(collection, &axes, |group| {
        let line = |name: &str, of: &dyn Fn(&Appendix) -> Option<Vec<f64>>| {
            let curve = curve(collection, group, of);
            let points = curve.iter().map(|(s, moments)| (*s, 100.0 * moments.mean));
            (!curve.is_empty()).then(|| Line::new(format!("{}, {name}", group.line()), points))
        };
        let predicted =
            line("predicted", &|found| Some(found.values("predicted_accuracy")?.into()));
        let measured = line("measured", &measured);
        measured.into_iter().chain(predicted.map(Line::dashed)).collect()
    });
    let table = table(collection);
    let caption = format!(
        "Accuracy on test images under Gaussian noise: predicted from adjoint columns of the clean \
         images (dashed), and measured on noisy ones ({}); means over seeds.",
        Extent::of(collection, counts).text()
    );
    let curves = figure("uncertainty", caption, &panels, table.data.clone())?;
    let diagrams = diagrams(collection);
    let has = |group: &Group| group.runs(collection).filter(|run| group_of(run).is_some()).count();
    Some(Section {
        id: "uncertainty",
        title: "Uncertainty".into(),
        about:
            "Scores under noise are normal to first order, with a covariance from as many columns \
                of the adjoint problem as there are classes: no noisy data is needed to predict \
                accuracy under noise, or how likely it is that a prediction flips."
                .into(),
        notes: incomplete(&groups(collection), has).into_iter().collect(),
        tables: vec![table, least_certain(collection)],
        figures: std::iter::once(curves).chain(diagrams).collect(),
    })
}

fn group_of(run: &Run) -> Option<&Appendix> {
    run.analyses.get(INPUT)
}

fn counts(run: &Run) -> Option<Counts> {
    group_of(run).map(Counts::of)
}

/// The groups that uncertainty is computed for.
fn groups(collection: &Collection) -> Vec<&Group> {
    let asks = |experiment: &Experiment| experiment.analysis.uncertainty.is_some();
    collection.planned(asks, |run| group_of(run).is_some()).collect()
}

/// The mean over draws of the accuracy measured at each level.
fn measured(found: &Appendix) -> Option<Vec<f64>> {
    let accuracy = found.arrays.get("accuracy")?;
    let draws = (*accuracy.shape.get(1)?).max(1);
    let mean = |row: &[f64]| row.iter().copied().collect::<Moments>().mean;
    Some(accuracy.values.chunks(draws).map(mean).collect())
}

/// A quantity against the level, over the runs of a group.
fn curve(
    collection: &Collection,
    group: &Group,
    of: &dyn Fn(&Appendix) -> Option<Vec<f64>>,
) -> Curve {
    let own = |run: &Run| -> Option<Vec<(f64, f64)>> {
        let found = group_of(run)?;
        Some(found.values("levels")?.iter().copied().zip(of(found)?).collect())
    };
    let curves: Vec<Vec<(f64, f64)>> = group.runs(collection).filter_map(own).collect();
    across(&curves)
}

/// A row for each group and level: predicted, measured, and whether the estimate is to be trusted.
fn table(collection: &Collection) -> Table {
    let mut data = columns(&[
        "seed",
        "level",
        "predicted_accuracy",
        "accuracy_mean",
        "relative_error",
        "calibration_error",
    ]);
    let mut rows = Vec::new();
    for group in groups(collection) {
        for run in group.runs(collection) {
            let Some(found) = group_of(run) else { continue };
            let levels = found.values("levels").unwrap_or_default();
            let measured = measured(found).unwrap_or_default();
            for (index, level) in levels.iter().enumerate() {
                let value = |name: &str| {
                    let values = found.values(name).unwrap_or_default();
                    values.get(index).map(f64::to_string).unwrap_or_default()
                };
                data.row(group_cells(group).into_iter().chain([
                    run.summary.info.seed.to_string(),
                    level.to_string(),
                    value("predicted_accuracy"),
                    measured.get(index).map(f64::to_string).unwrap_or_default(),
                    value("relative_error"),
                    value("calibration_error"),
                ]));
            }
        }
        rows.extend(rows_of(collection, group));
    }
    Table {
        name: "uncertainty".into(),
        title: format!(
            "Accuracy [%] under noise of standard deviation s, predicted and measured; the estimate's \
             relative error at T, above {} % in parentheses ({})",
            plain(100.0 * TRUSTED),
            Extent::of(collection, counts).text()
        ),
        header: [
            "network",
            "training",
            "s",
            "predicted",
            "measured",
            "error [%]",
            "calibration [%]",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows,
        data,
    }
}

fn rows_of(collection: &Collection, group: &Group) -> Vec<Vec<String>> {
    let named = |name: &'static str| {
        curve(collection, group, &move |found| Some(found.values(name)?.into()))
    };
    let predicted = named("predicted_accuracy");
    let (observed, errors) = (curve(collection, group, &measured), named("relative_error"));
    let calibration = named("calibration_error");
    let at = |curve: &Curve, s: f64| curve.iter().find(|(x, _)| *x == s).map(|(_, m)| *m);
    let shown = |moments: Option<Moments>, digits: usize| {
        let known = moments.filter(|moments| moments.mean.is_finite());
        known.map_or("–".into(), |moments| mean_and_spread(&scaled(&moments, 100.0), digits))
    };
    predicted
        .iter()
        .map(|(s, moments)| {
            let error = at(&errors, *s);
            let text = shown(error, 1);
            let leaves = error.is_some_and(|error| error.mean > TRUSTED);
            vec![
                group.model(),
                group.line(),
                plain(*s),
                shown(Some(*moments), 2),
                shown(at(&observed, *s), 2),
                if leaves { format!("({text})") } else { text },
                shown(at(&calibration, *s), 2),
            ]
        })
        .collect()
}

/// How many images are listed.
const LISTED: usize = 10;

/// The least certain images of the first run that has them.
fn least_certain(collection: &Collection) -> Table {
    let header = ["network", "training", "image", "class", "nearest", "distance"];
    let mut data = columns(&["seed", "image", "class", "nearest_class", "distance"]);
    let mut rows = Vec::new();
    for group in groups(collection) {
        let Some((run, found)) =
            group.runs(collection).find_map(|run| group_of(run).map(|found| (run, found)))
        else {
            continue;
        };
        let values = |name: &str| found.values(name).unwrap_or_default();
        let (distances, own, nearest) =
            (values("distance"), values("predicted_class"), values("nearest_class"));
        let mut order: Vec<usize> =
            (0..distances.len().min(own.len()).min(nearest.len())).collect();
        order.sort_by(|&a, &b| distances[a].total_cmp(&distances[b]));
        for &j in order.iter().take(LISTED) {
            let cells = [own[j].to_string(), nearest[j].to_string()];
            data.row(group_cells(group).into_iter().chain([
                run.summary.info.seed.to_string(),
                j.to_string(),
                cells[0].clone(),
                cells[1].clone(),
                distances[j].to_string(),
            ]));
            let [class, nearest] = cells;
            let distance = format!("{:.4}", distances[j]);
            rows.push(vec![group.model(), group.line(), j.to_string(), class, nearest, distance]);
        }
    }
    Table {
        name: "least-certain".into(),
        title: format!(
            "The least certain test images of the first run of each: the class predicted, the class \
             that is nearest, and the 2-norm of the least step to it in the linearised map ({})",
            Extent::of(collection, counts).text()
        ),
        header: header.map(str::to_owned).to_vec(),
        rows,
        data,
    }
}

/// The reliability diagram of the first run of each group.
fn diagrams(collection: &Collection) -> Vec<Figure> {
    let of_group = |group: &&Group| {
        let run = group.runs(collection).find(|run| group_of(run).is_some())?;
        diagram(group, run)
    };
    groups(collection).iter().filter_map(of_group).take(DIAGRAMS).collect()
}

fn diagram(group: &Group, run: &Run) -> Option<Figure> {
    let found = group_of(run)?;
    let levels = found.values("levels")?;
    let bins = *found.arrays.get("reliability_images")?.shape.get(1)?;
    let values = |name: &str| found.values(name);
    let (images, predicted, observed) = (
        values("reliability_images")?,
        values("reliability_predicted")?,
        values("reliability_observed")?,
    );
    let mut data = columns(&["seed", "level", "images", "predicted", "observed"]);
    let mut panel = Panel::new(
        group.name(),
        Axis::linear("predicted probability of a flip"),
        Axis::linear("observed frequency"),
    );
    panel.lines.push(Line::new("exact", [(0.0, 0.0), (1.0, 1.0)]).plain());
    for (level, s) in levels.iter().enumerate().filter(|(_, s)| **s > 0.0) {
        let own = level * bins..(level + 1) * bins;
        let filled = own.filter(|&bin| images.get(bin).is_some_and(|images| *images > 0.0));
        let filled: Vec<usize> = filled.collect();
        for &bin in &filled {
            data.row(group_cells(group).into_iter().chain([
                run.summary.info.seed.to_string(),
                s.to_string(),
                images[bin].to_string(),
                predicted[bin].to_string(),
                observed[bin].to_string(),
            ]));
        }
        if filled.len() > 1 {
            let points = filled.iter().map(|&bin| (predicted[bin], observed[bin]));
            panel.lines.push(Line::new(format!("s = {}", plain(*s)), points));
        }
    }
    figure(
        format!("reliability-{}", file_name(&group.name())),
        format!(
            "{}, seed {}: test images in bins by the predicted probability that noise changes their \
             class, and how often it did ({}).",
            group.name(),
            run.summary.info.seed,
            Counts::of(found).text()
        ),
        &[panel],
        data,
    )
}
