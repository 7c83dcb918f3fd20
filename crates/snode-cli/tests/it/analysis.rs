//! What is measured on trained networks: noise through depth, accuracy under noise, smoothness.

use crate::support;

use std::collections::{BTreeMap, BTreeSet};

use snode_store::{Attribute, read_appendix};
use support::{NOT_NCG, Sandbox, TEST, read_run};

/// A sandbox with a trained run.
fn trained(lines: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.experiment(lines);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    sandbox
}

#[test]
fn sensitivity_of_networks_and_residual_networks() {
    for lines in [
        &["precision = \"f64\"", "network.activation = \"tanh\""][..],
        &[
            "precision = \"f32\"",
            "network.activation = \"tanh\"",
            "training.method = \"rmsprop\"",
            NOT_NCG,
        ],
        &["network.activation = \"tanh\"", "network.scheme = \"rk4\""],
    ] {
        let sandbox = trained(lines);
        let arguments = [
            "sensitivity",
            "results/x.h5",
            "--noise",
            "0.01,0.1",
            "--weights-noise",
            "0.001",
            "--draws",
            "2",
            "--entry",
            "3,5",
            "--figures",
            "figures",
            "--force",
        ];
        let ran = sandbox.succeeds(&arguments);
        for part in ["30 images, 2 draws", "input", "parameters", "weight (3, 5)", "H¹ seminorm"] {
            assert!(ran.out.contains(part), "no `{part}` in {}", ran.out);
        }
        let json = &sandbox.succeeds(&[&arguments[..], &["--json"]].concat()).json_lines()[0];
        assert_eq!((json["images"].as_u64(), json["scheme"].as_str()), (Some(30), Some("euler")));
        let input = &json["propagation"][0];
        assert_eq!(input["times"].as_array().unwrap().len(), 7);
        let error =
            |level: usize| input["levels"][level]["relative_error"]["mean"][6].as_f64().unwrap();
        // Ten times the noise, ten times the error of a first-order estimate.
        let ratio = error(1) / error(0);
        assert!((7.0..13.0).contains(&ratio), "{lines:?}: {ratio}");

        let path = sandbox.path("results/x.h5");
        let stored = read_appendix(&path, "analysis/noise/input").unwrap().unwrap();
        assert_eq!(stored.attributes["seed"], Attribute::Unsigned(3));
        assert_eq!(stored.arrays["measured_mean"].shape, [2, 7]);
        let measured = input["levels"][1]["measured"]["mean"][6].as_f64().unwrap();
        assert_eq!(stored.arrays["measured_mean"].values[13], measured);
        let stored = read_appendix(&path, "analysis/noise/parameters").unwrap().unwrap();
        assert_eq!(stored.arrays["levels"].values, [0.001]);
        let smooth = read_appendix(&path, "analysis/smoothness").unwrap().unwrap();
        assert_eq!(smooth.arrays["weights_variation"].shape, [16, 16]);
        assert!(smooth.arrays["path"].values.len() >= 6);
        for name in ["noise.csv", "noise.svg", "smoothness.csv", "smoothness.svg"] {
            let text = std::fs::read_to_string(sandbox.path(&format!("figures/x-{name}"))).unwrap();
            assert!(!text.contains("NaN"), "{name}");
        }
    }
}

/// Noise through depth was called sensitivity: by that name it is read, and measured again it has one name.
#[test]
fn what_earlier_versions_called_sensitivity_is_noise() {
    let sandbox = trained(&["analysis.noise.levels = [0.1]"]);
    let path = sandbox.path("results/x.h5");
    let rename = |root: &snode_store::hdf5::Group| {
        root.group("analysis")?.create_group("sensitivity")?;
        root.relink("analysis/noise/input", "analysis/sensitivity/input")?;
        root.unlink("analysis/noise")
    };
    snode_store::update(&path, rename).unwrap();
    // What is measured already is not measured again.
    let again = sandbox.succeeds(&["run", "x.toml", "--json"]);
    assert!(again.json_lines().iter().all(|event| event["event"] != "analysis"), "{again:?}");
    let report = sandbox.succeeds(&["report", "results/x.h5", "--output", "report"]);
    assert_eq!(report.code, Some(0));
    let page = std::fs::read_to_string(sandbox.path("report/report.html")).unwrap();
    assert!(page.contains("Noise through depth"));
    // The old name of the command and of its options, too.
    sandbox.succeeds(&["sensitivity", "results/x.h5", "--noise", "0.1", "--force"]);
    let has = |group: &str| snode_store::has_appendix(&path, group).unwrap();
    assert!(has("analysis/noise/input") && !has("analysis/sensitivity/input"));
}

/// Noise is drawn from the run's seed, or from the one that is given.
#[test]
fn noise_may_have_another_seed() {
    let sandbox = trained(&[]);
    let json = |options: &[&str]| {
        let command = ["robustness", "results/x.h5", "--levels", "0.3", "--json", "--force"];
        sandbox.succeeds(&[&command, options].concat()).json_lines().remove(0)
    };
    assert_eq!(json(&[])["seed"], 3);
    let (own, other) = (json(&["--seed", "3"]), json(&["--seed", "4"]));
    assert_eq!(own["levels"], json(&[])["levels"]);
    assert_eq!(other["seed"], 4);
    assert_ne!(other["levels"][0]["correct"], own["levels"][0]["correct"]);
}

#[test]
fn the_path_is_that_of_the_weight() {
    let sandbox = trained(&["precision = \"f64\""]);
    sandbox.succeeds(&["sensitivity", "results/x.h5", "--entry", "2,7", "--images", "1"]);
    let path = sandbox.path("results/x.h5");
    let network = read_run(&path).network;
    let smooth = read_appendix(&path, "analysis/smoothness").unwrap().unwrap();
    let expected: Vec<f64> = (0..6).map(|k| network.parameters().weights(k)[(2, 7)]).collect();
    assert_eq!(smooth.arrays["path"].values, expected);
    let variation: f64 = expected.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum();
    let found = smooth.arrays["weights_variation"].values[2 * 16 + 7];
    assert!((found - variation).abs() < 1e-14);
}

/// Without noise predicted, measured and evaluated accuracy are one number; with it all is stored and shown.
#[test]
fn uncertainty_is_predicted_and_measured() {
    let sandbox = trained(&[]);
    let clean = &sandbox.succeeds(&["eval", "results/x.h5", "--json"]).json_lines()[0];
    for on in ["input", "parameters", "constant-parameters"] {
        let arguments = [
            "uncertainty",
            "results/x.h5",
            "--on",
            on,
            "--levels",
            "0,0.01",
            "--draws",
            "3",
            "--figures",
            "figures",
        ];
        let ran = sandbox.succeeds(&arguments);
        for part in ["30 images under noise", "3 adjoint columns", "3 draws", "least certain"] {
            assert!(ran.out.contains(part), "no `{part}` in {}", ran.out);
        }
        let again = [&arguments[..], &["--force", "--json"]].concat();
        let json = &sandbox.succeeds(&again).json_lines()[0];
        let level = |index: usize| &json["levels"][index];
        assert_eq!(level(0)["predicted_accuracy"], clean["accuracy"]);
        assert_eq!(level(0)["accuracy"], clean["accuracy"]);
        let (predicted, measured) = (&level(1)["predicted_accuracy"], &level(1)["accuracy"]);
        let difference = predicted.as_f64().unwrap() - measured.as_f64().unwrap();
        assert!(difference.abs() < 0.1, "{on}: {difference}");
        let group = format!("analysis/uncertainty/{on}");
        let stored = read_appendix(sandbox.path("results/x.h5"), &group).unwrap().unwrap();
        assert_eq!(stored.arrays["flip_probability"].shape, [2, 30]);
        assert_eq!(stored.arrays["reliability_images"].shape, [2, 10]);
        assert!(stored.arrays["flip_probability"].values[..30].iter().all(|p| *p == 0.0));
        for ending in ["csv", "svg"] {
            let name = format!("figures/x-uncertainty-{on}.{ending}");
            assert!(sandbox.path(&name).exists(), "{name}");
        }
    }
    // Without draws there is nothing measured.
    sandbox.succeeds(&["uncertainty", "results/x.h5", "--draws", "0", "--force"]);
    let group = "analysis/uncertainty/input";
    let stored = read_appendix(sandbox.path("results/x.h5"), group).unwrap().unwrap();
    assert!(!stored.arrays.contains_key("accuracy"));
    sandbox.fails(&["uncertainty", "results/x.h5", "--levels=-1"], 2, &["--levels", "found -1"]);
}

#[test]
fn robustness_without_noise_is_the_evaluation() {
    let sandbox = trained(&[]);
    for scheme in ["euler", "rk4"] {
        let clean = &sandbox
            .succeeds(&["eval", "results/x.h5", "--json", "--scheme", scheme])
            .json_lines()[0];
        let arguments = [
            "robustness",
            "results/x.h5",
            "--levels",
            "0,0.5",
            "--draws",
            "3",
            "--scheme",
            scheme,
            "--figures",
            "figures",
            "--force",
            "--json",
        ];
        let curve = &sandbox.succeeds(&arguments).json_lines()[0];
        assert_eq!(curve["levels"][0]["accuracy"], clean["accuracy"]);
        assert_eq!(curve["levels"][0]["correct"], serde_json::json!(vec![&clean["correct"]; 3]));
        assert_eq!(curve["images"].as_u64(), Some(TEST as u64));
        let one_thread = sandbox.succeeds(&[&arguments[..], &["--threads", "1"]].concat());
        assert_eq!(&one_thread.json_lines()[0], curve);
        let group = format!("analysis/robustness/{scheme}");
        let stored = read_appendix(sandbox.path("results/x.h5"), &group).unwrap().unwrap();
        assert_eq!(stored.arrays["accuracy"].shape, [2, 3]);
        assert_eq!(stored.arrays["accuracy"].values[0], clean["accuracy"].as_f64().unwrap());
        for ending in ["csv", "svg"] {
            assert!(sandbox.path(&format!("figures/x-robustness-{scheme}.{ending}")).exists());
        }
    }
    let sheet = std::fs::read(sandbox.path("figures/x-noisy.png")).unwrap();
    assert!(sheet.starts_with(b"\x89PNG"));
    let text = sandbox.succeeds(&["robustness", "results/x.h5", "--levels", "0.2", "--clip"]).out;
    assert!(text.contains("30 images under noise, clipped, 5 draws"), "{text}");
    // The run itself is as it was.
    assert_eq!(read_run(&sandbox.path("results/x.h5")).history.iterations.len(), 24);
}

const TABLES: [&str; 7] = [
    "analysis.robustness.levels = [0, 0.3]",
    "analysis.robustness.images = 20",
    "analysis.noise.levels = [0.01]",
    "analysis.noise.weights_levels = [0.01]",
    "analysis.smoothness.entry = [1, 2]",
    "analysis.schemes.solve = [\"euler\", \"dopri5\"]",
    "analysis.uncertainty.levels = [0, 0.3]",
];

#[test]
fn an_experiment_asks_for_its_analyses() {
    let sandbox = trained(&[]);
    let path = sandbox.path("results/x.h5");
    assert!(read_appendix(&path, "analysis/schemes/euler").unwrap().is_none());
    // The network is there already; only the analyses are made, and only once.
    sandbox.experiment(&TABLES);
    let ran = sandbox.succeeds(&["run", "x.toml"]);
    assert_eq!(ran.err.matches("measuring: ").count(), 7, "{}", ran.err);
    assert!(!sandbox.succeeds(&["run", "x.toml"]).err.contains("measuring"));
    let euler = read_appendix(&path, "analysis/schemes/euler").unwrap().unwrap();
    let clean = &sandbox.succeeds(&["eval", "results/x.h5", "--json"]).json_lines()[0];
    assert_eq!(euler.attributes["accuracy"], Attribute::Real(clean["accuracy"].as_f64().unwrap()));
    assert_eq!(
        euler.attributes["correct"],
        Attribute::Unsigned(clean["correct"].as_u64().unwrap())
    );
    let smooth = read_appendix(&path, "analysis/smoothness").unwrap().unwrap();
    assert_eq!(smooth.attributes["path_column"], Attribute::Unsigned(2));

    // What a command measured with the same options is not measured again; another option is.
    let group = "analysis/robustness/euler";
    let before = read_appendix(&path, group).unwrap().unwrap();
    assert_eq!(before.attributes["images"], Attribute::Unsigned(20));
    sandbox.succeeds(&["robustness", "results/x.h5", "--levels", "0,0.3", "--images", "20"]);
    assert_eq!(read_appendix(&path, group).unwrap().unwrap(), before);
    let lines = [&TABLES[..], &["analysis.robustness.draws = 2"]].concat();
    sandbox.experiment(&lines);
    let ran = sandbox.succeeds(&["run", "x.toml"]);
    assert_eq!(ran.err.matches("measuring: ").count(), 1, "{}", ran.err);
    assert_eq!(read_appendix(&path, group).unwrap().unwrap().arrays["accuracy"].shape, [2, 2]);
}

#[test]
fn what_cannot_be_measured_is_refused_before_training() {
    let sandbox = Sandbox::new();
    for (line, parts) in [
        ("analysis.robustness.levels = []", &["x.toml:11", "robustness.levels", "at least 1"][..]),
        ("analysis.robustness.levels = [-0.1]", &["found -0.1", "0 or more"]),
        ("analysis.robustness.tolerance = 1e-3", &["robustness.tolerance", "adaptive"]),
        ("analysis.robustness.images = 31", &["found 31", "only 30 test images"]),
        ("analysis.noise.levels = [0]", &["noise.levels", "found 0", "more than 0"]),
        ("analysis.noise.draws = 0", &["noise.draws", "found 0", "1 to 1000000"]),
        ("analysis.uncertainty.bins = 0", &["uncertainty.bins", "found 0", "1 to 1000"]),
        ("analysis.uncertainty.images = 31", &["found 31", "only 30 test images"]),
        (
            "analysis.uncertainty.on = \"weights\"",
            &["uncertainty.on", "input, parameters, constant-parameters"],
        ),
        ("analysis.smoothness.entry = [0, 16]", &["smoothness.entry", "0 to 15"]),
        ("analysis.schemes.solve = [\"euler\", \"euler\"]", &["schemes.solve", "twice"]),
        ("analysis.schemes.tolerance = 2.0", &["schemes.tolerance", "found 2"]),
        ("analysis.schemes.solve = [\"dopri\"]", &["did you mean `dopri5`?"]),
        ("analysis.robust.draws = 2", &["unknown key `robust`", "`robustness`"]),
    ] {
        sandbox.experiment(&[line]);
        sandbox.fails(&["run", "x.toml"], 2, parts);
    }
    assert!(!sandbox.path("results/x.h5").exists());
}

/// The names in `/analysis` are those of docs/hdf5-layout.md, no more and no fewer.
#[test]
fn groups_are_documented() {
    let sandbox = trained(&TABLES);
    let layout = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/hdf5-layout.md");
    let text = std::fs::read_to_string(layout).unwrap();
    let documented: BTreeMap<&str, BTreeSet<&str>> = text
        .split("\n## ")
        .filter_map(|section| {
            let (heading, body) = section.split_once('\n')?;
            let rows = body.lines().filter(|line| line.starts_with("| `"));
            let names = rows.filter_map(|line| line.split('|').nth(1));
            Some((heading, names.flat_map(|names| names.split('`').skip(1).step_by(2)).collect()))
        })
        .collect();
    for (group, heading) in [
        ("analysis/noise/input", "`/analysis/noise/input`"),
        ("analysis/noise/parameters", "`/analysis/noise/input`"),
        ("analysis/robustness/euler", "`/analysis/robustness/SCHEME`"),
        ("analysis/schemes/dopri5", "`/analysis/schemes/SCHEME`"),
        ("analysis/smoothness", "`/analysis/smoothness`"),
        ("analysis/uncertainty/input", "`/analysis/uncertainty/NOISE`"),
    ] {
        let stored = read_appendix(sandbox.path("results/x.h5"), group).unwrap().unwrap();
        let names = stored.attributes.keys().chain(stored.arrays.keys());
        let names: BTreeSet<&str> = names.map(String::as_str).collect();
        assert_eq!(names, documented[heading], "{group}");
    }
}

/// Results that are trained further hold another network: its analyses do not outlive it silently.
#[test]
fn analyses_end_with_their_network() {
    let sandbox = trained(&[]);
    sandbox.succeeds(&["robustness", "results/x.h5", "--levels", "0.1"]);
    let unchanged = sandbox.succeeds(&["run", "x.toml"]);
    assert!(unchanged.err.contains("finished already") && !unchanged.err.contains("analyses"));
    let path = sandbox.path("results/x.h5");
    assert!(snode_store::has_appendix(&path, "analysis").unwrap());
    let further = sandbox.succeeds(&["run", "x.toml", "--set", "training.epochs=3"]);
    assert!(further.err.contains("holds analyses of the network as it is"), "{}", further.err);
    assert!(!snode_store::has_appendix(&path, "analysis").unwrap());
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let sandbox = trained(&[]);
    let bytes = std::fs::read(sandbox.path("results/x.h5")).unwrap();
    let run = "results/x.h5";
    sandbox.fails(&["noise", run, "--levels", "0"], 2, &["--levels", "found 0", "more than 0"]);
    sandbox.fails(&["sensitivity", run, "--noise", "a"], 2, &["--levels"]);
    sandbox.fails(&["sensitivity", run, "--draws", "0"], 2, &["--draws", "'0'", "1 or more"]);
    sandbox.fails(&["sensitivity", run, "--images", "0"], 2, &["--images", "'0'", "1 or more"]);
    sandbox.fails(&["sensitivity", run, "--entry", "16,0"], 2, &["(16, 0)", "16×16"]);
    sandbox.fails(&["sensitivity", run, "--entry", "16"], 2, &["ROW,COLUMN"]);
    sandbox.fails(&["sensitivity", "none.h5"], 1, &["none.h5", "no such file"]);
    sandbox.fails(&["robustness", run, "--levels=-1"], 2, &["--levels", "found -1"]);
    sandbox.fails(&["robustness", run, "--levels", "NaN"], 2, &["--levels", "found NaN"]);
    sandbox.fails(&["robustness", run, "--draws", "0"], 2, &["--draws", "'0'", "1 or more"]);
    sandbox.fails(&["robustness", run, "--tolerance", "0.1"], 2, &["--tolerance", "adaptive"]);
    sandbox.fails(&["robustness", run, "--data", "mnist14"], 2, &["10 classes"]);
    assert_eq!(std::fs::read(sandbox.path("results/x.h5")).unwrap(), bytes, "it was touched");
}
