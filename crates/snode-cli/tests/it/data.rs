//! `snode data`: what is said of images, and folders that are replaced as a whole.

use crate::support;

use std::collections::BTreeMap;
use std::path::Path;

use snode_data::{Dataset, Images, Split, idx};
use support::Sandbox;

/// Writes a data set of 2x2 pixels, all of one brightness.
fn write(folder: &Path, pixel: u16, labels: &[u8]) {
    let split = || {
        let images = Images::new(2, 2, 255, vec![pixel; 4 * labels.len()]).unwrap();
        Split::new(images, labels.to_vec()).unwrap()
    };
    let classes = 1 + usize::from(labels.iter().copied().max().unwrap());
    idx::write_folder(folder, &Dataset::new("x", classes, split(), split()).unwrap()).unwrap();
}

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let read = |path: std::path::PathBuf| std::fs::read(path).unwrap();
    entries.map(|e| (e.file_name().into_string().unwrap(), read(e.path()))).collect()
}

#[test]
fn what_is_unusual_is_said() {
    let sandbox = Sandbox::new();
    write(&sandbox.path("digits"), 16, &[1, 2, 3, 1, 2, 3]);
    let shown = sandbox.succeeds(&["data", "inspect", "digits"]).out;
    assert!(shown.contains("brightest pixel of all training images is 16 of 255"), "{shown}");
    assert!(shown.contains("--max-value 16"), "{shown}");
    assert!(shown.contains("counted from 1"), "{shown}");
    let json = sandbox.succeeds(&["data", "inspect", "digits", "--json"]).json_lines().remove(0);
    assert_eq!(json["remarks"].as_array().unwrap().len(), 2);
    let usual = sandbox.succeeds(&["data", "inspect", "dots"]).out;
    assert!(!usual.contains("note:"), "{usual}");

    let lines = ["data.source = \"digits\"", "training.batch_size = 2"];
    sandbox.experiment(&lines);
    let ran = sandbox.succeeds(&["run", "x.toml"]);
    assert_eq!(ran.err.matches("note: ").count(), 2, "{}", ran.err);
    let validated = sandbox.succeeds(&["validate", "x.toml"]).out;
    assert_eq!(validated.matches("# note: ").count(), 2, "{validated}");
}

#[test]
fn a_scale_can_be_given() {
    let sandbox = Sandbox::new();
    write(&sandbox.path("digits"), 16, &[0, 1]);
    let import = ["data", "import", "digits", "--to", "new/bright"];
    sandbox.fails(&[&import[..], &["--max-value", "15"]].concat(), 2, &["--max-value", "16"]);
    sandbox.fails(&[&import[..], &["--max-value", "256"]].concat(), 2, &["--max-value", "256"]);
    sandbox.succeeds(&[&import[..], &["--max-value", "16"]].concat());
    let data = idx::load_folder(&sandbox.path("new/bright"), "x").unwrap();
    assert!(data.train().images().pixels().iter().all(|&pixel| pixel == 255));
}

#[test]
fn a_folder_is_replaced_as_a_whole_or_not_at_all() {
    let sandbox = Sandbox::new();
    let (old, new) = (sandbox.path("old"), sandbox.path("new"));
    write(&old, 200, &[0, 1, 2]);
    write(&new, 100, &[0, 1]);
    let before = contents(&old);
    let import = ["data", "import", "new", "--to", "old"];
    sandbox.fails(&import, 2, &["old", "not overwritten", "--force"]);
    // Some files are enough to be in the way.
    std::fs::create_dir(sandbox.path("some")).unwrap();
    std::fs::copy(
        old.join("t10k-labels-idx1-ubyte"),
        sandbox.path("some/t10k-labels.idx1-ubyte.gz"),
    )
    .unwrap();
    let some = contents(&sandbox.path("some"));
    let import_some = ["data", "import", "new", "--to", "some"];
    sandbox.fails(&import_some, 2, &["t10k-labels.idx1-ubyte.gz", "--force"]);
    assert_eq!(contents(&sandbox.path("some")), some);

    let forced = [&import[..], &["--force"]].concat();
    std::fs::write(old.join("notes.txt"), "mine").unwrap();
    sandbox.fails(&forced, 1, &["old", "notes.txt", "would be lost"]);
    std::fs::remove_file(old.join("notes.txt")).unwrap();
    assert_eq!(contents(&old), before);
    sandbox.succeeds(&forced);
    assert_eq!(contents(&old), contents(&new));
    let forced_some = [&import_some[..], &["--force"]].concat();
    sandbox.succeeds(&forced_some);
    assert_eq!(contents(&sandbox.path("some")), contents(&new));
    let same = ["data", "import", "new", "--to", "new", "--force"];
    sandbox.fails(&same, 2, &["--output", "the folder that is read"]);
    // Nothing temporary is left.
    let names = std::fs::read_dir(sandbox.path("")).unwrap().map(|e| e.unwrap().file_name());
    let names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    assert!(!names.iter().any(|name| name.starts_with('.')), "{names:?}");
}

/// Killed at any moment, the folder is the old data set or the new one.
#[cfg(target_os = "linux")]
#[test]
fn a_killed_import_leaves_no_mixture() {
    let sandbox = Sandbox::new();
    let (old, new, other) = (sandbox.path("old"), sandbox.path("new"), sandbox.path("other"));
    write(&old, 200, &[0, 1, 2]);
    write(&new, 100, &[0, 1]);
    write(&other, 200, &[0, 1, 2]);
    let sets = [contents(&new), contents(&other)];
    for wait in 0..24_u64 {
        let from = if wait % 2 == 0 { "new" } else { "other" };
        let import = ["data", "import", from, "--to", "old", "--force"];
        let mut child = sandbox.command(&import).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_micros(1500 * wait));
        let _ = child.kill();
        child.wait().unwrap();
        assert!(sets.contains(&contents(&old)), "killed after {wait}");
    }
}

/// gunzip passes over zeros behind the data, and so do we.
#[test]
fn zeros_behind_gzip_data_are_passed_over() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("zipped");
    write(&folder, 200, &[0, 1]);
    let plain = folder.join("train-labels-idx1-ubyte");
    idx::write_labels(&folder.join("train-labels-idx1-ubyte.gz"), &[0, 1]).unwrap();
    std::fs::remove_file(plain).unwrap();
    let path = folder.join("train-labels-idx1-ubyte.gz");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.resize(bytes.len() + 512, 0);
    std::fs::write(&path, &bytes).unwrap();
    sandbox.succeeds(&["data", "inspect", "zipped"]);
    *bytes.last_mut().unwrap() = 1;
    std::fs::write(&path, &bytes).unwrap();
    sandbox.fails(
        &["data", "inspect", "zipped"],
        1,
        &["train-labels", "something else than zeros"],
    );
}

/// Two half circles in the plane, one for each class.
fn moons(count: usize) -> String {
    let mut text = "x,y,label,split\n".to_owned();
    for i in 0..count {
        let angle = std::f64::consts::PI * (i / 2) as f64 / (count / 2) as f64;
        let (x, y) = match i % 2 {
            0 => (angle.cos(), angle.sin()),
            _ => (1.0 - angle.cos(), 0.5 - angle.sin()),
        };
        let split = if i % 5 == 0 { "test" } else { "train" };
        text += &[x.to_string(), y.to_string(), (i % 2).to_string(), split.to_string()].join(",");
        text.push('\n');
    }
    text
}

#[test]
fn a_table_of_ones_own_is_trained_on() {
    let sandbox = Sandbox::new();
    sandbox.write("moons.csv", &moons(200));
    sandbox.experiment(&["data.source = \"moons.csv\"", "training.batch_size = 40"]);
    let inspected = sandbox.succeeds(&["data", "inspect", "moons.csv", "--json"]).json_lines();
    let (offset, scale) = (inspected[0]["offset"].as_f64(), inspected[0]["scale"].as_f64());
    assert!(offset.unwrap() < -0.9 && scale.unwrap() > 2.9, "{inspected:?}");
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    let config = sandbox.succeeds(&["show", "results/x.h5", "--config"]).out;
    for key in ["offset = ", "scale = "] {
        assert!(config.contains(key), "{config}");
    }
    let evaluated = sandbox.succeeds(&["eval", "results/x.h5", "--json"]).json_lines().remove(0);
    assert_eq!(evaluated["total"], 40);
    sandbox.succeeds(&["attack", "results/x.h5", "--method", "fgsm", "--images", "5"]);

    // Other data are scaled as those the network was trained on, and must lie within.
    sandbox.write("near.csv", "x,y,label\n0,0,0\n0.5,0.25,1\n");
    sandbox.write("far.csv", "x,y,label\n0,0,0\n5,0.25,1\n");
    let eval = ["eval", "results/x.h5", "--split", "train", "--data"];
    sandbox.succeeds(&[&eval[..], &["near.csv"]].concat());
    sandbox.fails(&[&eval[..], &["far.csv"]].concat(), 1, &["far.csv", "found the input 5"]);

    // A grid knows its cells by the numbers, and not by the place.
    sandbox
        .write("g.toml", &(support::experiment(&["data.source = \"moons.csv\""]) + "seeds = 1\n"));
    sandbox.succeeds(&["run", "g.toml", "--quiet"]);
    std::fs::rename(sandbox.path("moons.csv"), sandbox.path("moved.csv")).unwrap();
    let moved = ["--set", "data.source=moved.csv"];
    let ran = sandbox.succeeds(&[&["run", "g.toml"][..], &moved].concat());
    assert!(ran.err.contains("1 of 1") || ran.out.contains("1 of 1"), "{ran:?}");
}

#[test]
fn a_scale_that_does_not_fit_is_refused_with_its_key() {
    let sandbox = Sandbox::new();
    sandbox.write("moons.csv", &moons(200));
    let source = "data.source = \"moons.csv\"";
    sandbox.experiment(&[source, "data.offset = -2", "data.scale = 6"]);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    for (lines, parts) in [
        (&["data.scale = 1"][..], &["data.source", "found the input", "0 to 1"][..]),
        (&["data.scale = 0"], &["data.scale", "found 0", "more than 0"]),
        (&["data.offset = 1e13"], &["data.offset", "-1e12 to 1e12"]),
    ] {
        sandbox.experiment(&[&[source][..], lines].concat());
        sandbox.fails(&["validate", "x.toml"], 2, parts);
    }
    sandbox.experiment(&["data.offset = 1"]);
    sandbox.fails(&["validate", "x.toml"], 2, &["data.offset", "0, as images are bytes"]);
    sandbox.experiment(&["data.source = \"mnist14\"", "data.scale = 255"]);
    sandbox.fails(&["validate", "x.toml"], 2, &["data.scale", "built in"]);
    sandbox.write("real.csv", "x,y,target\n0,0,0.5\n1,1,2\n");
    sandbox.experiment(&["data.source = \"real.csv\""]);
    let parts = ["cost.loss", "expected \"squared\" or \"huber\"", "real targets of 1 component"];
    sandbox.fails(&["validate", "x.toml"], 2, &parts);
}

#[test]
fn the_users_own_folder_may_be_a_tilde() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("home")).unwrap();
    std::fs::rename(sandbox.path("dots"), sandbox.path("home/dots")).unwrap();
    sandbox.experiment(&["data.source = \"~/dots\""]);
    let mut command = sandbox.command(&["validate", "x.toml"]);
    let ran = support::Ran::from(command.env("HOME", sandbox.path("home")).output().unwrap());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("home/dots"), "{ran:?}");
    sandbox.experiment(&["data.source = \"~/none\""]);
    sandbox.fails(&["validate", "x.toml"], 2, &["data.source", "none", "IDX files"]);
}

#[test]
fn a_data_set_is_written_for_other_programs_and_comes_back() {
    let sandbox = Sandbox::new();
    let dots = idx::load_folder(&sandbox.path("dots"), "dots").unwrap();
    for to in ["dots.npz", "copy"] {
        sandbox.succeeds(&["data", "export", "dots", "--to", to]);
        sandbox.fails(&["data", "export", "dots", "--to", to], 2, &[to, "--force"]);
        sandbox.succeeds(&["data", "export", "dots", "--to", to, "--force"]);
        let found = snode_data::Place::find(&sandbox.path(to)).unwrap().load(None).unwrap();
        let same = found.dataset.train() == dots.train() && found.dataset.test() == dots.test();
        assert!(same, "{to}");
    }
    sandbox.fails(&["data", "export", "dots.npz", "--to", "dots.npz", "--force"], 2, &["dots.npz"]);
    sandbox.fails(&["data", "export", "nothing", "--to", "x.npz"], 2, &["`nothing`", ".npz"]);
    // What was trained on one is evaluated on the other.
    sandbox.experiment(&[]);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    let score = |data: &str| {
        let ran = sandbox.succeeds(&["eval", "results/x.h5", "--data", data, "--json"]);
        ran.json_lines().remove(0)["correct"].clone()
    };
    assert_eq!(score("dots"), score("copy"));
    sandbox.experiment(&["data.source = \"dots.npz\"", "name = \"y\""]);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    let networks =
        ["results/x.h5", "results/y.h5"].map(|run| support::read_run(&sandbox.path(run)));
    assert!(networks[0].network == networks[1].network);
}

#[cfg(feature = "mnist")]
#[test]
fn mnist_is_written_for_other_programs() {
    let sandbox = Sandbox::new();
    sandbox.succeeds(&["data", "export", "mnist14", "--to", "mnist14.npz"]);
    let found = snode_data::arrays::load_npz(&sandbox.path("mnist14.npz"), None).unwrap();
    let (found, known) = (found.into_dataset("x").unwrap(), snode_data::mnist::load().unwrap());
    assert!(found.train() == known.train() && found.test() == known.test());
    let ran = sandbox.succeeds(&["data", "export", "mnist14", "--to", "idx", "--size", "7x7"]);
    assert!(ran.err.contains("rounded to the 255"), "{ran:?}");
    let small = idx::load_folder(&sandbox.path("idx"), "x").unwrap();
    assert_eq!((small.shape(), small.train().len()), ((7, 7), 60_000));
}
