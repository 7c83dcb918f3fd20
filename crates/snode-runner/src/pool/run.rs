//! Training all cells of a grid.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::event::{Counts, GridEvent, GridObserver};
use super::launcher::{Ended, Launcher, Message, News, Running};
use super::{Job, Share};
use crate::error::{Error, ObserverError, Result};
use crate::grid::manifest::SourceFile;
use crate::grid::{Cell, CellState, Grid, Selection};

/// How a grid is run.
#[derive(Clone, Debug)]
pub struct GridOptions {
    /// Whether cells start afresh that are finished or begun.
    pub fresh: bool,
    /// Whether a failure stops the others.
    pub fail_fast: bool,
    /// How cores are shared.
    pub share: Share,
    /// Raised when it is to stop: cells write their checkpoints and end.
    pub stop: Arc<AtomicBool>,
}

/// How the run of a grid ended.
#[derive(Clone, Debug)]
pub struct GridOutcome {
    /// How many cells ended how.
    pub counts: Counts,
    /// The manifest, which says what the grid consists of.
    pub manifest: PathBuf,
    /// Why cells failed: a line for each.
    pub failures: Vec<String>,
    /// Cells that were wanted.
    pub wanted: usize,
}

impl GridOutcome {
    /// The failures as a text, a line for each; if one of them stopped the others, that is said.
    pub fn failure(&self, fail_fast: bool) -> String {
        let Self { failures, wanted, .. } = self;
        let stopped = if fail_fast { ", the others were stopped" } else { "" };
        let first = format!("{} of {wanted} cells failed{stopped}", failures.len());
        failures.iter().fold(first, |text, failure| text + "\n  " + failure)
    }
}

/// How long to wait for news before the request to stop and locks are looked at.
const POLL: Duration = Duration::from_millis(100);

/// Trains and measures all cells that are wanted and not done, by `launcher`; `observer` is told of
/// every event. Cells that failed are in the outcome; they keep the others from nothing.
///
/// # Errors
/// If the results cannot be written, a cell cannot be started, or the run is stopped.
pub fn run_grid(
    grid: &Grid,
    selection: &Selection,
    options: &GridOptions,
    launcher: &dyn Launcher,
    observer: &mut GridObserver<'_>,
) -> Result<GridOutcome> {
    if let Some(cell) = grid.cells.first() {
        cell.files(&grid.folder).prepare()?;
    }
    let manifest = grid.write_manifest()?;

    let mut seen = BTreeSet::new();
    let mut queue = VecDeque::new();
    let mut counts = Counts::default();
    for cell in &grid.cells {
        let state = selection.state(cell, &grid.folder);
        if !selection.takes(cell, &state) || !seen.insert(&cell.identity) {
            continue;
        }
        if state.is_done() && !options.fresh {
            counts.before += 1;
        } else {
            queue.push_back(cell);
        }
    }
    let (sender, receiver) = channel();
    let mut run = Run {
        grid,
        source: grid.source(),
        options,
        launcher,
        observer,
        problem: None,
        queue,
        later: Vec::new(),
        running: Vec::new(),
        sender,
        receiver,
        failed: Vec::new(),
        counts,
        unsaved: 0,
        next: 0,
        stopping: false,
    };
    run.tell(&GridEvent::Begin {
        name: &grid.name,
        cells: grid.cells.len(),
        to_do: run.queue.len(),
        done: run.counts.before,
    });
    let ended = run.finish();
    run.tell(&GridEvent::End);
    ended?;
    let (done, all) = (run.counts.done(), seen.len());
    let so_far = format!("{done} of {all} cells are done");
    let is_interrupted = options.stop.load(Ordering::Relaxed);
    match (run.unsaved, run.problem.take()) {
        (0, Some(source)) => return Err(Error::Observer { source, kept: so_far }),
        (0, None) if is_interrupted => {
            return Err(Error::Interrupted(format!("interrupted, {so_far}")));
        }
        (unsaved @ 1.., _) => {
            return Err(Error::NotSaved(format!(
                "interrupted, {so_far}, and {unsaved} ended before they were saved"
            )));
        }
        _ => {}
    }
    let line = |(cell, error): &(&Cell, String)| {
        format!("cell {} ({}): {error}", cell.number, cell.text())
    };
    let failures: Vec<String> = run.failed.iter().map(line).collect();
    run.counts.failed = failures.len();
    Ok(GridOutcome { counts: run.counts, manifest, failures, wanted: all })
}

/// A cell that is being trained.
struct RunningCell<'a> {
    number: usize,
    cell: &'a Cell,
    threads: usize,
    running: Box<dyn Running>,
}

struct Run<'a, 'o> {
    grid: &'a Grid,
    /// Its file.
    source: SourceFile,
    options: &'a GridOptions,
    launcher: &'a dyn Launcher,
    observer: &'o mut GridObserver<'o>,
    /// Why the observer cannot go on.
    problem: Option<ObserverError>,
    queue: VecDeque<&'a Cell>,
    /// Cells that other programs are at.
    later: Vec<&'a Cell>,
    running: Vec<RunningCell<'a>>,
    sender: Sender<(usize, Message)>,
    receiver: Receiver<(usize, Message)>,
    failed: Vec<(&'a Cell, String)>,
    counts: Counts,
    /// Cells that were stopped before they were saved.
    unsaved: usize,
    /// The number of the next job.
    next: usize,
    stopping: bool,
}

impl<'a> Run<'a, '_> {
    fn tell(&mut self, event: &GridEvent<'_>) {
        if self.problem.is_none()
            && let Err(problem) = (self.observer)(event)
        {
            self.problem = Some(problem);
        }
    }

    fn finish(&mut self) -> Result<()> {
        loop {
            let is_stopped = self.options.stop.load(Ordering::Relaxed)
                || self.problem.is_some()
                || (self.options.fail_fast && !self.failed.is_empty());
            if is_stopped && !self.stopping {
                self.stop_all();
            }
            while !self.stopping {
                match self.begin_one() {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        self.stop_all();
                        while !self.running.is_empty() {
                            self.look();
                        }
                        return Err(error);
                    }
                }
            }
            let is_through = self.queue.is_empty() && self.later.is_empty();
            if self.running.is_empty() && (is_through || self.stopping) {
                return Ok(());
            }
            self.look();
        }
    }

    /// Tells everyone to stop.
    fn stop_all(&mut self) {
        self.stopping = true;
        let running = self.running.len();
        if running > 0 {
            self.tell(&GridEvent::Stopping { running });
        }
        for cell in &mut self.running {
            cell.running.stop();
        }
    }

    /// Begins with a cell if there is one and there are cores for it.
    fn begin_one(&mut self) -> Result<bool> {
        if self.queue.is_empty() {
            // Those whose process is gone may have to be taken over.
            let folder = &self.grid.folder;
            let free = self.later.iter().position(|cell| !cell.files(folder).is_locked());
            self.queue.extend(free.map(|index| self.later.remove(index)));
        }
        let used: Vec<usize> = self.running.iter().map(|cell| cell.threads).collect();
        let Some(threads) = self.options.share.threads(&used, self.queue.len()) else {
            return Ok(false);
        };
        let Some(cell) = self.queue.pop_front() else { return Ok(false) };
        let files = cell.files(&self.grid.folder);
        if files.is_locked() {
            self.tell(&GridEvent::Elsewhere { cell });
            self.later.push(cell);
            return Ok(true);
        }
        // Another program may have done it meanwhile.
        if !self.options.fresh && CellState::of(cell, &self.grid.folder).is_done() {
            self.counts.by_others += 1;
            self.tell(&GridEvent::DoneByOther { cell });
            return Ok(true);
        }
        let number = self.next;
        self.next += 1;
        let folder = self.grid.folder.clone();
        let job = Job::new(cell, &self.source, folder, threads, self.options.fresh);
        let running = self.launcher.launch(job, News::new(number, self.sender.clone()))?;
        self.tell(&GridEvent::Started { cell, threads });
        self.running.push(RunningCell { number, cell, threads, running });
        Ok(true)
    }

    /// Waits a little for news.
    fn look(&mut self) {
        let (number, message) = match self.receiver.recv_timeout(POLL) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
        };
        let Some(index) = self.running.iter().position(|cell| cell.number == number) else {
            return;
        };
        let cell = self.running[index].cell;
        match message {
            Message::Event(event) => self.tell(&GridEvent::Run { cell, event: &event }),
            Message::Closed => {
                let ended = self.running.remove(index).running.wait();
                self.close(cell, ended);
            }
        }
    }

    /// The training of a cell has ended.
    fn close(&mut self, cell: &'a Cell, ended: Ended) {
        match ended {
            Ended::Done(Some(end)) if !end.computed => {
                self.counts.by_others += 1;
                self.tell(&GridEvent::DoneByOther { cell });
            }
            Ended::Done(end) => {
                self.counts.finished += 1;
                self.tell(&GridEvent::Done { cell, end: end.as_deref() });
            }
            Ended::Busy => {
                self.tell(&GridEvent::Elsewhere { cell });
                self.later.push(cell);
            }
            // A signal may reach the cells before this process sees it.
            Ended::Interrupted { is_saved }
                if self.stopping || self.options.stop.load(Ordering::Relaxed) =>
            {
                self.unsaved += usize::from(!is_saved);
                self.tell(&GridEvent::Interrupted { cell, is_saved });
            }
            Ended::Interrupted { .. } => self.fail(cell, "its training was told to stop".into()),
            Ended::Failed(error) => self.fail(cell, error),
        }
    }

    fn fail(&mut self, cell: &'a Cell, error: String) {
        self.tell(&GridEvent::Failed { cell, error: &error });
        self.failed.push((cell, error));
    }
}
