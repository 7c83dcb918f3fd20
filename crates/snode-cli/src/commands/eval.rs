//! `snode eval`: measures a trained network on images.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use comfy_table::Table;
use faer::Mat;
use serde_json::json;
use snode_data::{Encoding, Split};
use snode_ode::{SchemeChoice, Statistics};
use snode_store::{Precision, RunSummary, read_network};
use snode_train::{Cost, classify};

use super::pool;
use crate::config::{self, Experiment, SchemeName, scheme_for};
use crate::encoded::encoded;
use crate::error::{Error, Result};
use crate::number::Number;
use crate::output::{print, print_line};
use crate::report::{self, align_right, plain_table};
use crate::sources::Source;

/// Arguments of `snode eval`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// The file of results, or a checkpoint.
    pub run: PathBuf,
    /// The images: a known data set (see `snode data list`) or a folder with four IDX files; those
    /// the network was trained on if not given.
    #[arg(long, value_name = "SOURCE")]
    pub data: Option<String>,
    /// Which of the images.
    #[arg(long, value_enum, default_value_t = SplitName::Test)]
    pub split: SplitName,
    /// The scheme that solves the network; the one it was trained under if not given.
    #[arg(long, value_enum, value_name = "SCHEME")]
    pub scheme: Option<SchemeName>,
    /// Relative and absolute tolerance of an adaptive scheme, in place of the run's.
    #[arg(long, value_name = "NUMBER")]
    pub tolerance: Option<f64>,
    /// Adds the accuracy on each class, and which classes were taken for which.
    #[arg(long)]
    pub classes: bool,
    /// The number of threads; all there are if not given.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// A split of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SplitName {
    /// All training images, those that were held out for validation among them.
    Train,
    /// All test images.
    Test,
}

/// How a network did on images.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// `confusion[class][predicted]`: how many images of a class were taken for another.
    pub confusion: Vec<Vec<usize>>,
    /// The mean cost, if the run says by which cost it was trained.
    pub cost: Option<f64>,
    /// What solving took, over all groups of images that were solved together.
    pub statistics: Statistics,
}

impl Evaluation {
    /// How many images there were.
    pub fn total(&self) -> usize {
        self.confusion.iter().flatten().sum()
    }

    /// How many predictions were right.
    pub fn correct(&self) -> usize {
        self.confusion.iter().enumerate().map(|(class, row)| row[class]).sum()
    }
}

/// Prints how the network of a run does on images.
///
/// # Errors
/// If the run or the images cannot be read, or do not fit each other.
pub fn run(args: &EvalArgs) -> Result<()> {
    let (summary, experiment) = super::summary(&args.run)?;
    let source = source(args, experiment.as_ref())?;
    let split = images(args, &summary, &source)?;
    let input = summary.model.input;
    let encoding = Encoding::new(input.background, input.foreground)?;
    let classes = summary.model.classes;
    let scheme = scheme_for(args.scheme, args.tolerance, &summary, experiment.as_ref())?;
    let cost = experiment.map(|experiment| config::cost(&experiment.cost, classes));
    let evaluation = pool(args.threads.map(usize::from))?.install(|| match summary.precision {
        Precision::F32 => evaluate::<f32>(&args.run, &split, encoding, classes, cost, &scheme),
        Precision::F64 => evaluate::<f64>(&args.run, &split, encoding, classes, cost, &scheme),
    })?;
    show(args, &source.text(), scheme.name(), &evaluation)
}

fn source(args: &EvalArgs, experiment: Option<&Experiment>) -> Result<Source> {
    let text = match (&args.data, experiment) {
        (Some(text), _) => text,
        (None, Some(experiment)) => &experiment.data.source,
        (None, None) => {
            return Err(Error::Usage("--data: the run does not say its data; name it".into()));
        }
    };
    Source::find(text, Path::new("")).map_err(|problem| Error::Usage(format!("--data: {problem}")))
}

/// The split asked for, at the size of the network's inputs.
fn images(args: &EvalArgs, summary: &RunSummary, source: &Source) -> Result<Split> {
    let dataset = source.load()?;
    let classes = summary.model.classes;
    if dataset.classes() > classes {
        return Err(Error::Usage(format!(
            "{} has {} classes, but the network of {} was trained for {classes}",
            source.text(),
            dataset.classes(),
            args.run.display()
        )));
    }
    let input = summary.model.input;
    let (train, test) = dataset.into_splits();
    let split = match args.split {
        SplitName::Train => train,
        SplitName::Test => test,
    };
    if split.is_empty() {
        return Err(Error::Usage(format!("{} has no test images", source.text())));
    }
    let shape = (input.rows, input.cols);
    let split = if split.images().shape() == shape {
        split
    } else {
        split.resample(input.rows, input.cols)?
    };
    if split.images().width() == summary.width {
        return Ok(split);
    }
    Err(Error::Results(format!(
        "{}: its inputs are images of {}x{} pixels, but its network has width {}",
        args.run.display(),
        input.rows,
        input.cols,
        summary.width
    )))
}

/// How many images are carried through the network at once.
const CHUNK: usize = 5000;

/// Carries a split through the network of a run, solved by `scheme`.
///
/// # Errors
/// If the network cannot be read or solved.
pub fn evaluate<T: Number>(
    run: &Path,
    split: &Split,
    encoding: Encoding,
    classes: usize,
    cost: Option<Cost>,
    scheme: &SchemeChoice,
) -> Result<Evaluation> {
    let network = read_network::<T>(run)?.network.with_ends(scheme.ends());
    let scheme = scheme.build::<T>().map_err(|error| Error::Usage(error.to_string()))?;
    let mut statistics = Statistics::default();
    let mut confusion = vec![vec![0; classes]; classes];
    let mut sum = 0.0;
    let all: Vec<usize> = (0..split.len()).collect();
    for chunk in all.chunks(CHUNK) {
        let set = encoded::<T>(split, encoding, chunk)?;
        let mut output = Mat::zeros(set.x.nrows(), set.x.ncols());
        let cost_of_chunk = scheme
            .evaluate(&network, set.x.as_ref(), output.as_mut())
            .map_err(|error| Error::Train(error.to_string()))?;
        statistics.add(&cost_of_chunk);
        if let Some(cost) = &cost {
            let centre = cost.centre_for(&network);
            let mean = cost.value(output.as_ref(), &set.labels, centre)?.total();
            sum += mean * chunk.len() as f64;
        }
        for (&label, predicted) in set.labels.iter().zip(classify(output.as_ref(), classes)) {
            confusion[label][predicted] += 1;
        }
    }
    let cost = cost.map(|_| sum / split.len() as f64);
    Ok(Evaluation { confusion, cost, statistics })
}

fn show(args: &EvalArgs, source: &str, scheme: &str, evaluation: &Evaluation) -> Result<()> {
    let (correct, total) = (evaluation.correct(), evaluation.total());
    let accuracy = correct as f64 / total as f64;
    let split = match args.split {
        SplitName::Train => "train",
        SplitName::Test => "test",
    };
    if args.json {
        return print_line(
            &json!({
                "run": args.run.display().to_string(),
                "data": source,
                "split": split,
                "scheme": scheme,
                "accuracy": accuracy,
                "correct": correct,
                "total": total,
                "cost": evaluation.cost,
                "steps": evaluation.statistics.accepted,
                "rejected_steps": evaluation.statistics.rejected,
                "right_hand_sides": evaluation.statistics.right_hand_sides,
                "confusion": evaluation.confusion,
            })
            .to_string(),
        );
    }
    let cost = evaluation.cost.map_or_else(String::new, |cost| format!(", cost {cost:.4}"));
    let mut text = format!(
        "{source}, {split}, by {scheme}: accuracy {:.2} % ({correct} of {total}){cost}\n",
        100.0 * accuracy
    );
    if args.classes {
        text.push_str(&format!("{}\n", report::text(&classes_table(evaluation))));
    }
    print(&text)
}

/// A row for each class: its accuracy, and what its images were taken for.
fn classes_table(evaluation: &Evaluation) -> Table {
    let mut table = plain_table();
    let classes = evaluation.confusion.len();
    let mut header = vec!["class".to_owned(), "images".into(), "accuracy".into()];
    header.extend((0..classes).map(|class| format!("as {class}")));
    table.set_header(header);
    for (class, row) in evaluation.confusion.iter().enumerate() {
        let images: usize = row.iter().sum();
        let accuracy = match images {
            0 => "–".into(),
            _ => format!("{:.2} %", 100.0 * row[class] as f64 / images as f64),
        };
        let mut cells = vec![class.to_string(), images.to_string(), accuracy];
        cells.extend(row.iter().map(|&count| match count {
            0 => "·".into(),
            _ => count.to_string(),
        }));
        table.add_row(cells);
    }
    align_right(&mut table, &(0..classes + 3).collect::<Vec<_>>());
    table
}
