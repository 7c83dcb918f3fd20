//! What stands at the head of a report.

use std::collections::BTreeSet;

use crate::{Collection, Run};
use snode_experiment::format::show_seconds;

/// Title, facts about all runs, and what is missing.
pub(super) struct Overview {
    pub title: String,
    /// What, and its value.
    pub facts: Vec<(&'static str, String)>,
    /// The name of a run that is not there, and why.
    pub problems: Vec<(String, String)>,
}

impl Overview {
    pub fn of(collection: &Collection) -> Self {
        let names: Vec<&str> = collection.grids.iter().map(|grid| &grid.name[..]).collect();
        let folder = collection.source.file_name().unwrap_or(collection.source.as_os_str());
        let title = match names.len() {
            1..=3 => format!("Report of {}", names.join(", ")),
            _ => format!("Report of {}", folder.to_string_lossy()),
        };
        let all = |of: &dyn Fn(&Run) -> String| {
            let values: BTreeSet<String> = collection.runs().map(of).collect();
            if values.is_empty() { "–".into() } else { Vec::from_iter(values).join(", ") }
        };
        let seeds: BTreeSet<u64> = collection.runs().map(|run| run.summary.info.seed).collect();
        let seeds: Vec<String> = seeds.iter().map(ToString::to_string).collect();
        let seconds = collection.runs().map(|run| run.summary.history.seconds()).sum();
        let begun = || collection.runs().map(|run| run.summary.info.created.clone());
        let (first, last) = (begun().min(), begun().max());
        let between =
            first.zip(last).map_or("–".into(), |(first, last)| format!("{first} to {last}"));
        let facts = vec![
            ("runs", format!("{} of {}", collection.runs().count(), collection.cells.len())),
            ("grids", if names.is_empty() { "–".into() } else { names.join(", ") }),
            ("seeds", seeds.join(", ")),
            ("data", all(&|run| run.experiment.data.source.clone())),
            ("precision", all(&|run| run.summary.precision.name().to_owned())),
            ("trained by", all(&|run| format!("snode {}", run.summary.info.snode_version))),
            ("on", all(&|run| run.summary.info.host.clone())),
            ("begun", between),
            ("training in all", show_seconds(seconds)),
            (
                "this report",
                format!("{}, snode {}", snode_files::utc_now(), env!("CARGO_PKG_VERSION")),
            ),
        ];
        let problems =
            collection.cells.iter().filter_map(|cell| Some((cell.name(), cell.problem()?)));
        Self { title, facts, problems: problems.collect() }
    }
}
