//! Cells in processes of their own, so that whatever happens to one happens to no other.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use super::Job;
use super::launcher::{Ended, Launcher, News, Running};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{End, RunEvent};
use crate::files::Files;

/// Trains each cell in a process: a program that [reads](Job::read) a job from its standard input,
/// [runs](Job::run) it, prints its events as JSON, one a line, stops when its standard input ends, and
/// ends with the [code](ErrorKind::code) of its error.
pub struct Processes<P> {
    program: P,
}

impl<P: Fn() -> io::Result<Command>> Processes<P> {
    /// Cells are trained by the commands that `program` makes.
    pub fn new(program: P) -> Self {
        Self { program }
    }
}

impl<P: Fn() -> io::Result<Command>> Launcher for Processes<P> {
    fn launch(&self, job: Job, news: News) -> Result<Box<dyn Running>> {
        let line = serde_json::to_string(&job).map_err(io::Error::from);
        let line = line.map_err(|error| cannot_start(&error))? + "\n";
        let mut child = (self.program)()
            .and_then(|mut program| {
                program
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    // It writes its log itself, once the cell is its own.
                    .stderr(Stdio::null())
                    .spawn()
            })
            .map_err(|error| cannot_start(&error))?;
        let mut input = child.stdin.take();
        let heard = Arc::<Mutex<Heard>>::default();
        if let Some(output) = child.stdout.take() {
            let heard = Arc::clone(&heard);
            let listen = move || listen(output, &heard, news);
            std::thread::Builder::new().spawn(listen).map_err(|error| cannot_start(&error))?;
        }
        // That it has died before it read is seen by its end.
        let _ = input.as_mut().map(|input| input.write_all(line.as_bytes()));
        let files = crate::grid::Cell::from(job.cell).files(&job.folder);
        Ok(Box::new(InProcessOfItsOwn { child, input, files, heard }))
    }
}

/// What will be needed of what a process said.
#[derive(Debug, Default)]
struct Heard {
    /// Whether it has begun to train or to measure.
    has_begun: bool,
    end: Option<Box<End>>,
    error: Option<String>,
}

impl Heard {
    fn note(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Begin(_) | RunEvent::Analysis { .. } => self.has_begun = true,
            RunEvent::End(end) => self.end = Some(end.clone()),
            RunEvent::Error { message, .. } => self.error = Some(message.clone()),
            _ => {}
        }
    }
}

/// A process that trains a cell.
struct InProcessOfItsOwn {
    child: Child,
    /// Closed to tell it to stop; closed by the system if this process dies.
    input: Option<ChildStdin>,
    files: Files,
    heard: Arc<Mutex<Heard>>,
}

impl Running for InProcessOfItsOwn {
    fn stop(&mut self) {
        self.input = None;
    }

    fn wait(mut self: Box<Self>) -> Ended {
        self.input = None;
        let status = match self.child.wait() {
            Ok(status) => status,
            Err(error) => return Ended::Failed(format!("its process was lost: {error}")),
        };
        let heard = std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        let kind = code.and_then(ErrorKind::of_code);
        match (code, kind, heard.error) {
            (Some(0), ..) => Ended::Done(heard.end),
            // What had not begun has lost nothing.
            (_, Some(ErrorKind::NotSaved), _) => Ended::Interrupted { is_saved: !heard.has_begun },
            (_, Some(kind @ (ErrorKind::Interrupted | ErrorKind::Busy)), _) => {
                Ended::by_error(kind, String::new())
            }
            (_, Some(kind), Some(message)) => Ended::by_error(kind, message),
            _ => Ended::Failed(self.died(status)),
        }
    }
}

impl InProcessOfItsOwn {
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

fn listen(output: ChildStdout, heard: &Mutex<Heard>, news: News) {
    let mut lines = BufReader::new(output).lines();
    while let Some(Ok(line)) = lines.next() {
        // What is no event is no news.
        let Ok(event) = serde_json::from_str(&line) else { continue };
        heard.lock().unwrap_or_else(PoisonError::into_inner).note(&event);
        if !news.tell(event) {
            return;
        }
    }
    news.closed();
}

fn cannot_start(error: &io::Error) -> Error {
    Error::Failed(format!("cannot start the process of a cell: {error}"))
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
