//! `snode robustness`: accuracy under noise.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use snode_analysis::{RobustnessCurve, RobustnessOptions, robustness};
use snode_data::Noise;
use snode_figures::{Axis, Line, Panel, svg};
use snode_ode::SchemeChoice;
use snode_store::{Appendix, Precision, read_network, write_appendix};

use super::images::{ImageArgs, Subject, subject};
use super::{ANALYSIS, figures_folder, pool, stem};
use crate::config::{SchemeName, scheme_for};
use crate::encoded::evaluation_set;
use crate::error::{Error, Result};
use crate::number::Number;
use crate::output::{print, print_line};
use crate::pictures::Sheet;
use crate::report::{align_right, plain_table, text};
use crate::tables::{Csv, write_text};

/// Arguments of `snode robustness`.
#[derive(Debug, Args)]
pub struct RobustnessArgs {
    /// The file of results; what was measured is added to it.
    pub run: PathBuf,
    /// Standard deviations of the noise on the inputs, which lie between background and foreground.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "NUMBERS",
        default_value = "0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1"
    )]
    pub levels: Vec<f64>,
    /// How often noise is drawn for every level.
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    pub draws: usize,
    /// Clips noisy inputs to the values that images can have.
    #[arg(long)]
    pub clip: bool,
    /// The images.
    #[command(flatten)]
    pub images: ImageArgs,
    /// The scheme that solves the network; the one it was trained under if not given.
    #[arg(long, value_enum, value_name = "SCHEME")]
    pub scheme: Option<SchemeName>,
    /// Relative and absolute tolerance of an adaptive scheme, in place of the run's.
    #[arg(long, value_name = "NUMBER")]
    pub tolerance: Option<f64>,
    /// Writes a table (CSV), a figure (SVG) and the first images under noise (PNG) into a folder.
    #[arg(long, value_name = "FOLDER")]
    pub figures: Option<PathBuf>,
    /// The number of threads; all there are if not given.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Measures accuracy under noise, and adds it to the file of results.
///
/// # Errors
/// If the run or the images cannot be read or do not fit, an option is refused, or a file cannot be
/// written.
pub fn run(args: &RobustnessArgs) -> Result<()> {
    let subject = subject(&args.run, &args.images)?;
    let scheme =
        scheme_for(args.scheme, args.tolerance, &subject.summary, subject.experiment.as_ref())?;
    let options = RobustnessOptions {
        levels: args.levels.clone(),
        draws: args.draws,
        seed: subject.summary.info.seed,
        clip: args.clip.then(|| subject.encoding.bounds()),
    };
    let curve =
        pool(args.threads.map(usize::from))?.install(|| match subject.summary.precision {
            Precision::F32 => measure::<f32>(&subject, &scheme, &options),
            Precision::F64 => measure::<f64>(&subject, &scheme, &options),
        })?;
    let group = format!("{ANALYSIS}/robustness/{}", scheme.name());
    write_appendix(&args.run, &group, &appendix(&subject, &scheme, &options, &curve))?;
    if let Some(folder) = &args.figures {
        write_figures(folder, &args.run, &scheme, &curve)?;
        write_pictures(folder, &args.run, &subject, &options)?;
    }
    if args.json {
        return print_line(&as_json(&subject, &scheme, &options, &curve).to_string());
    }
    let clipped = if args.clip { ", clipped" } else { "" };
    print(&format!(
        "{}, {}, by {}: accuracy of {} images under noise{clipped}, {} draws\n{}\n",
        subject.source,
        subject.split_name.text(),
        scheme.name(),
        curve.total,
        options.draws,
        table(&curve)
    ))
}

fn measure<T: Number>(
    subject: &Subject,
    scheme: &SchemeChoice,
    options: &RobustnessOptions,
) -> Result<RobustnessCurve> {
    let network = read_network::<T>(&subject.run)?.network.with_ends(scheme.ends());
    let set = evaluation_set::<T>(subject.split_name.text(), &subject.split, subject.encoding)?;
    let scheme = scheme.build::<T>().map_err(|error| Error::Usage(error.to_string()))?;
    Ok(robustness(&*scheme, &network, &set, subject.summary.model.classes, options)?)
}

fn appendix(
    subject: &Subject,
    scheme: &SchemeChoice,
    options: &RobustnessOptions,
    curve: &RobustnessCurve,
) -> Appendix {
    let (levels, draws) = (curve.levels.len(), options.draws);
    let accuracies = (0..levels).flat_map(|level| (0..draws).map(move |draw| (level, draw)));
    let accuracies = accuracies.map(|(level, draw)| curve.accuracy(level, draw)).collect();
    Appendix::default()
        .with_attribute("scheme", scheme.name())
        .with_attribute("data", subject.source.as_str())
        .with_attribute("split", subject.split_name.text())
        .with_attribute("images", curve.total)
        .with_attribute("draws", draws)
        .with_attribute("seed", options.seed)
        .with_attribute("clipped", u64::from(options.clip.is_some()))
        .with_array("levels", &[levels], curve.levels.clone())
        .with_array("accuracy", &[levels, draws], accuracies)
}

fn as_json(
    subject: &Subject,
    scheme: &SchemeChoice,
    options: &RobustnessOptions,
    curve: &RobustnessCurve,
) -> serde_json::Value {
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

fn table(curve: &RobustnessCurve) -> String {
    let mut table = plain_table();
    table.set_header(["noise", "accuracy", "±"]);
    for (level, s) in curve.levels.iter().enumerate() {
        let over_draws = curve.over_draws(level);
        table.add_row([
            s.to_string(),
            format!("{:.2} %", 100.0 * over_draws.mean),
            format!("{:.2}", 100.0 * over_draws.standard_deviation()),
        ]);
    }
    align_right(&mut table, &[0, 1, 2]);
    text(&table)
}

fn write_figures(
    folder: &Path,
    run: &Path,
    scheme: &SchemeChoice,
    curve: &RobustnessCurve,
) -> Result<()> {
    figures_folder(folder)?;
    let name = format!("{}-robustness-{}", stem(run), scheme.name());
    let mut csv = Csv::new(["level", "draw", "correct", "images", "accuracy"]);
    for (level, s) in curve.levels.iter().enumerate() {
        for (draw, correct) in curve.correct[level].iter().enumerate() {
            csv.row(&[
                s.to_string(),
                draw.to_string(),
                correct.to_string(),
                curve.total.to_string(),
                curve.accuracy(level, draw).to_string(),
            ]);
        }
    }
    csv.write(&folder.join(format!("{name}.csv")))?;
    let mut panel = Panel::new(
        "Accuracy under noise",
        Axis::linear("standard deviation of the noise"),
        Axis::linear("accuracy [%]"),
    );
    let percent = |level: usize, deviations: f64| {
        let moments = curve.over_draws(level);
        let value = moments.mean + deviations * moments.standard_deviation();
        (curve.levels[level], 100.0 * value)
    };
    let levels = 0..curve.levels.len();
    panel.lines.push(Line::new(stem(run), levels.clone().map(|level| percent(level, 0.0))));
    for (name, deviations) in [("mean + std", 1.0), ("mean − std", -1.0)] {
        let points = levels.clone().map(|level| percent(level, deviations));
        panel.lines.push(Line::new(name, points).plain());
    }
    let figure = svg(&[panel], 1).map_err(|error| Error::Results(error.to_string()))?;
    write_text(&folder.join(format!("{name}.svg")), &figure)
}

/// How many images are shown under noise.
const SHOWN: usize = 10;

/// The first images as they are, and a row of them for every level of the first draw: what the
/// network sees, from background (black) to foreground (white).
fn write_pictures(
    folder: &Path,
    run: &Path,
    subject: &Subject,
    options: &RobustnessOptions,
) -> Result<()> {
    let images = subject.split.images();
    let indices: Vec<usize> = (0..images.len().min(SHOWN)).collect();
    let clean: Vec<f64> = subject.encoding.encode(images, &indices)?;
    let (background, foreground) = (subject.encoding.background(), subject.encoding.foreground());
    let shade = |value: &f64| (value - background) / (foreground - background);
    let mut sheet = Sheet::new(images.shape());
    for &level in &options.levels {
        let mut noisy = clean.clone();
        let noise = Noise::new(options.seed, level)?.draw(0);
        let noise = match options.clip {
            Some((least, most)) => noise.clipped(least, most)?,
            None => noise,
        };
        noise.add(images.width(), &indices, &mut noisy)?;
        let pictures = noisy.chunks_exact(images.width());
        sheet.row(pictures.map(|pixels| pixels.iter().map(shade).collect()));
    }
    sheet.write(&folder.join(format!("{}-noisy.png", stem(run))))
}
