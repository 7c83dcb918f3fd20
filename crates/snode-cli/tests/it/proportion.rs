//! What a command takes grows no faster than what it is given. Processor time and memory of the process
//! itself are compared, so that a busy computer changes nothing.

#![cfg(target_os = "linux")]

use crate::support;

use std::path::Path;

use snode_store::{Compression, write_run};
use snode_train::{Iteration, IterationRecord, Position};
use support::{Sandbox, read_run};

const MIB: u64 = 1 << 20;

/// A grid of so many cells.
fn grid(cells: usize) -> String {
    let seeds: Vec<String> = (0..cells / 4).map(|seed| seed.to_string()).collect();
    let axes = "network.activation = [\"tanh\", \"relu\"]\ntraining.epochs = [1, 2]";
    support::experiment(&[]) + &format!("[grid]\n{axes}\nseed = [{}]\n", seeds.join(", "))
}

#[test]
fn a_grid_takes_time_and_memory_in_proportion_to_its_cells() {
    const FEW: usize = 2000;
    const MANY: usize = 8 * FEW;
    let sandbox = Sandbox::new();
    sandbox.write("few.toml", &grid(FEW));
    sandbox.write("many.toml", &grid(MANY));
    for command in [&["--dry-run"][..], &["--dry-run", "--json"]] {
        let used = |file| sandbox.used(&[&["run", file][..], command].concat());
        let (few, many) = (used("few.toml"), used("many.toml"));
        // Twice what is proportional; what is quadratic takes 64 times as long.
        let ratio = many.seconds / few.seconds;
        assert!(ratio < 16.0, "{command:?}: {few:?}, {many:?}");
        let bytes = many.bytes.saturating_sub(few.bytes) / (MANY - FEW) as u64;
        assert!(bytes < 6000, "{command:?}: {bytes} bytes a cell");
    }
}

/// The manifest is there, and nothing is made of the other cells.
#[test]
fn one_cell_of_a_grid_takes_little_whatever_its_number() {
    const CELLS: usize = 16_000;
    let sandbox = Sandbox::new();
    sandbox.write("g.toml", &grid(CELLS));
    let all = sandbox.used(&["run", "g.toml", "--dry-run", "--json"]);
    let last = CELLS.to_string();
    sandbox.succeeds(&["run", "g.toml", "--cell", "1", "--quiet"]);
    let one = sandbox.used(&["run", "g.toml", "--cell", &last, "--quiet"]);
    assert!(one.seconds < all.seconds / 2.0, "{one:?} of {all:?}");
}

/// Writes a run with a long history.
fn with_history(path: &Path, to: &Path, iterations: usize) {
    let mut run = read_run(path);
    let record = |number: usize| IterationRecord {
        position: Position { epoch: number / 1000, batch: number % 1000, iteration: 0 },
        iteration: Iteration { gamma: 0.1, eta: 0.2, slope: -0.3, ..Iteration::default() },
        ..run.history.iterations[0]
    };
    let long = (0..iterations).map(record).collect();
    run.history.iterations = long;
    write_run(to, &run, Compression::RESULT).unwrap();
}

/// Every row is printed as soon as it is made.
#[test]
fn a_long_history_is_shown_in_the_memory_it_takes_to_read_it() {
    const ITERATIONS: usize = 60_000;
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    with_history(&sandbox.path("results/x.h5"), &sandbox.path("long.h5"), ITERATIONS);
    let read = sandbox.used(&["show", "long.h5"]).bytes;
    for option in ["--json", "--iterations"] {
        let shown = sandbox.used(&["show", "long.h5", option]).bytes;
        // As one text the rows take some 20 MiB, as objects some 300.
        assert!(shown < read + 8 * MIB, "{option}: {} MiB, {} MiB", shown / MIB, read / MIB);
    }
    let shown = sandbox.succeeds(&["show", "long.h5", "--json"]).json_lines().remove(0);
    assert_eq!(shown["iterations"].as_array().unwrap().len(), ITERATIONS);
}
