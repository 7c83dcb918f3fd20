//! Every run: where it is from, and what is missing.

use super::scores::Scores;
use crate::csv_table::Csv;
use crate::{Collection, Section, State, Table};
use snode_experiment::format::show_seconds;

/// A row for each run, in the order of the grid's file.
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
    for cell in &collection.cells {
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
        title: "All runs".into(),
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
