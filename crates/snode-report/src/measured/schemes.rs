//! Networks trained under several schemes, each solved by all of them: tables and a figure.

use std::path::PathBuf;

use serde_json::{Value, json};
use snode_experiment::SchemeName;
use snode_figures::{Axis, Line, Panel, svg};
use snode_runner::{Comparison, Effort, TEST};
use snode_store::RunSummary;

use crate::csv_table::Csv;
use crate::error::Result;

/// A network trained under a scheme.
#[derive(Debug)]
pub struct Trained {
    /// The scheme.
    pub scheme: SchemeName,
    /// The file of results.
    pub results: PathBuf,
    /// What it says.
    pub summary: RunSummary,
}

/// How a trained network does under a scheme.
#[derive(Debug)]
pub struct Pair<'a> {
    /// The network.
    pub trained: &'a Trained,
    /// The scheme that solves it.
    pub solved: SchemeName,
    /// How it does.
    pub comparison: Comparison,
}

/// The name of the file with the figure.
pub const SCHEMES_FIGURE: &str = "solvers.svg";

/// The tables and the figure, with the names of their files.
///
/// # Errors
/// If the figure cannot be drawn.
pub fn scheme_files(
    trained: &[Trained],
    pairs: &[Pair<'_>],
) -> Result<Vec<(&'static str, Vec<u8>)>> {
    Ok(vec![
        ("training.csv", training(trained)?),
        ("accuracy.csv", accuracy(pairs)?),
        ("effort.csv", effort(pairs)?),
        ("steps.csv", steps(pairs)?),
        (SCHEMES_FIGURE, svg(&panels(trained, pairs), 3)?.into_bytes()),
    ])
}

/// How each network does under each scheme, for programs: `pairs`.
pub fn schemes_json(pairs: &[Pair<'_>]) -> Value {
    let effort = |effort: &Effort| {
        json!({
            "problem": effort.problem.to_string(),
            "accepted": effort.statistics.accepted,
            "rejected": effort.statistics.rejected,
            "right_hand_sides": effort.statistics.right_hand_sides,
            "seconds": effort.seconds,
        })
    };
    let pair = |pair: &Pair<'_>| {
        let Comparison { evaluation, seconds, efforts, .. } = &pair.comparison;
        json!({
            "trained": pair.trained.scheme.text(),
            "solved": pair.solved.text(),
            "results": pair.trained.results.display().to_string(),
            "accuracy": evaluation.score().merit(),
            "correct": evaluation.correct(),
            "total": evaluation.total,
            "cost": evaluation.cost,
            "seconds": seconds,
            "efforts": efforts.iter().map(effort).collect::<Vec<_>>(),
        })
    };
    json!({ "pairs": pairs.iter().map(pair).collect::<Vec<_>>() })
}

/// Accuracy and cost on the test images during training.
fn training(trained: &[Trained]) -> Result<Vec<u8>> {
    let mut csv = Csv::new(["trained", "batches", "seconds", "accuracy", "cost"]);
    for network in trained {
        for record in network.summary.history.evaluations.iter().filter(|r| r.set == TEST) {
            csv.row(&[
                network.scheme.text().into(),
                record.batches.to_string(),
                record.seconds.to_string(),
                record.score.merit().to_string(),
                record.score.cost.to_string(),
            ]);
        }
    }
    csv.bytes()
}

/// How accurate each network is under each scheme.
fn accuracy(pairs: &[Pair<'_>]) -> Result<Vec<u8>> {
    let mut csv = Csv::new([
        "trained",
        "solved",
        "accuracy",
        "correct",
        "images",
        "cost",
        "seconds",
        "right_hand_sides",
    ]);
    for pair in pairs {
        let (correct, total) =
            (pair.comparison.evaluation.correct().unwrap_or(0), pair.comparison.evaluation.total);
        csv.row(&[
            pair.trained.scheme.text().into(),
            pair.solved.text().into(),
            (correct as f64 / total.max(1) as f64).to_string(),
            correct.to_string(),
            total.to_string(),
            pair.comparison.evaluation.cost.unwrap_or(f64::NAN).to_string(),
            pair.comparison.seconds.to_string(),
            pair.comparison.evaluation.statistics.right_hand_sides.to_string(),
        ]);
    }
    csv.bytes()
}

/// Steps and right-hand sides of each problem.
fn effort(pairs: &[Pair<'_>]) -> Result<Vec<u8>> {
    let mut csv = Csv::new([
        "trained",
        "solved",
        "problem",
        "accepted",
        "rejected",
        "right_hand_sides",
        "smallest_step",
        "largest_step",
        "seconds",
    ]);
    for pair in pairs {
        for effort in &pair.comparison.efforts {
            let counts = &effort.statistics;
            csv.row(&[
                pair.trained.scheme.text().into(),
                pair.solved.text().into(),
                effort.problem.to_string(),
                counts.accepted.to_string(),
                counts.rejected.to_string(),
                counts.right_hand_sides.to_string(),
                counts.smallest_step.to_string(),
                counts.largest_step.to_string(),
                effort.seconds.to_string(),
            ]);
        }
    }
    csv.bytes()
}

/// The steps of the direct problem through depth.
fn steps(pairs: &[Pair<'_>]) -> Result<Vec<u8>> {
    let mut csv = Csv::new(["trained", "solved", "depth", "step"]);
    for pair in pairs {
        for step in pair.comparison.steps.windows(2) {
            csv.row(&[
                pair.trained.scheme.text().into(),
                pair.solved.text().into(),
                step[0].to_string(),
                (step[1] - step[0]).to_string(),
            ]);
        }
    }
    csv.bytes()
}

fn panels(trained: &[Trained], pairs: &[Pair<'_>]) -> [Panel; 3] {
    let percent = || Axis::linear("accuracy on the test images [%]");
    let mut by_batches = Panel::new("Accuracy during training", Axis::linear("batches"), percent());
    let mut by_seconds =
        Panel::new("Accuracy against time", Axis::logarithmic("seconds of training"), percent());
    for network in trained {
        let records = network.summary.history.evaluations.iter().filter(|r| r.set == TEST);
        let points: Vec<_> =
            records.map(|r| (r.batches as f64, r.seconds, 100.0 * r.score.merit())).collect();
        let name = network.scheme.text();
        by_batches.lines.push(Line::new(name, points.iter().map(|p| (p.0, p.2))));
        by_seconds.lines.push(Line::new(name, points.iter().map(|p| (p.1, p.2))));
    }
    let mut steps =
        Panel::new("Steps through depth", Axis::linear("depth t"), Axis::linear("step length"));
    for pair in pairs.iter().filter(|pair| !pair.comparison.steps.is_empty()) {
        let (solved, of) = (pair.solved.text(), pair.trained.scheme.text());
        let corners = pair
            .comparison
            .steps
            .windows(2)
            .flat_map(|s| [(s[0], s[1] - s[0]), (s[1], s[1] - s[0])]);
        steps.lines.push(Line::new(format!("{solved} on {of}"), corners).plain());
    }
    [by_batches, by_seconds, steps]
}
