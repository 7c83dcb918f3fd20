//! `snode eval`: measures a trained network on images.

use clap::Args;
use comfy_table::Table;
use serde_json::json;
use snode_store::Precision;

use super::{RunFileArgs, ThreadArgs, pool};
use crate::error::Result;
use crate::output::{print, print_line, say};
use crate::table::{self, align_right, plain_table};
use snode_experiment::SchemeName;
use snode_experiment::format::fixed;
use snode_experiment::numbers::{count, real};
use snode_runner::known_objective;
use snode_runner::records::SetScore;
use snode_runner::scheme_for;
use snode_runner::{Evaluation, Predictions, evaluate};
use snode_runner::{ImageSelection, Subject, subject};

/// Arguments of `snode eval`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// The run, whose file may be a checkpoint.
    #[command(flatten)]
    pub run: RunFileArgs,
    /// The images.
    #[command(flatten)]
    pub source: ImageSelection,
    /// How many of the images, from the first on; all if not given.
    #[arg(long, value_name = "NUMBER", value_parser = count)]
    pub images: Option<usize>,
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

/// Prints how the network of a run does on images.
///
/// # Errors
/// If the run or the images cannot be read, or do not fit each other.
pub fn run(args: &EvalArgs) -> Result<()> {
    let mut warn = |warning: &str| say(&format!("warning: {warning}"));
    let subject = subject(&args.run.path()?, &args.source, &mut warn)?;
    let Subject { summary, experiment, encoding, .. } = &subject;
    let split = &subject.first(args.images)?;
    let classes = summary.model.classes;
    if args.classes {
        subject.classes("--classes")?;
    }
    let scheme = scheme_for(args.scheme, args.tolerance, summary, experiment.as_ref())?;
    let objective = known_objective(summary, experiment.as_ref());
    let evaluation = pool(args.threads.number())?.install(|| match summary.precision {
        Precision::F32 => {
            evaluate(subject.network::<f32>()?, split, *encoding, classes, objective, &scheme)
        }
        Precision::F64 => {
            evaluate(subject.network::<f64>()?, split, *encoding, classes, objective, &scheme)
        }
    })?;
    show(args, &subject, scheme.name(), &evaluation)
}

fn show(args: &EvalArgs, subject: &Subject, scheme: &str, evaluation: &Evaluation) -> Result<()> {
    let source = &subject.source;
    let score = SetScore::from(&evaluation.score());
    let split = args.source.split.text();
    if args.json {
        let described = json!({
            "run": subject.run.display().to_string(),
            "data": source,
            "split": split,
            "scheme": scheme,
            "steps": evaluation.statistics.accepted,
            "rejected_steps": evaluation.statistics.rejected,
            "right_hand_sides": evaluation.statistics.right_hand_sides,
        });
        return print_line(&evaluation.json(described).to_string());
    }
    let cost =
        evaluation.cost.map_or_else(String::new, |cost| format!(", cost {}", fixed(cost, 4)));
    let (what, long) = (score.what(), score.long());
    let mut text = format!("{source}, {split}, by {scheme}: {what} {long}{cost}\n");
    if let (true, Predictions::Classes(confusion)) = (args.classes, &evaluation.predictions) {
        text.push_str(&format!("{}\n", table::text(&classes_table(confusion))));
    }
    print(&text)
}

/// A row for each class: its accuracy, and what its images were taken for.
fn classes_table(confusion: &[Vec<usize>]) -> Table {
    let mut table = plain_table();
    let classes = confusion.len();
    let mut header = vec!["class".to_owned(), "images".into(), "accuracy".into()];
    header.extend((0..classes).map(|class| format!("as {class}")));
    table.set_header(header);
    for (class, row) in confusion.iter().enumerate() {
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
