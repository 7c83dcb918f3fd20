//! The trainer.

use std::time::Instant;

use faer::Mat;
use snode_ode::{Network, Real};

use super::history::AVERAGE;
use super::{
    BatchSource, EvaluationRecord, EvaluationSet, History, InputPerturbation, IterationRecord,
};
use crate::{Memory, Method, Position, Targets, TargetsRef, TrainError};

/// How long to train and when to evaluate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Passes through the data.
    pub epochs: usize,
    /// Iterations per batch; 6 in the paper for NCG, 1 for stochastic gradients.
    pub iterations: usize,
    /// Stop after this many batches over all epochs, if given.
    pub batches: Option<usize>,
    /// Evaluate every so many batches; always at the end.
    pub evaluate_every: usize,
    /// Training has diverged when the cost exceeds the run's first one by this factor.
    pub divergence_factor: f64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            epochs: 1,
            iterations: 6,
            batches: None,
            evaluate_every: 100,
            divergence_factor: 1e4,
        }
    }
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// The plan is done.
    Finished,
    /// The time is up.
    TimeLimit,
    /// The score no longer improved.
    NoImprovement,
    /// The user interrupted it.
    Interrupted,
}

/// What an observer wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// Stop before the next iteration.
    Stop(StopReason),
}

/// What has just happened.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Training begins or goes on, and nothing has been done yet: a rule that holds already stops
    /// it before the first iteration.
    Begin,
    /// An iteration is done.
    Iteration(&'a IterationRecord),
    /// A set has been evaluated.
    Evaluation(&'a EvaluationRecord),
    /// Everything due at this point is done and recorded: the moment for a checkpoint.
    Settled,
}

/// The state of a training, as observers see it.
pub struct State<'a, T> {
    /// The network as it is now.
    pub network: &'a Network<T>,
    /// The next iteration.
    pub position: Position,
    /// Everything recorded so far.
    pub history: &'a History,
    method: &'a dyn Method<T>,
    perturbed: Option<&'a Mat<T>>,
}

impl<T: Real> State<'_, T> {
    /// A copy of everything needed to go on from here with the same bits.
    pub fn snapshot(&self) -> Snapshot<T> {
        Snapshot {
            network: self.network.clone(),
            position: self.position,
            history: self.history.clone(),
            memory: self.method.memory(),
            perturbed: self.perturbed.cloned(),
        }
    }
}

/// A training that can be continued.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot<T> {
    /// The network.
    pub network: Network<T>,
    /// The next iteration.
    pub position: Position,
    /// Everything recorded so far.
    pub history: History,
    /// What the method remembers: NCG in the middle of a batch, others between batches too.
    pub memory: Option<Memory<T>>,
    /// The perturbed inputs of the batch in whose middle it is, n×M, where inputs are perturbed: the
    /// network they were made with is no more.
    pub perturbed: Option<Mat<T>>,
}

impl<T> Snapshot<T> {
    /// The beginning of a training.
    pub fn start(network: Network<T>) -> Self {
        Self {
            network,
            position: Position::default(),
            history: History::default(),
            memory: None,
            perturbed: None,
        }
    }
}

/// An error of an observer.
pub type ObserverError = Box<dyn std::error::Error + Send + Sync>;

/// Something that follows a training: a progress bar, a checkpoint writer, a stop rule.
pub trait Observer<T> {
    /// Is told what has happened, with the state after it.
    ///
    /// # Errors
    /// Endpoint the training with [`TrainError::Observer`].
    fn observe(
        &mut self,
        event: &Event<'_>,
        state: &State<'_, T>,
    ) -> Result<Control, ObserverError>;
}

/// Mini-batch training by a [`Method`].
pub struct Trainer<'a, T> {
    method: Box<dyn Method<T>>,
    network: Network<T>,
    position: Position,
    history: History,
    plan: Plan,
    source: &'a mut dyn BatchSource<T>,
    sets: &'a [EvaluationSet<T>],
    observers: Vec<&'a mut dyn Observer<T>>,
    perturbation: Option<&'a mut dyn InputPerturbation<T>>,
    /// The inputs of the present batch, with M columns, and whether they are perturbed.
    inputs: Mat<T>,
    /// x₀ made of them, where it is more than they are.
    lifted: Mat<T>,
    is_perturbed: bool,
    /// Seconds that the perturbation took, and that belong to the next iteration.
    perturbation_seconds: f64,
}

impl<'a, T: Real> Trainer<'a, T> {
    /// A training that begins, or goes on, at `snapshot`.
    ///
    /// # Errors
    /// [`TrainError::Resume`] if the snapshot does not fit the method.
    pub fn new(
        method: impl Method<T> + 'static,
        snapshot: Snapshot<T>,
        plan: Plan,
        source: &'a mut dyn BatchSource<T>,
        sets: &'a [EvaluationSet<T>],
    ) -> Result<Self, TrainError> {
        let Snapshot { network, position, history, memory, perturbed } = snapshot;
        let mut method: Box<dyn Method<T>> = Box::new(method);
        method.resume(memory, position)?;
        if position.batch >= source.batches_per_epoch()
            || position.iteration >= plan.iterations.max(1)
        {
            return Err(TrainError::Resume(format!(
                "batch {} iteration {} is not one of {} batches of {} iterations",
                position.batch,
                position.iteration,
                source.batches_per_epoch(),
                plan.iterations
            )));
        }
        let lifting = network.lifting();
        let shape = (lifting.inputs(), source.batch_size());
        let lifted_width = if lifting.is_identity() { 0 } else { lifting.width() };
        let is_perturbed = perturbed.is_some();
        let inputs = perturbed.unwrap_or_else(|| Mat::zeros(shape.0, shape.1));
        if inputs.shape() != shape || (is_perturbed && position.iteration == 0) {
            return Err(TrainError::Resume(format!(
                "perturbed inputs of shape {:?} at iteration {} of a batch of shape {shape:?}",
                inputs.shape(),
                position.iteration
            )));
        }
        Ok(Self {
            method,
            network,
            position,
            history,
            plan,
            source,
            sets,
            observers: Vec::new(),
            perturbation: None,
            inputs,
            lifted: Mat::zeros(lifted_width, shape.1),
            is_perturbed,
            perturbation_seconds: 0.0,
        })
    }

    /// Adds an observer; they are told in the order they were added.
    pub fn observe_with(&mut self, observer: &'a mut dyn Observer<T>) {
        self.observers.push(observer);
    }

    /// Perturbs the inputs of every batch before its first iteration.
    ///
    /// # Errors
    /// [`TrainError::Resume`] in the middle of a batch whose perturbed inputs are not known.
    pub fn perturb_with(
        &mut self,
        perturbation: &'a mut dyn InputPerturbation<T>,
    ) -> Result<(), TrainError> {
        if self.position.iteration > 0 && !self.is_perturbed {
            let missing =
                "the perturbed inputs of the batch that it is in the middle of are missing";
            return Err(TrainError::Resume(missing.into()));
        }
        self.perturbation = Some(perturbation);
        Ok(())
    }

    /// The network as it is now.
    pub fn network(&self) -> &Network<T> {
        &self.network
    }

    /// The next iteration: after an error, the one that failed.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Everything recorded so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The state as it is now, to continue from.
    pub fn snapshot(&self) -> Snapshot<T> {
        self.state().snapshot()
    }

    /// The method with its memory.
    pub fn method(&self) -> &dyn Method<T> {
        self.method.as_ref()
    }

    fn state(&self) -> State<'_, T> {
        State {
            network: &self.network,
            position: self.position,
            history: &self.history,
            method: self.method.as_ref(),
            perturbed: self.is_perturbed.then_some(&self.inputs),
        }
    }

    fn batches_done(&self) -> usize {
        self.position.epoch * self.source.batches_per_epoch() + self.position.batch
    }

    fn is_finished(&self) -> bool {
        self.position.epoch >= self.plan.epochs
            || self.plan.iterations == 0
            || self.plan.batches.is_some_and(|batches| self.batches_done() >= batches)
    }

    /// Trains until the plan is done or an observer stops it.
    ///
    /// Observers are asked before the first iteration too, so that a training that was interrupted
    /// just when a rule had stopped it ends where it would have ended.
    ///
    /// # Errors
    /// If an iteration fails (the network is then as before it), the data cannot be had, the cost
    /// exceeds all bounds, or an observer fails.
    pub fn run(&mut self) -> Result<StopReason, TrainError> {
        let mut targets = Targets::default();
        let mut loaded = None;
        if let Some(reason) = self.tell(&Event::Begin)? {
            return Ok(reason);
        }
        while !self.is_finished() {
            let Position { epoch, batch, .. } = self.position;
            if loaded != Some((epoch, batch)) {
                self.load(&mut targets)?;
                loaded = Some((epoch, batch));
            }
            let stop = self.step(targets.as_ref())?;
            if let Some(reason) = stop {
                return Ok(reason);
            }
        }
        Ok(StopReason::Finished)
    }

    /// The batch at the present position, with its inputs perturbed if they are to be.
    fn load(&mut self, targets: &mut Targets) -> Result<(), TrainError> {
        let Position { epoch, batch, .. } = self.position;
        if self.is_perturbed {
            let mut clean = Mat::zeros(self.inputs.nrows(), self.inputs.ncols());
            self.lift();
            return self.source.load(epoch, batch, clean.as_mut(), targets);
        }
        self.source.load(epoch, batch, self.inputs.as_mut(), targets)?;
        if let Some(perturbation) = &mut self.perturbation {
            let begin = Instant::now();
            let inputs = self.inputs.as_mut();
            perturbation.perturb(&self.network, self.position, inputs, targets.as_ref())?;
            self.perturbation_seconds = begin.elapsed().as_secs_f64();
            self.is_perturbed = true;
        }
        self.lift();
        Ok(())
    }

    fn lift(&mut self) {
        let lifting = self.network.lifting();
        if !lifting.is_identity() {
            lifting.lift(self.inputs.as_ref(), self.lifted.as_mut());
        }
    }

    /// One iteration with what follows it; `Some` if an observer asked to stop.
    fn step(&mut self, targets: TargetsRef<'_>) -> Result<Option<StopReason>, TrainError> {
        let begin = Instant::now();
        let position = self.position;
        let x0 = if self.lifted.nrows() == 0 { &self.inputs } else { &self.lifted };
        let iteration = self.method.iterate(&mut self.network, x0.as_ref(), targets)?;
        let perturbed = std::mem::take(&mut self.perturbation_seconds);
        let seconds = self.history.seconds() + perturbed + begin.elapsed().as_secs_f64();
        let record = IterationRecord { position, iteration, seconds };
        self.history.iterations.push(record);
        self.check_divergence()?;

        self.position.iteration += 1;
        let mut evaluated = self.history.evaluations.len();
        if self.position.iteration >= self.plan.iterations {
            self.method.finish_batch(&self.network);
            self.is_perturbed = false;
            self.position = next_batch(self.position, self.source.batches_per_epoch());
            let due = self.batches_done().is_multiple_of(self.plan.evaluate_every.max(1));
            if due || self.is_finished() {
                self.evaluate()?;
            }
        }

        let mut stop = self.tell(&Event::Iteration(&record))?;
        while evaluated < self.history.evaluations.len() {
            let record = self.history.evaluations[evaluated].clone();
            stop = self.tell(&Event::Evaluation(&record))?.or(stop);
            evaluated += 1;
        }
        Ok(self.tell(&Event::Settled)?.or(stop))
    }

    /// Measures the network on every set and records it; then the average of the iterates, where the
    /// method keeps one.
    ///
    /// # Errors
    /// If a set does not fit the network or a state is not finite.
    pub fn evaluate(&mut self) -> Result<(), TrainError> {
        let (method, batches, seconds) =
            (self.method.as_ref(), self.batches_done(), self.history.seconds());
        for (network, suffix) in [(Some(&self.network), ""), (method.average(), AVERAGE)] {
            let Some(network) = network else { continue };
            for set in self.sets {
                let score = set.score(method.scheme(), network, method.objective())?;
                let name = format!("{}{suffix}", set.name);
                self.history.evaluations.push(EvaluationRecord {
                    batches,
                    set: name,
                    score,
                    seconds,
                });
            }
        }
        Ok(())
    }

    fn check_divergence(&self) -> Result<(), TrainError> {
        let records = &self.history.iterations;
        if let (Some(first), Some(last)) = (records.first(), records.last()) {
            let limit = self.plan.divergence_factor * first.iteration.cost.total().abs().max(1.0);
            let value = last.iteration.cost.total();
            if value > limit {
                return Err(TrainError::Diverged {
                    quantity: "the cost",
                    value,
                    limit: Some(limit),
                });
            }
        }
        Ok(())
    }

    fn tell(&mut self, event: &Event<'_>) -> Result<Option<StopReason>, TrainError> {
        let state = State {
            network: &self.network,
            position: self.position,
            history: &self.history,
            method: self.method.as_ref(),
            perturbed: self.is_perturbed.then_some(&self.inputs),
        };
        let mut stop = None;
        for observer in &mut self.observers {
            if let Control::Stop(reason) =
                observer.observe(event, &state).map_err(TrainError::Observer)?
            {
                stop.get_or_insert(reason);
            }
        }
        Ok(stop)
    }
}

fn next_batch(position: Position, batches_per_epoch: usize) -> Position {
    let batch = position.batch + 1;
    if batch < batches_per_epoch {
        Position { batch, iteration: 0, ..position }
    } else {
        Position { epoch: position.epoch + 1, batch: 0, iteration: 0 }
    }
}
