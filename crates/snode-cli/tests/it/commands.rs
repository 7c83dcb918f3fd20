//! The other commands: init, validate, show, eval, gradcheck, data.

use crate::support;

use support::{CLASSES, Sandbox, TEST, TRAIN, read_run};

#[test]
fn init_validate_run() {
    let sandbox = Sandbox::new();
    sandbox.succeeds(&["init", "first.toml"]);
    let resolved = sandbox.succeeds(&["validate", "first.toml"]);
    for part in ["name = \"first\"", "train = 60000", "# memory:", "# time:", "# early_stop: never"]
    {
        assert!(resolved.out.contains(part), "no `{part}` in {}", resolved.out);
    }
    let small = [
        "data.source=dots",
        "network.layers=5",
        "training.batch_size=30",
        "training.batches=4",
        "training.evaluate_every=2",
    ];
    let mut arguments = vec!["run", "first.toml"];
    for set in small {
        arguments.extend(["--set", set]);
    }
    let ran = sandbox.succeeds(&arguments);
    assert!(ran.out.contains("results/first.h5"), "{}", ran.out);

    let text = std::fs::read(sandbox.path("first.toml")).unwrap();
    sandbox.fails(&["init", "first.toml"], 2, &["first.toml", "not overwritten"]);
    assert_eq!(std::fs::read(sandbox.path("first.toml")).unwrap(), text);
    sandbox.fails(&["init", "no/such/folder.toml"], 1, &["no/such/folder.toml"]);
    sandbox.succeeds(&["init"]);
    assert!(sandbox.path("experiment.toml").exists());
}

/// The experiments that come with the repository.
#[test]
fn the_repositorys_experiments_are_sound() {
    let sandbox = Sandbox::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let experiments: Vec<_> =
        files.filter(|p| p.extension().is_some_and(|e| e == "toml")).collect();
    assert!(!experiments.is_empty());
    for path in experiments {
        let path = path.to_str().unwrap();
        let is_grid = std::fs::read_to_string(path).unwrap().contains("[[cases]]");
        let command: &[&str] =
            if is_grid { &["run", "--dry-run", path] } else { &["validate", path] };
        // Images that not every machine has give way to those that are built in.
        let built_in = ["--set", "data.source=mnist14", "--set", "data.size=[28, 28]"];
        let has_images = !path.contains("fashion-mnist");
        sandbox.succeeds(&[command, if has_images { &[] } else { &built_in }].concat());
    }
}

/// What `validate` prints, and what is stored with results, is an experiment again: the same.
#[test]
fn the_resolved_experiment_runs_again() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["training.space = \"h1\"", "cost.loss = \"l2\""]);
    sandbox.succeeds(&["run", "x.toml"]);
    let validated = sandbox.succeeds(&["validate", "x.toml"]).out;
    let stored = sandbox.succeeds(&["show", "results/x.h5", "--config"]).out;
    for (name, text) in [("validated.toml", &validated), ("stored.toml", &stored)] {
        sandbox.write(name, text);
        sandbox.succeeds(&["run", name, "--output", name.trim_end_matches(".toml")]);
        let again = read_run(&sandbox.path(name.trim_end_matches(".toml")).join("x.h5"));
        assert!(again.network == read_run(&sandbox.path("results/x.h5")).network, "{name}");
    }
    let source = sandbox.succeeds(&["show", "results/x.h5", "--source"]).out;
    assert_eq!(source, std::fs::read_to_string(sandbox.path("x.toml")).unwrap());
    // Validating the resolved experiment changes nothing in it.
    let twice = sandbox.succeeds(&["validate", "validated.toml"]).out;
    let keys = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    };
    assert_eq!(keys(&twice), keys(&validated));
}

#[test]
fn show_and_eval() {
    let sandbox = Sandbox::new();
    for precision in ["f32", "f64"] {
        sandbox.experiment(&[&format!("precision = \"{precision}\"")]);
        sandbox.succeeds(&["run", "x.toml", "--fresh"]);
        let shown = sandbox.succeeds(&["show", "results/x.h5", "--iterations"]).out;
        for part in ["accuracy on test", "batches", "‖g‖", "layers = 6", "data_fingerprint"] {
            assert!(shown.contains(part), "no `{part}` in {shown}");
        }
        let shown = sandbox.succeeds(&["show", "results/x.h5", "--json"]).json_lines();
        assert_eq!(shown[0]["iterations"].as_array().unwrap().len(), 24);
        let recorded = shown[0]["evaluations"].as_array().unwrap().last().unwrap().clone();

        // The network as read from the file does what it did when training ended.
        let eval = sandbox.succeeds(&["eval", "results/x.h5", "--json"]).json_lines();
        assert_eq!(eval[0]["correct"], recorded["correct"]);
        let (found, expected) = (eval[0]["cost"].as_f64(), recorded["cost"].as_f64());
        assert!((found.unwrap() - expected.unwrap()).abs() < 1e-12);

        let train = ["eval", "results/x.h5", "--data", "dots", "--split", "train", "--classes"];
        let train = sandbox.succeeds(&train).out;
        assert!(train.contains(&format!("of {TRAIN})")) && train.contains("as 2"), "{train}");
    }
    let eval = ["eval", "results/x.h5", "--threads", "1", "--json"];
    let confusion = sandbox.succeeds(&eval).json_lines()[0]["confusion"].clone();
    let rows = confusion.as_array().unwrap();
    assert_eq!(rows.len(), CLASSES);
    let total: u64 =
        rows.iter().flat_map(|r| r.as_array().unwrap()).map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(total, TEST as u64);

    sandbox.fails(
        &["eval", "results/x.h5", "--data", "mnist14"],
        2,
        &["10 classes", "trained for 3"],
    );
    sandbox.fails(&["eval", "results/x.h5", "--data", "dotz"], 2, &["--data", "`dotz`", "mnist14"]);
    sandbox.fails(&["eval", "results/x.h5", "--split", "tset"], 2, &["train, test"]);
}

#[test]
fn files_that_are_no_results() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    sandbox.succeeds(&["run", "x.toml"]);
    let bytes = std::fs::read(sandbox.path("results/x.h5")).unwrap();
    let mut flipped = bytes.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    let cases: [(&str, &[u8]); 5] = [
        ("empty.h5", b""),
        ("text.h5", b"[network]\nlayers = 3\n"),
        ("truncated.h5", &bytes[..bytes.len() / 3]),
        ("header.h5", &bytes[..20]),
        ("flipped.h5", &flipped),
    ];
    for (name, contents) in cases {
        std::fs::write(sandbox.path(name), contents).unwrap();
        for command in ["show", "eval"] {
            let ran = sandbox.fails(&[command, name], 1, &[name]);
            assert_eq!(ran.out, "");
        }
    }
    sandbox.fails(&["show", "absent.h5"], 1, &["absent.h5", "no such file"]);
    sandbox.fails(&["eval", "dots"], 2, &["dots: found a folder without a grid", "a run file"]);
}

#[test]
fn gradcheck_passes_for_every_cost_and_activation() {
    let sandbox = Sandbox::new();
    for lines in [
        &["cost.loss = \"cross-entropy\""][..],
        &["cost.loss = \"l2\"", "cost.mu4 = 0.1", "network.activation = \"elu(0.2)\""],
        &["network.activation = \"softplus\"", "network.initialisation = \"independent\""],
        &["precision = \"f32\"", "network.layers = 20"],
        &["network.activation = \"relu\"", "network.layers = 20", "training.batch_size = 90"],
    ] {
        sandbox.experiment(lines);
        let ran = sandbox.succeeds(&["gradcheck", "x.toml"]);
        assert!(ran.out.contains("adjoint identity") && !ran.out.contains("FAILS"), "{}", ran.out);
    }
}

#[test]
fn data_is_listed_inspected_and_imported() {
    let sandbox = Sandbox::new();
    let listed = sandbox.succeeds(&["data", "list"]).out;
    for part in ["mnist14", "LeCun", "CC BY-SA", "sha256", "train-images-idx3-ubyte"] {
        assert!(listed.contains(part), "no `{part}` in {listed}");
    }
    let inspected = sandbox.succeeds(&["data", "inspect", "dots", "--image", "4"]).out;
    for part in ["4x4 pixels", "3 classes", "90", "training image 4, class 1", "█"] {
        assert!(inspected.contains(part), "no `{part}` in {inspected}");
    }
    let json = &sandbox.succeeds(&["data", "inspect", "dots", "--json"]).json_lines()[0];
    assert_eq!(json["train"]["label_histogram"], serde_json::json!([30, 30, 30]));
    sandbox.fails(&["data", "inspect", "dots", "--image", "90"], 1, &["image 90", "only 90"]);
    sandbox.fails(&["data", "inspect", "dotty"], 2, &["`dotty`"]);

    let import = ["data", "import", "dots", "--size", "2x2", "--to", "small"];
    let said = sandbox.succeeds(&import).err;
    assert!(said.contains("2x2 pixels") && said.contains("small"), "{said}");
    let inspected = sandbox.succeeds(&["data", "inspect", "small"]).out;
    assert!(inspected.contains("2x2 pixels of 0 to 255"), "{inspected}");
    sandbox.fails(&import, 2, &["small", "--force"]);
    sandbox.succeeds(&[&import[..], &["--force"]].concat());
    sandbox.fails(&["data", "import", "dots", "--size", "2", "--to", "y"], 2, &["ROWSxCOLUMNS"]);
    sandbox.fails(&["data", "import", "dots", "--size", "0x2", "--to", "y"], 2, &["1 to 4096"]);
    sandbox.fails(
        &["data", "import", "none", "--to", "y"],
        2,
        &["no data set, folder or file is called `none`"],
    );
}

/// `snode show … | head` must not end in a panic.
#[cfg(unix)]
#[test]
fn a_reader_may_stop_reading() {
    let sandbox = Sandbox::new();
    let mut child = sandbox
        .command(&["data", "list"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
