//! Every experiment of the repository trains what it always has: what is recorded here was written by
//! snode 0.1.0. Whoever changes an experiment on purpose records it anew.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use snode_experiment::{ExperimentFile, Prepared};
use snode_runner::Grid;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The identities of all cells of a grid, as one hash.
fn identities(grid: &Grid) -> String {
    let all: Vec<&str> = grid.cells.iter().map(|cell| cell.identity.as_str()).collect();
    let hash = Sha256::digest(all.join("\n").as_bytes());
    hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[test]
fn cells_of_grids_have_the_identities_they_had() {
    for line in include_str!("data/cells.txt").lines() {
        let [path, count, hash] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let file = ExperimentFile::read_any(&repository().join(path), &[]).unwrap();
        let grid = Grid::of(file, &[], None).unwrap();
        assert_eq!(
            (grid.cells.len().to_string().as_str(), &*identities(&grid)),
            (count, hash),
            "{path}"
        );
    }
}

#[test]
fn experiments_resolve_to_what_they_did() {
    let recorded = include_str!("data/resolved.txt").split("# file: ").skip(1);
    for record in recorded {
        let (path, text) = record.split_once('\n').unwrap();
        let file = ExperimentFile::read(&repository().join(path), &[]).unwrap();
        let experiment = Prepared::of(&file).unwrap().experiment;
        let mut resolved = toml::Table::try_from(&experiment).unwrap();
        // That of this computer.
        resolved.remove("threads");
        assert_eq!(resolved, text.parse::<toml::Table>().unwrap(), "{path}");
    }
}
