//! `snode show`: what a file of results holds.

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use snode_store::Status;
use snode_train::History;

use super::RunFileArgs;
use crate::error::Result;
use crate::output::print;
use crate::table::{evaluations_table, print_iterations, summary_table};
use snode_experiment::short_numbers;
use snode_runner::is_imported;
use snode_runner::records::{EvaluationRow, IterationRow};

/// Arguments of `snode show`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // flags of a command line
pub struct ShowArgs {
    /// The run, whose file may be a checkpoint.
    #[command(flatten)]
    pub run: RunFileArgs,
    /// Prints the experiment as it was resolved, a TOML file that can be run again.
    #[arg(long, conflicts_with_all = ["source", "iterations", "json"])]
    pub config: bool,
    /// Prints the experiment's file as the user wrote it.
    #[arg(long, conflicts_with_all = ["iterations", "json"])]
    pub source: bool,
    /// Adds a table with a row for every iteration.
    #[arg(long, conflicts_with = "json")]
    pub iterations: bool,
    /// Prints one JSON object with everything.
    #[arg(long)]
    pub json: bool,
}

/// Prints what a file of results holds.
///
/// # Errors
/// If it is not one.
pub fn run(args: &ShowArgs) -> Result<()> {
    let (summary, experiment) = super::summary(&args.run.path()?)?;
    if args.config {
        return print(&short_numbers(&summary.configuration.resolved));
    }
    if args.source {
        return print(&summary.configuration.source);
    }
    let (info, history) = (&summary.info, &summary.history);
    if args.json {
        let experiment = experiment.and_then(|e| serde_json::to_value(e).ok());
        let head = json!({
            "name": info.name,
            "status": info.status.name(),
            "stop_reason": info.stop_reason,
            "seed": info.seed,
            "created": info.created,
            "host": info.host,
            "snode_version": info.snode_version,
            "provenance": info.provenance,
            "experiment": experiment,
        });
        return print_json(&head, history);
    }
    let mut text = format!("{}\n{}\n", info.name, summary_table(&summary, experiment.as_ref()));
    let origin = format!("{} on {} by snode {}", info.created, info.host, info.snode_version);
    if is_imported(&summary) {
        text.push_str(&format!("imported {origin}\n"));
    } else {
        text.push_str(&format!("begun {origin}, seed {}\n", info.seed));
    }
    if info.status != Status::Finished
        && let Some(position) = summary.position
    {
        text.push_str(&format!(
            "goes on at epoch {}, batch {}, iteration {}, each counted from 0\n",
            position.epoch, position.batch, position.iteration
        ));
    }
    for (key, value) in &info.provenance {
        text.push_str(&format!("{key}: {value}\n"));
    }
    if !history.evaluations.is_empty() {
        text.push_str(&format!("\n{}\n", evaluations_table(history)));
    }
    if args.iterations {
        print(&(std::mem::take(&mut text) + "\n"))?;
        print_iterations(history)?;
    }
    text.push_str("\nexperiment (--config prints it alone, to run it again):\n");
    for line in short_numbers(&summary.configuration.resolved).lines() {
        text.push_str(&format!("  {line}\n"));
    }
    print(&text)
}

/// How much text is printed at once.
const PIECE: usize = 1 << 16;

/// Prints an object and the rows of a history in it one after the other: a long history does not fit
/// into memory as JSON.
fn print_json(head: &Value, history: &History) -> Result<()> {
    let mut text = head.to_string();
    // The object goes on.
    text.pop();
    text.push_str(",\"iterations\":");
    print_array(&mut text, history.iterations.iter().map(IterationRow::from))?;
    text.push_str(",\"evaluations\":");
    print_array(&mut text, history.evaluations.iter().map(EvaluationRow::from))?;
    print(&(text + "}\n"))
}

/// Prints values as an array, and leaves the end of it in `text`.
fn print_array(text: &mut String, values: impl Iterator<Item: Serialize>) -> Result<()> {
    text.push('[');
    for (index, value) in values.enumerate() {
        if index > 0 {
            text.push(',');
        }
        // Numbers, texts and maps of them always can be serialised.
        text.push_str(&serde_json::to_string(&value).unwrap_or_default());
        if text.len() >= PIECE {
            print(&std::mem::take(text))?;
        }
    }
    text.push(']');
    Ok(())
}
