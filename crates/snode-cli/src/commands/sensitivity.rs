//! `snode sensitivity`: noise through depth, estimated and measured, and how smooth weights are.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use snode_analysis::Moments;
use snode_files::Existing;

use super::ThreadArgs;
use super::subject;
use crate::error::{Error, Result};
use crate::output::{print, print_line};
use crate::outputs::ForceArgs;
use crate::table::{align_right, plain_table, text};
use snode_experiment::NoiseConfig;
use snode_experiment::format::{self, plain};
use snode_experiment::numbers::{count, real};
use snode_files::Outputs;
use snode_report::measured::{
    PropagationFiles, SmoothnessFiles, propagation_files, smoothness_files,
};
use snode_runner::analyses::noise::{self, quantities};
use snode_runner::analyses::{Analysis, Noise, NoisyPart, Smoothness, check_room, smoothness};
use snode_runner::import::stem;
use snode_runner::{ImageSelection, Subject};

/// Arguments of `snode sensitivity`.
#[derive(Debug, Args)]
pub struct SensitivityArgs {
    /// The file of results; what was measured is added to it.
    pub run: PathBuf,
    /// Standard deviations of noise on the inputs, which lie between background and foreground.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "NUMBERS",
        value_parser = real,
        default_value = "0.01,0.1"
    )]
    pub noise: Vec<f64>,
    /// Standard deviations of noise on all weights and biases; there is none if not given.
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS", value_parser = real)]
    pub weights_noise: Vec<f64>,
    /// How many of the images, from the first on; if not given 1000, or all if there are fewer.
    #[arg(long, value_name = "NUMBER", value_parser = count)]
    pub images: Option<usize>,
    /// How often noise is drawn.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = count)]
    pub draws: usize,
    /// Row and column of the weight whose path through depth is written; the middle one if not given.
    #[arg(long, value_name = "ROW,COLUMN", value_parser = entry)]
    pub entry: Option<(usize, usize)>,
    /// The images.
    #[command(flatten)]
    pub source: ImageSelection,
    /// Writes tables (CSV) and figures (SVG) into a folder.
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
    images: usize,
    smoothness: smoothness::Measured,
}

/// Propagates noise through a network, measures its smoothness, and adds both to the file of results.
///
/// # Errors
/// If the run or the images cannot be read or do not fit, an option is refused, or a file cannot be
/// written.
pub fn run(args: &SensitivityArgs) -> Result<()> {
    let subject = subject(&args.run, &args.source)?;
    let asked = Asked::of(args, &subject)?;
    let existing = args.force.existing();
    let outputs = Outputs::new(existing, [&args.run]);
    // Before the work it is made sure that its results can be kept.
    check_room(&args.run, &asked.analyses(), existing)?;
    if let Some(folder) = &args.figures {
        let names = FIGURES.map(|what| figure(&args.run, what));
        outputs.check_in(folder, &names)?;
    }
    let measured = asked.measure(args, &subject)?;
    let kept = asked.write(&subject, &measured, existing).and_then(|()| match &args.figures {
        Some(folder) => write_figures(folder, &args.run, &outputs, &measured),
        None => Ok(()),
    });
    // What was measured is printed in any case.
    let printed = show(args, &subject, &measured);
    kept.and(printed)
}

fn show(args: &SensitivityArgs, subject: &Subject, measured: &Measured) -> Result<()> {
    if args.json {
        return print_line(&as_json(subject, measured).to_string());
    }
    print(&format!(
        "{}, {}, {}, {}, seed {}: perturbation of x(T) by noise, mean ± std\n{}\n\n{}\n",
        subject.source,
        subject.split_name.text(),
        format::count(measured.images, "image"),
        format::count(args.draws, "draw"),
        subject.summary.info.seed,
        propagation_table(measured),
        smoothness_table(&measured.smoothness)
    ))
}

/// The analyses that the command line asks for.
struct Asked {
    /// On how many images noise is measured.
    images: usize,
    noises: Vec<Noise>,
    smoothness: Smoothness,
}

impl Asked {
    fn of(args: &SensitivityArgs, subject: &Subject) -> Result<Self> {
        let keys = NoiseConfig {
            levels: args.noise.clone(),
            weights_levels: args.weights_noise.clone(),
            draws: args.draws,
            images: args.images,
        };
        keys.check().map_err(|(key, problem)| {
            let option = if key == "levels" { "noise" } else { "weights-noise" };
            Error::Usage(format!("--{option}: {problem}"))
        })?;
        let there = subject.split.len();
        let entry = args.entry.map(|(row, column)| [row, column]);
        Ok(Self {
            images: keys.images_of(there),
            noises: Noise::on_images(&keys, &args.source, there),
            smoothness: Smoothness { entry },
        })
    }

    fn analyses(&self) -> Vec<Analysis> {
        let noises = self.noises.iter().cloned().map(Analysis::Noise);
        noises.chain([Analysis::Smoothness(self.smoothness.clone())]).collect()
    }

    /// Measures everything before anything is written.
    fn measure(&self, args: &SensitivityArgs, subject: &Subject) -> Result<Measured> {
        let threads = args.threads.number();
        let smoothness = self.smoothness.measure(&args.run, threads)?;
        let mut propagations = Vec::new();
        for noise in &self.noises {
            propagations.push((noise.on, noise.measure(subject, threads)?));
        }
        Ok(Measured { propagations, images: self.images, smoothness })
    }

    fn write(&self, subject: &Subject, measured: &Measured, existing: Existing) -> Result<()> {
        for (noise, (_, measured)) in self.noises.iter().zip(&measured.propagations) {
            noise.write(subject, measured, existing)?;
        }
        Ok(self.smoothness.write(&subject.run, &measured.smoothness, existing)?)
    }
}

fn as_json(subject: &Subject, analysis: &Measured) -> serde_json::Value {
    let moments = |moments: &[Moments]| {
        let means: Vec<f64> = moments.iter().map(|m| m.mean).collect();
        let deviations: Vec<f64> = moments.iter().map(Moments::standard_deviation).collect();
        json!({"mean": means, "standard_deviation": deviations})
    };
    let propagations: Vec<_> = analysis
        .propagations
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
    let smoothness::Measured { smoothness, entry, path, .. } = &analysis.smoothness;
    let roughness = |of: snode_analysis::Roughness| json!({"variation": of.variation, "seminorm": of.seminorm, "norm": of.norm});
    json!({
        "run": subject.run.display().to_string(),
        "data": subject.source,
        "split": subject.split_name.text(),
        "scheme": "euler",
        "images": analysis.images,
        "propagation": propagations,
        "smoothness": {
            "weights": roughness(smoothness.weights),
            "biases": roughness(smoothness.biases),
            "entry": [entry.0, entry.1],
            "path": path,
        },
    })
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

/// What the files with figures and tables are called behind the name of the run.
const FIGURES: [&str; 4] =
    ["sensitivity.csv", "sensitivity.svg", "smoothness.csv", "smoothness.svg"];

/// The name of such a file.
fn figure(run: &Path, what: &str) -> String {
    format!("{}-{what}", stem(run))
}

fn write_figures(folder: &Path, run: &Path, outputs: &Outputs, analysis: &Measured) -> Result<()> {
    let write = |what: &str, bytes: &[u8]| outputs.write(&folder.join(figure(run, what)), bytes);
    let PropagationFiles { csv, svg } = propagation_files(&analysis.propagations)?;
    write("sensitivity.csv", &csv)?;
    if let Some(svg) = svg {
        write("sensitivity.svg", svg.as_bytes())?;
    }
    let SmoothnessFiles { csv, svg } = smoothness_files(&stem(run), &analysis.smoothness)?;
    write("smoothness.csv", &csv)?;
    Ok(write("smoothness.svg", svg.as_bytes())?)
}
