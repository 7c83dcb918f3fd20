//! Noise through depth, and the smoothness of parameters: tables and figures.

use serde_json::{Value, json};
use snode_analysis::{Moments, Roughness};
use snode_experiment::format::{self, plain};
use snode_figures::{Axis, Line, Panel, svg};
use snode_runner::Subject;
use snode_runner::analyses::noise::{self, quantities};
use snode_runner::analyses::{NoisyPart, smoothness};

use crate::csv_table::Csv;
use crate::error::Result;

/// The files of [`propagation_files`].
#[derive(Clone, Debug)]
pub struct PropagationFiles {
    /// A row for each quantity in each layer.
    pub csv: Vec<u8>,
    /// Sizes and relative errors, if noise was measured.
    pub svg: Option<String>,
}

/// The table and the figure of noise through depth, estimated and measured.
///
/// # Errors
/// If the figure cannot be drawn.
pub fn propagation_files(
    propagations: &[(NoisyPart, noise::Measured)],
) -> Result<PropagationFiles> {
    let mut csv = Csv::new([
        "noise_on", "level", "images", "draws", "seed", "layer", "depth", "quantity", "mean",
        "std", "count",
    ]);
    for (on, measured) in propagations {
        for summary in &measured.summaries {
            for (quantity, moments) in quantities(summary) {
                for (layer, moments) in moments.iter().enumerate() {
                    csv.row(&[
                        on.text().into(),
                        summary.level.to_string(),
                        measured.images.to_string(),
                        measured.options.draws.to_string(),
                        measured.options.seed.to_string(),
                        layer.to_string(),
                        summary.times[layer].to_string(),
                        quantity.into(),
                        moments.mean.to_string(),
                        moments.standard_deviation().to_string(),
                        moments.count.to_string(),
                    ]);
                }
            }
        }
    }
    let panels: Vec<Panel> =
        propagations.iter().flat_map(|(on, measured)| panels(*on, measured)).collect();
    let svg = if panels.is_empty() { None } else { Some(svg(&panels, 2)?) };
    Ok(PropagationFiles { csv: csv.bytes()?, svg })
}

/// The files of [`smoothness_files`].
#[derive(Clone, Debug)]
pub struct SmoothnessFiles {
    /// The path of one weight through depth.
    pub csv: Vec<u8>,
    /// The same as a curve.
    pub svg: String,
}

/// The path of one weight through depth, of the run that is called `run`.
///
/// # Errors
/// If the figure cannot be drawn.
pub fn smoothness_files(run: &str, measured: &smoothness::Measured) -> Result<SmoothnessFiles> {
    let smoothness::Measured { entry: (row, column), path, .. } = measured;
    let mut csv = Csv::new(["depth", "row", "column", "weight"]);
    for (time, value) in path {
        csv.row(&[time.to_string(), row.to_string(), column.to_string(), value.to_string()]);
    }
    let title = format!("Weight ({row}, {column}) through depth");
    let mut panel = Panel::new(title, Axis::linear("depth t"), Axis::linear("weight"));
    panel.lines.push(Line::new(run, path.iter().copied()).plain());
    Ok(SmoothnessFiles { csv: csv.bytes()?, svg: svg(&[panel], 1)? })
}

/// How many markers a curve of measured values has.
const MARKERS: usize = 15;

fn panels(on: NoisyPart, measured: &noise::Measured) -> [Panel; 2] {
    let on = on.text();
    let images = format::count(measured.images, "image");
    let draws = format::count(measured.options.draws, "draw");
    let depth = || Axis::linear("depth t");
    let mut sizes = Panel::new(
        format!("Noise on the {on}, {images}, {draws}: lines estimated, markers measured"),
        depth(),
        Axis::logarithmic("‖ξ‖ and ‖x̃ − x‖"),
    );
    let mut errors = Panel::new(
        format!("Relative error of the estimate, noise on the {on}, {images}, {draws}"),
        depth(),
        Axis::logarithmic("‖ξ − (x̃ − x)‖/‖x̃ − x‖"),
    );
    for summary in &measured.summaries {
        let points = |moments: &[Moments], first: usize, every: usize| {
            let points = summary.times.iter().zip(moments).skip(first).step_by(every);
            points.map(|(time, moments)| (*time, moments.mean)).collect::<Vec<_>>()
        };
        let every = summary.times.len().div_ceil(MARKERS);
        let level = plain(summary.level);
        let estimated =
            Line::new(format!("estimated, s = {level}"), points(&summary.estimated, 0, 1));
        let measured =
            Line::new(format!("measured, s = {level}"), points(&summary.measured, 0, every));
        sizes.lines.extend([estimated.plain(), measured.unjoined()]);
        // At layer 0 the estimate is exact to round-off, far below everything else.
        let error = Line::new(format!("s = {level}"), points(&summary.relative_error, 1, 1));
        errors.lines.push(error.plain());
    }
    [sizes, errors]
}

/// What `snode noise --json` prints of noise and of smoothness, on so many images.
pub fn propagation_json(
    subject: &Subject,
    images: usize,
    propagations: &[(NoisyPart, noise::Measured)],
    smoothness: &smoothness::Measured,
) -> Value {
    let moments = |moments: &[Moments]| {
        let means: Vec<f64> = moments.iter().map(|m| m.mean).collect();
        let deviations: Vec<f64> = moments.iter().map(Moments::standard_deviation).collect();
        json!({"mean": means, "standard_deviation": deviations})
    };
    let propagations: Vec<_> = propagations
        .iter()
        .map(|(on, noise::Measured { options, summaries, .. })| {
            let levels: Vec<_> = summaries
                .iter()
                .map(|summary| {
                    let mut level = json!({"level": summary.level});
                    for (name, values) in quantities(summary) {
                        level[name] = moments(values);
                    }
                    level
                })
                .collect();
            json!({
                "noise_on": on.text(),
                "draws": options.draws,
                "seed": options.seed,
                "times": summaries.first().map(|summary| &summary.times),
                "levels": levels,
            })
        })
        .collect();
    let smoothness::Measured { smoothness, entry, path, .. } = smoothness;
    let roughness = |of: Roughness| json!({"variation": of.variation, "seminorm": of.seminorm, "norm": of.norm});
    json!({
        "run": subject.run.display().to_string(),
        "data": subject.source,
        "split": subject.split_name.text(),
        "scheme": "euler",
        "images": images,
        "propagation": propagations,
        "smoothness": {
            "weights": roughness(smoothness.weights),
            "biases": roughness(smoothness.biases),
            "entry": [entry.0, entry.1],
            "path": path,
        },
    })
}
