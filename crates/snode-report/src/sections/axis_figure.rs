//! The score against a number that a grid varies.

use snode_analysis::Moments;
use snode_figures::{Axis, Panel};

use super::extent::{Counts, Extent};
use super::panels::{Curve, banded, figure};
use crate::axes::{Axes, Place, show_value};
use crate::csv_table::Csv;
use crate::run::Run;
use crate::{Collection, Figure};
use snode_experiment::format::file_name;

/// The fewest values of a number that make a curve.
const FEWEST: usize = 3;
/// The most lines in the figure.
const LINES: usize = 12;
/// From which ratio of the largest value to the least on equal distances are equal factors.
const WIDE: f64 = 20.0;

/// The score against the key that has the most numbers as values, a line for each combination of the
/// others. Nothing if no key has numbers enough, or the others have too many combinations.
pub(super) fn axis_figure(collection: &Collection, axes: &Axes) -> Option<Figure> {
    let numbers = |axis: usize| -> Vec<f64> {
        axes.values(axis).iter().filter_map(|value| value.as_ref()?.as_f64()).collect()
    };
    let (axis, numbers) = (0..axes.keys.len())
        .map(|axis| (axis, numbers(axis)))
        .reduce(|most, other| if other.1.len() > most.1.len() { other } else { most })?;
    if numbers.len() < FEWEST {
        return None;
    }
    let lines = lines(collection, axes, axis);
    if lines.is_empty() || lines.len() > LINES {
        return None;
    }
    let (least, most) =
        numbers.iter().fold((f64::INFINITY, 0.0_f64), |(a, b), x| (a.min(*x), b.max(*x)));
    let heading = axes.headings().swap_remove(axis);
    let x = if least > 0.0 && most / least >= WIDE {
        Axis::logarithmic(&heading)
    } else {
        Axis::linear(&heading)
    };
    let (what, factor, y) = measure(collection);
    let mut panel = Panel::new("", x, y);
    let mut data = Csv::new(["line", &axes.keys[axis], "runs", "mean", "std"]);
    for (name, curve) in &lines {
        for (x, moments) in curve {
            let numbers = [*x, moments.mean, moments.standard_deviation()].map(|n| n.to_string());
            let [x, mean, deviation] = numbers;
            data.row([name.clone(), x, moments.count.to_string(), mean, deviation]);
        }
        panel.lines.push(banded(name.clone(), curve, factor));
    }
    let grid = axes.grid.as_deref().unwrap_or("runs");
    figure(
        file_name(&format!("{grid}-{heading}")),
        format!(
            "{what} at the end of training against {heading} ({}): mean over seeds, and a band of \
             one standard deviation.",
            extent(collection, axes)
        ),
        &[panel],
        data,
    )
}

/// On how many images the runs of a grid were tested, and how many seeds there are.
pub(super) fn extent(collection: &Collection, axes: &Axes) -> String {
    let sets = axes.places.iter().map(|place| place.runs(collection));
    Extent::of_sets(sets, Counts::of_tests).text()
}

/// What is drawn, by which factor, on which axis: accuracy, or the error of regressions.
fn measure(collection: &Collection) -> (&'static str, f64, Axis) {
    if collection.runs().any(|run| run.accuracy().is_some()) {
        ("Accuracy on the test images", 100.0, Axis::linear("accuracy [%]"))
    } else {
        ("Mean squared error on the test inputs", 1.0, Axis::logarithmic("mean squared error"))
    }
}

/// A line for each combination of the other keys, with its name.
fn lines(collection: &Collection, axes: &Axes, axis: usize) -> Vec<(String, Curve)> {
    let score =
        |run: &Run| run.accuracy().or_else(|| run.errors().map(|(errors, _)| errors.mean_square));
    let headings = axes.headings();
    let name = |place: &Place| {
        let others = (0..axes.keys.len()).filter(|other| *other != axis);
        let parts = others.map(|other| {
            let value = show_value(place.values[other].as_ref());
            if headings[other] == "case" { value } else { format!("{} = {value}", headings[other]) }
        });
        parts.collect::<Vec<_>>().join(", ")
    };
    let mut lines: Vec<(String, Curve)> = Vec::new();
    for place in &axes.places {
        if lines.len() > LINES {
            return Vec::new();
        }
        let Some(x) = place.values[axis].as_ref().and_then(serde_json::Value::as_f64) else {
            continue;
        };
        let runs = place.runs(collection);
        let moments: Moments = runs.iter().filter_map(|run| score(run)).collect();
        if moments.count == 0 {
            continue;
        }
        let name = name(place);
        let home = lines.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            lines.push((name, Curve::new()));
            lines.len() - 1
        });
        lines[home].1.push((x, moments));
    }
    for (_, curve) in &mut lines {
        curve.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    lines.retain(|(_, curve)| curve.len() > 1);
    lines
}
