//! `snode robustness`: accuracy under noise.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use snode_analysis::RobustnessCurve;

use super::ThreadArgs;
use super::subject;
use crate::error::{Error, Result};
use crate::output::{print, print_line};
use crate::outputs::ForceArgs;
use crate::table::{align_right, plain_table, text};
use snode_experiment::format;
use snode_experiment::numbers::{count, real};
use snode_experiment::{RobustnessConfig, SchemeName};
use snode_files::Outputs;
use snode_report::measured::{RobustnessFiles, noisy_pictures, robustness_files};
use snode_runner::analyses::robustness::{Measured, Robustness};
use snode_runner::analyses::{Analysis, check_room};
use snode_runner::import::stem;
use snode_runner::scheme_for;
use snode_runner::{ImageSelection, Subject};

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
        value_parser = real,
        default_value = "0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1"
    )]
    pub levels: Vec<f64>,
    /// How often noise is drawn for every level.
    #[arg(long, value_name = "NUMBER", default_value_t = 5, value_parser = count)]
    pub draws: usize,
    /// How many of the images, from the first on; all if not given.
    #[arg(long, value_name = "NUMBER", value_parser = count)]
    pub images: Option<usize>,
    /// Clips noisy inputs to the values that images can have.
    #[arg(long)]
    pub clip: bool,
    /// The images.
    #[command(flatten)]
    pub source: ImageSelection,
    /// The scheme that solves the network; the one it was trained under if not given.
    #[arg(long, value_enum, value_name = "SCHEME")]
    pub scheme: Option<SchemeName>,
    /// Relative and absolute tolerance of an adaptive scheme, in place of the run's.
    #[arg(long, value_name = "NUMBER", value_parser = real)]
    pub tolerance: Option<f64>,
    /// Writes a table (CSV), a figure (SVG) and the first images under noise (PNG) into a folder.
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

/// Measures accuracy under noise, and adds it to the file of results.
///
/// # Errors
/// If the run or the images cannot be read or do not fit, an option is refused, or a file cannot be
/// written.
pub fn run(args: &RobustnessArgs) -> Result<()> {
    let subject = subject(&args.run, &args.source)?;
    let analysis = analysis(args, &subject)?;
    let existing = args.force.existing();
    let outputs = Outputs::new(existing, [&args.run]);
    // Before the work it is made sure that its results can be kept.
    check_room(&args.run, &[Analysis::Robustness(analysis.clone())], existing)?;
    if let Some(folder) = &args.figures {
        let curve = |ending| curve_name(&args.run, analysis.scheme.text(), ending);
        outputs.check_in(folder, &[curve("csv"), curve("svg"), pictures_name(&args.run)])?;
    }
    let measured = analysis.measure(&subject, args.threads.number())?;
    let kept =
        analysis.write(&subject, &measured, existing).map_err(Error::from).and_then(
            |()| match &args.figures {
                Some(folder) => write_figures(folder, &outputs, &subject, &measured),
                None => Ok(()),
            },
        );
    // What was measured is printed in any case.
    let printed = show(args, &subject, &measured);
    kept.and(printed)
}

fn show(args: &RobustnessArgs, subject: &Subject, measured: &Measured) -> Result<()> {
    if args.json {
        return print_line(&as_json(subject, measured).to_string());
    }
    let Measured { scheme, options, curve } = measured;
    let clipped = if args.clip { ", clipped" } else { "" };
    print(&format!(
        "{}, {}, by {}: accuracy of {} under noise{clipped}, {}, seed {}\n{}\n",
        subject.source,
        subject.split_name.text(),
        scheme.name(),
        format::count(curve.total, "image"),
        format::count(options.draws, "draw"),
        options.seed,
        table(curve)
    ))
}

fn analysis(args: &RobustnessArgs, subject: &Subject) -> Result<Robustness> {
    let (summary, experiment) = (&subject.summary, subject.experiment.as_ref());
    let choice = scheme_for(args.scheme, args.tolerance, summary, experiment)?;
    let keys = RobustnessConfig {
        levels: args.levels.clone(),
        draws: args.draws,
        images: args.images,
        clip: args.clip,
        scheme: None,
        tolerance: args.tolerance,
    };
    keys.check().map_err(|(key, problem)| Error::Usage(format!("--{key}: {problem}")))?;
    let scheme = SchemeName::named(choice.name())
        .ok_or_else(|| Error::Usage(format!("--scheme: `{}` is not known", choice.name())))?;
    Ok(Robustness { images: args.source.clone(), scheme, keys })
}

fn as_json(subject: &Subject, measured: &Measured) -> serde_json::Value {
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

fn table(curve: &RobustnessCurve) -> String {
    let mut table = plain_table();
    table.set_header(["noise", "accuracy", "±"]);
    for (level, s) in curve.levels.iter().enumerate() {
        let over_draws = curve.over_draws(level);
        table.add_row([
            format::plain(*s),
            format!("{:.2} %", 100.0 * over_draws.mean),
            format!("{:.2}", 100.0 * over_draws.standard_deviation()),
        ]);
    }
    align_right(&mut table, &[0, 1, 2]);
    text(&table)
}

/// The name of the file with the curve.
fn curve_name(run: &Path, scheme: &str, ending: &str) -> String {
    format!("{}-robustness-{scheme}.{ending}", stem(run))
}

/// The name of the file with images under noise.
fn pictures_name(run: &Path) -> String {
    format!("{}-noisy.png", stem(run))
}

fn write_figures(
    folder: &Path,
    outputs: &Outputs,
    subject: &Subject,
    measured: &Measured,
) -> Result<()> {
    let RobustnessFiles { csv, svg } = robustness_files(&stem(&subject.run), measured)?;
    let file = |ending| folder.join(curve_name(&subject.run, measured.scheme.name(), ending));
    outputs.write(&file("csv"), &csv)?;
    outputs.write(&file("svg"), svg.as_bytes())?;
    let pictures = noisy_pictures(subject, &measured.options)?;
    Ok(outputs.write(&folder.join(pictures_name(&subject.run)), &pictures.png()?)?)
}
