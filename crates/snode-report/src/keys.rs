//! The keys of an experiment, one beside the other.

use std::collections::BTreeMap;

use serde_json::Value;
use snode_experiment::{Experiment, computation};

/// The keys of an experiment that determine its network, as `table.key`.
pub(crate) fn keys_of(experiment: &Experiment) -> BTreeMap<String, Value> {
    let mut keys = BTreeMap::new();
    flatten(&computation(experiment), "", &mut keys);
    keys
}

fn flatten(table: &toml::Table, prefix: &str, keys: &mut BTreeMap<String, Value>) {
    for (key, value) in table {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) => flatten(inner, &path, keys),
            value => _ = keys.insert(path, serde_json::to_value(value).unwrap_or_default()),
        }
    }
}
