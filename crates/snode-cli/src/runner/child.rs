//! The process of a cell.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{self, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;

use serde_json::Value;

use crate::error::{Error, FAILED, INTERRUPTED, REFUSED, Result};
use crate::grid::Cell;
use crate::session::Files;

/// What is heard of a child.
pub enum Message {
    /// One of its events.
    Event(Value),
    /// It has closed its standard output.
    Closed,
}

/// How a child ended.
pub enum Ended {
    /// Trained and measured; its event `end`.
    Done(Option<Value>),
    /// Another process is at the cell.
    Busy,
    /// It was told to stop.
    Interrupted,
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
    failed: PathBuf,
    log: PathBuf,
    end: Option<Value>,
    error: Option<(String, bool)>,
}

impl<'a> Child<'a> {
    /// Starts it; `sender` is told what it says, with its number.
    ///
    /// # Errors
    /// If it cannot be started, or the log cannot be written.
    pub fn start(
        number: usize,
        cell: &'a Cell,
        files: &Files,
        threads: usize,
        arguments: &[OsString],
        sender: Sender<(usize, Message)>,
    ) -> Result<Self> {
        let log = File::create(&files.log)
            .map_err(|error| Error::file(&files.log, "cannot write", error))?;
        let program = std::env::current_exe().map_err(|error| cannot_start(&error))?;
        let mut process = Command::new(program)
            .args(arguments)
            .args(["--json", "--supervised", "--cell", &cell.identity])
            .args(["--threads", &threads.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|error| cannot_start(&error))?;
        let input = process.stdin.take();
        if let Some(output) = process.stdout.take() {
            let listen = move || listen(output, number, &sender);
            std::thread::Builder::new().spawn(listen).map_err(|error| cannot_start(&error))?;
        }
        Ok(Self {
            number,
            cell,
            threads,
            process,
            input,
            failed: files.failed.clone(),
            log: files.log.clone(),
            end: None,
            error: None,
        })
    }

    /// Tells it to write a checkpoint and to stop.
    pub fn tell_to_stop(&mut self) {
        self.input = None;
    }

    /// Keeps what will be needed of an event.
    pub fn note(&mut self, event: &Value) {
        match event["event"].as_str() {
            Some("end") => self.end = Some(event.clone()),
            Some("error") => {
                let message = event["message"].as_str().unwrap_or_default().to_owned();
                self.error = Some((message, event["busy"] == true));
            }
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
        let code = status.code();
        match (code, self.error) {
            (Some(0), _) => Ended::Done(self.end),
            (Some(code), _) if code == i32::from(INTERRUPTED) => Ended::Interrupted,
            (_, Some((_, true))) => Ended::Busy,
            (Some(code), Some((message, _)))
                if [FAILED, REFUSED].map(i32::from).contains(&code) =>
            {
                Ended::Failed(message)
            }
            _ => {
                let error = format!("its process ended with {status}{}", last_words(&self.log));
                let error = explain(status, error);
                // It had no time to write that itself; the error is shown in any case.
                let _ = std::fs::write(&self.failed, format!("{error}\n"));
                Ended::Failed(error)
            }
        }
    }
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

fn cannot_start(error: &std::io::Error) -> Error {
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

/// The last line of a log, where a panic says why.
fn last_words(log: &std::path::Path) -> String {
    const READ: u64 = 1 << 16;
    let mut text = String::new();
    let read = File::open(log).and_then(|file| file.take(READ).read_to_string(&mut text));
    match (
        read,
        text.trim_end().lines().find(|line| line.contains("panicked")).or(text.lines().last()),
    ) {
        (Ok(_), Some(line)) => format!("; its log says: {line}"),
        _ => String::new(),
    }
}
