//! Records to store, for the tests.

#![allow(dead_code)] // every test takes what it needs

use std::path::Path;

use faer::Mat;
use snode_ode::{
    Activation, Endpoint, Grid, Initialisation, Interpolation, Network, Parameters, SolverKeys,
};
use snode_store::{
    Checkpoint, Compression, Configuration, Input, Model, RunInfo, RunRecord, Scalar, Status,
    StoreError, write_run,
};
use snode_train::{
    CostValue, EvaluationRecord, History, Iteration, IterationRecord, Memory, Phases, Position,
    Score, TargetKind,
};

/// A run in the middle of a batch, with something in every field.
pub fn record<T: Scalar>(width: usize, layers: usize, ends: Endpoint) -> RunRecord<T> {
    let grid = Grid::new(0.7, layers, ends).unwrap();
    let activation = Activation::Elu { alpha: 0.1 + 0.2 };
    let parameters = |seed| -> Parameters<T> {
        Network::initial(width, grid, activation, Initialisation::Independent, seed)
            .into_parameters()
    };
    let provenance = [("commit", "0123abc"), ("Ärger ∫", "ü\n\"x\""), ("empty", "")];
    RunRecord {
        info: RunInfo {
            name: "Läufe/β ∂".into(),
            status: Status::Interrupted,
            stop_reason: String::new(),
            seed: u64::MAX,
            created: "2026-01-31T12:34:56Z".into(),
            host: "host".into(),
            snode_version: "0.1.0".into(),
            provenance: provenance.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        },
        configuration: Configuration {
            resolved: "width = 3\n".repeat(1000),
            source: "# nothing\n".into(),
        },
        model: Model {
            scheme: "euler".into(),
            solver: SolverKeys {
                interpolation: Some(Interpolation::Linear),
                rtol: Some(0.1 + 0.2),
                atol: Some(1e-300),
                norm: Some("max".into()),
                first_step: Some(1e-3),
                largest_step: None,
                budget: Some(u64::MAX),
            },
            classes: 2,
            targets: TargetKind::Classes,
            input: Input { background: 0.1, foreground: -0.3, rows: 1, cols: width },
        },
        network: Network::new(parameters(1), grid, activation).unwrap(),
        history: history(7),
        checkpoint: Some(Checkpoint {
            position: Position { epoch: 3, batch: 59, iteration: 2 },
            memory: Some(ncg_memory(parameters(2)).with_array("last_gradient", parameters(3))),
            perturbed: Some(Mat::from_fn(width, 3, |i, j| T::from_f64((i + 7 * j) as f64 / 3.0))),
        }),
    }
}

/// What NCG remembers in the middle of a batch, without its last gradient.
pub fn ncg_memory<T>(direction: Parameters<T>) -> Memory<T> {
    Memory::new()
        .with_array("direction", direction)
        .with_number("gradient_square", 0.1 + 0.2)
        .with_number("gradient_direction", -1.0 / 3.0)
        .with_number("cost", f64::MIN_POSITIVE / 3.0)
}

/// A history with a different number in every place.
pub fn history(rows: usize) -> History {
    let mut count = 0.0;
    let mut next = || {
        count += 1.0;
        f64::sin(count) / 3.0
    };
    let iterations = (0..rows).map(|i| IterationRecord {
        position: Position { epoch: i, batch: 2 * i + 1, iteration: u32::MAX as usize - i },
        iteration: Iteration {
            cost: CostValue {
                l2: next(),
                cross_entropy: next(),
                centring: next(),
                other: 0.0,
                decay: next(),
            },
            rose: i % 2 == 0,
            gamma: next(),
            eta: next(),
            learning_rate: None,
            slope: next(),
            gradient_norm: next(),
            restarted: i % 3 == 0,
            capped: i % 5 == 0,
            halvings: i,
            phases: Phases {
                direct: next(),
                adjoint: next(),
                space: next(),
                products: next(),
                sensitivity: next(),
                update: next(),
            },
        },
        seconds: next(),
    });
    let iterations = iterations.collect();
    let evaluations = (0..rows).map(|i| EvaluationRecord {
        batches: 100 * i,
        set: if i % 2 == 0 { "test".into() } else { "ü".repeat(32) },
        score: Score::of_classes(i, 10_000, next()),
        seconds: next(),
    });
    let evaluations = evaluations.collect();
    History { iterations, evaluations }
}

/// Writes a small file of a run and gives its bytes.
pub fn sample_bytes(folder: &Path, compression: Compression) -> Vec<u8> {
    let path = folder.join("sample.h5");
    write_run(&path, &record::<f64>(3, 4, Endpoint::Excluded), compression).unwrap();
    std::fs::read(path).unwrap()
}

/// The names of the files in a folder.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The message of an error, which must name the file.
pub fn message(path: &Path, error: &StoreError) -> String {
    let text = error.to_string();
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    assert!(!text.contains('\n'), "{text}");
    text
}
