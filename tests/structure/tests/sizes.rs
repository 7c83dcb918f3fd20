//! How long the program may be. The length of functions is a lint of clippy's.

use std::path::{Path, PathBuf};

use snode_structure::workspace;

/// The longest program, in lines, with the tests that stand beside its code.
const PROGRAM: usize = 5500;

#[test]
fn the_program_is_thin() {
    let lines = lines(&workspace().join("crates/snode-cli/src"));
    assert!(lines <= PROGRAM, "snode-cli has {lines} lines; expected {PROGRAM} at most");
}

fn lines(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let count = |path: PathBuf| match path.is_dir() {
        true => lines(&path),
        false if path.extension().is_none_or(|ending| ending != "rs") => 0,
        false => std::fs::read_to_string(path).unwrap().lines().count(),
    };
    entries.map(count).sum()
}
