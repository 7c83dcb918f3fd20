//! Writing checkpoints while a run goes on.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use snode_store::{Compression, Configuration, Model, RunInfo, RunRecord, Status, write_run};
use snode_train::{Control, Event, Observer, ObserverError, Snapshot, State};

use super::events::Tell;
use crate::error::Result;
use crate::event::RunEvent;
use crate::number::Number;

/// Writes checkpoints of a run.
pub struct Checkpoints<'a> {
    path: PathBuf,
    info: RunInfo,
    configuration: Configuration,
    model: Model,
    every: Duration,
    /// Who is told of failures.
    tell: &'a Tell<'a>,
    last: Instant,
    /// Whether the last one could not be written.
    has_failed: bool,
    /// The file the session began with.
    origin: Option<PathBuf>,
    /// The epoch and the batch of the last checkpoint.
    written: Option<(usize, usize)>,
}

impl<'a> Checkpoints<'a> {
    /// Writes to `path` when `every` has passed since the last time; the session began with
    /// `origin`.
    pub fn new(
        path: PathBuf,
        origin: Option<PathBuf>,
        info: RunInfo,
        configuration: Configuration,
        model: Model,
        every: Duration,
        tell: &'a Tell<'a>,
    ) -> Self {
        Self {
            path,
            origin,
            info,
            configuration,
            model,
            every,
            tell,
            last: Instant::now(),
            has_failed: false,
            written: None,
        }
    }

    /// The file.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// What is kept when training fails: the last checkpoint, or the file the session began with.
    pub fn kept(&self) -> String {
        let path = self.path.display();
        match (self.written, &self.origin) {
            (Some((epoch, batch)), _) => {
                format!("the last good checkpoint (epoch {epoch}, batch {batch}) is kept in {path}")
            }
            (None, Some(origin)) => {
                format!("{}, from which it went on, is kept", origin.display())
            }
            (None, None) => "no checkpoint was written".into(),
        }
    }

    /// Writes one.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write<T: Number>(&mut self, snapshot: Snapshot<T>, status: Status) -> Result<()> {
        let mut info = self.info.clone();
        info.status = status;
        let position = snapshot.position;
        let record = RunRecord::from_snapshot(
            info,
            self.configuration.clone(),
            self.model.clone(),
            snapshot,
        );
        write_run(&self.path, &record, Compression::CHECKPOINT)?;
        self.last = Instant::now();
        self.written = Some((position.epoch, position.batch));
        Ok(())
    }

    /// Writes one if that is possible: what fails now may succeed the next time, and training is
    /// worth more than a checkpoint.
    fn try_to_write<T: Number>(
        &mut self,
        snapshot: Snapshot<T>,
    ) -> std::result::Result<(), ObserverError> {
        match self.write(snapshot, Status::Running) {
            Ok(()) if self.has_failed => {
                self.has_failed = false;
                return self.warn("checkpoints can be written again".into());
            }
            Ok(()) => {}
            Err(error) => {
                self.last = Instant::now();
                if !std::mem::replace(&mut self.has_failed, true) {
                    let path = self.path.display();
                    let text = format!(
                        "the checkpoint {path} cannot be written: {error}; training goes on, and \
                         the next one is tried"
                    );
                    return self.warn(text);
                }
            }
        }
        Ok(())
    }

    fn warn(&self, message: String) -> std::result::Result<(), ObserverError> {
        (self.tell)(&RunEvent::Warning { message })
    }
}

impl<T: Number> Observer<T> for Checkpoints<'_> {
    fn observe(
        &mut self,
        event: &Event<'_>,
        state: &State<'_, T>,
    ) -> std::result::Result<Control, ObserverError> {
        if matches!(event, Event::Settled) && self.last.elapsed() >= self.every {
            self.try_to_write(state.snapshot())?;
        }
        Ok(Control::Continue)
    }
}
