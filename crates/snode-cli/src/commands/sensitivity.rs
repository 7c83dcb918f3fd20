//! `snode sensitivity`: noise through depth, estimated and measured, and how smooth weights are.

use std::path::{Path, PathBuf};

use clap::Args;
use faer::Mat;
use serde_json::json;
use snode_analysis::{
    Moments, NoiseOn, NoiseOptions, PropagationSummary, Smoothness, smoothness, summarise_noise,
    weight_path,
};
use snode_figures::{Axis, Line, Panel, svg};
use snode_ode::{Ends, Network};
use snode_store::{Appendix, Precision, read_network, write_appendix};

use super::images::{ImageArgs, Subject, subject};
use super::{ANALYSIS, figures_folder, pool, stem};
use crate::encoded::encoded;
use crate::error::{Error, Result};
use crate::number::Number;
use crate::output::{print, print_line};
use crate::report::{align_right, plain_table, text};
use crate::tables::{Csv, write_text};

/// Arguments of `snode sensitivity`.
#[derive(Debug, Args)]
pub struct SensitivityArgs {
    /// The file of results; what was measured is added to it.
    pub run: PathBuf,
    /// Standard deviations of noise on the inputs, which lie between background and foreground.
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS", default_value = "0.01,0.1")]
    pub noise: Vec<f64>,
    /// Standard deviations of noise on all weights and biases; there is none if not given.
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS")]
    pub weights_noise: Vec<f64>,
    /// How many of the images, from the first on.
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    pub images: usize,
    /// How often noise is drawn.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub draws: usize,
    /// Row and column of the weight whose path through depth is written; the middle one if not given.
    #[arg(long, value_name = "ROW,COLUMN", value_parser = entry)]
    pub entry: Option<(usize, usize)>,
    /// The images.
    #[command(flatten)]
    pub source: ImageArgs,
    /// Writes tables (CSV) and figures (SVG) into a folder.
    #[arg(long, value_name = "FOLDER")]
    pub figures: Option<PathBuf>,
    /// The number of threads; all there are if not given.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

fn entry(text: &str) -> std::result::Result<(usize, usize), String> {
    let parts = text
        .split_once(',')
        .and_then(|(row, column)| Some((row.trim().parse().ok()?, column.trim().parse().ok()?)));
    parts.ok_or_else(|| "expected ROW,COLUMN, each counted from 0, as 98,98".into())
}

/// Everything measured on a run.
struct Analysis {
    /// What noise was on, and a summary for each of its levels.
    propagations: Vec<(NoiseOptions, Vec<PropagationSummary>)>,
    images: usize,
    smoothness: Smoothness,
    entry: (usize, usize),
    path: Vec<(f64, f64)>,
}

/// Propagates noise through a network, measures its smoothness, and adds both to the file of results.
///
/// # Errors
/// If the run or the images cannot be read or do not fit, an option is refused, or a file cannot be
/// written.
pub fn run(args: &SensitivityArgs) -> Result<()> {
    let subject = subject(&args.run, &args.source)?;
    if args.images == 0 {
        return Err(Error::Usage("--images: found 0; allowed: at least 1".into()));
    }
    let analysis =
        pool(args.threads.map(usize::from))?.install(|| match subject.summary.precision {
            Precision::F32 => analyse::<f32>(args, &subject),
            Precision::F64 => analyse::<f64>(args, &subject),
        })?;
    for (options, summaries) in &analysis.propagations {
        let group = format!("{ANALYSIS}/sensitivity/{}", name(options.on));
        let appendix = propagation_appendix(&subject, analysis.images, options, summaries);
        write_appendix(&args.run, &group, &appendix)?;
    }
    write_appendix(&args.run, &format!("{ANALYSIS}/smoothness"), &smoothness_appendix(&analysis))?;
    if let Some(folder) = &args.figures {
        write_figures(folder, &args.run, &analysis)?;
    }
    if args.json {
        return print_line(&as_json(&subject, &analysis).to_string());
    }
    print(&format!(
        "{}, {}, {} images, {} draws: perturbation of x(T) by noise, mean ± std\n{}\n\n{}\n",
        subject.source,
        subject.split_name.text(),
        analysis.images,
        args.draws,
        propagation_table(&analysis),
        smoothness_table(&analysis)
    ))
}

fn analyse<T: Number>(args: &SensitivityArgs, subject: &Subject) -> Result<Analysis> {
    let network = read_network::<T>(&subject.run)?.network;
    let (smoothness, middle) = (smoothness(&network), network.width() / 2);
    let entry = args.entry.unwrap_or((middle, middle));
    let path = weight_path(&network, entry)?;
    let indices: Vec<usize> = (0..args.images.min(subject.split.len())).collect();
    let x0 = encoded::<T>(&subject.split, subject.encoding, &indices)?.x;
    // Layer by layer is Euler's way: other schemes have no layers.
    let network = network.with_ends(Ends::Open);
    let mut propagations = Vec::new();
    for (on, levels) in [(NoiseOn::Input, &args.noise), (NoiseOn::Parameters, &args.weights_noise)]
    {
        if !levels.is_empty() {
            let (levels, seed) = (levels.clone(), subject.summary.info.seed);
            let options = NoiseOptions { on, levels, draws: args.draws, seed };
            let summaries = propagate(&network, &x0, &options)?;
            propagations.push((options, summaries));
        }
    }
    Ok(Analysis { propagations, images: indices.len(), smoothness, entry, path })
}

fn propagate<T: Number>(
    network: &Network<T>,
    x0: &Mat<T>,
    options: &NoiseOptions,
) -> Result<Vec<PropagationSummary>> {
    Ok(summarise_noise(network, x0.as_ref(), options)?)
}

/// What noise is on, in files and tables.
fn name(on: NoiseOn) -> &'static str {
    match on {
        NoiseOn::Input => "input",
        NoiseOn::Parameters => "parameters",
    }
}

/// The three quantities of a summary, by the names they have in files.
fn quantities(summary: &PropagationSummary) -> [(&'static str, &[Moments]); 3] {
    [
        ("estimated", &summary.estimated),
        ("measured", &summary.measured),
        ("relative_error", &summary.relative_error),
    ]
}

fn propagation_appendix(
    subject: &Subject,
    images: usize,
    options: &NoiseOptions,
    summaries: &[PropagationSummary],
) -> Appendix {
    let times = summaries.first().map(|summary| summary.times.clone()).unwrap_or_default();
    let shape = [summaries.len(), times.len()];
    let mut appendix = Appendix::default()
        .with_attribute("scheme", "euler")
        .with_attribute("data", subject.source.as_str())
        .with_attribute("split", subject.split_name.text())
        .with_attribute("images", images)
        .with_attribute("draws", options.draws)
        .with_attribute("seed", options.seed)
        .with_array("levels", &[options.levels.len()], options.levels.clone())
        .with_array("times", &[times.len()], times);
    for quantity in 0..3 {
        let moments = || summaries.iter().flat_map(|summary| quantities(summary)[quantity].1);
        let name = quantities(&summaries[0])[quantity].0;
        let means = moments().map(|moments| moments.mean).collect();
        let deviations = moments().map(Moments::standard_deviation).collect();
        appendix = appendix.with_array(&format!("{name}_mean"), &shape, means).with_array(
            &format!("{name}_std"),
            &shape,
            deviations,
        );
    }
    appendix
}

fn smoothness_appendix(analysis: &Analysis) -> Appendix {
    let Analysis { smoothness, entry, path, .. } = analysis;
    let n = smoothness.width();
    let entries = || (0..n).flat_map(|i| (0..n).map(move |j| smoothness.weight(i, j)));
    let biases = || (0..n).map(|i| smoothness.bias(i));
    let (weights, all_biases) = (smoothness.weights, smoothness.biases);
    Appendix::default()
        .with_attribute("weights_total_variation", weights.variation)
        .with_attribute("weights_total_seminorm", weights.seminorm)
        .with_attribute("weights_norm", weights.norm)
        .with_attribute("biases_total_variation", all_biases.variation)
        .with_attribute("biases_total_seminorm", all_biases.seminorm)
        .with_attribute("biases_norm", all_biases.norm)
        .with_attribute("path_row", entry.0)
        .with_attribute("path_column", entry.1)
        .with_array("weights_variation", &[n, n], entries().map(|e| e.variation).collect())
        .with_array("weights_seminorm", &[n, n], entries().map(|e| e.seminorm).collect())
        .with_array("biases_variation", &[n], biases().map(|e| e.variation).collect())
        .with_array("biases_seminorm", &[n], biases().map(|e| e.seminorm).collect())
        .with_array("path_times", &[path.len()], path.iter().map(|point| point.0).collect())
        .with_array("path", &[path.len()], path.iter().map(|point| point.1).collect())
}

fn as_json(subject: &Subject, analysis: &Analysis) -> serde_json::Value {
    let moments = |moments: &[Moments]| {
        let means: Vec<f64> = moments.iter().map(|m| m.mean).collect();
        let deviations: Vec<f64> = moments.iter().map(Moments::standard_deviation).collect();
        json!({"mean": means, "standard_deviation": deviations})
    };
    let propagations: Vec<_> = analysis
        .propagations
        .iter()
        .map(|(options, summaries)| {
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
                "noise_on": name(options.on),
                "draws": options.draws,
                "seed": options.seed,
                "times": summaries.first().map(|summary| &summary.times),
                "levels": levels,
            })
        })
        .collect();
    let Analysis { smoothness, entry, path, .. } = analysis;
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

fn propagation_table(analysis: &Analysis) -> String {
    let mut table = plain_table();
    table.set_header(["noise on", "level", "estimated", "measured", "relative error"]);
    for (options, summaries) in &analysis.propagations {
        for summary in summaries {
            let at_end = |moments: &[Moments]| {
                let last = moments.last().copied().unwrap_or_default();
                format!("{:.4e} ± {:.1e}", last.mean, last.standard_deviation())
            };
            let mut row = vec![name(options.on).to_owned(), summary.level.to_string()];
            row.extend(quantities(summary).map(|(_, moments)| at_end(moments)));
            table.add_row(row);
        }
    }
    align_right(&mut table, &[1, 2, 3, 4]);
    text(&table)
}

fn smoothness_table(analysis: &Analysis) -> String {
    let mut table = plain_table();
    table.set_header(["in depth", "total variation", "H¹ seminorm", "L² norm"]);
    let smoothness = &analysis.smoothness;
    let (i, j) = analysis.entry;
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

fn write_figures(folder: &Path, run: &Path, analysis: &Analysis) -> Result<()> {
    figures_folder(folder)?;
    let file = |what: &str| folder.join(format!("{}-{what}", stem(run)));
    let failed = |error: snode_figures::FigureError| Error::Results(error.to_string());
    let mut csv =
        Csv::new(["noise_on", "level", "layer", "depth", "quantity", "mean", "std", "count"]);
    for (options, summaries) in &analysis.propagations {
        for summary in summaries {
            for (quantity, moments) in quantities(summary) {
                for (layer, moments) in moments.iter().enumerate() {
                    csv.row(&[
                        name(options.on).into(),
                        summary.level.to_string(),
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
    csv.write(&file("sensitivity.csv"))?;
    let panels: Vec<Panel> = analysis.propagations.iter().flat_map(panels).collect();
    if !panels.is_empty() {
        write_text(&file("sensitivity.svg"), &svg(&panels, 2).map_err(failed)?)?;
    }
    let (row, column) = analysis.entry;
    let mut csv = Csv::new(["depth", "row", "column", "weight"]);
    for (time, value) in &analysis.path {
        csv.row(&[time.to_string(), row.to_string(), column.to_string(), value.to_string()]);
    }
    csv.write(&file("smoothness.csv"))?;
    let title = format!("Weight ({row}, {column}) through depth");
    let mut panel = Panel::new(title, Axis::linear("depth t"), Axis::linear("weight"));
    panel.lines.push(Line::new(stem(run), analysis.path.iter().copied()).plain());
    write_text(&file("smoothness.svg"), &svg(&[panel], 1).map_err(failed)?)
}

/// How many markers a curve of measured values has.
const MARKERS: usize = 15;

fn panels((options, summaries): &(NoiseOptions, Vec<PropagationSummary>)) -> [Panel; 2] {
    let on = name(options.on);
    let depth = || Axis::linear("depth t");
    let mut sizes = Panel::new(
        format!("Perturbation by noise on the {on}: lines estimated, markers measured"),
        depth(),
        Axis::logarithmic("‖ξ‖ and ‖x̃ − x‖"),
    );
    let mut errors = Panel::new(
        format!("Relative error of the estimate, noise on the {on}"),
        depth(),
        Axis::logarithmic("‖ξ − (x̃ − x)‖/‖x̃ − x‖"),
    );
    for summary in summaries {
        let points = |moments: &[Moments], first: usize, every: usize| {
            let points = summary.times.iter().zip(moments).skip(first).step_by(every);
            points.map(|(time, moments)| (*time, moments.mean)).collect::<Vec<_>>()
        };
        let every = summary.times.len().div_ceil(MARKERS);
        let level = summary.level;
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
