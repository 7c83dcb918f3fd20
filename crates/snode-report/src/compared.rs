//! Two runs side by side: in what their experiments differ, and how they did.

use std::path::Path;

use serde_json::{Value, json};
use snode_experiment::format::{fixed, plain, show_seconds};
use snode_experiment::{Difference, differing};

use crate::csv_table::Csv;
use crate::error::Result;
use crate::run::Run;

/// Two runs side by side.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The files.
    pub runs: [String; 2],
    /// The keys by which their experiments differ.
    pub differences: Vec<Difference>,
    /// What was found of either.
    pub results: Vec<Quantity>,
}

/// What was found of two runs.
#[derive(Clone, Debug)]
pub struct Quantity {
    /// What it is, as `accuracy on test`.
    pub name: String,
    /// Its values, where there are any.
    pub values: [Option<f64>; 2],
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Number,
    Count,
    Fraction,
    Seconds,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Number => fixed(value, 4),
            Self::Count => plain(value),
            Self::Fraction => format!("{:.2} %", 100.0 * value),
            Self::Seconds => show_seconds(value),
        }
    }
}

impl Compared {
    /// Reads two run files.
    ///
    /// # Errors
    /// If one of them cannot be read, or holds no experiment that this version understands.
    pub fn read(paths: [&Path; 2]) -> Result<Self> {
        let runs = [Run::read(paths[0])?, Run::read(paths[1])?];
        let table = |run: &Run| toml::Table::try_from(&run.experiment).unwrap_or_default();
        let differences = differing(&table(&runs[0]), &table(&runs[1]));
        let [first, second] = runs.each_ref().map(found);
        let mut results: Vec<Quantity> = Vec::new();
        for (place, found) in [first, second].into_iter().enumerate() {
            for (name, value, unit) in found {
                let known = results.iter().position(|known| known.name == name);
                let known = known.unwrap_or_else(|| {
                    results.push(Quantity { name, values: [None; 2], unit });
                    results.len() - 1
                });
                results[known].values[place] = Some(value);
            }
        }
        Ok(Self { runs: paths.map(|path| path.display().to_string()), differences, results })
    }

    /// The rows of a table of the experiments: a key, and its value in either.
    pub fn keys(&self) -> impl Iterator<Item = [String; 3]> {
        let shown = |value: &Option<toml::Value>| {
            value.as_ref().map_or_else(|| "not set".to_owned(), ToString::to_string)
        };
        self.differences.iter().map(move |d| [d.key.clone(), shown(&d.first), shown(&d.second)])
    }

    /// The rows of a table of the results: what it is, and what either has.
    pub fn rows(&self) -> impl Iterator<Item = [String; 3]> {
        self.results.iter().map(|Quantity { name, values, unit }| {
            let [a, b] =
                values.map(|value| value.map_or_else(|| "–".into(), |value| unit.show(value)));
            [name.clone(), a, b]
        })
    }

    /// Everything for programs.
    pub fn json(&self) -> Value {
        let differences: Vec<Value> = self
            .differences
            .iter()
            .map(|d| json!({ "key": d.key, "values": [d.first, d.second] }))
            .collect();
        let results: Vec<Value> =
            self.results.iter().map(|q| json!({ "name": q.name, "values": q.values })).collect();
        json!({ "runs": self.runs, "configuration": differences, "results": results })
    }

    /// Keys and results as CSV, with numbers in full.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn csv(&self) -> Result<Vec<u8>> {
        let mut csv = Csv::new(["what", &self.runs[0], &self.runs[1]]);
        self.keys().for_each(|row| csv.row(row));
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        for Quantity { name, values: [a, b], .. } in &self.results {
            csv.row([name.clone(), number(*a), number(*b)]);
        }
        csv.bytes()
    }
}

/// What was found of a run.
fn found(run: &Run) -> Vec<(String, f64, Unit)> {
    let history = &run.summary.history;
    let mut found = Vec::new();
    for (set, score) in snode_runner::records::last_scores(history) {
        if let Some(accuracy) = score.accuracy() {
            found.push((format!("accuracy on {set}"), accuracy, Unit::Fraction));
        }
        if let Some(errors) = score.errors() {
            found.push((format!("MSE on {set}"), errors.mean_square, Unit::Number));
            found.push((format!("R² on {set}"), errors.r_squared, Unit::Number));
        }
        found.push((format!("cost on {set}"), score.cost, Unit::Number));
    }
    if let Some(last) = history.iterations.last() {
        found.push(("last training cost".into(), last.iteration.cost.total(), Unit::Number));
    }
    found.push(("iterations".into(), history.iterations.len() as f64, Unit::Count));
    found.push(("training time".into(), history.seconds(), Unit::Seconds));
    for (level, over_draws) in run.robustness().unwrap_or_default() {
        let name = format!("accuracy under noise {}", plain(level));
        found.push((name, over_draws.mean, Unit::Fraction));
    }
    for attack in &run.attacks {
        let name = format!("susceptible to {}", attack.name);
        found.push((name, attack.summary.susceptible(), Unit::Fraction));
        let name = format!("mean ‖δ‖₂ of {}", attack.name);
        found.push((name, attack.summary.mean_norm2, Unit::Number));
    }
    found
}
