//! The small examples: two moons, a regression, and what a regression is not.

use crate::support;

use std::fmt::Write as _;

use snode_store::{Appendix, read_appendix, read_info};
use snode_train::TargetKind;
use support::Sandbox;

/// The path of a file of the repository's experiments.
fn example(name: &str) -> String {
    format!("{}/../../experiments/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn group(sandbox: &Sandbox, run: &str, name: &str) -> Appendix {
    read_appendix(sandbox.path(run), name).unwrap().unwrap_or_else(|| panic!("no group {name}"))
}

/// A regression of one target of two numbers, and a short experiment on it.
fn regression(sandbox: &Sandbox, cost: &str) {
    let mut table = String::from("a,b,target,split\n");
    for i in 0..60 {
        let (a, b) = (f64::from(i % 10) / 9.0, f64::from(i % 7) / 6.0);
        let split = if i < 40 { "train" } else { "test" };
        writeln!(table, "{a:.3},{b:.3},{:.3},{split}", a * b - 0.5).unwrap();
    }
    sandbox.write("table.csv", &table);
    let text = format!(
        "data.source = \"table.csv\"\nnetwork.width = 4\nnetwork.layers = 8\n\
         training.batch_size = 20\ntraining.epochs = 6\n{cost}"
    );
    sandbox.write("r.toml", &text);
}

const SQUARED: &str = "cost.loss = \"squared\"\n";

#[test]
fn two_moons_are_told_apart() {
    let sandbox = Sandbox::new();
    let path = "results/two-moons.h5";
    sandbox.succeeds(&["run", &example("two-moons.toml"), "--quiet"]);
    let json = &sandbox.succeeds(&["eval", path, "--json"]).json_lines()[0];
    let accuracy = json["accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.97 && json["total"] == 200, "{json}");

    // The state is wider than the plane: noise and attacks move the data's components, and no others.
    let attack = ["attack", path, "--method", "pgd", "--norm", "2", "--radius", "0.3"];
    sandbox.succeeds(&[&attack[..], &["--iterations", "40", "--epsilons", "0,0.1,0.3"]].concat());
    let found = group(&sandbox, path, "analysis/attack/pgd");
    let images = &found.arrays["adversarial"];
    assert!(images.shape[0] > 10 && images.values.len() == 2 * images.shape[0], "{images:?}");
    assert!(images.values.iter().all(|value| (-1.0..=0.0).contains(value)));
    sandbox.succeeds(&["robustness", path, "--levels", "0,0.02", "--draws", "2"]);
    let found = group(&sandbox, path, "analysis/robustness/euler");
    let under_noise = &found.arrays["accuracy"].values;
    assert_eq!(under_noise[..2], [accuracy; 2]);
    assert!(under_noise[2..].iter().all(|noisy| (0.8..=1.0).contains(noisy)), "{under_noise:?}");
}

#[test]
fn a_regression_is_learnt_and_told_by_its_errors() {
    let sandbox = Sandbox::new();
    let path = "results/regression.h5";
    let ran = sandbox.succeeds(&["run", &example("regression.toml")]);
    let json = &sandbox.succeeds(&["eval", path, "--json"]).json_lines()[0];
    assert!(json["r_squared"].as_f64().unwrap() > 0.95, "{json}");
    assert!(json["mean_squared_error"].as_f64().unwrap() < 0.01, "{json}");
    assert!(json["mean_absolute_error"].as_f64().unwrap() < 0.08 && json["total"] == 200, "{json}");
    let eval = sandbox.succeeds(&["eval", path]);
    let show = sandbox.succeeds(&["show", path, "--iterations"]);
    let shown = sandbox.succeeds(&["show", path, "--json"]);
    for part in ["MSE 0.0", "MAE 0.0", "R² 0.9", "errors on test"] {
        assert!(show.out.contains(part), "{part}: {}", show.out);
    }
    assert!(eval.out.contains("errors MSE"), "{}", eval.out);
    sandbox.succeeds(&["report", path, "--output", "report"]);
    let html = std::fs::read_to_string(sandbox.path("report/report.html")).unwrap();
    assert!(html.contains("mean squared error") && html.contains("Errors of regressions"));
    for text in [&ran.out, &ran.err, &eval.out, &show.out, &shown.out, &html] {
        let at = text.to_lowercase().find("accura");
        assert_eq!(at, None, "accuracy of a regression: {}", &text[at.unwrap_or(0)..]);
    }

    let info = read_info(sandbox.path(path)).unwrap();
    assert_eq!((info.model.targets, info.model.classes), (TargetKind::Values, 2));
    let last = info.history.last_score("test").unwrap();
    assert_eq!(json["mean_squared_error"], last.errors().unwrap().mean_square);
    assert!(info.history.iterations.iter().all(|record| record.iteration.cost.other > 0.0));
}

#[test]
fn a_regression_goes_on_with_the_same_bits() {
    let sandbox = Sandbox::new();
    for method in ["", "training.method = \"adam\"\n"] {
        for cost in [SQUARED, "cost.loss = \"huber\"\ncost.huber_delta = 0.1\ncost.mu4 = 1e-4\n"] {
            regression(&sandbox, &format!("{cost}{method}"));
            for threads in ["1", "3"] {
                let run = [
                    "run",
                    "r.toml",
                    "--quiet",
                    "--fresh",
                    "--threads",
                    threads,
                    "--output",
                    threads,
                ];
                sandbox.succeeds(&run);
            }
            let digest = |folder: &str| {
                snode_store::network_digest(sandbox.path(&format!("{folder}/r.h5"))).unwrap()
            };
            assert_eq!(digest("1"), digest("3"), "{cost}{method}");
        }
    }
    let improved = |folder: &str| {
        let history = read_info(sandbox.path(&format!("{folder}/r.h5"))).unwrap().history;
        let costs: Vec<f64> = history.iterations.iter().map(|r| r.iteration.cost.total()).collect();
        costs[costs.len() - 1] < costs[0]
    };
    assert!(improved("1"));
}

#[test]
fn a_grid_of_regressions_is_told_by_its_errors() {
    let sandbox = Sandbox::new();
    regression(&sandbox, SQUARED);
    sandbox.write("g.toml", "base = \"r.toml\"\nseeds = 2\n");
    let ran = sandbox.succeeds(&["run", "g.toml"]);
    let status = sandbox.succeeds(&["status", "g.toml"]);
    assert_eq!(status.out.matches("test MSE 0.").count(), 2, "{}", status.out);
    sandbox.succeeds(&["report", "results", "--output", "report"]);
    let html = std::fs::read_to_string(sandbox.path("report/report.html")).unwrap();
    let csv = std::fs::read_to_string(sandbox.path("report/tables/errors.csv")).unwrap();
    assert!(
        csv.starts_with("training,scheme,activation,loss,seed,file,inputs,mean_squared_error,")
    );
    assert_eq!(csv.lines().count(), 3, "{csv}");
    for text in [&ran.out, &ran.err, &status.out, &html] {
        let at = text.to_lowercase().find("accura");
        assert_eq!(at, None, "accuracy of a regression: {}", &text[at.unwrap_or(0)..]);
    }
}

/// What another program runs says by its names what it computes.
#[test]
fn a_regression_leaves_as_a_graph_of_values() {
    let sandbox = Sandbox::new();
    regression(&sandbox, SQUARED);
    sandbox.succeeds(&["run", "r.toml", "--quiet"]);
    sandbox.succeeds(&["export", "results/r.h5", "--output", "r.onnx"]);
    let bytes = std::fs::read(sandbox.path("r.onnx")).unwrap();
    let has = |name: &str| bytes.windows(name.len()).any(|part| part == name.as_bytes());
    assert!(has("values") && !has("logits"));
}

#[test]
fn losses_are_for_the_targets_of_the_data() {
    let sandbox = Sandbox::new();
    regression(&sandbox, "");
    let validate = |lines: &str, parts: &[&str]| {
        regression(&sandbox, lines);
        sandbox.fails(&["validate", "r.toml"], 2, parts);
    };
    validate(
        "",
        &[
            "r.toml",
            "cost.loss: found \"l2\"; expected \"squared\" or \"huber\", as ",
            "table.csv has real targets of 1 component",
        ],
    );
    validate("cost.loss = \"ce\"\n", &["cost.loss: found \"cross-entropy\"; expected \"squared\""]);
    sandbox.experiment(&["cost.loss = \"huber\""]);
    let parts = [
        "x.toml",
        "cost.loss: found \"huber\"; expected \"l2\" or \"cross-entropy\", as ",
        "has 3 classes",
    ];
    sandbox.fails(&["validate", "x.toml"], 2, &parts);

    let with = |more: &str| format!("{SQUARED}{more}\n");
    validate(&with("cost.mu1 = 1.0"), &["cost.mu1", "only valid with `loss = \"l2\"`"]);
    validate(&with("cost.targets = [0, 1]"), &["cost.targets", "only valid with `loss = \"l2\"`"]);
    validate(&with("cost.huber_delta = 1.0"), &["cost.huber_delta", "`loss = \"huber\"`"]);
    validate(&with("cost.mu4 = -1.0"), &["cost.mu4", "found -1; expected 0 or more"]);
    let huber = "cost.loss = \"huber\"\ncost.huber_delta = 0\n";
    validate(huber, &["cost.huber_delta", "found 0; expected more than 0"]);
    let relu = with("network.activation = \"relu\"");
    validate(&relu, &["network.activation", "states can only grow", "the target -0.5"]);
}

#[test]
fn what_is_not_an_image_is_not_varied() {
    let sandbox = Sandbox::new();
    for (key, value) in [("mirror", "true"), ("shift", "1"), ("erase", "2")] {
        regression(&sandbox, &format!("{SQUARED}training.{key} = {value}\n"));
        let parts = ["r.toml", key, "varies images, but ", "has 1x2 numbers"];
        sandbox.fails(&["validate", "r.toml"], 2, &parts);
    }
    regression(&sandbox, &format!("{SQUARED}training.mirror = false\ntraining.erase = 0\n"));
    sandbox.succeeds(&["validate", "r.toml"]);
}

#[test]
fn what_needs_classes_is_refused_before_any_work() {
    let sandbox = Sandbox::new();
    let parts = ["needs the classes of images, but ", "has real targets of 1 component"];
    for (lines, key) in [
        ("[analysis.robustness]\n", "analysis.robustness"),
        ("[analysis.uncertainty]\n", "analysis.uncertainty"),
        ("[analysis.schemes]\n", "analysis.schemes"),
        ("[[attack]]\n", "attack"),
        ("[training.perturbation]\nmethod = \"pgd\"\n", "training.perturbation.method"),
    ] {
        regression(&sandbox, &format!("{SQUARED}{lines}"));
        sandbox.fails(&["run", "r.toml"], 2, &[&parts[..], &["r.toml", key]].concat());
        assert!(!sandbox.path("results").exists(), "{key}");
    }
    // Noise needs no classes.
    regression(
        &sandbox,
        &format!("{SQUARED}training.perturbation.method = \"noise\"\n[analysis.noise]\n"),
    );
    sandbox.succeeds(&["run", "r.toml", "--quiet"]);
    let run = "results/r.h5";
    for command in [
        &["attack", run][..],
        &["robustness", run],
        &["uncertainty", run],
        &["eval", run, "--classes"],
    ] {
        sandbox.fails(command, 2, &[run, "found the network of a regression"]);
    }
    sandbox.fails(&["solvers", "r.toml"], 2, &["table.csv", "found real targets of 1 component"]);
    sandbox.write("classes.csv", "a,b,label,split\n0,0,0,train\n1,1,1,train\n0.5,1,1,test\n");
    let data = ["eval", run, "--data", "classes.csv"];
    sandbox.fails(
        &data,
        2,
        &["classes.csv has 2 classes", "was trained for real targets of 1 component"],
    );
    sandbox.succeeds(&["gradcheck", "r.toml"]);
    let export = ["data", "export", "table.csv", "--to", "idx"];
    sandbox.fails(&export, 1, &["found real targets of 1 component", "expected class numbers"]);
    sandbox.succeeds(&["data", "export", "table.csv", "--to", "table.npz"]);
    let inspected = sandbox.succeeds(&["data", "inspect", "table.npz"]).out;
    assert!(inspected.contains("target 1") && inspected.contains("real targets of 1 component"));
}
