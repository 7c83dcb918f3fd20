//! Runs as a table: what tells them apart, and how they did.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use snode_experiment::format::{fixed, short, show_seconds};
use snode_experiment::{Experiment, value_of, with_suggestion};
use snode_runner::grid::manifest::{Manifest, value_text};
use snode_runner::grid::{Cell, CellState};
use snode_runner::{FileRole, Files, TEST};
use snode_store::{Attribute, RunSummary, Status, is_collection, read_collection, read_info};

use crate::csv_table::Csv;
use crate::error::{Error, Result};
use crate::keys::keys_of;

/// Runs as a table.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// A row for each run.
    pub rows: Vec<Row>,
}

/// A run in a [`Listing`].
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is called: the name of its file.
    pub run: String,
    /// Its file.
    pub path: PathBuf,
    /// How far it is: `done`, `trained`, `running`, `failed`, `interrupted`, `missing` or `unreadable`.
    pub state: &'static str,
    /// The keys of its experiment, and `case` of a grid that has cases.
    pub keys: BTreeMap<String, Value>,
    /// The fraction of the test images that is classified rightly.
    pub accuracy: Option<f64>,
    /// The mean squared error on them, of a regression.
    pub mean_squared_error: Option<f64>,
    /// The cost on the test images.
    pub cost: Option<f64>,
    /// Seconds of training.
    pub seconds: Option<f64>,
}

/// The columns beside the keys of the experiments.
const COLUMNS: [&str; 6] = ["run", "state", "accuracy", "MSE", "cost", "time"];

impl Listing {
    /// Reads the runs in folders and files: cells of grids with those that are missing, single runs, and
    /// those that `snode collect` copied into one file. Each is there once.
    ///
    /// # Errors
    /// If a folder cannot be read, or nothing is found.
    pub fn read(sources: &[PathBuf]) -> Result<Self> {
        let mut rows = Vec::new();
        for source in sources {
            let before = rows.len();
            if source.is_dir() {
                add_folder(source, &mut rows)?;
            } else if source.is_file() {
                add_file(source, &mut rows)?;
            }
            if rows.len() == before {
                return Err(Error::NoRuns(format!(
                    "{}: found no runs; expected a folder of results, a run file, or what `snode \
                     collect` wrote",
                    source.display()
                )));
            }
        }
        let mut seen = BTreeSet::new();
        rows.retain(|row: &Row| seen.insert((row.path.clone(), row.run.clone())));
        Ok(Self { rows })
    }

    /// The keys in which the runs differ.
    pub fn differing(&self) -> Vec<&str> {
        let all: BTreeSet<&str> =
            self.rows.iter().flat_map(|row| row.keys.keys().map(String::as_str)).collect();
        let Some(first) = self.rows.first() else { return Vec::new() };
        let differ =
            |key: &str| self.rows.iter().any(|row| row.keys.get(key) != first.keys.get(key));
        all.into_iter().filter(|key| differ(key)).collect()
    }

    /// Keeps the runs of which each of `filters`, texts KEY=VALUE, is true. KEY is a key of experiments,
    /// `case`, or a column.
    ///
    /// # Errors
    /// If a text is not of that form, or no run has the key.
    pub fn filter(&mut self, filters: &[String]) -> Result<()> {
        for filter in filters {
            let refused = |problem: &str| Error::Refused(format!("--filter {filter}: {problem}"));
            let (key, value) = filter
                .split_once('=')
                .ok_or_else(|| refused("expected KEY=VALUE, e.g. training.method=adam"))?;
            let key = key.trim();
            self.check_key(key).map_err(|problem| refused(&problem))?;
            let wanted = serde_json::to_value(value_of(value.trim())).unwrap_or_default();
            self.rows.retain(|row| row.value(key).is_some_and(|value| same(&value, &wanted)));
        }
        Ok(())
    }

    /// Sorts the runs by a key of experiments or a column, those without a value last: the largest
    /// accuracy first, else the least value. A `-` before the key turns that round.
    ///
    /// # Errors
    /// If no run has the key.
    pub fn sort(&mut self, key: &str) -> Result<()> {
        let (key, is_reverse) = key.strip_prefix('-').map_or((key, false), |key| (key, true));
        self.check_key(key)
            .map_err(|problem| Error::Refused(format!("--sort {key}: {problem}")))?;
        let is_falling = (key == "accuracy") != is_reverse;
        self.rows.sort_by(|a, b| match (a.value(key), b.value(key)) {
            (Some(a), Some(b)) if is_falling => order(&b, &a),
            (Some(a), Some(b)) => order(&a, &b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        });
        Ok(())
    }

    fn check_key(&self, key: &str) -> std::result::Result<(), String> {
        let keys = self.rows.iter().flat_map(|row| row.keys.keys().map(String::as_str));
        let all: BTreeSet<&str> = COLUMNS.into_iter().chain(keys).collect();
        if all.contains(key) || self.rows.is_empty() {
            return Ok(());
        }
        let differing = self.differing().into_iter().chain(COLUMNS).collect::<Vec<_>>();
        Err(with_suggestion("unknown key", key, &differing))
    }

    /// The table for people: its header, and a row for each run.
    pub fn table(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let keys = self.differing();
        let header = |key: &&str| key.rsplit_once('.').map_or(*key, |(_, last)| last).to_owned();
        // Of regressions there is an error in the place of an accuracy.
        let is_of_values = self.rows.iter().any(|row| row.mean_squared_error.is_some());
        let fit = if is_of_values { "MSE" } else { "accuracy" };
        let columns = [fit, "cost", "time", "state"].map(str::to_owned);
        let header = ["run".to_owned()].into_iter().chain(keys.iter().map(header)).chain(columns);
        let shown = |value: Option<String>| value.unwrap_or_else(|| "–".into());
        let row = |row: &Row| {
            let keys = keys.iter().map(|key| shown(row.keys.get(*key).map(value_text)));
            let numbers = [
                shown(row.fit()),
                shown(row.cost.map(|cost| fixed(cost, 4))),
                shown(row.seconds.map(show_seconds)),
                row.state.to_owned(),
            ];
            [row.run.clone()].into_iter().chain(keys).chain(numbers).collect()
        };
        (header.collect(), self.rows.iter().map(row).collect())
    }

    /// The same as CSV, with keys and numbers in full and the files of the runs.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn csv(&self) -> Result<Vec<u8>> {
        let keys = self.differing();
        let columns = ["accuracy", "mean_squared_error", "cost", "seconds", "state", "path"];
        let mut csv = Csv::new(["run"].into_iter().chain(keys.iter().copied()).chain(columns));
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        for row in &self.rows {
            let keys =
                keys.iter().map(|key| row.keys.get(*key).map_or_else(String::new, value_text));
            csv.row([row.run.clone()].into_iter().chain(keys).chain([
                number(row.accuracy),
                number(row.mean_squared_error),
                number(row.cost),
                number(row.seconds),
                row.state.to_owned(),
                row.path.display().to_string(),
            ]));
        }
        csv.bytes()
    }

    /// The runs for programs, each with the keys in which they differ.
    pub fn json(&self) -> Value {
        let keys = self.differing();
        let row = |row: &Row| {
            let keys: Map<String, Value> = keys
                .iter()
                .filter_map(|key| Some(((*key).to_owned(), row.keys.get(*key)?.clone())))
                .collect();
            json!({
                "run": row.run,
                "path": row.path.display().to_string(),
                "state": row.state,
                "keys": keys,
                "accuracy": row.accuracy,
                "mean_squared_error": row.mean_squared_error,
                "cost": row.cost,
                "seconds": row.seconds,
            })
        };
        self.rows.iter().map(row).collect()
    }
}

impl Row {
    fn new(path: PathBuf, state: &'static str, experiment: Option<&Experiment>) -> Self {
        let run = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let keys = experiment.map(keys_of).unwrap_or_default();
        Self {
            run,
            path,
            state,
            keys,
            accuracy: None,
            mean_squared_error: None,
            cost: None,
            seconds: None,
        }
    }

    fn with_results(mut self, summary: Option<&RunSummary>) -> Self {
        let Some(summary) = summary else { return self };
        let last = summary.history.last_score(TEST);
        self.accuracy = last.and_then(|score| score.accuracy());
        self.mean_squared_error = last.and_then(|score| Some(score.errors()?.mean_square));
        self.cost = last.map(|score| score.cost);
        self.seconds = Some(summary.history.seconds());
        self
    }

    /// The accuracy, or the error of a regression.
    fn fit(&self) -> Option<String> {
        let accuracy = self.accuracy.map(|accuracy| format!("{:.2} %", 100.0 * accuracy));
        accuracy.or_else(|| self.mean_squared_error.map(short))
    }

    fn value(&self, key: &str) -> Option<Value> {
        match key {
            "run" => Some(self.run.clone().into()),
            "state" => Some(self.state.into()),
            "accuracy" => self.accuracy.map(Value::from),
            "MSE" => self.mean_squared_error.map(Value::from),
            "cost" => self.cost.map(Value::from),
            "time" => self.seconds.map(Value::from),
            key => self.keys.get(key).cloned(),
        }
    }
}

/// Whether two values are the same, a whole number and the same one with a point too.
fn same(value: &Value, wanted: &Value) -> bool {
    value == wanted
        || value.as_f64().is_some_and(|value| Some(value) == wanted.as_f64())
        || value_text(value) == value_text(wanted)
}

fn order(a: &Value, b: &Value) -> Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => value_text(a).cmp(&value_text(b)),
    }
}

fn add_folder(folder: &Path, rows: &mut Vec<Row>) -> Result<()> {
    for path in Manifest::all_in(folder)? {
        for cell in Manifest::read(&path)?.cells {
            let cell = Cell::from(cell);
            let state = CellState::of(&cell, folder);
            let path = cell.files(folder).results;
            let mut row = Row::new(path, state.name(), Some(cell.experiment.keys()));
            // Keys that do not determine the network, as `case`.
            for (key, value) in &cell.label {
                row.keys.entry(key.clone()).or_insert_with(|| value.clone());
            }
            rows.push(row.with_results(state.summary()));
        }
    }
    let cannot = |error| Error::folder(folder, "cannot read the folder", error);
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if let Some((run, FileRole::Results | FileRole::Checkpoint)) = Files::with(&path) {
            files.insert(run.results);
        }
    }
    for path in files {
        rows.push(single(path));
    }
    Ok(())
}

fn add_file(path: &Path, rows: &mut Vec<Row>) -> Result<()> {
    if !is_collection(path)? {
        rows.push(single(path.to_owned()));
        return Ok(());
    }
    for run in read_collection(path)? {
        let experiment: Option<Experiment> =
            toml::from_str(&run.summary.configuration.resolved).ok();
        let state =
            if run.summary.info.status == Status::Finished { "done" } else { "interrupted" };
        let mut row = Row::new(path.to_owned(), state, experiment.as_ref());
        row.run = run.name;
        if let Some(Attribute::Text(case)) = run.label.get("case") {
            row.keys.insert("case".into(), case.clone().into());
        }
        rows.push(row.with_results(Some(&run.summary)));
    }
    Ok(())
}

/// The row of a run that is no cell of a grid.
fn single(path: PathBuf) -> Row {
    let files = Files::of_results(&path);
    let is_there = path.exists();
    let read = read_info(if is_there { &path } else { &files.checkpoint });
    let summary = read.as_ref().ok();
    let experiment: Option<Experiment> =
        summary.and_then(|summary| toml::from_str(&summary.configuration.resolved).ok());
    let state = match summary {
        _ if files.holder().is_some() => "running",
        None => "unreadable",
        Some(summary) if is_there && summary.info.status == Status::Finished => "done",
        Some(_) if files.failure().is_some() => "failed",
        Some(_) => "interrupted",
    };
    let row = Row::new(path, state, experiment.as_ref());
    row.with_results(summary)
}
