//! Which cells of a collection differ by nothing but their seed. Linear in the number of cells: each
//! is looked up by what it has in common with those of its group.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;
use snode_experiment::images::IMAGES;
use snode_experiment::{Experiment, computation, differences};
use snode_runner::grid::lookup;

use crate::cell::Cell;
use crate::group::{Group, without_seed};
use crate::run::Run;

/// Runs that differ by nothing but their seed; a cell without a run joins those whose label differs
/// from its own by nothing but the seed.
pub(super) fn groups(cells: &[Cell]) -> Vec<Group> {
    let mut members = Members::default();
    let (trained, others): (Vec<usize>, Vec<usize>) =
        (0..cells.len()).partition(|&place| cells[place].run().is_some());
    for place in trained.into_iter().chain(others) {
        members.add(place, &cells[place]);
    }
    let mut groups: Vec<Group> = members
        .groups
        .into_iter()
        .map(|mut members| {
            members.sort_unstable();
            Group::of(cells, members)
        })
        .collect();
    tell_apart(cells, &mut groups);
    // As the cases stand in the file of the grid.
    groups.sort_by_key(|group| group.cells[0]);
    groups
}

/// The places of cells in groups that grow.
#[derive(Default)]
struct Members {
    groups: Vec<Vec<usize>>,
    /// The group of an experiment, seeds apart.
    by_experiment: HashMap<String, usize>,
    /// The first group with a label of a grid, seeds apart.
    by_label: HashMap<(usize, String), usize>,
}

impl Members {
    /// Adds a cell; those with a run come first.
    fn add(&mut self, place: usize, cell: &Cell) {
        // What imported networks were trained by is not known, and so not that it is the same.
        if cell.run().is_some_and(Run::is_imported) {
            self.groups.push(vec![place]);
            return;
        }
        let labels: Vec<(usize, String)> =
            cell.labels.iter().map(|(grid, label)| (*grid, label_key(label))).collect();
        let experiment = cell.run().map(experiment_key);
        let known = match &experiment {
            Some(key) => self.by_experiment.get(key).copied(),
            None => labels.iter().filter_map(|label| self.by_label.get(label).copied()).min(),
        };
        let home = known.unwrap_or_else(|| {
            self.groups.push(Vec::new());
            self.groups.len() - 1
        });
        self.groups[home].push(place);
        self.by_experiment.extend(experiment.map(|key| (key, home)));
        for label in labels {
            let first = self.by_label.entry(label).or_insert(home);
            *first = home.min(*first);
        }
    }
}

/// What runs of one group have in common: where their images lie does not matter, but which they are.
fn experiment_key(run: &Run) -> String {
    let mut table = computation(&run.experiment);
    table.remove("seed");
    if let Some(data) = table.get_mut("data").and_then(toml::Value::as_table_mut) {
        data.remove("source");
    }
    let images = run.summary.info.provenance.get(IMAGES).map(String::as_str).unwrap_or_default();
    format!("{table}{images}")
}

fn label_key(label: &[(String, Value)]) -> String {
    serde_json::to_string(&without_seed(label)).unwrap_or_default()
}

/// Adds to names that several groups have what makes the groups differ.
fn tell_apart(cells: &[Cell], groups: &mut [Group]) {
    let mut twins: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, group) in groups.iter().enumerate() {
        twins.entry(group.name()).or_default().push(number);
    }
    for twins in twins.into_values().filter(|twins| twins.len() > 1) {
        let first = |number: &usize, of: fn(&Cell) -> Option<&Experiment>| {
            groups[*number].cells.iter().find_map(|&place| of(&cells[place]))
        };
        let planned = |number: &usize| first(number, |cell| cell.planned.first());
        let trained = |number: &usize| first(number, Cell::experiment);
        // What was planned where all of them were, else what was trained.
        let experiments: Vec<(usize, &Experiment)> = if twins.iter().all(|n| planned(n).is_some()) {
            twins.iter().filter_map(|number| Some((*number, planned(number)?))).collect()
        } else {
            twins.iter().filter_map(|number| Some((*number, trained(number)?))).collect()
        };
        for (number, extra) in extras(&experiments) {
            groups[number].regime = format!("{} ({extra})", groups[number].regime);
        }
    }
}

/// The keys that not all experiments have the same value of, with the value in each.
fn extras(experiments: &[(usize, &Experiment)]) -> Vec<(usize, String)> {
    let Some(((_, first), others)) = experiments.split_first() else { return Vec::new() };
    let keys: BTreeSet<String> = others
        .iter()
        .flat_map(|(_, other)| differences(first, other))
        .map(|difference| difference.key)
        .filter(|key| key != "seed")
        .collect();
    if keys.is_empty() {
        let source = |experiment: &Experiment| experiment.data.source.clone();
        let differ = others.iter().any(|(_, other)| source(other) != source(first));
        let all = experiments.iter().filter(|_| differ);
        return all
            .map(|(number, experiment)| (*number, format!("data = {}", source(experiment))))
            .collect();
    }
    let text = |experiment: &Experiment| {
        let table = computation(experiment);
        let texts = keys.iter().map(|key| {
            let value = lookup(&table, key).map_or("none".to_owned(), ToString::to_string);
            format!("{} = {value}", key.rsplit('.').next().unwrap_or_default())
        });
        texts.collect::<Vec<_>>().join(", ")
    };
    experiments.iter().map(|(number, experiment)| (*number, text(experiment))).collect()
}
