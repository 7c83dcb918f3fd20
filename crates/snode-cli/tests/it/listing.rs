//! Runs as tables: `snode ls`, `snode compare`, and a run of a grid wherever a run is taken.

use crate::support;

use serde_json::Value;
use support::{NOT_NCG, Sandbox, experiment};

const GRID: &str = "[grid]\nnetwork.activation = [\"tanh\", \"relu\"]\nseed = [1, 2]\n";

/// A grid of four cells of which three are trained, and a run of its own.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("g.toml", &(experiment(&[]) + GRID));
    sandbox.succeeds(&["run", "g.toml", "--quiet", "--only", "network.activation=tanh"]);
    let relu = ["--only", "network.activation=relu", "--only", "seed=1"];
    sandbox.succeeds(&[&["run", "g.toml", "--quiet"], &relu[..]].concat());
    sandbox
}

fn rows(sandbox: &Sandbox, options: &[&str]) -> Vec<Value> {
    sandbox.succeeds(&[&["ls", "--json"], options].concat()).json_lines()
}

#[test]
fn runs_are_listed_with_what_tells_them_apart() {
    let sandbox = sandbox();
    let all = rows(&sandbox, &["results"]);
    assert_eq!(all.len(), 4);
    let keys: Vec<&String> = all[0]["keys"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["network.activation", "seed"]);
    let states: Vec<&str> = all.iter().map(|row| row["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["done", "done", "done", "missing"]);
    assert!(all[0]["accuracy"].as_f64().unwrap() > 0.5 && all[3]["accuracy"].is_null());
    assert!(all[0]["cost"].as_f64().unwrap() > 0.0 && all[0]["seconds"].as_f64().unwrap() > 0.0);

    let table = sandbox.succeeds(&["ls"]).out;
    for part in ["activation", "seed", "accuracy", "cost", "time", "state", "relu", "missing"] {
        assert!(table.contains(part), "no `{part}` in {table}");
    }
    assert!(!table.contains("batch_size"), "{table}");

    let relu = rows(&sandbox, &["results", "--filter", "network.activation=relu"]);
    assert_eq!(relu.len(), 2);
    // Among these, the activation tells nothing apart any more.
    assert_eq!(relu[0]["keys"].as_object().unwrap().keys().collect::<Vec<_>>(), ["seed"]);
    let done = ["results", "--filter", "state=done", "--filter", "seed=1"];
    assert_eq!(rows(&sandbox, &done).len(), 2);

    let column = |options: &[&str], name: &str| -> Vec<Option<f64>> {
        rows(&sandbox, options).iter().map(|row| row[name].as_f64()).collect()
    };
    let best = column(&["results", "--sort", "accuracy"], "accuracy");
    assert!(best[0] >= best[1] && best[1] >= best[2] && best[3].is_none(), "{best:?}");
    let dear = column(&["results", "--sort", "-cost"], "cost");
    assert!(dear[0] >= dear[1] && dear[1] >= dear[2] && dear[3].is_none(), "{dear:?}");
    let csv = sandbox.succeeds(&["ls", "--csv", "--sort", "seed"]).out;
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some("run,network.activation,seed,accuracy,mean_squared_error,cost,seconds,state,path")
    );
    assert_eq!(lines.map(|line| line.split(',').nth(2).unwrap()).collect::<String>(), "1122");
}

#[test]
fn single_runs_and_those_that_were_interrupted_are_listed() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["name = \"a\""]);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    sandbox.experiment(&["name = \"b\"", "training.method = \"sgd\"", NOT_NCG]);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    std::fs::rename(sandbox.path("results/b.h5"), sandbox.path("results/b.checkpoint.h5")).unwrap();
    sandbox.write("results/c.h5", "not HDF5");
    let all = rows(&sandbox, &[]);
    let found: Vec<(&str, &str)> = all
        .iter()
        .map(|row| (row["run"].as_str().unwrap(), row["state"].as_str().unwrap()))
        .collect();
    assert_eq!(found, [("a", "done"), ("b", "interrupted"), ("c", "unreadable")]);
    assert_eq!(rows(&sandbox, &["results/a.h5"]).len(), 1);
}

#[test]
fn what_cannot_be_listed_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.fails(&["ls"], 2, &["results: found no runs", "a folder of results"]);
    sandbox.experiment(&[]);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    sandbox.fails(&["ls", "--sort", "acuracy"], 2, &["--sort acuracy", "did you mean `accuracy`?"]);
    sandbox.fails(&["ls", "--filter", "seed"], 2, &["--filter seed", "KEY=VALUE"]);
    sandbox.fails(&["ls", "--filter", "sed=1"], 2, &["--filter sed=1", "unknown key"]);
}

#[test]
fn two_runs_are_compared() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["name = \"a\""]);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    sandbox.experiment(&["name = \"b\"", "network.activation = \"relu\""]);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    sandbox.succeeds(&["robustness", "results/b.h5", "--levels", "0.1", "--draws", "2"]);
    let files = ["results/a.h5", "results/b.h5"];
    let out = sandbox.succeeds(&[&["compare"], &files[..]].concat()).out;
    for part in
        ["network.activation", "\"tanh\"", "\"relu\"", "accuracy on test", "under noise 0.1"]
    {
        assert!(out.contains(part), "no `{part}` in {out}");
    }
    let json = &sandbox.succeeds(&[&["compare", "--json"], &files[..]].concat()).json_lines()[0];
    let keys: Vec<&str> = json["configuration"]
        .as_array()
        .unwrap()
        .iter()
        .map(|difference| difference["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["name", "network.activation"]);
    let mut results = json["results"].as_array().unwrap().iter();
    let noisy = results.find(|q| q["name"] == "accuracy under noise 0.1").unwrap();
    assert!(noisy["values"][0].is_null() && noisy["values"][1].is_number());
    let csv = sandbox.succeeds(&[&["compare", "--csv"], &files[..]].concat()).out;
    assert!(csv.starts_with("what,results/a.h5,results/b.h5\n"), "{csv}");
    let same = sandbox.succeeds(&["compare", "results/a.h5", "results/a.h5"]).out;
    assert!(same.contains("the experiments are the same"), "{same}");
    sandbox.fails(&["compare", "results/a.h5"], 2, &["expected two run files"]);
}

#[test]
fn a_run_of_a_grid_is_named_by_its_keys() {
    let sandbox = sandbox();
    let one = ["--only", "network.activation=relu", "--only", "seed=1"];
    for command in [
        &["eval", "results"][..],
        &["show", "results", "--config"],
        &["noise", "results", "--images", "2"],
        &["robustness", "results", "--levels", "0.1", "--draws", "1"],
        &["uncertainty", "results", "--images", "5", "--levels", "0.1", "--draws", "1"],
        &["attack", "results", "--images", "2"],
        &["export", "results", "--output", "x.npz"],
        &["eval", "g.toml"],
        &["eval", "results/g.grid.json"],
    ] {
        sandbox.succeeds(&[command, &one[..]].concat());
    }
    let config = sandbox.succeeds(&[&["show", "results", "--config"], &one[..]].concat()).out;
    assert!(config.contains("activation = \"relu\"") && config.contains("seed = 1"), "{config}");
    let tanh = ["--only", "network.activation=tanh"];
    let out = sandbox.succeeds(&[&["compare", "results"], &tanh[..]].concat()).out;
    assert!(out.contains("seed") && !out.contains("network.activation"), "{out}");
    let parts = ["results: found 4 cells", "network.activation=tanh, seed=1", "--only KEY=VALUE"];
    sandbox.fails(&["eval", "results"], 2, &parts);
    sandbox.fails(&["eval", "results", "--only", "seed=3"], 2, &["found 0 cells"]);
    let run =
        sandbox.succeeds(&[&["ls", "results", "--csv", "--filter", "seed=1"][..]].concat()).out;
    let file = run.lines().nth(1).unwrap().rsplit(',').next().unwrap().to_owned();
    let parts = ["--only seed=1", "is no grid"];
    sandbox.fails(&["eval", &file, "--only", "seed=1"], 2, &parts);
}

#[test]
fn what_was_collected_into_one_file_is_listed_and_reported() {
    let sandbox = sandbox();
    sandbox.succeeds(&["robustness", "results", "--only", "seed=2", "--only", "done"]);
    for networks in [&[][..], &["--networks"]] {
        let collect = [&["collect", "g.toml", "--output", "all.h5", "--force"], networks].concat();
        sandbox.succeeds(&collect);
        let collected = rows(&sandbox, &["all.h5"]);
        let direct = rows(&sandbox, &["results", "--filter", "state=done"]);
        let told = |rows: &[Value]| -> Vec<(String, String)> {
            let told = |row: &Value| (row["keys"].to_string(), row["accuracy"].to_string());
            let mut all: Vec<_> = rows.iter().map(told).collect();
            all.sort();
            all
        };
        assert_eq!(told(&collected), told(&direct));
        let folder = format!("report-{}", networks.len());
        let ran = sandbox.succeeds(&["report", "all.h5", "--output", &folder]);
        assert!(ran.out.contains("3 of 3 runs"), "{ran:?}");
        let page = std::fs::read_to_string(sandbox.path(&folder).join("report.html")).unwrap();
        assert!(page.contains("ReLU") || page.contains("relu"));
    }
    // Elsewhere, without the files of the cells.
    std::fs::create_dir(sandbox.path("away")).unwrap();
    std::fs::rename(sandbox.path("all.h5"), sandbox.path("away/all.h5")).unwrap();
    std::fs::remove_dir_all(sandbox.path("results")).unwrap();
    assert_eq!(rows(&sandbox, &["away/all.h5"]).len(), 3);
    sandbox.succeeds(&["report", "away/all.h5", "--output", "report"]);
}
