//! `snode uncertainty`: what noise does to predictions, without noisy data.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use snode_analysis::calibration_error;

use super::{ThreadArgs, subject};
use crate::error::{Error, Result};
use crate::output::{print, print_line};
use crate::outputs::ForceArgs;
use crate::table::{align_right, plain_table, text};
use snode_experiment::UncertaintyConfig;
use snode_experiment::format::{count as counted, plain};
use snode_files::Outputs;
use snode_report::measured::{UncertaintyFiles, uncertainty_files};
use snode_runner::analyses::uncertainty::{Found, Uncertainty, measured_percent};
use snode_runner::analyses::{Analysis, check_room};
use snode_runner::import::stem;
use snode_runner::{ImageSelection, Subject};

/// Arguments of `snode uncertainty`.
#[derive(Debug, Args)]
pub struct UncertaintyArgs {
    /// The file of results; what was found is added to it.
    pub run: PathBuf,
    /// Which noise, and on how many images.
    #[command(flatten)]
    pub keys: UncertaintyConfig,
    /// The images.
    #[command(flatten)]
    pub source: ImageSelection,
    /// Writes tables (CSV) and a figure (SVG) into a folder.
    #[arg(long, value_name = "FOLDER")]
    pub figures: Option<PathBuf>,
    /// The threads.
    #[command(flatten)]
    pub threads: ThreadArgs,
    /// Whether files, and larger measurements, are replaced.
    #[command(flatten)]
    pub force: ForceArgs,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Predicts what noise does to predictions, measures it, and adds both to the file of results.
///
/// # Errors
/// If the run or the images cannot be read or do not fit, an option is refused, or a file cannot be
/// written.
pub fn run(args: &UncertaintyArgs) -> Result<()> {
    args.keys.check().map_err(|(key, problem)| Error::Usage(format!("--{key}: {problem}")))?;
    let subject = subject(&args.run, &args.source)?;
    let analysis = Uncertainty { images: args.source.clone(), keys: args.keys.clone() };
    let existing = args.force.existing();
    let outputs = Outputs::new(existing, [&args.run]);
    // Before the work it is made sure that its results can be kept.
    check_room(&args.run, &[Analysis::Uncertainty(analysis.clone())], existing)?;
    if let Some(folder) = &args.figures {
        outputs.check_in(folder, &["csv", "svg"].map(|ending| file_name(args, ending)))?;
    }
    let found = analysis.measure(&subject, args.threads.number())?;
    let written = analysis.write(&subject, &found, existing).map_err(Error::from);
    let kept = written.and_then(|()| match &args.figures {
        Some(folder) => write_figures(folder, args, &outputs, &found),
        None => Ok(()),
    });
    // What was found is printed in any case.
    let printed = show(args, &subject, &found);
    kept.and(printed)
}

fn show(args: &UncertaintyArgs, subject: &Subject, found: &Found) -> Result<()> {
    if args.json {
        return print_line(&as_json(args, subject, found).to_string());
    }
    print(&format!(
        "{}, {}, by {}: {} under noise on the {}, predicted from {} an image and measured by {}, \
         seed {}\n{}\n{}\n",
        subject.source,
        subject.split_name.text(),
        found.scheme.name(),
        counted(found.distributions.images(), "image"),
        args.keys.on.text(),
        counted(found.distributions.classes(), "adjoint column"),
        counted(args.keys.draws, "draw"),
        found.seed,
        table(&args.keys, found),
        least_certain(&args.keys, found)
    ))
}

/// How many of the least certain images are listed.
const LISTED: usize = 10;

/// Images in the order of their distance to another class, the nearest first.
fn by_distance(found: &Found) -> Vec<(usize, usize, f64)> {
    let all = &found.distributions;
    let mut images: Vec<(usize, usize, f64)> = (0..all.images())
        .filter_map(|j| all.nearest(j).map(|nearest| (j, nearest.class, nearest.distance)))
        .collect();
    images.sort_by(|a, b| a.2.total_cmp(&b.2));
    images
}

fn least_certain(keys: &UncertaintyConfig, found: &Found) -> String {
    let mut table = plain_table();
    let last = keys.levels.len() - 1;
    let level = plain(keys.levels[last]);
    table.set_header(["image", "class", "nearest", "distance", &format!("flips at {level}")]);
    for (j, class, distance) in by_distance(found).into_iter().take(LISTED) {
        table.add_row([
            j.to_string(),
            found.distributions.predicted(j).to_string(),
            class.to_string(),
            format!("{distance:.4}"),
            format!("{:.1} %", 100.0 * found.flips[last][j]),
        ]);
    }
    align_right(&mut table, &[0, 1, 2, 3, 4]);
    format!("The least certain images:\n{}", text(&table))
}

fn table(keys: &UncertaintyConfig, found: &Found) -> String {
    let mut table = plain_table();
    table.set_header(["noise", "predicted", "measured", "±", "calibration", "estimate's error"]);
    for (level, s) in keys.levels.iter().enumerate() {
        let measured = measured_percent(found, level);
        let shown = |value: Option<f64>, unit: &str| {
            value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}{unit}"))
        };
        let calibration =
            found.diagrams.get(level).map(|diagram| 100.0 * calibration_error(diagram));
        let error = found.relative_error[level];
        table.add_row([
            plain(*s),
            format!("{:.2} %", 100.0 * found.accuracy[level]),
            shown(measured.map(|measured| measured.0), " %"),
            shown(measured.map(|measured| measured.1), ""),
            shown(calibration, " %"),
            shown(error.is_finite().then_some(100.0 * error), " %"),
        ]);
    }
    align_right(&mut table, &[0, 1, 2, 3, 4, 5]);
    text(&table)
}

fn as_json(args: &UncertaintyArgs, subject: &Subject, found: &Found) -> serde_json::Value {
    let keys = &args.keys;
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
    let least_certain: Vec<_> = by_distance(found)
        .into_iter()
        .take(LISTED)
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

fn file_name(args: &UncertaintyArgs, ending: &str) -> String {
    format!("{}-uncertainty-{}.{ending}", stem(&args.run), args.keys.on.text())
}

fn write_figures(
    folder: &Path,
    args: &UncertaintyArgs,
    outputs: &Outputs,
    found: &Found,
) -> Result<()> {
    let UncertaintyFiles { csv, svg } = uncertainty_files(&args.keys, found)?;
    outputs.write(&folder.join(file_name(args, "csv")), &csv)?;
    Ok(outputs.write(&folder.join(file_name(args, "svg")), svg.as_bytes())?)
}
