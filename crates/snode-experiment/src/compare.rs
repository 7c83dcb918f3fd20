//! Whether two resolved experiments are the same computation.

use std::fmt;

use crate::schema::Experiment;

/// Keys, and whole tables, that change nothing in the network computed.
const IRRELEVANT: [&str; 7] = [
    "name",
    "threads",
    "device",
    "analysis",
    "attack",
    "output.directory",
    "training.checkpoint_every",
];
/// Keys that only say how far training goes.
const EXTENT: [&str; 5] = [
    "training.epochs",
    "training.batches",
    "training.time_limit",
    "training.early_stop",
    "training.divergence_factor",
];

/// The key that says where the images are. Which images they are is told by their fingerprint.
const PLACE: &str = "data.source";

/// What a difference means for going on with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is another computation.
    Computation,
    /// It is the same computation, going further or less far.
    Extent,
}

/// A key with two values.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The key, as `table.key`.
    pub key: String,
    /// Its value in the first experiment.
    pub first: Option<toml::Value>,
    /// Its value in the second one.
    pub second: Option<toml::Value>,
    /// What that means.
    pub kind: Kind,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: &Option<toml::Value>| {
            value.as_ref().map_or_else(|| "not set".to_owned(), ToString::to_string)
        };
        write!(f, "{} was {}, is now {}", self.key, show(&self.first), show(&self.second))
    }
}

/// The keys by which two resolved experiments differ, where that matters. Where the images are does
/// not: their fingerprints tell whether they are the same.
pub fn differences(first: &Experiment, second: &Experiment) -> Vec<Difference> {
    let mut found = differing(&computation(first), &computation(second));
    found.retain(|difference| difference.key != PLACE);
    found
}

/// The same for what [`computation`] made of them.
pub fn differing(first: &toml::Table, second: &toml::Table) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(first, second, "", &mut found);
    found
}

/// Whether a key determines the network that is trained.
pub fn is_computation(key: &str) -> bool {
    let within = |path: &str| key == path || key.starts_with(&format!("{path}."));
    !IRRELEVANT.iter().any(|path| within(path))
}

/// The keys of a resolved experiment that determine the network it trains.
pub fn computation(experiment: &Experiment) -> toml::Table {
    let mut table = toml::Table::try_from(experiment).unwrap_or_default();
    for path in IRRELEVANT {
        match path.split_once('.') {
            None => {
                table.remove(path);
            }
            Some((outer, key)) => {
                table.get_mut(outer).and_then(toml::Value::as_table_mut).map(|t| t.remove(key));
            }
        }
    }
    table
}

fn walk(first: &toml::Table, second: &toml::Table, prefix: &str, found: &mut Vec<Difference>) {
    let mut keys: Vec<&String> = first.keys().chain(second.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        let (a, b) = (first.get(key), second.get(key));
        if let (Some(toml::Value::Table(a)), Some(toml::Value::Table(b))) = (a, b) {
            walk(a, b, &path, found);
        } else if a != b {
            let kind =
                if EXTENT.contains(&path.as_str()) { Kind::Extent } else { Kind::Computation };
            found.push(Difference { key: path, first: a.cloned(), second: b.cloned(), kind });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_is_told_from_what_does_not() {
        let first = Experiment::default();
        let mut second = first.clone();
        second.threads = Some(7);
        second.output.directory = "elsewhere".into();
        second.analysis.noise = Some(crate::schema::NoiseConfig::default());
        assert_eq!(differences(&first, &second), []);
        second.training.epochs = 3;
        second.seed = 4;
        let found = differences(&first, &second);
        let kinds: Vec<_> = found.iter().map(|d| (d.key.as_str(), d.kind)).collect();
        assert_eq!(kinds, [("seed", Kind::Computation), ("training.epochs", Kind::Extent)]);
        assert_eq!(found[0].to_string(), "seed was 1, is now 4");
    }
}
