//! The process of a cell.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{self, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;

use super::Job;
use crate::device;
use crate::error::{BUSY, Error, FAILED, INTERRUPTED, NOT_SAVED, REFUSED, Result};
use crate::event::{End, RunEvent};
use crate::grid::Cell;
use crate::session::Files;

/// The command by which this program runs the job on its standard input.
pub const TRAIN_CELL: &str = "train-cell";

/// What is heard of a child.
pub enum Message {
    /// One of its events.
    Event(RunEvent),
    /// It has closed its standard output.
    Closed,
}

/// How a child ended.
pub enum Ended {
    /// Trained and measured.
    Done(Option<Box<End>>),
    /// Another process is at the cell.
    Busy,
    /// It was told to stop.
    Interrupted {
        /// Whether all it did is kept.
        is_saved: bool,
    },
    /// With this error.
    Failed(String),
}

/// A process that trains a cell.
pub struct Child<'a> {
    /// Its number among all children.
    pub number: usize,
    /// The cell.
    pub cell: &'a Cell,
    /// Its threads.
    pub threads: usize,
    process: process::Child,
    /// Closed to tell it to stop; closed by the system if this process dies.
    input: Option<ChildStdin>,
    files: Files,
    /// Whether it has begun to train.
    has_begun: bool,
    end: Option<Box<End>>,
    error: Option<String>,
}

impl<'a> Child<'a> {
    /// Starts it; `sender` is told what it says, with its number.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(
        number: usize,
        cell: &'a Cell,
        job: &Job,
        sender: Sender<(usize, Message)>,
    ) -> Result<Self> {
        let line = serde_json::to_string(job).map_err(io::Error::from);
        let line = line.map_err(|error| cannot_start(&error))? + "\n";
        let mut process = this_program()
            .and_then(|mut program| {
                program
                    .arg(TRAIN_CELL)
                    .args(device::option().map(|device| format!("--device={}", device.text())))
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    // It writes its log itself, once the cell is its own.
                    .stderr(Stdio::null())
                    .spawn()
            })
            .map_err(|error| cannot_start(&error))?;
        let mut input = process.stdin.take();
        if let Some(output) = process.stdout.take() {
            let listen = move || listen(output, number, &sender);
            std::thread::Builder::new().spawn(listen).map_err(|error| cannot_start(&error))?;
        }
        // That it has died before it read is seen by its end.
        let _ = input.as_mut().map(|input| input.write_all(line.as_bytes()));
        let files = cell.files(&job.folder);
        let threads = job.threads;
        Ok(Self {
            number,
            cell,
            threads,
            process,
            input,
            files,
            has_begun: false,
            end: None,
            error: None,
        })
    }

    /// Tells it to write a checkpoint and to stop.
    pub fn tell_to_stop(&mut self) {
        self.input = None;
    }

    /// Keeps what will be needed of an event.
    pub fn note(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Begin { .. } | RunEvent::Analysis { .. } => self.has_begun = true,
            RunEvent::End(end) => self.end = Some(end.clone()),
            RunEvent::Error { message, .. } => self.error = Some(message.clone()),
            _ => {}
        }
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        self.input = None;
        let status = match self.process.wait() {
            Ok(status) => status,
            Err(error) => return Ended::Failed(format!("its process was lost: {error}")),
        };
        match (status.code().and_then(|code| u8::try_from(code).ok()), self.error.take()) {
            (Some(0), _) => Ended::Done(self.end),
            (Some(INTERRUPTED), _) => Ended::Interrupted { is_saved: true },
            (Some(NOT_SAVED), _) => Ended::Interrupted { is_saved: !self.has_begun },
            (Some(BUSY), _) => Ended::Busy,
            (Some(FAILED | REFUSED), Some(message)) => Ended::Failed(message),
            _ => Ended::Failed(self.died(status)),
        }
    }

    /// What is known of a process that had no time to say why it ended.
    fn died(&self, status: ExitStatus) -> String {
        let mut error = format!("its process ended with {status}");
        // Another process may be at the cell by now, and the log be its.
        if let Ok(lock) = self.files.lock() {
            if let Some(words) = self.files.last_words() {
                error.push_str(&format!("; its log says: {words}"));
            }
            error = explain(status, error);
            self.files.note_failure(&lock, &error);
            return error;
        }
        explain(status, error)
    }
}

/// This program as it is running, even if another file has its name by now.
fn this_program() -> io::Result<Command> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use std::os::unix::process::CommandExt;
        // A link that leads to the running program itself, whatever has become of its name.
        const RUNNING: &str = "/proc/self/exe";
        if std::fs::symlink_metadata(RUNNING).is_ok() {
            let mut program = Command::new(RUNNING);
            program.arg0("snode");
            return Ok(program);
        }
    }
    Ok(Command::new(std::env::current_exe()?))
}

fn listen(output: ChildStdout, number: usize, sender: &Sender<(usize, Message)>) {
    let mut lines = BufReader::new(output).lines();
    while let Some(Ok(line)) = lines.next() {
        // What is no event is no news.
        if let Ok(event) = serde_json::from_str(&line)
            && sender.send((number, Message::Event(event))).is_err()
        {
            return;
        }
    }
    let _ = sender.send((number, Message::Closed));
}

fn cannot_start(error: &io::Error) -> Error {
    Error::Train(format!("cannot start the process of a cell: {error}"))
}

/// What a signal may mean.
fn explain(status: ExitStatus, error: String) -> String {
    #[cfg(unix)]
    if std::os::unix::process::ExitStatusExt::signal(&status) == Some(9) {
        return format!("{error}; the system does that when memory runs out");
    }
    let _ = status;
    error
}
