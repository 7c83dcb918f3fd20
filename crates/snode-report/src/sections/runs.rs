//! Every run: where it is from, and what is missing.

use crate::csv_table::Csv;
use crate::run::Run;
use crate::{Cell, Collection, Section, State, Table};
use snode_experiment::format::show_seconds;

/// A row for each run, the most accurate first.
pub(super) fn section(collection: &Collection) -> Section {
    let mut data = Csv::new([
        "run",
        "file",
        "state",
        "seed",
        "images",
        "accuracy",
        "seconds",
        "snode_version",
        "host",
        "created",
    ]);
    let mut rows = Vec::new();
    let mut cells: Vec<&Cell> = collection.cells.iter().collect();
    let accuracy = |cell: &Cell| cell.run().and_then(Run::accuracy).unwrap_or(-1.0);
    cells.sort_by(|a, b| accuracy(b).total_cmp(&accuracy(a)));
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
            let accuracy = Run::accuracy(run);
            let origin = [&info.snode_version, &info.host, &info.created].map(Clone::clone);
            full.extend([
                info.seed.to_string(),
                run.test_images().map_or_else(String::new, |images| images.to_string()),
                accuracy.map_or_else(String::new, |value| value.to_string()),
                seconds.to_string(),
            ]);
            full.extend(origin.clone());
            shown.extend([
                info.seed.to_string(),
                accuracy.map_or("–".into(), |value| format!("{:.2}", 100.0 * value)),
                show_seconds(seconds),
            ]);
            shown.extend(origin);
        } else {
            let seed = cell.value("seed").map_or_else(String::new, ToString::to_string);
            full.push(seed.clone());
            full.extend(std::iter::repeat_n(String::new(), 6));
            shown.push(seed);
            shown.extend(std::iter::repeat_n("–".to_owned(), 5));
        }
        data.row(full);
        rows.push(shown);
    }
    let header =
        ["run", "file", "ended by", "seed", "accuracy [%]", "time", "snode", "host", "begun"];
    let table = Table {
        name: "runs".into(),
        title: "All runs, the most accurate first".into(),
        header: header.map(str::to_owned).to_vec(),
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
