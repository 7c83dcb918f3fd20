//! Training one cell by a launcher.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::Job;
use super::launcher::{Ended, Launcher, Message, News};
use crate::error::Result;
use crate::event::RunEvent;

/// How long to wait for news before the request to stop is looked at.
const POLL: Duration = Duration::from_millis(100);

/// Trains and measures one cell by `launcher`, and says how that ended. When `stop` is raised the cell is
/// asked to stop.
///
/// # Errors
/// If it cannot be started.
pub fn run_cell(
    launcher: &dyn Launcher,
    job: Job,
    stop: &AtomicBool,
    observer: &mut dyn FnMut(&RunEvent),
) -> Result<Ended> {
    let (sender, receiver) = channel();
    let mut running = launcher.launch(job, News::new(0, sender))?;
    let mut is_stopped = false;
    loop {
        if !is_stopped && stop.load(Ordering::Relaxed) {
            is_stopped = true;
            running.stop();
        }
        match receiver.recv_timeout(POLL) {
            Ok((_, Message::Event(event))) => observer(&event),
            Err(RecvTimeoutError::Timeout) => {}
            Ok((_, Message::Closed)) | Err(RecvTimeoutError::Disconnected) => {
                return Ok(running.wait());
            }
        }
    }
}
