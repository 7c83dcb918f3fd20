//! How a trained network does under a scheme, and what the three problems take.

use std::path::Path;
use std::time::Instant;

use faer::Mat;
use snode_experiment::Prepared;
use snode_experiment::images::EncodedBatches;
use snode_ode::{
    Adaptive, Lifting, Network, Perturbation, Problem, Scheme, SchemeChoice, SolveError, Statistics,
};
use snode_store::read_network;
use snode_train::{BatchCost, BatchSource, Stopwatch, Targets, TrainError};

use crate::error::{Error, Result};
use crate::evaluation::{Evaluation, evaluate};
use crate::number::Number;

/// How a trained network does under a scheme.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// On the test images.
    pub evaluation: Evaluation,
    /// Seconds that the evaluation took.
    pub seconds: f64,
    /// What the direct, the adjoint and the sensitivity problem take on a mini-batch.
    pub efforts: [Effort; 3],
    /// Where steps of the direct problem end, for an adaptive scheme.
    pub steps: Vec<f64>,
}

/// What one problem of one batch takes.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// The problem.
    pub problem: Problem,
    /// Steps and right-hand sides.
    pub statistics: Statistics,
    /// The shortest of three times, in seconds.
    pub seconds: f64,
}

/// Solves the network of a run by a scheme: its accuracy on the test images of the experiment it is
/// from, and what the three problems take on the first mini-batch.
///
/// # Errors
/// If the run cannot be read, or the network cannot be solved.
pub fn compare<T: Number>(
    prepared: &Prepared,
    results: &Path,
    choice: &SchemeChoice,
) -> Result<Comparison> {
    let begin = Instant::now();
    let objective = prepared.objective();
    let stored = read_network::<T>(results)?.network;
    let evaluation = evaluate::<T>(
        stored.clone(),
        &prepared.test,
        prepared.encoding,
        prepared.task.scores(),
        Some(objective),
        choice,
    )?;
    let seconds = begin.elapsed().as_secs_f64();
    let network = stored.with_endpoint(choice.endpoint());
    let (x, targets) = first_batch::<T>(prepared, network.lifting())?;
    let efforts = efforts(prepared, &network, &x, &targets, choice)?;
    let steps = match choice {
        SchemeChoice::Adaptive(options) => {
            let mut scheme = Adaptive::<T>::new(*options).map_err(refused)?;
            let trajectory = scheme.direct(&network, x.as_ref()).map_err(failed)?;
            (0..=trajectory.steps()).map(|k| trajectory.depth(k)).collect()
        }
        _ => Vec::new(),
    };
    Ok(Comparison { evaluation, seconds, efforts, steps })
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::Refused(error.to_string())
}

fn failed(error: SolveError) -> Error {
    TrainError::from(error).into()
}

fn first_batch<T: Number>(prepared: &Prepared, lifting: Lifting) -> Result<(Mat<T>, Targets)> {
    let experiment = prepared.experiment.keys();
    let size = experiment.training.batch_size;
    let mut source =
        EncodedBatches::<T>::new(&prepared.train, prepared.encoding, experiment.seed, size)?;
    let mut data = Mat::zeros(prepared.pixels(), size);
    let mut targets = Targets::default();
    source.load(0, 0, data.as_mut(), &mut targets)?;
    let mut x = Mat::zeros(lifting.width(), size);
    lifting.lift(data.as_ref(), x.as_mut());
    Ok((x, targets))
}

/// What the three problems take on a batch: the shortest of three times.
fn efforts<T: Number>(
    prepared: &Prepared,
    network: &Network<T>,
    x: &Mat<T>,
    targets: &Targets,
    choice: &SchemeChoice,
) -> Result<[Effort; 3]> {
    let mut scheme = choice.build::<T>().map_err(refused)?;
    let objective = prepared.objective().build::<T>();
    let mut gradient = network.parameters().zeros_like();
    let mut batch = BatchCost::new(objective);
    let problems = [Problem::Direct, Problem::Adjoint, Problem::Sensitivity];
    let mut efforts = problems.map(|problem| Effort {
        problem,
        statistics: Statistics::default(),
        seconds: f64::INFINITY,
    });
    for _ in 0..3 {
        let mut clock = Stopwatch::start();
        let mut trajectory = scheme.direct(network, x.as_ref()).map_err(failed)?;
        let mut seconds = [clock.lap(), 0.0, 0.0];
        batch.evaluate(network, trajectory.output(), targets.as_ref())?;
        clock.lap();
        trajectory.adjoint(batch.terminal(), Some(&mut gradient)).map_err(failed)?;
        seconds[1] = clock.lap();
        let along = Perturbation { parameters: Some(&gradient), input: None };
        trajectory.sensitivity(along).map_err(failed)?;
        seconds[2] = clock.lap();
        for (effort, seconds) in efforts.iter_mut().zip(seconds) {
            effort.seconds = effort.seconds.min(seconds);
            effort.statistics = trajectory.statistics(effort.problem);
        }
    }
    Ok(efforts)
}
