//! What `--json` prints while a network or a grid is trained is what docs/events.md says.

use crate::support;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use support::{NOT_NCG, Sandbox, experiment};

/// The keys of each event, as the tables of the document have them.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/events.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut events: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let names: BTreeSet<String> =
            line.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let event = line.split('`').nth(1).unwrap().to_owned();
        events.insert(event, names);
    }
    events
}

fn check(lines: &[Value]) -> BTreeSet<String> {
    let documented = documented();
    let mut seen = BTreeSet::new();
    for line in lines {
        let event = line["event"].as_str().unwrap().to_owned();
        let keys = documented.get(&event).unwrap_or_else(|| panic!("`{event}` is not documented"));
        for key in line.as_object().unwrap().keys() {
            let is_common = ["event", "cell", "identity"].contains(&key.as_str());
            assert!(is_common || keys.contains(key), "`{key}` of `{event}` is not documented");
        }
        seen.insert(event);
    }
    seen
}

#[test]
fn events_of_a_run_are_documented() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["analysis.robustness.levels = [0.1]"]);
    let seen = check(&sandbox.succeeds(&["run", "x.toml", "--json"]).json_lines());
    for event in ["begin", "iteration", "evaluation", "analysis", "end"] {
        assert!(seen.contains(event), "{seen:?}");
    }
    let sgd = ["training.method = \"sgd\"", NOT_NCG, "name = \"y\""];
    sandbox.experiment(&sgd);
    check(&sandbox.succeeds(&["run", "x.toml", "--json"]).json_lines());
    // Goes further than it did.
    let further = ["run", "x.toml", "--json", "--set", "training.epochs=3"];
    check(&sandbox.succeeds(&further).json_lines());
    sandbox.experiment(&["training.epochs = 0"]);
    let failed = sandbox.fails(&["run", "x.toml", "--json"], 2, &["training.epochs"]);
    assert!(check(&failed.json_lines()).contains("error"));
}

#[test]
fn events_of_a_grid_are_documented() {
    let sandbox = Sandbox::new();
    sandbox.write("g.toml", &(experiment(&[]) + "seeds = 2\n"));
    let ran = sandbox.succeeds(&["run", "g.toml", "--json"]);
    let seen = check(&ran.json_lines());
    assert!(seen.contains("cell") && seen.contains("summary"), "{seen:?}");
}
