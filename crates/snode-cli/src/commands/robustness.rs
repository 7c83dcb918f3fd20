//! `snode robustness`: accuracy under noise.

use std::path::Path;

use clap::Args;
use serde_json::Value;
use snode_analysis::RobustnessCurve;
use snode_files::Existing;

use super::measure::{self, Measure, MeasureArgs};
use super::{known_scheme, subject};
use crate::error::{Error, Result};
use crate::table::{align_right, plain_table, text};
use snode_experiment::numbers::{count, real};
use snode_experiment::{RobustnessConfig, SchemeName, format};
use snode_report::FigureFormat;
use snode_report::measured::{RobustnessFiles, noisy_pictures, robustness_files, robustness_json};
use snode_runner::analyses::Analysis;
use snode_runner::analyses::robustness::{Measured, Robustness};
use snode_runner::import::stem;
use snode_runner::{Subject, scheme_for};

/// Arguments of `snode robustness`.
#[derive(Debug, Args)]
pub struct RobustnessArgs {
    /// The run, and what becomes of the results.
    #[command(flatten)]
    pub measure: MeasureArgs,
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
    /// The scheme that solves the network; the one it was trained under if not given.
    #[arg(long, value_enum, value_name = "SCHEME")]
    pub scheme: Option<SchemeName>,
    /// Relative and absolute tolerance of an adaptive scheme, in place of the run's.
    #[arg(long, value_name = "NUMBER", value_parser = real)]
    pub tolerance: Option<f64>,
}

/// Measures accuracy under noise, and adds it to the run file.
///
/// # Errors
/// If the run or the images cannot be read or do not fit, an option is refused, or a file cannot be
/// written.
pub fn run(args: &RobustnessArgs) -> Result<()> {
    let subject = subject(&args.measure)?;
    let analysis = analysis(args, &subject)?;
    measure::run(&args.measure, &Command { subject, analysis })
}

struct Command {
    subject: Subject,
    analysis: Robustness,
}

impl Measure for Command {
    type Found = Measured;

    fn run_file(&self) -> &Path {
        &self.subject.run
    }

    fn analyses(&self) -> Vec<Analysis> {
        vec![Analysis::Robustness(self.analysis.clone())]
    }

    fn names(&self) -> Vec<String> {
        let name = stem(&self.subject.run);
        let curve = format!("{name}-robustness-{}", self.analysis.scheme.text());
        vec![format!("{curve}.csv"), format!("{curve}.svg"), format!("{name}-noisy.png")]
    }

    fn measure(&self, threads: Option<usize>) -> Result<Measured> {
        Ok(self.analysis.measure(&self.subject, threads)?)
    }

    fn write(&self, found: &Measured, existing: Existing) -> Result<()> {
        Ok(self.analysis.write(&self.subject, found, existing)?)
    }

    fn files(&self, found: &Measured) -> Result<Vec<(String, Vec<u8>)>> {
        let RobustnessFiles { csv, svg } = robustness_files(&stem(&self.subject.run), found)?;
        let pictures = noisy_pictures(&self.subject, &found.options)?;
        let pictures = FigureFormat::Png.bytes(&pictures)?;
        Ok(self.names().into_iter().zip([csv, svg.into_bytes(), pictures]).collect())
    }

    fn json(&self, found: &Measured) -> Result<Value> {
        Ok(robustness_json(&self.subject, found))
    }

    fn text(&self, found: &Measured) -> String {
        let Measured { scheme, options, curve } = found;
        let clipped = if options.clip.is_some() { ", clipped" } else { "" };
        format!(
            "{}, {}, by {}: accuracy of {} under noise{clipped}, {}, seed {}\n{}\n",
            self.subject.source,
            self.subject.split_name.text(),
            scheme.name(),
            format::count(curve.total, "image"),
            format::count(options.draws, "draw"),
            options.seed,
            table(curve)
        )
    }
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
    let scheme = known_scheme(&choice)?;
    Ok(Robustness { images: args.measure.selection(), scheme, keys })
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
