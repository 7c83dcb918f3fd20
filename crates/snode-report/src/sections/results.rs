//! The best runs, and all of them over the axes of their own grid.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use snode_analysis::Moments;
use snode_runner::{TEST, VALIDATION};

use super::axis_figure::{axis_figure, extent};
use super::extent::{Counts, Extent};
use super::scores::Scores;
use crate::axes::{Axes, Place, show_value};
use crate::csv_table::Csv;
use crate::run::Run;
use crate::statistics::short;
use crate::{Cell, Collection, Section, Table};
use snode_experiment::format::{self, count, file_name, show_seconds};

/// How many of the best runs are named.
const BEST: usize = 5;
/// The most columns of a matrix.
const ACROSS: usize = 24;

/// The best runs; then for each grid a row for each combination of its values, seeds taken together, and
/// for two keys a matrix.
pub(super) fn section(collection: &Collection) -> Section {
    let (scores, judge) = (Scores::of(collection), Judge::of(collection));
    let all = Axes::all(collection);
    let mut section = Section {
        id: "results",
        title: "Results".into(),
        about: about(collection, scores, judge, &all),
        ..Section::default()
    };
    if collection.runs().count() > 1 {
        section.tables.push(best(collection, scores, judge, &all));
    }
    for axes in &all {
        section.tables.push(table(collection, scores, axes));
        section.tables.extend(matrix(collection, scores, axes));
        section.figures.extend(axis_figure(collection, axes));
    }
    section
}

/// The set by which runs are ordered.
#[derive(Clone, Copy)]
struct Judge(&'static str);

impl Judge {
    /// The validation data, if all runs have a score on it; else the test data.
    fn of(collection: &Collection) -> Self {
        let has = |run: &Run| run.summary.history.last_score(VALIDATION).is_some();
        let mut scored = collection.runs().filter(|run| run.merit().is_some()).peekable();
        Self(if scored.peek().is_some() && scored.all(has) { VALIDATION } else { TEST })
    }

    /// A number that is larger for a better run.
    fn merit(self, run: &Run) -> Option<f64> {
        run.summary.history.last_score(self.0).map(|score| score.merit())
    }

    fn mean_merit(self, runs: &[&Run]) -> Option<f64> {
        let merits: Moments = runs.iter().filter_map(|run| self.merit(run)).collect();
        (merits.count > 0).then_some(merits.mean)
    }
}

/// What is best.
fn about(collection: &Collection, scores: Scores, judge: Judge, all: &[Axes]) -> String {
    let runs = collection.runs().count();
    let planned = collection.cells.len();
    let mut text = format!("Finished: {runs} of {}.", count(planned, "run"));
    let places = all.iter().flat_map(|axes| axes.places.iter().map(move |place| (axes, place)));
    let scored = places.filter_map(|(axes, place)| {
        Some((axes, place, judge.mean_merit(&place.runs(collection))?))
    });
    let scored: Vec<(&Axes, &Place, f64)> = scored.collect();
    let was_chosen = scored.len() > 1;
    let best = scored.into_iter().reduce(|best, other| if other.2 > best.2 { other } else { best });
    let Some((axes, place, _)) = best else { return text };
    let at_best = place.runs(collection);
    let results = scores.header().into_iter().zip(scores.over(&at_best));
    let results: Vec<String> = results.map(|(what, value)| format!("{what} {value}")).collect();
    let (results, seeds) = (results.join(", "), count(at_best.len(), "seed"));
    if !was_chosen {
        // Runs that differ by their seed at the most.
        text.push_str(&format!(" Their mean on the {} data: {results} ({seeds}).", judge.0));
        return text;
    }
    text.push_str(&format!(
        " The best are those of {} by their mean on the {} data: {results} ({seeds}).",
        axes.name(place),
        judge.0
    ));
    if judge.0 == TEST {
        text.push_str(
            " They were chosen by the test data, so this number is optimistic; data.validation sets \
             images apart for the choice.",
        );
    }
    text
}

/// The best runs, each by itself.
fn best(collection: &Collection, scores: Scores, judge: Judge, all: &[Axes]) -> Table {
    let mut named: Vec<(String, &Cell, &Run)> = Vec::new();
    let mut seen = HashSet::new();
    for axes in all {
        for place in &axes.places {
            for &number in place.cells.iter().filter(|&&number| seen.insert(number)) {
                let cell = &collection.cells[number];
                named.extend(cell.run().map(|run| (axes.name(place), cell, run)));
            }
        }
    }
    named.retain(|(_, _, run)| judge.merit(run).is_some());
    let merit = |run: &Run| judge.merit(run).unwrap_or(f64::NEG_INFINITY);
    named.sort_by(|(_, _, a), (_, _, b)| merit(b).total_cmp(&merit(a)));
    let columns = ["run", "seed", "file"].into_iter().chain(scores.columns());
    let mut data = Csv::new(columns.chain(["cost", "iterations", "seconds"]));
    let mut rows = Vec::new();
    for (number, (name, cell, run)) in named.iter().take(BEST).enumerate() {
        let history = &run.summary.history;
        let seed = run.summary.info.seed.to_string();
        let cost = history.last_score(TEST).map(|score| score.cost);
        let (iterations, seconds) = (history.iterations.len().to_string(), history.seconds());
        let file = cell.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let full = [name.clone(), seed.clone(), file.clone()].into_iter().chain(scores.full(run));
        let cost_in_full = cost.map_or_else(String::new, |cost| cost.to_string());
        data.row(full.chain([cost_in_full, iterations.clone(), seconds.to_string()]));
        let shown = [(number + 1).to_string(), name.clone(), seed].into_iter();
        let cost = cost.map_or("–".into(), format::short);
        rows.push(
            shown
                .chain(scores.shown(run))
                .chain([cost, iterations, show_seconds(seconds), file])
                .collect(),
        );
    }
    let header = ["", "run", "seed"].into_iter().chain(scores.header());
    let header = header.chain(["cost", "iterations", "time", "file"]);
    Table {
        name: "best-runs".into(),
        title: format!(
            "The best {} of {} by the {} data ({})",
            count(rows.len(), "run"),
            named.len(),
            judge.0,
            Extent::of(collection, Counts::of_tests).text()
        ),
        header: header.map(str::to_owned).collect(),
        rows,
        data,
    }
}

/// The name of the files of a grid's tables.
fn name(axes: &Axes) -> String {
    axes.grid.as_ref().map_or("runs-by-key".into(), |grid| format!("grid-{}", file_name(grid)))
}

/// What the tables of a grid are about.
fn what(axes: &Axes) -> String {
    axes.grid.as_ref().map_or("All runs".into(), |grid| format!("The grid {grid}"))
}

/// A row for each combination of values.
fn table(collection: &Collection, scores: Scores, axes: &Axes) -> Table {
    let columns = axes.keys.iter().map(String::as_str).chain(["seed", "file"]);
    let columns = columns.chain(scores.columns());
    let mut data = Csv::new(columns.chain(["cost", "iterations", "seconds"]));
    let mut rows = Vec::new();
    for place in &axes.places {
        let runs = place.runs(collection);
        for run in &runs {
            let history = &run.summary.history;
            let values = place.values.iter().map(|value| show_value(value.as_ref()));
            let file = run.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let row = values.chain([run.summary.info.seed.to_string(), file]);
            let cost = history.last_score(TEST).map(|score| score.cost.to_string());
            data.row(row.chain(scores.full(run)).chain([
                cost.unwrap_or_default(),
                history.iterations.len().to_string(),
                history.seconds().to_string(),
            ]));
        }
        let moments = |of: fn(&Run) -> Option<f64>| -> Moments {
            runs.iter().filter_map(|run| of(run)).filter(|value| value.is_finite()).collect()
        };
        let cost = moments(|run| run.summary.history.last_score(TEST).map(|score| score.cost));
        let seconds = moments(|run| Some(run.summary.history.seconds()));
        let time = if runs.is_empty() { "–".into() } else { show_seconds(seconds.mean) };
        let first: Vec<String> = if axes.keys.is_empty() {
            vec![place.name.clone()]
        } else {
            place.values.iter().map(|value| show_value(value.as_ref())).collect()
        };
        let last = [short(&cost), time, format!("{}/{}", runs.len(), place.cells.len())];
        rows.push(first.into_iter().chain(scores.over(&runs)).chain(last).collect());
    }
    let first = if axes.keys.is_empty() { vec!["run".to_owned()] } else { axes.headings() };
    let header = first.into_iter().chain(scores.header().into_iter().map(str::to_owned));
    let header = header.chain(["cost", "time", "seeds"].map(str::to_owned));
    Table {
        name: name(axes),
        title: format!(
            "{}: mean ± standard deviation over seeds at the end of training ({})",
            what(axes),
            extent(collection, axes)
        ),
        header: header.collect(),
        rows,
        data,
    }
}

/// The score of a grid of two keys, with the values of the first down and those of the second across.
fn matrix(collection: &Collection, scores: Scores, axes: &Axes) -> Option<Table> {
    let [down, across] = &axes.headings()[..] else { return None };
    let (downs, acrosses) = (axes.values(0), axes.values(1));
    if acrosses.len() > ACROSS {
        return None;
    }
    let cell = |value: &Option<Value>| show_value(value.as_ref());
    let places: HashMap<(String, String), &Place> = axes
        .places
        .iter()
        .map(|place| ((cell(&place.values[0]), cell(&place.values[1])), place))
        .collect();
    let columns = axes.keys.iter().cloned().chain(["runs".to_owned()]);
    let of_scores = scores.columns().into_iter();
    let of_scores = of_scores.flat_map(|name| [format!("{name}_mean"), format!("{name}_std")]);
    let mut data = Csv::new(columns.chain(of_scores));
    let mut rows = Vec::new();
    for first in &downs {
        let mut row = vec![cell(first)];
        for second in &acrosses {
            let Some(place) = places.get(&(cell(first), cell(second))) else {
                row.push(String::new());
                continue;
            };
            let runs = place.runs(collection);
            let values = [cell(first), cell(second), runs.len().to_string()];
            data.row(values.into_iter().chain(scores.over_in_full(&runs)));
            let results = scores.over(&runs).join("; ");
            row.push(format!("{results} ({}/{})", runs.len(), place.cells.len()));
        }
        rows.push(row);
    }
    let header = std::iter::once(format!("{down} ↓ {across} →"));
    Some(Table {
        name: format!("{}-matrix", name(axes)),
        title: format!(
            "{} as a matrix of {down} (down) and {across} (across): {}, mean ± standard deviation \
             (seeds there / planned; {})",
            what(axes),
            scores.header().join("; "),
            extent(collection, axes)
        ),
        header: header.chain(acrosses.iter().map(cell)).collect(),
        rows,
        data,
    })
}
