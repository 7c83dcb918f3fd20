//! `snode uncertainty`: what noise does to predictions, without noisy data.

use std::path::Path;

use clap::Args;
use serde_json::Value;
use snode_analysis::calibration_error;
use snode_files::Existing;

use super::measure::{self, Measure, MeasureArgs};
use super::subject;
use crate::error::{Error, Result};
use crate::table::{align_right, plain_table, text};
use snode_experiment::UncertaintyConfig;
use snode_experiment::format::{count as counted, plain};
use snode_report::measured::{
    UncertaintyFiles, least_certain_images, uncertainty_files, uncertainty_json,
};
use snode_runner::Subject;
use snode_runner::analyses::Analysis;
use snode_runner::analyses::uncertainty::{Found, Uncertainty, measured_percent};
use snode_runner::import::stem;

/// Arguments of `snode uncertainty`.
#[derive(Debug, Args)]
pub struct UncertaintyArgs {
    /// The run, and what becomes of the results.
    #[command(flatten)]
    pub measure: MeasureArgs,
    /// Which noise, and on how many images.
    #[command(flatten)]
    pub keys: UncertaintyConfig,
}

/// Predicts what noise does to predictions, measures it, and adds both to the run file.
///
/// # Errors
/// If the run or the images cannot be read or do not fit, an option is refused, or a file cannot be
/// written.
pub fn run(args: &UncertaintyArgs) -> Result<()> {
    args.keys.check().map_err(|(key, problem)| Error::Usage(format!("--{key}: {problem}")))?;
    let subject = subject(&args.measure)?;
    let analysis = Uncertainty { images: args.measure.selection(), keys: args.keys.clone() };
    measure::run(&args.measure, &Command { subject, analysis })
}

struct Command {
    subject: Subject,
    analysis: Uncertainty,
}

impl Measure for Command {
    type Found = Found;

    fn run_file(&self) -> &Path {
        &self.subject.run
    }

    fn analyses(&self) -> Vec<Analysis> {
        vec![Analysis::Uncertainty(self.analysis.clone())]
    }

    fn names(&self) -> Vec<String> {
        let name =
            format!("{}-uncertainty-{}", stem(&self.subject.run), self.analysis.keys.on.text());
        vec![format!("{name}.csv"), format!("{name}.svg")]
    }

    fn measure(&self, threads: Option<usize>) -> Result<Found> {
        Ok(self.analysis.measure(&self.subject, threads)?)
    }

    fn write(&self, found: &Found, existing: Existing) -> Result<()> {
        Ok(self.analysis.write(&self.subject, found, existing)?)
    }

    fn files(&self, found: &Found) -> Result<Vec<(String, Vec<u8>)>> {
        let UncertaintyFiles { csv, svg } = uncertainty_files(&self.analysis.keys, found)?;
        Ok(self.names().into_iter().zip([csv, svg.into_bytes()]).collect())
    }

    fn json(&self, found: &Found) -> Result<Value> {
        Ok(uncertainty_json(&self.subject, &self.analysis.keys, found))
    }

    fn text(&self, found: &Found) -> String {
        let keys = &self.analysis.keys;
        format!(
            "{}, {}, by {}: {} under noise on the {}, predicted from {} an image and measured by \
             {}, seed {}\n{}\n{}\n",
            self.subject.source,
            self.subject.split_name.text(),
            found.scheme.name(),
            counted(found.distributions.images(), "image"),
            keys.on.text(),
            counted(found.distributions.classes(), "adjoint column"),
            counted(keys.draws, "draw"),
            found.seed,
            table(keys, found),
            least_certain(keys, found)
        )
    }
}

fn least_certain(keys: &UncertaintyConfig, found: &Found) -> String {
    let mut table = plain_table();
    let last = keys.levels.len() - 1;
    let level = plain(keys.levels[last]);
    table.set_header(["image", "class", "nearest", "distance", &format!("flips at {level}")]);
    for (j, class, distance) in least_certain_images(found) {
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
