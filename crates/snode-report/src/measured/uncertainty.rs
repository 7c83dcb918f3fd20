//! Predictions under noise: the table, and figures of accuracy and reliability.

use serde_json::{Value, json};
use snode_analysis::calibration_error;
use snode_experiment::UncertaintyConfig;
use snode_experiment::format::plain;
use snode_figures::{Axis, Line, Panel, svg};
use snode_runner::Subject;
use snode_runner::analyses::uncertainty::{Found, measured_percent};

use crate::csv_table::Csv;
use crate::error::Result;

/// The files of [`uncertainty_files`].
#[derive(Clone, Debug)]
pub struct UncertaintyFiles {
    /// A row for each level of noise.
    pub csv: Vec<u8>,
    /// Predicted and measured accuracy, and reliability diagrams.
    pub svg: String,
}

/// The table and the figure of predictions under noise.
///
/// # Errors
/// If the figure cannot be drawn.
pub fn uncertainty_files(keys: &UncertaintyConfig, found: &Found) -> Result<UncertaintyFiles> {
    let mut csv = Csv::new([
        "level",
        "predicted_accuracy",
        "accuracy_mean",
        "accuracy_std",
        "relative_error",
        "images",
        "draws",
    ]);
    for (level, s) in keys.levels.iter().enumerate() {
        let measured = found.measured.as_ref().map(|m| m.curve.over_draws(level));
        let cell = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        csv.row(&[
            s.to_string(),
            found.accuracy[level].to_string(),
            cell(measured.map(|moments| moments.mean)),
            cell(measured.map(|moments| moments.standard_deviation())),
            found.relative_error[level].to_string(),
            found.distributions.images().to_string(),
            keys.draws.to_string(),
        ]);
    }
    let svg = svg(&[curves(keys, found), diagram(keys, found)], 2)?;
    Ok(UncertaintyFiles { csv: csv.bytes()?, svg })
}

/// Predicted and measured accuracy.
fn curves(keys: &UncertaintyConfig, found: &Found) -> Panel {
    let mut panel = Panel::new(
        format!("Accuracy under noise on the {}", keys.on.text()),
        Axis::linear("standard deviation of the noise"),
        Axis::linear("accuracy [%]"),
    );
    let predicted = keys.levels.iter().zip(&found.accuracy).map(|(s, a)| (*s, 100.0 * a));
    panel.lines.push(Line::new("predicted", predicted).dashed());
    let measured = (0..keys.levels.len())
        .filter_map(|level| Some((keys.levels[level], measured_percent(found, level)?.0)));
    let measured: Vec<(f64, f64)> = measured.collect();
    if !measured.is_empty() {
        panel.lines.push(Line::new("measured", measured));
    }
    panel
}

/// The reliability diagrams of a few levels.
fn diagram(keys: &UncertaintyConfig, found: &Found) -> Panel {
    let mut panel = Panel::new(
        "Reliability",
        Axis::linear("predicted probability of a flip"),
        Axis::linear("observed frequency"),
    );
    panel.lines.push(Line::new("exact", [(0.0, 0.0), (1.0, 1.0)]).plain());
    for (level, bins) in found.diagrams.iter().enumerate() {
        let filled = bins.iter().filter(|bin| bin.images > 0);
        let points: Vec<(f64, f64)> = filled.map(|bin| (bin.predicted, bin.observed)).collect();
        if points.len() > 1 && keys.levels[level] > 0.0 {
            panel.lines.push(Line::new(format!("s = {}", plain(keys.levels[level])), points));
        }
    }
    panel
}

/// How many of the least certain images are listed.
const LISTED: usize = 10;

/// The images that the least noise takes to another class, the nearest first: each with that class and
/// the distance to it (S66).
pub fn least_certain_images(found: &Found) -> Vec<(usize, usize, f64)> {
    let all = &found.distributions;
    let mut images: Vec<(usize, usize, f64)> = (0..all.images())
        .filter_map(|j| all.nearest(j).map(|nearest| (j, nearest.class, nearest.distance)))
        .collect();
    images.sort_by(|a, b| a.2.total_cmp(&b.2));
    images.truncate(LISTED);
    images
}

/// What `snode uncertainty --json` prints.
pub fn uncertainty_json(subject: &Subject, keys: &UncertaintyConfig, found: &Found) -> Value {
    let levels: Vec<_> = (0..keys.levels.len())
        .map(|level| {
            let measured = found.measured.as_ref().map(|m| m.curve.over_draws(level));
            json!({
                "level": keys.levels[level],
                "predicted_accuracy": found.accuracy[level],
                "accuracy": measured.map(|moments| moments.mean),
                "standard_deviation": measured.map(|moments| moments.standard_deviation()),
                "calibration_error": found.diagrams.get(level).map(|d| calibration_error(d)),
                "relative_error": found.relative_error[level],
            })
        })
        .collect();
    let least_certain: Vec<_> = least_certain_images(found)
        .into_iter()
        .map(|(image, nearest, distance)| {
            let class = found.distributions.predicted(image);
            json!({"image": image, "class": class, "nearest": nearest, "distance": distance})
        })
        .collect();
    json!({
        "run": subject.run.display().to_string(),
        "data": subject.source,
        "split": subject.split_name.text(),
        "scheme": found.scheme.name(),
        "noise_on": keys.on.text(),
        "images": found.distributions.images(),
        "draws": keys.draws,
        "directions": keys.directions,
        "seed": found.seed,
        "levels": levels,
        "least_certain": least_certain,
    })
}
