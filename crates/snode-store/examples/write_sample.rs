//! Writes a small run file and prints what a reader in another language should find in it: the
//! output x(T) of the network for the input x₀ = (0, −1/n, −2/n, …), and a few numbers more.
//!
//!     cargo run -p snode-store --example write_sample -- run.h5
//!
//! With `f32` as a second argument in that precision. Used by `scripts/check-hdf5-layout.sh`.

use faer::Mat;
use snode_ode::{
    Activation, Endpoint, Euler, Grid, Initialisation, Interpolation, Network, Scheme, SolverKeys,
};
use snode_store::{
    Checkpoint, Compression, Configuration, Input, Model, RunInfo, RunRecord, Scalar, write_run,
};
use snode_train::{
    CostValue, EvaluationRecord, History, Iteration, IterationRecord, Memory, Position, Score,
    TargetKind,
};

const WIDTH: usize = 12;
const LAYERS: usize = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: write_sample FILE [f32|f64]")?;
    match arguments.next().as_deref() {
        None | Some("f64") => write::<f64>(&path),
        Some("f32") => write::<f32>(&path),
        Some(other) => Err(format!("{other} is neither f32 nor f64").into()),
    }
}

fn write<T: Scalar>(path: &str) -> Result<(), Box<dyn std::error::Error>> {
    let grid = Grid::new(2.0, LAYERS, Endpoint::Excluded)?;
    let network =
        |seed| Network::<T>::initial(WIDTH, grid, Activation::Tanh, Initialisation::Spline, seed);
    let mut info = RunInfo::new("sample", 11);
    info.provenance.insert("purpose".into(), "a check of the layout, ü and ∫ included".into());
    let mut record = RunRecord {
        info,
        configuration: Configuration {
            resolved: "name = \"sample\"\nseed = 11\n".into(),
            source: "seed = 11 # the rest is default\n".into(),
        },
        model: Model {
            scheme: "euler".into(),
            // Euler has no options; these are there for the layout's sake.
            solver: SolverKeys {
                interpolation: Some(Interpolation::Hermite),
                rtol: Some(1e-3),
                atol: Some(1e-3),
                norm: Some("rms".into()),
                first_step: Some(0.01),
                largest_step: Some(0.5),
                budget: Some(10_000),
            },
            classes: 10,
            targets: TargetKind::Classes,
            input: Input { rows: 3, cols: 4, ..Input::default() },
        },
        network: network(11),
        history: history(),
        checkpoint: Some(Checkpoint {
            position: Position { epoch: 0, batch: 2, iteration: 1 },
            memory: Some(
                Memory::new()
                    .with_array("direction", network(12).into_parameters())
                    .with_array("last_gradient", network(13).into_parameters())
                    .with_number("gradient_square", 0.1)
                    .with_number("gradient_direction", -0.2)
                    .with_number("cost", 0.3),
            ),
            perturbed: Some(faer::Mat::from_fn(WIDTH, 3, |i, j| T::from_f64((i + 10 * j) as f64))),
        }),
    };
    // Weights far from symmetric, so that a transposition is noticed.
    for k in 0..LAYERS {
        let mut weights = record.network.parameters_mut().weights_mut(k);
        weights[(1, 5)] += T::from_f64(0.75);
        weights[(7, 2)] -= T::from_f64(0.5);
    }
    write_run(path, &record, Compression::RESULT)?;

    let x0 = Mat::from_fn(WIDTH, 1, |i, _| T::from_f64(-(i as f64) / WIDTH as f64));
    let mut euler = Euler::new();
    let trajectory = euler.direct(&record.network, x0.as_ref())?;
    println!("precision {}", T::NAME);
    for i in 0..WIDTH {
        println!("output {}", trajectory.output()[(i, 0)]);
    }
    println!("weight 3 1 5 {}", record.network.parameters().weights(3)[(1, 5)]);
    for row in &record.history.iterations {
        println!("cost {}", row.iteration.cost.total());
    }
    Ok(())
}

fn history() -> History {
    let row = |i: usize| IterationRecord {
        position: Position { epoch: 0, batch: i / 6, iteration: i % 6 },
        iteration: Iteration {
            cost: CostValue {
                cross_entropy: 2.3 / (1.0 + i as f64),
                centring: 0.01,
                ..CostValue::default()
            },
            restarted: i == 4,
            rose: i == 5,
            halvings: i,
            ..Iteration::default()
        },
        seconds: 0.1 * i as f64,
    };
    let evaluation = |batches, set: &str, correct| EvaluationRecord {
        batches,
        set: set.into(),
        score: Score::of_classes(correct, 1000, 0.5),
        seconds: 0.6,
    };
    History {
        iterations: (0..13).map(row).collect(),
        evaluations: vec![evaluation(1, "test", 850), evaluation(2, "validation", 875)],
    }
}
