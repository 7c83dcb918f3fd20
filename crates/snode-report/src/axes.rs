//! The keys that vary among runs, and the runs at each combination of their values.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;
use snode_runner::grid::manifest::{Manifest, label_text, value_text};

use crate::Collection;
use crate::group::without_seed;
use crate::keys::keys_of;
use crate::run::Run;

/// The axes of a grid, or of runs that belong to none.
#[derive(Clone, Debug)]
pub(crate) struct Axes {
    /// The name of the grid; nothing for runs of their own.
    pub grid: Option<String>,
    /// The keys that have several values, the seed apart, in the order of the grid's file.
    pub keys: Vec<String>,
    /// The combinations of values that there are, in the order of the grid's file.
    pub places: Vec<Place>,
}

/// A combination of values.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The values of [`Axes::keys`]; nothing for a key without a meaning there.
    pub values: Vec<Option<Value>>,
    /// What it is called where there are no keys.
    pub name: String,
    /// The cells, which differ by nothing but the seed, by their places in the collection.
    pub cells: Vec<usize>,
}

impl Place {
    /// The runs that are there.
    pub fn runs<'a>(&self, collection: &'a Collection) -> Vec<&'a Run> {
        self.cells.iter().filter_map(|&cell| collection.cells[cell].run()).collect()
    }
}

impl Axes {
    /// Those of every grid of a collection, or of its runs if there is no grid.
    pub fn all(collection: &Collection) -> Vec<Self> {
        if collection.grids.is_empty() {
            return vec![Self::of_runs(collection)];
        }
        let grids = collection.grids.iter().enumerate();
        grids.map(|(number, manifest)| Self::of_grid(collection, number, manifest)).collect()
    }

    fn of_grid(collection: &Collection, number: usize, manifest: &Manifest) -> Self {
        let text = |label: &[(String, Value)]| label_text(&without_seed(label));
        let mut order: HashMap<String, usize> = HashMap::new();
        for (position, cell) in manifest.cells.iter().enumerate() {
            order.entry(text(&cell.label)).or_insert(position);
        }
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut found: Vec<(BTreeMap<String, Value>, String, Vec<usize>)> = Vec::new();
        for (place, cell) in collection.cells.iter().enumerate() {
            let Some((_, label)) = cell.labels.iter().find(|(grid, _)| *grid == number) else {
                continue;
            };
            let name = text(label);
            let home = *known.entry(name.clone()).or_insert_with(|| {
                found.push((label.iter().cloned().collect(), name, Vec::new()));
                found.len() - 1
            });
            found[home].2.push(place);
        }
        found.sort_by_key(|(_, name, _)| order.get(name).copied().unwrap_or(usize::MAX));
        let keys = manifest.varying.iter().map(String::as_str);
        Self::of(Some(manifest.name.clone()), keys, found)
    }

    fn of_runs(collection: &Collection) -> Self {
        let found = collection.groups.iter().map(|group| {
            let experiment = group.experiment(collection);
            let values = experiment.map(keys_of).unwrap_or_default();
            (values, group.name(), group.cells.clone())
        });
        let found: Vec<_> = found.collect();
        // What was imported has no training; where the images lie tells nothing.
        let keys: BTreeSet<String> = found.iter().flat_map(|(v, ..)| v.keys().cloned()).collect();
        let keys = keys.iter().map(String::as_str).filter(|key| *key != "data.source");
        Self::of(None, keys, found)
    }

    fn of<'a>(
        grid: Option<String>,
        keys: impl Iterator<Item = &'a str>,
        found: Vec<(BTreeMap<String, Value>, String, Vec<usize>)>,
    ) -> Self {
        let varies = |key: &&str| {
            let values: BTreeSet<Option<String>> =
                found.iter().map(|(values, ..)| values.get(*key).map(value_text)).collect();
            *key != "seed" && values.len() > 1
        };
        let keys: Vec<String> = keys.filter(varies).map(str::to_owned).collect();
        let place = |(values, name, cells): (BTreeMap<String, Value>, String, Vec<usize>)| Place {
            values: keys.iter().map(|key| values.get(key).cloned()).collect(),
            name,
            cells,
        };
        let places = found.into_iter().map(place).collect();
        Self { grid, keys, places }
    }

    /// The keys as headings: without their tables where that is enough.
    pub fn headings(&self) -> Vec<String> {
        let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
        let heading = |key: &String| {
            let others = self.keys.iter().filter(|other| last(other) == last(key));
            if others.count() == 1 { last(key) } else { key.clone() }
        };
        self.keys.iter().map(heading).collect()
    }

    /// What a combination is called, as `learning_rate = 0.01, activation = relu`.
    pub fn name(&self, place: &Place) -> String {
        if self.keys.is_empty() {
            return place.name.clone();
        }
        let headings = self.headings();
        let parts = headings.iter().zip(&place.values).filter_map(|(heading, value)| {
            let value = value_text(value.as_ref()?);
            // The name of a case says it all.
            Some(if heading == "case" { value } else { format!("{heading} = {value}") })
        });
        parts.collect::<Vec<_>>().join(", ")
    }

    /// The values of the key number `axis`, each once, in their order.
    pub fn values(&self, axis: usize) -> Vec<Option<Value>> {
        let mut known = HashSet::new();
        let all = self.places.iter().map(|place| &place.values[axis]);
        all.filter(|value| known.insert(show_value(value.as_ref()))).cloned().collect()
    }
}

/// A value as a cell of a table; `–` for a key without a meaning.
pub(crate) fn show_value(value: Option<&Value>) -> String {
    value.map_or_else(|| "–".into(), value_text)
}
