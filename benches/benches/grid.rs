//! The throughput of a grid of single-thread cells on two cores, at the paper's size (n = 196, L = 150,
//! M = 100, NCG with tanh and L²), both precisions.
//!
//! `cargo build --release -p snode-cli && cargo bench -p snode-benches --bench grid` (`-- f32` for one precision); twelve minutes.
//! The same four cells are run by the real program, `target/release/snode` (or the path in `SNODE`): one at a time with one thread, two at a time with one thread
//! each, one at a time with two threads. Between them stands the yardstick: bare products with weights that stream from memory, in
//! one thread and in two that have a batch and weights each. The table gives wall times, the ratio of throughputs from one
//! cell to two beside that of the products, and how the cells do against the same cells on two threads.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use snode_benches::{Yardstick, median};
use snode_ode::Real;

const BATCH: usize = 100;
const ROUNDS: usize = 3;

fn program() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/snode");
    std::env::var_os("SNODE").map_or(built, PathBuf::from)
}

fn grid(precision: &str, batches: usize, folder: &Path) -> PathBuf {
    let text = format!(
        "precision = \"{precision}\"\nseeds = 4\n[data]\ntest = 100\n\
         [training]\nbatches = {batches}\nevaluate_every = 1000000\ncheckpoint_every = 1000.0\n\
         [output]\ndirectory = '{}'\n",
        folder.join("results").display()
    );
    let path = folder.join("grid.toml");
    std::fs::write(&path, text).expect("a folder that can be written");
    path
}

/// Seconds of wall time for all cells.
fn run(file: &Path, jobs: usize, threads: usize) -> f64 {
    let begin = Instant::now();
    let status = Command::new(program())
        .args(["run", "--fresh", "--quiet", "--jobs"])
        .arg(jobs.to_string())
        .arg("--threads")
        .arg(threads.to_string())
        .arg(file)
        .stdout(Stdio::null())
        .status()
        .expect("target/release/snode: build it first");
    assert!(status.success(), "the grid failed");
    begin.elapsed().as_secs_f64()
}

/// How many times the throughput of streaming products grows from one thread to two.
fn products<T: Real>(one: &mut [Yardstick<T>; 1], two: &mut [Yardstick<T>; 2]) -> f64 {
    let mut samples = Vec::new();
    for _ in 0..15 {
        let alone = one[0].streaming();
        let begin = Instant::now();
        let [first, second] = two;
        rayon::join(|| first.streaming(), || second.streaming());
        samples.push(2.0 * alone / begin.elapsed().as_secs_f64());
    }
    median(&samples)
}

fn table<T: Real>(batches: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = grid(T::NAME, batches, folder.path());
    let mut one = [Yardstick::<T>::new(BATCH, 1)];
    let mut two = [Yardstick::<T>::new(BATCH, 1), Yardstick::<T>::new(BATCH, 1)];
    let mut samples = [const { Vec::new() }; 4];
    for _ in 0..ROUNDS {
        let bare = products(&mut one, &mut two);
        let (serial, cells, threads) = (run(&file, 1, 1), run(&file, 2, 1), run(&file, 1, 2));
        let bare = f64::midpoint(bare, products(&mut one, &mut two));
        for (sample, value) in samples.iter_mut().zip([serial, cells, threads, bare]) {
            sample.push(value);
        }
    }
    let [serial, cells, threads, bare] = samples.map(|sample| median(&sample));
    println!(
        "{}: four cells of {batches} batches: {serial:.1} s one at a time, {cells:.1} s two at a time, \
         {threads:.1} s one at a time on two threads",
        T::NAME
    );
    println!(
        "     throughput from one to two: {:.2} times, of bare products {bare:.2} times: {:.0} %; \
         {:.2} times that of the cells on two threads",
        serial / cells,
        100.0 * serial / cells / bare,
        threads / cells
    );
}

fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a thread pool");
    let named = |precision: &str| std::env::args().any(|argument| argument == precision);
    let both = !named("f32") && !named("f64");
    pool.install(|| {
        if both || named("f64") {
            table::<f64>(12);
        }
        if both || named("f32") {
            table::<f32>(24);
        }
    });
}
