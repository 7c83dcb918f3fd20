//! Tables about runs.

use comfy_table::{CellAlignment, Table, presets};
use snode_store::RunSummary;
use snode_train::{History, IterationRecord};

use crate::error::Result;
use crate::output::print;
use snode_experiment::Experiment;
use snode_experiment::format::{fixed, plain, show_seconds};
use snode_runner::is_imported;
use snode_runner::records::{SetScore, last_scores};

/// The table that ends a run and heads `snode show`.
pub fn summary_table(summary: &RunSummary, experiment: Option<&Experiment>) -> String {
    let history = &summary.history;
    let mut table = plain_table();
    let mut row = |what: &str, value: String| {
        table.add_row([what.to_owned(), value]);
    };
    let reason = match summary.info.stop_reason.as_str() {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    row("status", format!("{}{reason}", summary.info.status));
    for (set, score) in last_scores(history) {
        let score = SetScore::from(&score);
        let what = format!("{} on {set}", score.what());
        row(&what, format!("{}, cost {}", score.long(), fixed(score.cost, 4)));
    }
    if let Some(last) = history.iterations.last() {
        row("last training cost", fixed(last.iteration.cost.total(), 4));
    }
    if is_imported(summary) {
        row("training", "not known: the network was imported".into());
    } else {
        training_rows(history, &mut row);
    }
    row(
        "network",
        format!(
            "width {}, {} layers, T = {}, {}, {}",
            summary.width(),
            summary.grid.steps(),
            plain(summary.grid.horizon()),
            summary.activation,
            summary.precision.name(),
        ),
    );
    if let Some(experiment) = experiment {
        row("data", experiment.data.source.clone());
    }
    text(&table)
}

/// How the training went.
fn training_rows(history: &History, row: &mut impl FnMut(&str, String)) {
    row("batches", batches(history).to_string());
    row("iterations", history.iterations.len().to_string());
    if let Some(rate) = history.iterations.last().and_then(|last| last.iteration.learning_rate) {
        row("last learning rate", format!("{rate:.4e}"));
    } else {
        let (rises, comparable) = history.rises();
        row("cost rose", format!("{rises} times in {comparable}"));
        row("restarts", history.restarts().to_string());
    }
    row("training time", show_seconds(history.seconds()));
    if !history.iterations.is_empty() {
        let per_iteration = 1e3 * history.seconds() / history.iterations.len() as f64;
        row("an iteration", format!("{} ms", fixed(per_iteration, 1)));
    }
}

/// A row for each evaluation.
pub fn evaluations_table(history: &History) -> String {
    let mut table = plain_table();
    let scores: Vec<SetScore> = history.evaluations.iter().map(|r| (&r.score).into()).collect();
    let what = scores.first().map_or("accuracy", SetScore::what);
    table.set_header(["batches", "set", what, "cost", "time"]);
    for (record, score) in history.evaluations.iter().zip(scores) {
        table.add_row([
            record.batches.to_string(),
            record.set.clone(),
            score.column(),
            fixed(record.score.cost, 4),
            show_seconds(record.seconds),
        ]);
    }
    align_right(&mut table, &[0, 2, 3, 4]);
    text(&table)
}

/// The columns of the table of iterations.
const COLUMNS: [&str; 9] = ["epoch", "batch", "iter.", "cost", "γ", "η or α", "‖g‖", "time", ""];

/// Prints a table with a row for each iteration, one after the other: there may be more than fit into
/// memory as a table.
///
/// # Errors
/// If the standard output cannot be written.
pub fn print_iterations(history: &History) -> Result<()> {
    let mut widths = COLUMNS.map(|column| column.chars().count());
    for record in &history.iterations {
        for (width, cell) in widths.iter_mut().zip(iteration_row(record)) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let add = |text: &mut String, cells: &[String]| {
        let mut line = String::new();
        for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
            // All but the notes are numbers.
            line.push_str(&if index + 1 < COLUMNS.len() {
                format!(" {cell:>width$} ")
            } else {
                format!(" {cell}")
            });
        }
        text.push_str(line.trim_end());
        text.push('\n');
    };
    add(&mut text, &COLUMNS.map(str::to_owned));
    for record in &history.iterations {
        add(&mut text, &iteration_row(record));
        if text.len() >= 1 << 16 {
            print(&std::mem::take(&mut text))?;
        }
    }
    print(&text)
}

fn iteration_row(record: &IterationRecord) -> [String; 9] {
    let (position, iteration) = (record.position, &record.iteration);
    let mut notes = Vec::new();
    if iteration.rose {
        notes.push("rose".to_owned());
    }
    if iteration.restarted {
        notes.push("restarted".to_owned());
    }
    if iteration.capped {
        notes.push("capped".to_owned());
    }
    if iteration.halvings > 0 {
        notes.push(format!("halved {}", iteration.halvings));
    }
    [
        position.epoch.to_string(),
        position.batch.to_string(),
        position.iteration.to_string(),
        fixed(iteration.cost.total(), 6),
        // Methods that take a learning rate α have no γ.
        iteration.learning_rate.map_or_else(|| fixed(iteration.gamma, 4), |_| "–".into()),
        format!("{:.4e}", iteration.learning_rate.unwrap_or(iteration.eta)),
        format!("{:.4e}", iteration.gradient_norm),
        show_seconds(record.seconds),
        notes.join(", "),
    ]
}

/// A table as text, without spaces at the ends of lines.
pub fn text(table: &Table) -> String {
    let lines: Vec<String> =
        table.to_string().lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// A table without a frame's clutter.
pub fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table
}

/// Aligns columns to the right.
pub fn align_right(table: &mut Table, columns: &[usize]) {
    for &index in columns {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// How many batches were trained on, the last one perhaps not to its end.
fn batches(history: &History) -> usize {
    let starts = history.iterations.iter().filter(|record| record.position.iteration == 0);
    starts.count()
}
