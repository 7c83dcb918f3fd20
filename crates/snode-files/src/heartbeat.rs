//! Signs of life of a process that holds a lock.

use std::fs::File;
use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

/// A thread that sets the time of a file to the present one again and again, until this is dropped.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Heartbeat {
    /// Of this file, this often.
    pub(crate) fn start(file: File, every: Duration) -> io::Result<Self> {
        let (stop, stopped) = channel();
        let beat = move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                // The next one may succeed.
                let _ = file.set_modified(SystemTime::now());
            }
        };
        let thread = std::thread::Builder::new().name("heartbeat".into()).spawn(beat)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.stop = None;
        // The file, and with it the lock, is closed when the thread has ended.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
