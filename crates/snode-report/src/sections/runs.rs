//! Every run: where it is from, and what is missing.

use crate::csv_table::Csv;
use crate::run::Run;
use crate::{Cell, Collection, Section, State, Table};
use snode_experiment::format::{short, show_seconds};

/// A row for each run, the best first.
pub(super) fn section(collection: &Collection) -> Section {
    let scores = Scores::of(collection);
    let mut data = Csv::new(
        ["run", "file", "state", "seed", "images"].into_iter().chain(scores.columns()).chain([
            "seconds",
            "snode_version",
            "host",
            "created",
        ]),
    );
    let mut rows = Vec::new();
    let mut cells: Vec<&Cell> = collection.cells.iter().collect();
    let merit = |cell: &Cell| cell.run().and_then(Run::merit).unwrap_or(f64::NEG_INFINITY);
    cells.sort_by(|a, b| merit(b).total_cmp(&merit(a)));
    for cell in cells {
        let file = cell.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let state = match &cell.state {
            State::Finished(run) => run.summary.info.stop_reason.clone(),
            State::Unfinished => "unfinished".into(),
            State::Failed(_) => "failed".into(),
            State::Missing => "missing".into(),
            State::Unreadable(_) => "unreadable".into(),
        };
        let mut full = vec![cell.name(), file.clone(), state.clone()];
        let mut shown = vec![cell.name(), file, state];
        if let Some(run) = cell.run() {
            let (info, seconds) = (&run.summary.info, run.summary.history.seconds());
            let images = run.test_images().or_else(|| run.errors().map(|(_, inputs)| inputs));
            let origin = [&info.snode_version, &info.host, &info.created].map(Clone::clone);
            full.extend([
                info.seed.to_string(),
                images.map_or_else(String::new, |images| images.to_string()),
            ]);
            full.extend(scores.full(run));
            full.push(seconds.to_string());
            full.extend(origin.clone());
            shown.push(info.seed.to_string());
            shown.extend(scores.shown(run));
            shown.push(show_seconds(seconds));
            shown.extend(origin);
        } else {
            let seed = cell.value("seed").map_or_else(String::new, ToString::to_string);
            full.push(seed.clone());
            full.extend(std::iter::repeat_n(String::new(), 5 + scores.columns().len()));
            shown.push(seed);
            shown.extend(std::iter::repeat_n("–".to_owned(), 4 + scores.columns().len()));
        }
        data.row(full);
        rows.push(shown);
    }
    let header = ["run", "file", "ended by", "seed"]
        .into_iter()
        .chain(scores.header())
        .chain(["time", "snode", "host", "begun"]);
    let table = Table {
        name: "runs".into(),
        title: "All runs, the best first".into(),
        header: header.map(str::to_owned).collect(),
        rows,
        data,
    };
    Section {
        id: "runs",
        title: "Runs".into(),
        about: "Where the numbers are from.".into(),
        tables: vec![table],
        ..Section::default()
    }
}

/// Which scores some of the runs have: each has a column.
#[derive(Clone, Copy)]
struct Scores {
    accuracy: bool,
    error: bool,
}

impl Scores {
    fn of(collection: &Collection) -> Self {
        let error = collection.runs().any(|run| run.errors().is_some());
        let accuracy = !error || collection.runs().any(|run| run.accuracy().is_some());
        Self { accuracy, error }
    }

    /// Of what there is for both, what the runs have.
    fn choose<T>(self, accuracy: T, error: T) -> Vec<T> {
        let accuracy = self.accuracy.then_some(accuracy);
        accuracy.into_iter().chain(self.error.then_some(error)).collect()
    }

    fn columns(self) -> Vec<&'static str> {
        self.choose("accuracy", "mean_squared_error")
    }

    fn header(self) -> Vec<&'static str> {
        self.choose("accuracy [%]", "mean squared error")
    }

    fn full(self, run: &Run) -> Vec<String> {
        let text = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        self.choose(text(run.accuracy()), text(error(run)))
    }

    fn shown(self, run: &Run) -> Vec<String> {
        let accuracy = run.accuracy().map_or("–".into(), |value| format!("{:.2}", 100.0 * value));
        self.choose(accuracy, error(run).map_or("–".into(), short))
    }
}

fn error(run: &Run) -> Option<f64> {
    run.errors().map(|(errors, _)| errors.mean_square)
}
