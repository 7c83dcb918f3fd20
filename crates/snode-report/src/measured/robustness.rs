//! Accuracy under noise: the table, the curve, and images under noise.

use serde_json::{Value, json};
use snode_analysis::RobustnessOptions;
use snode_experiment::format;
use snode_figures::{Axis, Line, Panel, svg};
use snode_runner::Subject;
use snode_runner::analyses::robustness::Measured;

use crate::csv_table::Csv;
use crate::error::Result;
use crate::noisy::noisy_sheet;

/// The files of [`robustness_files`].
#[derive(Clone, Debug)]
pub struct RobustnessFiles {
    /// A row for each draw at each level of noise.
    pub csv: Vec<u8>,
    /// Accuracy against the level.
    pub svg: String,
}

/// The table and the curve of accuracy under noise, of the run that is called `name`.
///
/// # Errors
/// If the figure cannot be drawn.
pub fn robustness_files(name: &str, measured: &Measured) -> Result<RobustnessFiles> {
    let curve = &measured.curve;
    let mut csv = Csv::new(["level", "draw", "seed", "correct", "images", "accuracy"]);
    for (level, s) in curve.levels.iter().enumerate() {
        for (draw, correct) in curve.correct[level].iter().enumerate() {
            csv.row(&[
                s.to_string(),
                draw.to_string(),
                measured.options.seed.to_string(),
                correct.to_string(),
                curve.total.to_string(),
                curve.accuracy(level, draw).to_string(),
            ]);
        }
    }
    let mut panel = Panel::new(
        format!(
            "Accuracy under noise, {}, {}",
            format::count(curve.total, "image"),
            format::count(measured.options.draws, "draw")
        ),
        Axis::linear("standard deviation of the noise"),
        Axis::linear("accuracy [%]"),
    );
    let percent = |level: usize, deviations: f64| {
        let moments = curve.over_draws(level);
        let value = moments.mean + deviations * moments.standard_deviation();
        (curve.levels[level], 100.0 * value)
    };
    let levels = 0..curve.levels.len();
    panel.lines.push(Line::new(name, levels.clone().map(|level| percent(level, 0.0))));
    for (name, deviations) in [("mean + std", 1.0), ("mean − std", -1.0)] {
        let points = levels.clone().map(|level| percent(level, deviations));
        panel.lines.push(Line::new(name, points).plain());
    }
    Ok(RobustnessFiles { csv: csv.bytes()?, svg: svg(&[panel], 1)? })
}

/// The first images as they are, and a row of them for every level of the first draw, as the text of an
/// SVG file: what the network sees, from background (black) to foreground (white).
///
/// # Errors
/// If a level is out of its range.
pub fn noisy_pictures(subject: &Subject, options: &RobustnessOptions) -> Result<String> {
    let sheet = noisy_sheet(subject, &options.levels, options.seed, options.clip)?;
    Ok(sheet.svg()?)
}

/// What `snode robustness --json` prints.
pub fn robustness_json(subject: &Subject, measured: &Measured) -> Value {
    let Measured { scheme, options, curve } = measured;
    let levels: Vec<_> = (0..curve.levels.len())
        .map(|level| {
            let over_draws = curve.over_draws(level);
            json!({
                "level": curve.levels[level],
                "accuracy": over_draws.mean,
                "standard_deviation": over_draws.standard_deviation(),
                "correct": curve.correct[level],
            })
        })
        .collect();
    json!({
        "run": subject.run.display().to_string(),
        "data": subject.source,
        "split": subject.split_name.text(),
        "scheme": scheme.name(),
        "images": curve.total,
        "draws": options.draws,
        "seed": options.seed,
        "clipped": options.clip.is_some(),
        "levels": levels,
    })
}
