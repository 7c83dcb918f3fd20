//! One run, from its prepared experiment to its measured results.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use snode_experiment::images::fingerprint;
use snode_experiment::threads::pool;
use snode_experiment::{Prepared, with_precision};
use snode_files::Lock;
use snode_store::{has_appendix, network_digest, read_info};

use super::begin::{Begin, begin};
use super::events::{Tell, tell_plainly};
use super::train::{Outcome, Session, VERSION, train};
use crate::analyses::{self, ANALYSIS};
use crate::error::{Error, Result};
use crate::event::{RunEvent, RunObserver};
use crate::files::Files;

/// How a run goes.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Whether it starts afresh, and replaces what an earlier run left under the same name.
    pub fresh: bool,
    /// Raised when it is to stop: after the iteration at hand it writes a checkpoint and ends.
    pub stop: Arc<AtomicBool>,
}

/// Trains a network, or goes on with it, makes the analyses of its experiment, and writes the results;
/// `observer` is told of every event. Whoever calls it holds the `lock` of `files`.
///
/// # Errors
/// If training fails, a file cannot be written, or the run is stopped: [`Error::Interrupted`] when all
/// progress is saved.
pub fn run(
    prepared: &Prepared,
    files: &Files,
    lock: &Lock,
    options: &RunOptions,
    observer: &mut RunObserver<'_>,
) -> Result<()> {
    // Training runs in the threads of a pool, one of which tells.
    let observer = Mutex::new(observer);
    let tell = |event: &RunEvent| (observer.lock().unwrap_or_else(PoisonError::into_inner))(event);
    let run = Run { prepared, files, options, tell: &tell };
    run.all(lock)
}

struct Run<'a> {
    prepared: &'a Prepared,
    files: &'a Files,
    options: &'a RunOptions,
    tell: &'a Tell<'a>,
}

impl Run<'_> {
    fn all(&self, lock: &Lock) -> Result<()> {
        let Self { prepared, files, options, .. } = *self;
        let experiment = prepared.experiment.keys();
        crate::device::choose_by_key(experiment.device)?;
        let per_epoch = prepared.train.len() / experiment.training.batch_size;
        let fingerprint = fingerprint(&[&prepared.train, &prepared.validation, &prepared.test]);
        files.remove_leftovers();
        let begin = if options.fresh {
            Begin::Fresh
        } else {
            begin(files, experiment, &fingerprint, per_epoch, &mut |event| self.tell(event))?
        };
        // Whatever failed before is tried again.
        files.forget_failure(lock);
        if let Begin::Finished = &begin {
            let has_measured = self.analyse()?;
            return self.end(has_measured);
        }
        self.tell_of_begin(&begin)?;
        let session =
            Session { prepared, fingerprint, begin, files, stop: &options.stop, tell: self.tell };
        let outcome = pool(experiment.threads)?
            .install(|| with_precision!(experiment.precision, T => train::<T>(session)))?;
        match outcome {
            Outcome::Finished => {
                self.analyse()?;
                self.end(true)
            }
            Outcome::Interrupted { batches } => Err(Error::Interrupted(format!(
                "interrupted after {batches} batches; the checkpoint is {}",
                files.checkpoint.display()
            ))),
        }
    }

    fn tell(&self, event: &RunEvent) -> Result<()> {
        tell_plainly(self.tell, event)
    }

    /// Says what is worth knowing before training begins.
    fn tell_of_begin(&self, begin: &Begin) -> Result<()> {
        if let Begin::After { path, summary } = begin {
            let version = &summary.info.snode_version;
            if version != VERSION {
                let message = format!(
                    "{} was written by snode {version}, and this is snode {VERSION}: the results \
                     may differ from those of one version alone",
                    path.display()
                );
                self.tell(&RunEvent::Warning { message })?;
            }
        }
        let results = &self.files.results;
        if has_appendix(results, ANALYSIS).unwrap_or(false) {
            let message = format!(
                "{} holds analyses of the network as it is; they are not kept with the new one",
                results.display()
            );
            self.tell(&RunEvent::Note { message })?;
        }
        for message in self.prepared.remarks.iter().cloned() {
            self.tell(&RunEvent::Note { message })?;
        }
        Ok(())
    }

    /// Makes the analyses that the experiment asks for and the results do not hold yet. Says whether
    /// there were any.
    fn analyse(&self) -> Result<bool> {
        let (results, experiment) = (&self.files.results, self.prepared.experiment.keys());
        if analyses::pending(results, experiment, Some(&network_digest(results)?))?.is_empty() {
            return Ok(false);
        }
        analyses::complete(results, experiment, &mut |event| {
            if self.options.stop.load(Ordering::Relaxed) {
                return Err(Error::Interrupted(format!(
                    "interrupted; {} is trained, but not all is measured",
                    results.display()
                )));
            }
            self.tell(event)
        })?;
        Ok(true)
    }

    fn end(&self, computed: bool) -> Result<()> {
        let results = &self.files.results;
        self.tell(&RunEvent::end(&read_info(results)?, results, computed))
    }
}
