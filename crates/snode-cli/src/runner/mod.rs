//! Training the cells of a grid, each in a process of its own, so that whatever happens to one
//! happens to no other.

mod child;
mod display;
mod job;
mod plan;
mod share;

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

pub use child::TRAIN_CELL;
pub use job::{Job, Log, supervised};
pub use plan::dry_run;
pub use share::Share;

use self::child::{Child, Ended, Message};
use self::display::{Counts, Display};
use crate::error::{Error, Result};
use crate::grid::manifest::SourceFile;
use crate::grid::{Cell, Grid, Selection, State};
use crate::interrupt;
use crate::progress::Style;

/// How a grid is run.
#[derive(Debug)]
pub struct Options {
    /// How it is shown.
    pub style: Style,
    /// Whether cells begin anew that are finished or begun.
    pub fresh: bool,
    /// Whether a failure stops the others.
    pub fail_fast: bool,
    /// How cores are shared.
    pub share: Share,
    /// The command that goes on.
    pub go_on: String,
}

/// How long to wait for news before signals and locks are looked at.
const POLL: Duration = Duration::from_millis(100);

/// Trains and measures all cells that are wanted and not done.
///
/// # Errors
/// If the results cannot be written, a cell fails, or the user interrupts it.
pub fn run(grid: &Grid, selection: &Selection, options: &Options) -> Result<()> {
    grid.cells[0].files(&grid.folder).prepare()?;
    let manifest = grid.write_manifest()?;

    let mut seen = BTreeSet::new();
    let mut queue = VecDeque::new();
    let mut counts = Counts::default();
    for cell in &grid.cells {
        let state = State::of(cell, &grid.folder);
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
    let display = Display::new(options.style, grid, queue.len(), counts.before);
    let stop = interrupt::finish_work(None);
    let mut run = Run {
        grid,
        source: grid.source(),
        options,
        stop: &stop,
        display,
        queue,
        later: Vec::new(),
        children: Vec::new(),
        sender,
        receiver,
        failed: Vec::new(),
        counts,
        unsaved: 0,
        next: 0,
        stopping: false,
    };
    let ended = run.finish();
    run.display.end();
    let why = match ended {
        Ok(()) if stop.load(Ordering::Relaxed) => Some("interrupted".to_owned()),
        Err(error @ Error::BrokenPipe) => Some(error.to_string()),
        Ok(()) => None,
        Err(error) => return Err(error),
    };
    if let Some(why) = why {
        let (done, all) = (run.counts.done(), seen.len());
        return Err(interrupted(&why, done, all, run.unsaved, options));
    }
    let failed = std::mem::take(&mut run.failed);
    run.counts.failed = failed.len();
    let shown = run.display.summary(&run.counts, &manifest);
    if failed.is_empty() { shown } else { Err(failure(&failed, seen.len(), options)) }
}

fn interrupted(why: &str, done: usize, all: usize, unsaved: usize, options: &Options) -> Error {
    let go_on = &options.go_on;
    match unsaved {
        0 => {
            Error::Interrupted(format!("{why}, {done} of {all} cells are done; to go on: {go_on}"))
        }
        n => Error::NotSaved(format!(
            "{why}, {done} of {all} cells are done, and {n} ended before they were saved; to go \
             on: {go_on}"
        )),
    }
}

fn failure(failed: &[(&Cell, String)], all: usize, options: &Options) -> Error {
    let mut text = format!("{} of {all} cells failed", failed.len());
    if options.fail_fast {
        text.push_str(", the others were stopped");
    }
    for (cell, error) in failed {
        text.push_str(&format!("\n  cell {} ({}): {error}", cell.number, cell.text()));
    }
    Error::Train(text)
}

struct Run<'a> {
    grid: &'a Grid,
    /// Its file.
    source: SourceFile,
    options: &'a Options,
    stop: &'a AtomicBool,
    display: Display,
    queue: VecDeque<&'a Cell>,
    /// Cells that other processes are at.
    later: Vec<&'a Cell>,
    children: Vec<Child<'a>>,
    sender: Sender<(usize, Message)>,
    receiver: Receiver<(usize, Message)>,
    failed: Vec<(&'a Cell, String)>,
    counts: Counts,
    /// Cells that were stopped before they were saved.
    unsaved: usize,
    /// The number of the next child.
    next: usize,
    stopping: bool,
}

impl Run<'_> {
    fn finish(&mut self) -> Result<()> {
        loop {
            let is_stopped = self.stop.load(Ordering::Relaxed)
                || (self.options.fail_fast && !self.failed.is_empty());
            if is_stopped && !self.stopping {
                self.stop_all();
            }
            let mut problem = self.display.take_problem();
            while problem.is_none() && !self.stopping && self.begin_one(&mut problem) {}
            if self.children.is_empty() && self.is_through() {
                return Ok(());
            }
            if let Some(error) = problem {
                self.stop_all();
                self.wait_for_children();
                return Err(error);
            }
            if self.children.is_empty() && self.stopping {
                return Ok(());
            }
            self.look();
        }
    }

    fn is_through(&self) -> bool {
        self.queue.is_empty() && self.later.is_empty()
    }

    /// Tells everyone to stop.
    fn stop_all(&mut self) {
        self.stopping = true;
        if !self.children.is_empty() {
            self.display.stopping(self.children.len());
        }
        for child in &mut self.children {
            child.tell_to_stop();
        }
    }

    fn wait_for_children(&mut self) {
        while !self.children.is_empty() {
            self.look();
        }
    }

    /// Begins with a cell if there is one and there are cores for it.
    fn begin_one(&mut self, problem: &mut Option<Error>) -> bool {
        if self.queue.is_empty() {
            // Those whose process is gone may have to be taken over.
            let folder = &self.grid.folder;
            let free = self.later.iter().position(|cell| !cell.files(folder).is_locked());
            self.queue.extend(free.map(|index| self.later.remove(index)));
        }
        let used: Vec<usize> = self.children.iter().map(|child| child.threads).collect();
        let Some(threads) = self.options.share.threads(&used, self.queue.len()) else {
            return false;
        };
        let Some(cell) = self.queue.pop_front() else { return false };
        let files = cell.files(&self.grid.folder);
        if files.is_locked() {
            self.display.elsewhere(cell);
            self.later.push(cell);
            return true;
        }
        // Another process may have done it meanwhile.
        if !self.options.fresh && State::of(cell, &self.grid.folder).is_done() {
            self.counts.by_others += 1;
            self.display.done_by_other(cell);
            return true;
        }
        let number = self.next;
        self.next += 1;
        let (sender, options) = (self.sender.clone(), self.options);
        let folder = self.grid.folder.clone();
        let job =
            Job::new(cell, &self.source, folder, threads, options.fresh, options.go_on.clone());
        match Child::start(number, cell, &job, sender) {
            Ok(child) => {
                self.display.begin(cell, threads);
                self.children.push(child);
                true
            }
            Err(error) => {
                *problem = Some(error);
                false
            }
        }
    }

    /// Waits a little for what the children say.
    fn look(&mut self) {
        let (number, message) = match self.receiver.recv_timeout(POLL) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
        };
        let Some(index) = self.children.iter().position(|child| child.number == number) else {
            return;
        };
        match message {
            Message::Event(event) => {
                let child = &mut self.children[index];
                child.note(&event);
                self.display.event(child.cell, &event);
            }
            Message::Closed => {
                let child = self.children.remove(index);
                self.close(child.cell, child.end());
            }
        }
    }
}

impl<'a> Run<'a> {
    /// A process has ended.
    fn close(&mut self, cell: &'a Cell, ended: Ended) {
        match ended {
            Ended::Done(Some(end)) if !end.computed => {
                self.counts.by_others += 1;
                self.display.done_by_other(cell);
            }
            Ended::Done(end) => {
                self.counts.finished += 1;
                self.display.done(cell, end.as_deref());
            }
            Ended::Busy => {
                self.display.elsewhere(cell);
                self.later.push(cell);
            }
            Ended::Interrupted { is_saved } if self.stopping || interrupt::is_requested() => {
                self.unsaved += usize::from(!is_saved);
                self.display.stopped(cell, is_saved);
            }
            Ended::Interrupted { .. } => self.fail(cell, "its process was told to stop".into()),
            Ended::Failed(error) => self.fail(cell, error),
        }
    }

    fn fail(&mut self, cell: &'a Cell, error: String) {
        self.display.failed(cell, &error);
        self.failed.push((cell, error));
    }
}
