//! `snode noise`: noise through depth, estimated and measured, and how smooth weights are.

use std::path::Path;

use clap::Args;
use serde_json::Value;
use snode_analysis::Moments;
use snode_files::Existing;

use super::measure::{self, Measure, MeasureArgs};
use super::subject;
use crate::error::{Error, Result};
use crate::table::{align_right, plain_table, text};
use snode_experiment::NoiseConfig;
use snode_experiment::format::{self, plain};
use snode_experiment::numbers::{count, real};
use snode_report::measured::{
    PropagationFiles, SmoothnessFiles, propagation_files, propagation_json, smoothness_files,
};
use snode_runner::Subject;
use snode_runner::analyses::noise::{self, quantities};
use snode_runner::analyses::{Analysis, Noise, NoisyPart, Smoothness, smoothness};
use snode_runner::import::stem;

/// Arguments of `snode noise`.
#[derive(Debug, Args)]
pub struct NoiseArgs {
    /// The run, and what becomes of the results.
    #[command(flatten)]
    pub measure: MeasureArgs,
    /// Standard deviations of noise on the inputs, which lie between background and foreground.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "NUMBERS",
        value_parser = real,
        default_value = "0.01,0.1",
        alias = "noise"
    )]
    pub levels: Vec<f64>,
    /// Standard deviations of noise on all weights and biases; there is none if not given.
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS", value_parser = real, alias = "weights-noise")]
    pub weights_levels: Vec<f64>,
    /// How many of the images, from the first on; if not given 1000, or all if there are fewer.
    #[arg(long, value_name = "NUMBER", value_parser = count)]
    pub images: Option<usize>,
    /// How often noise is drawn.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = count)]
    pub draws: usize,
    /// Row and column of the weight whose path through depth is written; the middle one if not given.
    #[arg(long, value_name = "ROW,COLUMN", value_parser = entry)]
    pub entry: Option<(usize, usize)>,
}

fn entry(text: &str) -> std::result::Result<(usize, usize), String> {
    let parts = text
        .split_once(',')
        .and_then(|(row, column)| Some((row.trim().parse().ok()?, column.trim().parse().ok()?)));
    parts.ok_or_else(|| "expected ROW,COLUMN, each counted from 0, e.g. 98,98".into())
}

/// Everything measured on a run.
struct Measured {
    /// What noise was on, and what it did.
    propagations: Vec<(NoisyPart, noise::Measured)>,
    smoothness: smoothness::Measured,
}

/// Propagates noise through a network, measures its smoothness, and adds both to the run file.
///
/// # Errors
/// If the run or the images cannot be read or do not fit, an option is refused, or a file cannot be
/// written.
pub fn run(args: &NoiseArgs) -> Result<()> {
    let subject = subject(&args.measure)?;
    measure::run(&args.measure, &Command::of(args, subject)?)
}

/// The analyses that the command line asks for.
struct Command {
    subject: Subject,
    /// On how many images noise is measured.
    images: usize,
    draws: usize,
    noises: Vec<Noise>,
    smoothness: Smoothness,
}

impl Command {
    fn of(args: &NoiseArgs, subject: Subject) -> Result<Self> {
        let keys = NoiseConfig {
            levels: args.levels.clone(),
            weights_levels: args.weights_levels.clone(),
            draws: args.draws,
            images: args.images,
        };
        keys.check().map_err(|(key, problem)| {
            Error::Usage(format!("--{}: {problem}", key.replace('_', "-")))
        })?;
        let there = subject.split.len();
        let entry = args.entry.map(|(row, column)| [row, column]);
        Ok(Self {
            images: keys.images_of(there),
            draws: args.draws,
            noises: Noise::on_images(&keys, &args.measure.selection(), there),
            smoothness: Smoothness { entry },
            subject,
        })
    }
}

impl Measure for Command {
    type Found = Measured;

    fn run_file(&self) -> &Path {
        &self.subject.run
    }

    fn analyses(&self) -> Vec<Analysis> {
        let noises = self.noises.iter().cloned().map(Analysis::Noise);
        noises.chain([Analysis::Smoothness(self.smoothness.clone())]).collect()
    }

    fn names(&self) -> Vec<String> {
        let name = stem(&self.subject.run);
        let files = ["noise.csv", "noise.svg", "smoothness.csv", "smoothness.svg"];
        files.map(|file| format!("{name}-{file}")).into()
    }

    /// Measures everything before anything is written.
    fn measure(&self, threads: Option<usize>) -> Result<Measured> {
        let smoothness = self.smoothness.measure(&self.subject.run, threads)?;
        let mut propagations = Vec::new();
        for noise in &self.noises {
            propagations.push((noise.on, noise.measure(&self.subject, threads)?));
        }
        Ok(Measured { propagations, smoothness })
    }

    fn write(&self, found: &Measured, existing: Existing) -> Result<()> {
        for (noise, (_, measured)) in self.noises.iter().zip(&found.propagations) {
            noise.write(&self.subject, measured, existing)?;
        }
        Ok(self.smoothness.write(&self.subject.run, &found.smoothness, existing)?)
    }

    fn files(&self, found: &Measured) -> Result<Vec<(String, Vec<u8>)>> {
        let PropagationFiles { csv, svg } = propagation_files(&found.propagations)?;
        let smooth = smoothness_files(&stem(&self.subject.run), &found.smoothness)?;
        let SmoothnessFiles { csv: table, svg: figure } = smooth;
        let figure = Some(figure.into_bytes());
        let all = [Some(csv), svg.map(String::into_bytes), Some(table), figure];
        let named = self.names().into_iter().zip(all);
        Ok(named.filter_map(|(name, bytes)| Some((name, bytes?))).collect())
    }

    fn json(&self, found: &Measured) -> Result<Value> {
        let Measured { propagations, smoothness } = found;
        Ok(propagation_json(&self.subject, self.images, propagations, smoothness))
    }

    fn text(&self, found: &Measured) -> String {
        format!(
            "{}, {}, {}, {}, seed {}: perturbation of x(T) by noise, mean ± std\n{}\n\n{}\n",
            self.subject.source,
            self.subject.split_name.text(),
            format::count(self.images, "image"),
            format::count(self.draws, "draw"),
            self.subject.seed,
            propagation_table(found),
            smoothness_table(&found.smoothness)
        )
    }
}

fn propagation_table(analysis: &Measured) -> String {
    let mut table = plain_table();
    table.set_header(["noise on", "level", "estimated", "measured", "relative error"]);
    for (on, measured) in &analysis.propagations {
        for summary in &measured.summaries {
            let at_end = |moments: &[Moments]| {
                let last = moments.last().copied().unwrap_or_default();
                format!("{:.4e} ± {:.1e}", last.mean, last.standard_deviation())
            };
            let mut row = vec![on.text().to_owned(), plain(summary.level)];
            row.extend(quantities(summary).map(|(_, moments)| at_end(moments)));
            table.add_row(row);
        }
    }
    align_right(&mut table, &[1, 2, 3, 4]);
    text(&table)
}

fn smoothness_table(measured: &smoothness::Measured) -> String {
    let mut table = plain_table();
    table.set_header(["in depth", "total variation", "H¹ seminorm", "L² norm"]);
    let smoothness = &measured.smoothness;
    let (i, j) = measured.entry;
    for (what, of) in [
        ("weights".to_owned(), smoothness.weights),
        ("biases".to_owned(), smoothness.biases),
        (format!("weight ({i}, {j})"), smoothness.weight(i, j)),
    ] {
        let numbers = [of.variation, of.seminorm, of.norm].map(|value| format!("{value:.4e}"));
        table.add_row([vec![what], numbers.to_vec()].concat());
    }
    align_right(&mut table, &[1, 2, 3]);
    text(&table)
}
