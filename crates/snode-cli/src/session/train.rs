//! The training itself, for one floating-point type.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use snode_ode::{Grid, Network};
use snode_store::{
    Compression, Configuration, Input, Model, RunInfo, RunRecord, Status, read_run, write_run,
};
use snode_train::{
    EarlyStop, EvaluationSet, Observer, Plan, Snapshot, StopReason, StopSignal, TimeLimit,
    TrainError, Trainer,
};

use super::begin::FINGERPRINT;
use super::checkpoints::Checkpoints;
use super::limits::TimeLimitAfterBatch;
use super::method::method;
use super::{Begin, Files};
use crate::config::{self, Experiment};
use crate::encoded::{EncodedBatches, evaluation_set};
use crate::error::{Error, Result};
use crate::number::Number;
use crate::prepare::Prepared;
use crate::progress::{Progress, Style};

/// What a session needs to know.
pub struct Session<'a> {
    /// The experiment with its data.
    pub prepared: &'a Prepared,
    /// Its fingerprint.
    pub fingerprint: String,
    /// Where it begins.
    pub begin: Begin,
    /// The files it writes.
    pub files: &'a Files,
    /// How it shows what it does.
    pub style: Style,
    /// Raised when the user wants it to stop.
    pub stop: Arc<AtomicBool>,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The results are written.
    Finished,
    /// The user interrupted it after this many batches; the checkpoint is written.
    Interrupted {
        /// Batches over all epochs.
        batches: usize,
    },
}

/// Trains until the run ends, in the threads of the present pool.
///
/// # Errors
/// If training fails, or a file cannot be written.
pub fn train<T: Number>(session: Session<'_>) -> Result<Outcome> {
    let Session { prepared, fingerprint, begin, files, style, stop } = session;
    let experiment = &prepared.experiment;
    let (mut info, snapshot, origin) = match begin {
        Begin::After { path, .. } => {
            let record = read_run::<T>(&path)?;
            let info = record.info.clone();
            let snapshot = record.into_snapshot().ok_or_else(|| not_continuable(&path))?;
            (info, snapshot, Some(path))
        }
        Begin::Anew | Begin::Finished(_) => {
            let info = RunInfo::new(prepared.name(), experiment.seed);
            (info, Snapshot::start(initial_network(prepared)?), None)
        }
    };
    info.status = Status::Running;
    info.stop_reason = String::new();
    info.provenance.insert(FINGERPRINT.into(), fingerprint);
    info.provenance.insert("threads".into(), rayon::current_num_threads().to_string());
    let configuration = Configuration {
        resolved: toml::to_string(experiment).map_err(|error| Error::Results(error.to_string()))?,
        source: prepared.text.clone(),
    };
    let model = model(prepared);
    let begins_anew = origin.is_none();
    let mut checkpoints = Checkpoints::new(
        files.checkpoint.clone(),
        origin,
        info.clone(),
        configuration.clone(),
        model.clone(),
        Duration::try_from_secs_f64(experiment.training.checkpoint_every).unwrap_or(Duration::MAX),
    );

    let mut source = EncodedBatches::<T>::new(
        &prepared.train,
        prepared.encoding,
        experiment.seed,
        experiment.training.batch_size,
    )?;
    let sets = evaluation_sets(prepared)?;
    let plan = plan(experiment);
    let cost = config::cost(&experiment.cost, prepared.classes);
    let method = method(experiment, cost, &snapshot.network)?;

    let mut progress = Progress::new(style, prepared, &snapshot, plan);
    if begins_anew {
        // The first checkpoint shows that results can be written before time is spent on them.
        checkpoints.write(snapshot.clone(), Status::Running)?;
    }
    let mut rules: Vec<Box<dyn Observer<T>>> = vec![Box::new(StopSignal(stop))];
    if let Some(seconds) = experiment.training.time_limit {
        let limit = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        rules.push(Box::new(TimeLimitAfterBatch(TimeLimit(limit))));
    }
    if let Some(patience) = experiment.training.early_stop {
        rules.push(Box::new(EarlyStop { set: VALIDATION.into(), patience }));
    }

    progress.begin(prepared, &files.results)?;
    let mut trainer = Trainer::new(method, snapshot, plan, &mut source, &sets)?;
    trainer.observe_with(&mut progress);
    trainer.observe_with(&mut checkpoints);
    for rule in &mut rules {
        trainer.observe_with(rule.as_mut());
    }
    let ended = trainer.run();
    if ended.as_ref().is_ok_and(|reason| *reason != StopReason::Interrupted)
        && !is_evaluated(&trainer)
    {
        trainer.evaluate()?;
    }
    let snapshot = match &ended {
        // The parameters are sound if it was not the numbers that failed.
        Ok(_) | Err(TrainError::Observer(_)) => Some(trainer.snapshot()),
        Err(_) => None,
    };
    drop(trainer);
    progress.end();

    let reason = match (ended, snapshot) {
        (Ok(reason), Some(snapshot)) if reason != StopReason::Interrupted => {
            let record = result(info, configuration, model, snapshot);
            return finish(record, reason, files);
        }
        (ended, snapshot) => {
            if let Some(snapshot) = snapshot {
                checkpoints.write(snapshot.clone(), Status::Interrupted)?;
                if ended.is_ok() {
                    let per_epoch = prepared.train.len() / experiment.training.batch_size;
                    let position = snapshot.position;
                    let batches = position.epoch * per_epoch + position.batch;
                    progress.checkpoint(checkpoints.path())?;
                    return Ok(Outcome::Interrupted { batches });
                }
            }
            ended
        }
    };
    match reason {
        Err(error) => Err(failure(error, &checkpoints)),
        Ok(_) => Err(Error::Train("the training ended without a state".into())),
    }
}

/// What the set of validation images is called.
pub const VALIDATION: &str = "validation";
/// What the set of test images is called.
pub const TEST: &str = "test";

fn finish<T: Number>(
    mut record: RunRecord<T>,
    reason: StopReason,
    files: &Files,
) -> Result<Outcome> {
    record.info.status = Status::Finished;
    record.info.stop_reason = stop_reason(reason).into();
    write_run(&files.results, &record, Compression::RESULT)?;
    files.remove_checkpoint()?;
    Ok(Outcome::Finished)
}

/// Results keep what the method needs to go on between batches, which for NCG is nothing; a run that
/// ended elsewhere cannot be continued.
fn result<T: Number>(
    info: RunInfo,
    configuration: Configuration,
    model: Model,
    snapshot: Snapshot<T>,
) -> RunRecord<T> {
    let between_batches = snapshot.position.iteration == 0;
    let record = RunRecord::from_snapshot(info, configuration, model, snapshot);
    if between_batches { record } else { record.without_checkpoint() }
}

fn stop_reason(reason: StopReason) -> &'static str {
    match reason {
        StopReason::Finished => "plan done",
        StopReason::TimeLimit => "time limit",
        StopReason::NoImprovement => "no improvement on the validation images",
        StopReason::Interrupted => "interrupted",
        _ => "stopped",
    }
}

fn is_evaluated<T: Number>(trainer: &Trainer<'_, T>) -> bool {
    let history = trainer.history();
    history.evaluations.last().is_some_and(|last| last.seconds == history.seconds())
}

/// What the user is told about a training that failed.
fn failure(error: TrainError, checkpoints: &Checkpoints) -> Error {
    let error = match error {
        TrainError::Observer(inner) => match inner.downcast::<Error>() {
            Ok(own) => return *own,
            Err(inner) => TrainError::Observer(inner),
        },
        other => other,
    };
    Error::Train(format!("{error}; {}", checkpoints.kept()))
}

fn not_continuable(path: &Path) -> Error {
    Error::Results(format!(
        "{}: the run in it cannot be continued; give --fresh to begin anew",
        path.display()
    ))
}

/// The network before any training.
///
/// # Errors
/// If the grid in depth cannot be.
pub fn initial_network<T: Number>(prepared: &Prepared) -> Result<Network<T>> {
    let keys = &prepared.experiment.network;
    let grid =
        Grid::new(keys.horizon, keys.layers, config::scheme(&prepared.experiment).endpoint())
            .map_err(|error| Error::Usage(error.to_string()))?;
    let seed = prepared.experiment.seed;
    Ok(Network::initial(prepared.width(), grid, keys.activation, keys.initialisation, seed))
}

fn plan(experiment: &Experiment) -> Plan {
    let training = &experiment.training;
    Plan {
        epochs: training.epochs,
        iterations: config::iterations(training),
        batches: training.batches,
        evaluate_every: training.evaluate_every,
        divergence_factor: training.divergence_factor,
    }
}

fn model(prepared: &Prepared) -> Model {
    let (rows, cols) = prepared.train.images().shape();
    Model {
        scheme: prepared.experiment.network.scheme.text().into(),
        classes: prepared.classes,
        input: Input {
            background: prepared.encoding.background(),
            foreground: prepared.encoding.foreground(),
            rows,
            cols,
        },
    }
}

fn evaluation_sets<T: Number>(prepared: &Prepared) -> Result<Vec<EvaluationSet<T>>> {
    let mut sets = Vec::new();
    for (name, split) in [(VALIDATION, &prepared.validation), (TEST, &prepared.test)] {
        if !split.is_empty() {
            sets.push(evaluation_set(name, split, prepared.encoding)?);
        }
    }
    Ok(sets)
}
