//! Watching a run: its events are shown, and requests to stop are answered by what is at stake.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use snode_runner::{ObserverError, RunEvent};

use crate::error::{Error, Result};
use crate::interrupt;
use crate::progress::{Progress, Style};

/// What a user is told who has asked a run to stop.
const ACKNOWLEDGEMENT: &str =
    "stopping after this iteration; a second Ctrl-C ends at once, without saving";

/// Watches one run.
pub struct Watch {
    style: Style,
    progress: Progress,
    /// The command that goes on with the run.
    go_on: String,
    results: PathBuf,
    /// Whether everything this run did so far is in its files when an analysis begins.
    is_saved: bool,
}

impl Watch {
    /// Shows a run in a style; the command `go_on` goes on with it.
    pub fn new(style: Style, go_on: String) -> Self {
        let results = PathBuf::new();
        Self { style, progress: Progress::new(style), go_on, results, is_saved: false }
    }

    /// Where the results will be.
    pub fn results(&mut self, path: &Path) {
        path.clone_into(&mut self.results);
    }

    /// Raised when the run is to stop: from now on requests do that, and no longer end the process.
    pub fn stop(&self) -> Arc<AtomicBool> {
        let is_shown = self.style == Style::Human;
        interrupt::finish_work(is_shown.then_some(ACKNOWLEDGEMENT))
    }

    /// Whoever is told of the events.
    pub fn observer(&mut self) -> impl FnMut(&RunEvent) -> std::result::Result<(), ObserverError> {
        |event| {
            match event {
                RunEvent::Begin(begin) => {
                    self.results = PathBuf::from(&begin.results);
                    self.is_saved = true;
                }
                // An analysis cannot be stopped half-way, and leaves nothing half done.
                RunEvent::Analysis { .. } => {
                    let results = self.results.display();
                    let go_on = &self.go_on;
                    interrupt::end_at_once(
                        format!(
                            "interrupted; {results} is trained, but not all is measured; to go \
                             on: {go_on}"
                        ),
                        self.is_saved,
                    );
                    // The ones before the next are in the file.
                    self.is_saved = true;
                }
                _ => {}
            }
            Ok(self.progress.show(event)?)
        }
    }

    /// The end of the run, with the command that goes on with it where it was stopped.
    ///
    /// # Errors
    /// As the run ended.
    pub fn end(&self, result: snode_runner::Result<()>) -> Result<()> {
        result.map_err(|error| Error::from(error).with_command(&self.go_on))
    }
}
