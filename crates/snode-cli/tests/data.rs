//! `snode data`: what is said of images, and folders that are replaced as a whole.

mod support;

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
    sandbox.fails(&same, 2, &["--to", "the folder that is read"]);
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
