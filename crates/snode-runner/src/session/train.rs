//! The training itself, for one floating-point type.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use snode_data::{Task, Variation};
use snode_experiment::images::{EncodedBatches, IMAGES, IMAGES_PATH, evaluation_set, path_between};
use snode_experiment::{Prepared, ResolvedExperiment};
use snode_files::folder_of;
use snode_ode::Network;
use snode_store::{
    Compression, Configuration, Input, Model, RunInfo, RunRecord, Status, read_run, write_run,
};
use snode_train::{
    EvaluationSet, Plan, Position, Snapshot, StopReason, TargetKind, TrainError, Trainer,
};

use super::begin::{Begin, FINGERPRINT};
use super::checkpoints::Checkpoints;
use super::divergence::divergence;
use super::events::{Tell, TrainingEvents};
use super::method::method;
use super::perturbation::perturbation;
use super::rules::{VALIDATION, rules};
use crate::error::{Error, Result};
use crate::event::{self, RunEvent};
use crate::files::Files;
use crate::number::Number;

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
    /// Raised when it is to stop.
    pub stop: &'a Arc<AtomicBool>,
    /// Told of every event.
    pub tell: &'a Tell<'a>,
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
    let Session { prepared, fingerprint, begin, files, stop, tell } = session;
    let experiment = &prepared.experiment;
    let Start { info, snapshot, origin } = start::<T>(prepared, files, fingerprint, begin)?;
    let configuration = Configuration {
        resolved: toml::to_string(experiment).map_err(|error| Error::Results(error.to_string()))?,
        source: prepared.text.clone(),
    };
    let training = &experiment.keys().training;
    let every = training.checkpoint_every;
    let begins_anew = origin.is_none();
    let origin_of = origin.clone();
    let mut checkpoints = Checkpoints::new(
        files.checkpoint.clone(),
        origin,
        info.clone(),
        configuration.clone(),
        model(prepared),
        Duration::try_from_secs_f64(every).unwrap_or(Duration::MAX),
        tell,
    );

    let mut source = batches::<T>(prepared)?;
    let sets = evaluation_sets(prepared)?;
    let plan = experiment.plan();
    let method = method(prepared, &snapshot.network)?;

    let per_epoch = prepared.train.len() / training.batch_size;
    let begin =
        begin_event(prepared, &files.results, &snapshot, plan, per_epoch, origin_of.as_deref());
    if begins_anew {
        // The first checkpoint shows that results can be written before time is spent on them.
        checkpoints.write(snapshot.clone(), Status::Running)?;
    }
    let mut rules = rules(experiment.keys(), Arc::clone(stop));
    tell(&begin).map_err(|source| Error::Observer { source, kept: checkpoints.kept() })?;
    let mut training = TrainingEvents::new(tell, per_epoch);
    let mut perturbation = perturbation(prepared)?;
    let mut trainer = Trainer::new(method, snapshot, plan, &mut source, &sets)?;
    if let Some(perturbation) = &mut perturbation {
        trainer.perturb_with(perturbation).map_err(|error| Error::Failed(error.to_string()))?;
    }
    trainer.observe_with(&mut training);
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
    // The parameters are sound if it was not the numbers that failed.
    let is_sound = matches!(ended, Ok(_) | Err(TrainError::Observer(_)));
    let snapshot = is_sound.then(|| trainer.snapshot());
    let position = trainer.position();
    drop(trainer);

    match (ended, snapshot) {
        (Ok(StopReason::Interrupted), Some(snapshot)) => {
            let position = snapshot.position;
            let batches = position.epoch * per_epoch + position.batch;
            save_interrupted(&mut checkpoints, snapshot)?;
            // Whether that is read changes nothing any more.
            let _ = tell(&RunEvent::Checkpoint { path: checkpoints.path().display().to_string() });
            Ok(Outcome::Interrupted { batches })
        }
        (Ok(reason), Some(snapshot)) => {
            let model = model(prepared);
            let record = RunRecord::from_snapshot(info, configuration, model, snapshot);
            finish(record, reason, files, &mut checkpoints)
        }
        (Err(error), snapshot) => {
            if let Some(snapshot) = snapshot {
                save_interrupted(&mut checkpoints, snapshot)?;
            }
            Err(failure(error, position, experiment, &checkpoints))
        }
        (Ok(_), None) => Err(Error::Failed("the training ended without a state".into())),
    }
}

/// What a session begins with.
struct Start<T> {
    info: RunInfo,
    snapshot: Snapshot<T>,
    /// The file it goes on from.
    origin: Option<PathBuf>,
}

fn start<T: Number>(
    prepared: &Prepared,
    files: &Files,
    fingerprint: String,
    begin: Begin,
) -> Result<Start<T>> {
    let mut start = match begin {
        Begin::After { path, .. } => {
            let record = read_run::<T>(&path)?;
            let info = record.info.clone();
            let snapshot = record.into_snapshot().ok_or_else(|| not_continuable(&path))?;
            Start { info, snapshot, origin: Some(path) }
        }
        Begin::Fresh | Begin::Finished => Start {
            info: RunInfo::new(prepared.name(), prepared.experiment.keys().seed),
            snapshot: Snapshot::start(initial_network(prepared)?),
            origin: None,
        },
    };
    let info = &mut start.info;
    info.status = Status::Running;
    info.stop_reason = String::new();
    info.provenance.insert(FINGERPRINT.into(), fingerprint);
    info.provenance.insert(IMAGES.into(), prepared.images.clone());
    let folder = folder_of(&files.results);
    if let Some(path) = path_between(&folder, Path::new(&prepared.experiment.keys().data.source)) {
        info.provenance.insert(IMAGES_PATH.into(), path);
    }
    info.provenance.insert("threads".into(), rayon::current_num_threads().to_string());
    info.provenance.insert("device".into(), crate::device::description()?);
    if info.snode_version != VERSION {
        info.provenance.insert("continued_by".into(), format!("snode {VERSION}"));
    }
    Ok(start)
}

/// The version of this program.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Writes the checkpoint of a training that was asked to stop.
fn save_interrupted<T: Number>(
    checkpoints: &mut Checkpoints<'_>,
    snapshot: Snapshot<T>,
) -> Result<()> {
    checkpoints.write(snapshot, Status::Interrupted).map_err(|error| {
        let kept = checkpoints.kept();
        Error::NotSaved(format!(
            "interrupted, and the checkpoint cannot be written: {error}; {kept}"
        ))
    })
}

/// What the set of test images is called.
pub const TEST: &str = "test";

fn finish<T: Number>(
    mut record: RunRecord<T>,
    reason: StopReason,
    files: &Files,
    checkpoints: &mut Checkpoints<'_>,
) -> Result<Outcome> {
    record.info.status = Status::Finished;
    record.info.stop_reason = stop_reason(reason).into();
    if let Err(error) = write_run(&files.results, &record, Compression::RESULT) {
        // What is trained is kept if there is any way.
        let kept =
            record.into_snapshot().map(|snapshot| checkpoints.write(snapshot, Status::Running));
        let note = match kept {
            Some(Err(error)) => format!("; nor can the checkpoint: {error}"),
            _ => String::new(),
        };
        return Err(Error::Results(format!("{error}{note}; {}", checkpoints.kept())));
    }
    files.remove_checkpoint()?;
    Ok(Outcome::Finished)
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

/// Why a training failed, and what is kept of it.
fn failure(
    error: TrainError,
    position: Position,
    experiment: &ResolvedExperiment,
    checkpoints: &Checkpoints<'_>,
) -> Error {
    match error {
        TrainError::Observer(source) => Error::Observer { source, kept: checkpoints.kept() },
        error if error.is_divergence() => {
            let text = divergence(&error, position, experiment);
            Error::Failed(format!("{text}; {}", checkpoints.kept()))
        }
        error => Error::Failed(format!("{error}; {}", checkpoints.kept())),
    }
}

fn not_continuable(path: &Path) -> Error {
    Error::UnreadableRun(format!("{}: the run in it cannot be continued", path.display()))
}

/// The network before any training.
///
/// # Errors
/// If the grid in depth cannot be.
pub fn initial_network<T: Number>(prepared: &Prepared) -> Result<Network<T>> {
    snode_experiment::initial_network(&prepared.experiment, prepared.shape())
        .map_err(Error::Refused)
}

/// What is said of a training that begins at `snapshot`, read from `origin` if it goes on.
fn begin_event<T: Number>(
    prepared: &Prepared,
    results: &Path,
    snapshot: &Snapshot<T>,
    plan: Plan,
    per_epoch: usize,
    origin: Option<&Path>,
) -> RunEvent {
    let (position, history) = (snapshot.position, &snapshot.history);
    let all = plan.epochs.saturating_mul(per_epoch);
    let continued = origin.map(|path| event::Continued {
        path: path.display().to_string(),
        iterations: history.iterations.len(),
        seconds: history.seconds(),
    });
    RunEvent::Begin(Box::new(event::Begin {
        name: prepared.name().to_owned(),
        batches_done: position.epoch * per_epoch + position.batch,
        batches: plan.batches.map_or(all, |limit| limit.min(all)),
        iterations: plan.iterations,
        time_limit: prepared.experiment.keys().training.time_limit,
        continued,
        results: results.display().to_string(),
        // What is resolved always can be serialised.
        experiment: serde_json::to_value(&prepared.experiment).unwrap_or_default(),
    }))
}

fn model(prepared: &Prepared) -> Model {
    let (rows, cols) = prepared.train.images().shape();
    Model {
        scheme: prepared.experiment.scheme().name().into(),
        solver: prepared.experiment.keys().solver.keys(),
        classes: prepared.task.scores(),
        targets: match prepared.task {
            Task::Classification { .. } => TargetKind::Classes,
            Task::Regression { .. } => TargetKind::Values,
        },
        input: Input {
            background: prepared.encoding.background(),
            foreground: prepared.encoding.foreground(),
            rows,
            cols,
        },
    }
}

/// The mini-batches that are trained on.
fn batches<T: Number>(prepared: &Prepared) -> Result<EncodedBatches<'_, T>> {
    let keys = prepared.experiment.keys();
    let training = &keys.training;
    let variation = Variation {
        mirror: training.mirror.unwrap_or(false),
        shift: training.shift.unwrap_or(0),
        erase: training.erase.unwrap_or(0),
    };
    let batches =
        EncodedBatches::new(&prepared.train, prepared.encoding, keys.seed, training.batch_size)?;
    let channels = keys.network.channels_of_images(prepared.train.images().channels());
    Ok(batches.varied(variation, channels))
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
