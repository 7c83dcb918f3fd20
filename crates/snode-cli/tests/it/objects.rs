//! `--json` of the commands that write or find something: one object, with the keys that
//! docs/events.md says.

use crate::support::{Sandbox, experiment};
use serde_json::Value;

/// The keys that the document says of a command.
fn documented(command: &str) -> Vec<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/events.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, table) = text.split_once("| command | keys |").unwrap();
    let names = |line: &str| -> Vec<String> {
        line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let row = table.lines().find(|line| {
        let first = line.split(" | ").next().unwrap_or_default();
        names(first).iter().any(|name| name == command)
    });
    let row = row.unwrap_or_else(|| panic!("no `{command}`")).split_once(" | ").unwrap().1;
    names(row)
}

/// The one object that a command prints, whose keys are documented.
#[track_caller]
fn object(sandbox: &Sandbox, command: &str, arguments: &[&str]) -> Value {
    let words: Vec<&str> = command.split(' ').chain(arguments.iter().copied()).collect();
    let ran = sandbox.succeeds(&[&words[..], &["--json"]].concat());
    let [object] = &ran.json_lines()[..] else { panic!("{command}: {ran:?}") };
    let known = documented(command);
    for key in object.as_object().unwrap().keys() {
        // Files are called after themselves.
        let is_known = known.contains(key) || key.contains('/');
        assert!(is_known, "`{key}` of `{command}` is not documented");
    }
    object.clone()
}

#[test]
fn networks_leave_and_come_back_with_an_object() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["precision = \"f32\""]);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    let exported = object(&sandbox, "export", &["results/x.h5", "--output", "x.npz"]);
    let bytes = std::fs::metadata(sandbox.path("x.npz")).unwrap().len();
    assert_eq!((&exported["format"], &exported["bytes"]), (&"npz".into(), &bytes.into()));
    let imported = object(&sandbox, "import", &["x.npz", "--output", "y.h5"]);
    for (key, value) in [
        ("path", Value::from("y.h5")),
        ("name", "x".into()),
        ("width", 16.into()),
        ("layers", 6.into()),
        ("horizon", 2.0.into()),
        ("activation", "tanh".into()),
        ("scheme", "euler".into()),
        ("precision", "f32".into()),
        ("classes", 3.into()),
        ("foreground", (-1.0).into()),
    ] {
        assert_eq!(imported[key], value, "{key}");
    }
    let sealed = object(&sandbox, "seal", &["y.h5"]);
    assert_eq!(sealed["sealed"], false);
}

#[test]
fn data_sets_are_described_and_written_with_an_object() {
    let sandbox = Sandbox::new();
    let inspected = object(&sandbox, "data inspect", &["dots"]);
    assert_eq!(inspected["train"]["images"], 90);
    for to in ["copy", "copy.npz"] {
        let exported = object(&sandbox, "data export", &["dots", "--output", to]);
        let found = (&exported["path"], &exported["train"], &exported["rows"]);
        assert_eq!(found, (&to.into(), &90.into(), &4.into()));
    }
    let import = ["dots", "--size", "2x2", "--output", "small"];
    assert_eq!(object(&sandbox, "data import", &import)["cols"], 2);
    sandbox.fails(&["data", "import", "dots", "--output", "x.npz"], 2, &["x.npz", "data export"]);
    let list = sandbox.succeeds(&["data", "list", "--json"]);
    assert!(list.json_lines().iter().all(|known| known["name"].is_string()));
}

#[test]
fn the_doctor_answers_with_an_object() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    let computer = object(&sandbox, "doctor", &["x.toml"]);
    assert!(computer["threads"].as_u64().unwrap() > 0 && computer["snode"].is_string());
    assert!(computer["products_f64"]["one_thread"]["hot"].as_f64().unwrap() > 0.0);
    assert!(computer["experiment_memory"].as_f64().unwrap() > 0.0);
    let folder = object(&sandbox, "doctor", &["."]);
    assert_eq!(folder["left_over"], "nothing");
}

#[test]
fn a_comparison_of_schemes_is_the_last_event() {
    let sandbox = Sandbox::new();
    sandbox.write("s.toml", &experiment(&["training.batches = 1"]));
    let ran = sandbox.succeeds(&["solvers", "s.toml", "--schemes", "euler,rk2", "--json"]);
    let lines = ran.json_lines();
    let ends = lines.iter().filter(|line| line["event"] == "end").count();
    let last = lines.last().unwrap();
    assert_eq!((ends, &last["event"]), (2, &"comparison".into()));
    let pairs = last["pairs"].as_array().unwrap();
    let names = |pair: &Value| (pair["trained"].clone(), pair["solved"].clone());
    assert_eq!(pairs.len(), 4);
    assert_eq!(names(&pairs[1]), ("euler".into(), "rk2".into()));
    assert_eq!(pairs[0]["total"], 30);
    assert!(sandbox.path(last["tables"].as_str().unwrap()).join("accuracy.csv").exists());
}
