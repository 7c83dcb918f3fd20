//! Networks leave the program and come back through every format.

use crate::support;

use std::path::Path;

use snode_exchange::{Description, write_npz, write_safetensors};
use snode_ode::{Activation, Endpoint, Grid, Initialisation, Interpolation, Network};
use snode_store::Status;
use support::{Sandbox, read_run};

/// A sandbox with the short training done.
fn trained(lines: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.experiment(lines);
    sandbox.succeeds(&["run", "x.toml"]);
    sandbox
}

#[test]
fn what_is_exported_and_imported_is_the_same_network() {
    for lines in
        [&["precision = \"f64\""][..], &["precision = \"f32\"", "network.scheme = \"rk4\""]]
    {
        let sandbox = trained(lines);
        let evaluation = |run: &str| {
            let ran = sandbox.succeeds(&["eval", run, "--data", "dots", "--json"]);
            ran.json_lines().remove(0)
        };
        let trained = evaluation("results/x.h5");
        for file in ["x.npz", "x.safetensors"] {
            sandbox.succeeds(&["export", "results/x.h5", "--to", file]);
            let output = format!("{file}.h5");
            sandbox.succeeds(&["import", file, "--output", &output, "--data", "dots"]);
            let again = evaluation(&output);
            for key in ["accuracy", "correct", "confusion", "scheme"] {
                assert_eq!(again[key], trained[key], "{file}: {key}");
            }
            let (first, second) = (sandbox.path("results/x.h5"), sandbox.path(&output));
            let read = snode_store::read_network_as_f64;
            assert!(read(&first).unwrap() == read(&second).unwrap(), "{file}");
        }
    }
}

#[test]
fn an_imported_network_is_a_run_like_any_other() {
    let sandbox = trained(&["precision = \"f64\""]);
    sandbox.succeeds(&["export", "results/x.h5", "--to", "x.npz"]);
    sandbox.succeeds(&["import", "x.npz", "--output", "y.h5", "--data", "dots"]);
    let run = read_run(&sandbox.path("y.h5"));
    assert_eq!((run.info.status, &run.info.stop_reason[..]), (Status::Finished, "imported"));
    assert_eq!(run.info.name, "x");
    assert_eq!(run.info.provenance["imported from"], "x.npz");
    assert!(run.history.iterations.is_empty() && run.checkpoint.is_none());

    let shown = sandbox.succeeds(&["show", "y.h5"]).out;
    assert!(shown.contains("finished (imported)") && shown.contains("width 16"), "{shown}");
    // It says its data itself.
    sandbox.succeeds(&["eval", "y.h5"]);
    sandbox.succeeds(&["robustness", "y.h5", "--levels", "0,0.1", "--draws", "1"]);
    sandbox.succeeds(&["sensitivity", "y.h5", "--images", "2", "--draws", "1"]);
    // Its configuration is an experiment that can be run.
    let config = sandbox.succeeds(&["show", "y.h5", "--config"]).out;
    sandbox.write("again.toml", &config);
    sandbox.succeeds(&["validate", "again.toml", "--set", "training.batch_size=30"]);
}

#[test]
fn without_data_the_images_have_to_be_named() {
    let sandbox = trained(&[]);
    sandbox.succeeds(&["export", "results/x.h5", "--to", "x.npz"]);
    sandbox.succeeds(&["import", "x.npz", "--output", "y.h5"]);
    sandbox.fails(&["eval", "y.h5"], 2, &["--data"]);
    sandbox.succeeds(&["eval", "y.h5", "--data", "dots"]);
}

#[test]
fn single_layers_travel_as_a_residual_network() {
    let sandbox = trained(&["precision = \"f64\""]);
    let names = ["--names", "blocks.{}.linear"];
    sandbox.succeeds(&[&["export", "results/x.h5", "--to", "x.safetensors"], &names[..]].concat());
    let arguments = ["import", "x.safetensors", "--output", "y.h5", "--data", "dots"];
    sandbox.succeeds(&[&arguments[..], &names].concat());
    let (first, second) = (sandbox.path("results/x.h5"), sandbox.path("y.h5"));
    assert!(read_run(&first).network == read_run(&second).network);
    sandbox.fails(
        &["import", "x.safetensors", "--output", "z.h5"],
        1,
        &["x.safetensors", "`weights` is missing", "blocks.0.linear.bias"],
    );
}

/// A file that says nothing but the parameters, as other programs write them.
fn bare(path: &Path) {
    let grid = Grid::new(1.5, 3, Endpoint::Excluded).unwrap();
    let network = Network::<f32>::initial(16, grid, Activation::Relu, Initialisation::Spline, 1);
    let names = "layers.{}".parse().unwrap();
    let bytes = write_safetensors(&network, &Description::default(), Some(&names)).unwrap();
    // The mark of our metadata is changed to another program's.
    let at = bytes.windows(13).position(|window| window == b"snode_network").unwrap();
    let mut bytes = bytes;
    bytes[at..at + 13].copy_from_slice(b"other_program");
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn what_the_file_does_not_say_is_asked_for() {
    let sandbox = Sandbox::new();
    bare(&sandbox.path("bare.safetensors"));
    let mut arguments =
        vec!["import", "bare.safetensors", "--output", "y.h5", "--names", "layers.{}"];
    for (missing, option) in [
        ("--background", &["--background", "0", "--foreground", "-1"][..]),
        ("--horizon", &["--step", "0.5"]),
        ("--activation", &["--activation", "relu"]),
        ("--classes", &["--classes", "3"]),
    ] {
        sandbox.fails(&arguments, 2, &["bare.safetensors", "does not say", missing]);
        arguments.extend(option);
    }
    sandbox.succeeds(&arguments);
    let info = snode_store::read_info(sandbox.path("y.h5")).unwrap();
    assert_eq!((info.grid.horizon(), info.grid.steps()), (1.5, 3));
    assert_eq!((info.model.input.rows, info.model.input.cols), (4, 4));
    assert_eq!((info.model.input.background, info.model.input.foreground), (0.0, -1.0));
    sandbox.succeeds(&["eval", "y.h5", "--data", "dots"]);
    sandbox.fails(&arguments, 2, &["y.h5", "exists"]);
}

#[test]
fn what_cannot_travel_is_refused() {
    let sandbox = trained(&["network.scheme = \"rk4\""]);
    let run = "results/x.h5";
    sandbox.fails(&["export", run, "--to", "x.txt"], 2, &["x.txt", ".onnx"]);
    sandbox.fails(&["export", run, "--to", "x.npz", "--state"], 2, &["--state", "onnx"]);
    sandbox.fails(&["export", run, "--to", "x.npz", "--names", "{}"], 2, &["--names"]);
    sandbox.fails(&["export", run, "--to", "x.safetensors", "--names", "x"], 2, &["--names", "{}"]);
    sandbox.fails(&["export", run, "--to", "x.onnx"], 2, &["rk4", "--scheme euler"]);
    sandbox.fails(&["export", "none.h5", "--to", "x.npz"], 1, &["none.h5", "no such file"]);
    sandbox.succeeds(&["export", run, "--to", "x.onnx", "--scheme", "euler", "--state"]);
    assert!(!sandbox.path("x.npz").exists());

    sandbox.fails(&["import", "none.npz", "--output", "y.h5"], 1, &["none.npz", "cannot read"]);
    sandbox.fails(&["import", "dots", "--output", "y.h5"], 2, &["dots", ".npz"]);
    let folder = ["import", "dots", "--format", "npz", "--output", "y.h5"];
    sandbox.fails(&folder, 1, &["dots", "not a regular file"]);
    for format in ["npz", "safetensors", "mat"] {
        let arguments = ["import", "x.toml", "--format", format, "--output", "y.h5"];
        sandbox.fails(&arguments, 1, &["x.toml", "not a"]);
    }
    sandbox.succeeds(&["export", run, "--to", "x.npz"]);
    let import = ["import", "x.npz", "--output", "y.h5"];
    for (options, parts) in [
        (&["--classes", "17"][..], &["17 classes", "width 16"][..]),
        (&["--horizon", "0"], &["--horizon: network.horizon: found 0"]),
        (&["--horizon", "-1"], &["--horizon: network.horizon: found -1"]),
        (&["--step", "1e4"], &["--step: network.horizon: found 60000"]),
        (&["--size", "3x5"], &["--size: found images of 3x5 pixels; expected 16"]),
        (&["--size", "5x5"], &["--size: found images of 5x5 pixels; expected 16"]),
        (&["--background=-1"], &["--background", "different from background"]),
        (&["--background", "1e30"], &["--background", "expected -1e6 to 1e6"]),
        (&["--mean", "0.5"], &["--std"]),
        (&["--mean", "0.5", "--std", "0"], &["--std: found 0"]),
        (&["--mean", "0.5", "--std", "1", "--foreground", "1"], &["--mean", "--foreground"]),
        (&["--interpolation", "cubic"], &["--interpolation", "hermite, linear, constant"]),
        (&["--ignore", "head"], &["--ignore", "x.npz", "`head`"]),
        (&["--activation", "swish"], &["--activation", "swish"]),
        (&["--size", "4"], &["--size", "ROWSxCOLUMNS"]),
        (&["--data", "dot"], &["--data", "dot"]),
        (&["--names", "{}"], &["--names"]),
    ] {
        sandbox.fails(&[&import[..], options].concat(), 2, parts);
    }
    assert!(!sandbox.path("y.h5").exists());
}

/// A step as small as a network of another program has needs no horizon; both at once contradict.
#[test]
fn options_take_precedence_over_the_file() {
    let sandbox = Sandbox::new();
    let grid = Grid::new(1.5, 3, Endpoint::Excluded).unwrap();
    let network = Network::<f64>::initial(16, grid, Activation::Relu, Initialisation::Spline, 1);
    let about = Description { classes: Some(3), ..Description::default() };
    std::fs::write(sandbox.path("x.npz"), write_npz(&network, &about).unwrap()).unwrap();
    let import = ["import", "x.npz", "--output", "y.h5"];
    sandbox.fails(&[&import[..], &["--step", "1", "--horizon", "1"]].concat(), 2, &["--step"]);
    let options = ["--step", "0.25", "--activation", "tanh", "--size", "2x8"];
    let import = [&import[..], &["--background", "0", "--foreground", "1"]].concat();
    sandbox.succeeds(&[&import[..], &options].concat());
    let info = snode_store::read_info(sandbox.path("y.h5")).unwrap();
    assert_eq!((info.grid.horizon(), info.activation), (0.75, Activation::Tanh));
    assert_eq!((info.model.input.rows, info.model.input.cols), (2, 8));
    assert_eq!(info.model.input.foreground, 1.0);
}

/// `tests/data/make.py` of snode-exchange makes the file: W_k[i, j] = 10k + 3i + j + 1/2,
/// b_k[i] = k − i.
#[test]
fn cells_of_matlab_7_3_become_layers() {
    let sandbox = Sandbox::new();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cells73.mat");
    let known = ["--horizon", "1", "--activation", "relu", "--classes", "2", "--size", "1x3"];
    let known = [&known[..], &["--background", "0", "--foreground", "1"]].concat();
    sandbox.succeeds(&[&["import", file, "--output", "y.h5"], &known[..]].concat());
    let parameters = read_run(&sandbox.path("y.h5")).network.into_parameters();
    assert_eq!((parameters.nodes(), parameters.width()), (2, 3));
    for k in 0..2 {
        for i in 0..3 {
            assert_eq!(parameters.bias(k)[i], k as f64 - i as f64);
            for j in 0..3 {
                let expected = (10 * k + 3 * i + j) as f64 + 0.5;
                assert_eq!(parameters.weights(k)[(i, j)], expected);
            }
        }
    }

    // Another HDF5 file, and one whose HDF5 contents are not there.
    sandbox.fails(
        &["import", "y.h5", "--format", "mat", "--output", "z.h5"],
        1,
        &["y.h5", "not a MATLAB"],
    );
    let bytes = std::fs::read(file).unwrap();
    std::fs::write(sandbox.path("cut.mat"), &bytes[..512]).unwrap();
    sandbox.fails(&["import", "cut.mat", "--output", "z.h5"], 1, &["cut.mat"]);
    let mut renamed = bytes.clone();
    let at = bytes.windows(6).position(|window| window == b"Bcell\0").unwrap();
    renamed[at] = b'C';
    std::fs::write(sandbox.path("renamed.mat"), renamed).unwrap();
    sandbox.fails(
        &["import", "renamed.mat", "--output", "z.h5"],
        1,
        &["renamed.mat", "`Bcell` is missing; there are: Ccell, Wcell"],
    );
}

/// Interpolation, tolerances and the norm of errors determine what the network computes.
#[test]
fn how_the_equation_is_solved_travels() {
    let keys = ["solver.interpolation = \"constant\"", "solver.rtol = 0.01", "solver.atol = 0.02"];
    for (scheme, keys) in [("rk4", &keys[..1]), ("tsit5", &keys[..])] {
        let scheme = format!("network.scheme = \"{scheme}\"");
        let sandbox = trained(&[&[scheme.as_str()], keys].concat());
        let evaluation = |run: &str| {
            let ran = sandbox.succeeds(&["eval", run, "--data", "dots", "--json"]);
            ran.json_lines().remove(0)
        };
        let trained = evaluation("results/x.h5");
        let solver = |run: &str| snode_store::read_info(sandbox.path(run)).unwrap().model.solver;
        assert_eq!(solver("results/x.h5").interpolation, Some(Interpolation::Constant));
        for file in ["x.npz", "x.safetensors"] {
            sandbox.succeeds(&["export", "results/x.h5", "--to", file]);
            let output = format!("{file}.h5");
            sandbox.succeeds(&["import", file, "--output", &output]);
            assert_eq!(solver(&output), solver("results/x.h5"));
            let again = evaluation(&output);
            for key in ["confusion", "scheme", "steps", "right_hand_sides"] {
                assert_eq!(again[key], trained[key], "{file}: {key}");
            }
        }
    }
}

/// Files of before the options of schemes were written do not say how to read between layers.
#[test]
fn a_scheme_without_its_interpolation_is_asked_for() {
    let sandbox = Sandbox::new();
    let grid = Grid::new(1.5, 3, Endpoint::Included).unwrap();
    let network = Network::<f64>::initial(16, grid, Activation::Relu, Initialisation::Spline, 1);
    let about = Description {
        classes: Some(3),
        scheme: Some("rk4".into()),
        background: Some(0.0),
        foreground: Some(1.0),
        ..Description::default()
    };
    std::fs::write(sandbox.path("x.npz"), write_npz(&network, &about).unwrap()).unwrap();
    let import = ["import", "x.npz", "--output", "y.h5"];
    sandbox.fails(&import, 2, &["x.npz", "rk4", "--interpolation"]);
    sandbox.succeeds(&[&import[..], &["--interpolation", "linear"]].concat());
    let model = snode_store::read_info(sandbox.path("y.h5")).unwrap().model;
    assert_eq!(model.solver.interpolation, Some(Interpolation::Linear));
}

/// Of another program's training nothing is known, and nothing is made up.
#[test]
fn an_imported_network_has_no_training_and_no_cost_unless_told() {
    let sandbox = trained(&[]);
    sandbox.succeeds(&["export", "results/x.h5", "--to", "x.npz"]);
    let cost = |run: &str| {
        let ran = sandbox.succeeds(&["eval", run, "--data", "dots", "--json"]);
        ran.json_lines().remove(0)["cost"].clone()
    };
    let import = ["import", "x.npz", "--data", "dots"];
    sandbox.succeeds(&[&import[..], &["--output", "y.h5"]].concat());
    assert!(cost("y.h5").is_null());
    let eval = sandbox.succeeds(&["eval", "y.h5"]).out;
    assert!(eval.contains("accuracy") && !eval.contains("cost"), "{eval}");
    let shown = sandbox.succeeds(&["show", "y.h5"]).out;
    assert!(shown.contains("not known: the network was imported"), "{shown}");
    for nothing in ["ncg", "[cost]", "[training]", "restarts", "seed = "] {
        assert!(!shown.contains(nothing), "{nothing}: {shown}");
    }
    let told = ["--output", "z.h5", "--loss", "cross-entropy"];
    sandbox.succeeds(&[&import[..], &told].concat());
    assert_eq!(cost("z.h5"), cost("results/x.h5"));
    let config = sandbox.succeeds(&["show", "z.h5", "--config"]).out;
    assert!(config.contains("loss = \"cross-entropy\""), "{config}");
}

/// Pixels of 0 to 1, less a mean and divided by a standard deviation.
#[test]
fn mean_and_standard_deviation_are_an_encoding() {
    let sandbox = Sandbox::new();
    bare(&sandbox.path("x.safetensors"));
    let known = ["--step", "0.5", "--activation", "relu", "--classes", "3", "--names", "layers.{}"];
    let import = ["import", "x.safetensors", "--output", "y.h5", "--mean", "0.25", "--std", "0.5"];
    sandbox.succeeds(&[&import[..], &known].concat());
    let input = snode_store::read_info(sandbox.path("y.h5")).unwrap().model.input;
    assert_eq!((input.background, input.foreground), (-0.5, 1.5));
}

/// A network of width 6 takes images of 2x3 pixels or 1x6: only the user knows.
#[test]
fn the_size_of_images_that_are_no_square_is_asked_for() {
    let sandbox = Sandbox::new();
    let grid = Grid::new(1.5, 3, Endpoint::Excluded).unwrap();
    let network = Network::<f64>::initial(6, grid, Activation::Relu, Initialisation::Spline, 1);
    let about = Description {
        classes: Some(3),
        background: Some(0.0),
        foreground: Some(1.0),
        ..Description::default()
    };
    std::fs::write(sandbox.path("x.npz"), write_npz(&network, &about).unwrap()).unwrap();
    let import = ["import", "x.npz", "--output", "y.h5"];
    sandbox.fails(&import, 2, &["x.npz", "--size", "6 pixels"]);
    sandbox.succeeds(&[&import[..], &["--size", "2x3"]].concat());
    sandbox.succeeds(&["eval", "y.h5", "--data", "dots"]);
}

/// Without what stands before and behind the layers it would be another network.
#[test]
fn tensors_beside_the_layers_are_named() {
    let sandbox = Sandbox::new();
    bare(&sandbox.path("x.safetensors"));
    let bytes = std::fs::read(sandbox.path("x.safetensors")).unwrap();
    let length = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let header = String::from_utf8(bytes[8..8 + length].to_vec()).unwrap();
    let end = bytes.len() - 8 - length;
    let head = format!(
        ",\"fc.bias\":{{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[{end},{}]}}}}",
        end + 8
    );
    let header = header.trim_end().strip_suffix('}').unwrap().to_owned() + &head;
    let mut with_head = (header.len() as u64).to_le_bytes().to_vec();
    with_head.extend(header.bytes());
    with_head.extend(&bytes[8 + length..]);
    with_head.extend([0; 8]);
    std::fs::write(sandbox.path("x.safetensors"), with_head).unwrap();
    let known = ["--step", "0.5", "--activation", "relu", "--classes", "3", "--names", "layers.{}"];
    let known = [&known[..], &["--background", "0", "--foreground", "1"]].concat();
    let import = [&["import", "x.safetensors", "--output", "y.h5"][..], &known].concat();
    sandbox.fails(&import, 1, &["x.safetensors", "fc.bias", "--ignore"]);
    sandbox.fails(&[&import[..], &["--ignore", "fd.*"]].concat(), 2, &["--ignore", "fd.*"]);
    sandbox.succeeds(&[&import[..], &["--ignore", "fc.*"]].concat());
}
