//! `snode eval`: measures a trained network on images.

use std::path::PathBuf;

use clap::Args;
use comfy_table::Table;
use faer::Mat;
use serde_json::json;
use snode_data::{Encoding, Split};
use snode_ode::{Network, SchemeChoice, Statistics};
use snode_store::Precision;
use snode_train::{Cost, classify};

use super::images::{ImageArgs, Subject, subject};
use super::{ThreadArgs, pool};
use crate::arguments::real;
use crate::config::{SchemeName, known_cost, scheme_for};
use crate::encoded::encoded;
use crate::error::{Error, Result};
use crate::format::fixed;
use crate::number::Number;
use crate::output::{print, print_line};
use crate::report::{self, align_right, plain_table};

/// Arguments of `snode eval`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// The file of results, or a checkpoint.
    pub run: PathBuf,
    /// The images.
    #[command(flatten)]
    pub images: ImageArgs,
    /// The scheme that solves the network; the one it was trained under if not given.
    #[arg(long, value_enum, value_name = "SCHEME")]
    pub scheme: Option<SchemeName>,
    /// Relative and absolute tolerance of an adaptive scheme, in place of the run's.
    #[arg(long, value_name = "NUMBER", value_parser = real)]
    pub tolerance: Option<f64>,
    /// Adds the accuracy on each class, and which classes were taken for which.
    #[arg(long)]
    pub classes: bool,
    /// The threads.
    #[command(flatten)]
    pub threads: ThreadArgs,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
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
    let subject = subject(&args.run, &args.images)?;
    let Subject { summary, experiment, source, split, encoding, .. } = &subject;
    let classes = summary.model.classes;
    let scheme = scheme_for(args.scheme, args.tolerance, summary, experiment.as_ref())?;
    let cost = known_cost(summary, experiment.as_ref());
    let evaluation = pool(args.threads.number())?.install(|| match summary.precision {
        Precision::F32 => {
            evaluate(subject.network::<f32>()?, split, *encoding, classes, cost, &scheme)
        }
        Precision::F64 => {
            evaluate(subject.network::<f64>()?, split, *encoding, classes, cost, &scheme)
        }
    })?;
    show(args, source, scheme.name(), &evaluation)
}

/// How many images are carried through the network at once.
const CHUNK: usize = 5000;

/// Carries a split through a network, solved by `scheme`.
///
/// # Errors
/// If the network cannot be solved.
pub fn evaluate<T: Number>(
    network: Network<T>,
    split: &Split,
    encoding: Encoding,
    classes: usize,
    cost: Option<Cost>,
    scheme: &SchemeChoice,
) -> Result<Evaluation> {
    let network = network.with_endpoint(scheme.endpoint());
    let scheme = crate::device::scheme::<T>(scheme)?;
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
    let split = args.images.split.text();
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
    let cost =
        evaluation.cost.map_or_else(String::new, |cost| format!(", cost {}", fixed(cost, 4)));
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
