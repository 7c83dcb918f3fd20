//! How long writing and reading a run takes, and how large its file is, by compression.
//!
//!     cargo run --release -p snode-store --example measure -- [WIDTH] [LAYERS] [FOLDER]

use std::time::Instant;

use snode_ode::{Activation, Endpoint, Grid, Initialisation, Network, SolverKeys};
use snode_store::{
    Checkpoint, Compression, Configuration, Input, Model, RunInfo, RunRecord, Scalar, read_info,
    read_network, read_run, write_run,
};
use snode_train::{
    CostValue, History, Iteration, IterationRecord, Memory, Phases, Position, TargetKind,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let width = arguments.next().map_or(Ok(196), |text| text.parse())?;
    let layers = arguments.next().map_or(Ok(150), |text| text.parse())?;
    let folder = match arguments.next() {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    println!(
        "{:<4} {:<22} {:<8} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "", "", "MB", "write s", "read s", "network s", "info s"
    );
    measure::<f64>(width, layers, folder.path())?;
    measure::<f32>(width, layers, folder.path())
}

fn measure<T: Scalar>(
    width: usize,
    layers: usize,
    folder: &std::path::Path,
) -> Result<(), Box<dyn std::error::Error>> {
    let grid = Grid::new(3.0, layers, Endpoint::Excluded)?;
    let network =
        |seed| Network::<T>::initial(width, grid, Activation::Tanh, Initialisation::Spline, seed);
    let result = RunRecord {
        info: RunInfo::new("measure", 1),
        configuration: Configuration::default(),
        model: Model {
            scheme: "euler".into(),
            solver: SolverKeys::default(),
            classes: 10,
            targets: TargetKind::Classes,
            input: Input::default(),
        },
        network: network(1),
        history: history(36_000),
        checkpoint: None,
    };
    let checkpoint = RunRecord {
        checkpoint: Some(Checkpoint {
            position: Position { epoch: 3, batch: 14, iteration: 3 },
            memory: Some(Memory::new().with_array("direction", network(2).into_parameters())),
            perturbed: None,
        }),
        ..result.clone()
    };
    let path = folder.join("run.h5");
    let levels = [
        Compression::None,
        Compression::Gzip(1),
        Compression::Gzip(2),
        Compression::Gzip(4),
        Compression::Gzip(9),
    ];
    let cases = levels.iter().map(|&level| ("network", &result, level));
    let cases = cases.chain([("network and direction", &checkpoint, Compression::None)]);
    for (what, record, level) in cases {
        let write = best(|| write_run(&path, record, level));
        let read = best(|| read_run::<T>(&path));
        let only = best(|| read_network::<T>(&path));
        let info = best(|| read_info(&path));
        let megabytes = std::fs::metadata(&path)?.len() as f64 / 1e6;
        println!(
            "{:<4} {what:<22} {:<8} {megabytes:9.1} {write:9.3} {read:9.3} {only:9.3} {info:9.4}",
            T::NAME,
            format!("{level:?}")
        );
    }
    Ok(())
}

/// The least seconds of five calls.
fn best<V, E: std::fmt::Debug>(mut call: impl FnMut() -> Result<V, E>) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..5 {
        let begin = Instant::now();
        let value = call().expect("the call succeeds");
        least = least.min(begin.elapsed().as_secs_f64());
        drop(value);
    }
    least
}

/// A history as ten epochs of MNIST have it: numbers without any pattern.
fn history(rows: usize) -> History {
    let number = |i: usize| (i as f64 * 0.754_877).sin();
    let row = |i: usize| IterationRecord {
        position: Position { epoch: i / 3600, batch: i / 6 % 600, iteration: i % 6 },
        iteration: Iteration {
            cost: CostValue {
                cross_entropy: number(i),
                centring: number(i + 1),
                ..CostValue::default()
            },
            gamma: number(i + 2),
            eta: number(i + 3),
            slope: number(i + 4),
            gradient_norm: number(i + 5),
            phases: Phases { direct: number(i + 6), adjoint: number(i + 7), ..Phases::default() },
            ..Iteration::default()
        },
        seconds: i as f64 * 0.1 + number(i),
    };
    History { iterations: (0..rows).map(row).collect(), evaluations: Vec::new() }
}
