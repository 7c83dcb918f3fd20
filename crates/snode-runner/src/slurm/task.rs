//! A task of a submission, on a computer of the cluster.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::command::{call, job_state};
use super::submission::Submission;
use crate::error::{Error, Result};
use crate::grid::{Cell, CellState};
use crate::pool::{Ended, GridEvent, GridObserver, Job, Launcher, run_cell};

/// How long a task waits for a cell that another process trains before it asks to be queued again.
const PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(200);

/// Trains and measures the cells of a task, one after the other, each with so many threads.
///
/// When it is stopped by a signal, as Slurm gives it before the time is up, the task asks Slurm to be
/// queued again, if its cells are further than when it began and it was not queued again too often. It
/// asks for the same if another process trains one of its cells: Slurm waits before it starts a job again.
///
/// # Errors
/// If there is no such task, a cell fails, is stopped or is another process's.
pub fn run_task(
    submission: &Path,
    number: usize,
    threads: usize,
    launcher: &dyn Launcher,
    stop: &AtomicBool,
    observer: &mut GridObserver<'_>,
) -> Result<()> {
    let submission = Submission::open(submission)?;
    let cells = submission.cells(number)?;
    let observer = &mut |event: &GridEvent<'_>| {
        // Training is worth more than words about it.
        let _ = observer(event);
    };
    let (name, all) = (&submission.head.grid, submission.head.cells);
    observer(&GridEvent::Begin { name, cells: all, to_do: cells.len(), done: 0 });
    let job = std::env::var("SLURM_ARRAY_JOB_ID").ok();
    let index = std::env::var("SLURM_ARRAY_TASK_ID").ok();
    let job = job.zip(index).map(|(job, index)| format!("{job}_{index}"));
    let task = Task { submission: &submission, number, threads, launcher, stop, job };
    let ended = task.run(&cells, observer);
    observer(&GridEvent::End);
    ended
}

struct Task<'a> {
    submission: &'a Submission,
    number: usize,
    threads: usize,
    launcher: &'a dyn Launcher,
    stop: &'a AtomicBool,
    /// What Slurm calls it; nothing if somebody else has started it.
    job: Option<String>,
}

impl Task<'_> {
    fn run(&self, cells: &[Cell], tell: &mut dyn FnMut(&GridEvent<'_>)) -> Result<()> {
        let results = self.submission.results();
        let mut queue: VecDeque<&Cell> = cells.iter().collect();
        let (mut elsewhere, mut failures) = (Vec::new(), Vec::new());
        let mut is_further = false;
        loop {
            while let Some(cell) = queue.pop_front() {
                let before = CellState::of(cell, results);
                if before.is_done() {
                    tell(&GridEvent::DoneByOther { cell });
                    continue;
                }
                match self.train(cell, tell)? {
                    Ended::Done(end) => {
                        is_further = true;
                        tell(&GridEvent::Done { cell, end: end.as_deref() });
                    }
                    Ended::Busy => {
                        tell(&GridEvent::Elsewhere { cell });
                        elsewhere.push(cell);
                    }
                    Ended::Interrupted { is_saved } => {
                        tell(&GridEvent::Interrupted { cell, is_saved });
                        is_further |= extent(&CellState::of(cell, results)) > extent(&before);
                        return Err(self.stopped(cell, is_further));
                    }
                    Ended::Failed(error) => {
                        tell(&GridEvent::Failed { cell, error: &error });
                        failures.push(format!("cell {} ({}): {error}", cell.number, cell.text()));
                    }
                }
            }
            let Some(&first) = elsewhere.first() else { break };
            match self.wait(&mut elsewhere) {
                Some(free) => queue.push_back(free),
                None => return Err(self.elsewhere(first)),
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(Error::Failed(failures.join("\n  "))) }
    }

    fn train(&self, cell: &Cell, tell: &mut dyn FnMut(&GridEvent<'_>)) -> Result<Ended> {
        let results = self.submission.results();
        if cell.files(results).is_locked() {
            return Ok(Ended::Busy);
        }
        tell(&GridEvent::Started { cell, threads: self.threads });
        let source = &self.submission.head.source;
        let job = Job::new(cell, source, results.to_owned(), self.threads, false);
        run_cell(self.launcher, job, self.stop, &mut |event| tell(&GridEvent::Run { cell, event }))
    }

    /// Waits a little until one of the cells is no longer another process's, and takes it out.
    fn wait<'a>(&self, elsewhere: &mut Vec<&'a Cell>) -> Option<&'a Cell> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE && !self.stop.load(Ordering::Relaxed) {
            let results = self.submission.results();
            let is_free = |cell: &&Cell| !cell.files(results).is_locked();
            if let Some(index) = elsewhere.iter().position(is_free) {
                return Some(elsewhere.remove(index));
            }
            std::thread::sleep(POLL);
        }
        None
    }

    /// The end of a task that was told to stop while it trained a cell.
    fn stopped(&self, cell: &Cell, is_further: bool) -> Error {
        let limit = self.submission.head.requeues;
        let before = self.submission.requeues(self.number);
        let what = if !is_further {
            "not queued again, as nothing is further than when it began".to_owned()
        } else if before >= limit {
            format!("not queued again, as that was done {before} times already")
        } else {
            let note = || self.submission.note_requeue(self.number);
            match self.queue_again(note) {
                Ok(()) => format!("queued again ({} of {limit})", before + 1),
                Err(error) => error.to_string(),
            }
        };
        let text = format!("interrupted at cell {}; {what}", cell.number);
        if is_further { Error::Interrupted(text) } else { Error::NotSaved(text) }
    }

    /// The end of a task one cell of which is another process's.
    fn elsewhere(&self, cell: &Cell) -> Error {
        let holder = cell.files(self.submission.results()).holder();
        let holder = holder.map_or_else(|| "another process".into(), |holder| holder.to_string());
        let what = match self.queue_again(|| Ok(())) {
            Ok(()) => "queued again".to_owned(),
            Err(error) => error.to_string(),
        };
        Error::Busy(format!("cell {} is being trained by {holder}; {what}", cell.number))
    }

    /// Asks Slurm to start the task again later. A task that Slurm itself is ending, because it was
    /// cancelled or because it is queued again already, is left to Slurm.
    fn queue_again(&self, note: impl FnOnce() -> Result<()>) -> Result<()> {
        let cannot = |why: &str| Err(Error::Failed(format!("not queued again, as {why}")));
        let Some(job) = &self.job else { return cannot("it was not started by Slurm") };
        let line = call("scontrol", ["--oneliner", "show", "job", job.as_str()])?;
        match job_state(&line) {
            Some("RUNNING") => {}
            Some(state) => return cannot(&format!("Slurm has its job as {state}")),
            None => return cannot("Slurm does not say how its job is"),
        }
        note()?;
        call("scontrol", ["requeue", job.as_str()]).map(|_| ())
    }
}

/// How far a cell is: iterations, and then how much is left to measure.
fn extent(state: &CellState) -> (usize, std::cmp::Reverse<usize>) {
    use std::cmp::Reverse;
    match state {
        CellState::Done(_) => (usize::MAX, Reverse(0)),
        CellState::Trained(summary, pending) => {
            (summary.history.iterations.len(), Reverse(pending.len()))
        }
        CellState::Interrupted(iterations) => (*iterations, Reverse(usize::MAX)),
        _ => (0, Reverse(usize::MAX)),
    }
}
