//! Convolutional networks through the program, from the keys to the report.

use crate::support;

use snode_ode::{AffineMap, Readout};
use snode_store::Status;
use support::{SIDE, Sandbox, read_run};

/// Four channels, three by three, scored by a pattern.
const KEYS: [&str; 6] = [
    "network.map = \"convolution\"",
    "network.channels = 4",
    "network.readout = \"pattern\"",
    "network.readout_gain = 3.0",
    "cost.mu4 = 1e-4",
    "cost.penalty = \"h1\"",
];

#[test]
fn a_convolution_is_trained_measured_attacked_and_exported() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&KEYS);
    sandbox.succeeds(&["validate", "x.toml"]);
    sandbox.succeeds(&["gradcheck", "x.toml"]);
    sandbox.succeeds(&["run", "x.toml"]);
    let run = "results/x.h5";
    let record = read_run(&sandbox.path(run));
    assert_eq!(record.info.status, Status::Finished);
    let map = AffineMap::convolution(4, (SIDE, SIDE), 3).unwrap();
    assert_eq!(record.network.map(), map);
    assert_eq!(record.network.lifting().inputs(), SIDE * SIDE);
    assert_eq!(record.network.readout(), Readout::Pattern { gain: 3.0, seed: 1 });
    assert!(record.history.last_score("test").unwrap().accuracy().is_some_and(|a| a > 0.6));

    sandbox.succeeds(&["eval", run]);
    sandbox.succeeds(&["robustness", run, "--levels", "0,0.1", "--draws", "2"]);
    sandbox.succeeds(&["sensitivity", run, "--images", "5", "--draws", "2"]);
    sandbox.succeeds(&["attack", run, "--method", "moving-target", "--images", "10"]);
    sandbox.succeeds(&["export", run, "--to", "x.onnx"]);
    let report = sandbox.succeeds(&["report", run, "--output", "report"]);
    assert_eq!(report.err.matches("error").count(), 0, "{report:?}");
}

#[test]
fn a_convolution_at_several_resolutions_is_trained_measured_attacked_and_exported() {
    let sandbox = Sandbox::new();
    let keys = [&KEYS[..4], &["network.resolutions = [4, 2]", "network.layers = 6"]].concat();
    let kronecker = ["training.preconditioner = \"kronecker\"", "training.iterations = 1"];
    sandbox.experiment(&[&keys[..], &kronecker].concat());
    sandbox.succeeds(&["validate", "x.toml"]);
    sandbox.succeeds(&["gradcheck", "x.toml"]);
    sandbox.succeeds(&["run", "x.toml"]);
    let run = "results/x.h5";
    let record = read_run(&sandbox.path(run));
    let map = AffineMap::convolution(4, (SIDE, SIDE), 3).unwrap();
    assert_eq!(record.network.map(), map.at_resolutions(&[4, 2]).unwrap());
    assert!(record.history.last_score("test").unwrap().accuracy().is_some_and(|a| a > 0.6));

    sandbox.succeeds(&["eval", run]);
    sandbox.succeeds(&["robustness", run, "--levels", "0,0.1", "--draws", "2"]);
    sandbox.succeeds(&["sensitivity", run, "--images", "5", "--draws", "2"]);
    sandbox.succeeds(&["attack", run, "--method", "moving-target", "--images", "10"]);
    sandbox.succeeds(&["export", run, "--to", "x.onnx"]);
    sandbox.fails(&["export", run, "--to", "x.npz"], 2, &["different resolutions", "ONNX"]);
    sandbox.succeeds(&["report", run, "--output", "report"]);
    let rk4 = ["robustness", run, "--levels", "0.1", "--draws", "1", "--scheme", "rk4"];
    sandbox.fails(&rk4, 1, &["rk4", "different resolutions"]);
}

#[test]
fn resolutions_that_cannot_be_are_refused_with_reasons() {
    let sandbox = Sandbox::new();
    let refused = |keys: &[&str], parts: &[&str]| {
        let convolution = [&KEYS[..4], &["network.layers = 4"], keys].concat();
        sandbox.experiment(&convolution);
        sandbox.fails(&["validate", "x.toml"], 2, parts);
    };
    refused(&["network.resolutions = [1, 1]"], &["network.resolutions", "network.layers = 4"]);
    let two = "network.resolutions = [2, 2]";
    refused(&["network.resolutions = [1, 1, 1, 1]"], &["network.resolutions", "multiples of 8"]);
    refused(&[two, "network.scheme = \"rk4\""], &["network.scheme", "compares layers"]);
    refused(&[two, "training.space = \"h1\""], &["training.space", "compares layers"]);
    refused(&[two, "cost.mu4 = 1e-4", "cost.penalty = \"h1\""], &["cost.penalty"]);
}

#[test]
fn a_dense_network_may_be_wider_than_its_images() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[
        "network.width = 20",
        "training.method = \"adam\"",
        "training.iterations =",
    ]);
    sandbox.succeeds(&["run", "x.toml"]);
    let record = read_run(&sandbox.path("results/x.h5"));
    assert_eq!((record.network.width(), record.network.lifting().inputs()), (20, 16));
    sandbox.succeeds(&["robustness", "results/x.h5", "--levels", "0.1", "--draws", "1"]);
    // What other programs would take for another network.
    for to in ["x.npz", "x.safetensors"] {
        let parts = [&format!("--output {to}"), "data that are lifted", "ONNX"];
        sandbox.fails(&["export", "results/x.h5", "--to", to], 2, &parts);
        assert!(!sandbox.path(to).exists());
    }
}

#[test]
fn colours_are_not_taken_for_rows() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("cifar")).unwrap();
    std::fs::write(sandbox.path("cifar/data_batch_1.bin"), vec![7; 4 * 3073]).unwrap();
    std::fs::write(sandbox.path("cifar/test_batch.bin"), vec![7; 3073]).unwrap();
    let convolution = ["data.source = \"cifar\"", "network.map = \"convolution\""];
    let inspected = sandbox.succeeds(&["data", "inspect", "cifar"]);
    assert!(inspected.out.contains("96x32 pixels, 3 channels"), "{inspected:?}");
    sandbox.experiment(&convolution);
    sandbox.fails(
        &["validate", "x.toml"],
        2,
        &["network.map", "images of 3 channels", "image_channels = 3"],
    );
    sandbox.experiment(
        &[&convolution[..], &["network.image_channels = 3", "training.batch_size = 2"]].concat(),
    );
    sandbox.succeeds(&["validate", "x.toml"]);
    // IDX files do not say which rows are a channel's.
    let exported = sandbox.succeeds(&["data", "export", "cifar", "--to", "idx"]);
    assert!(exported.err.contains("network.image_channels = 3"), "{exported:?}");
    // Nor are they averaged with each other.
    sandbox.experiment(&["data.source = \"cifar\"", "data.size = [32, 32]"]);
    sandbox.fails(&["validate", "x.toml"], 2, &["data.size", "32 rows", "multiple of 3"]);
}

#[test]
fn networks_that_cannot_be_are_refused() {
    let sandbox = Sandbox::new();
    let refused = |lines: &[&str], parts: &[&str]| {
        sandbox.experiment(lines);
        sandbox.fails(&["validate", "x.toml"], 2, parts);
    };
    let convolution = "network.map = \"convolution\"";
    refused(&[convolution, "network.kernel = 4"], &["network.kernel", "found 4", "an odd number"]);
    refused(&[convolution, "network.kernel = 5"], &["network.kernel", "found 5", "at most 3"]);
    let means = "network.readout = \"channel-means\"";
    refused(
        &[convolution, "network.channels = 2", means],
        &["network.channels", "found 2 for 3 classes", "channel-means"],
    );
    refused(&["network.channels = 8"], &["network.channels", "only valid with", "convolution"]);
    refused(&[convolution, "network.width = 20"], &["network.width", "only valid with", "dense"]);
    refused(&["network.width = 15"], &["network.width", "found 15", "at least 16"]);
    refused(&["network.readout_gain = 2.0"], &["network.readout_gain", "only valid with"]);
    refused(
        &[convolution, "network.image_channels = 3"],
        &["network.image_channels", "found 3", "a divisor of the 4 rows"],
    );
    refused(&["cost.penalty_length = 2.0"], &["cost.penalty_length", "only valid with"]);
}
