//! Where cells are trained: in processes, in this one, or wherever a [`Launcher`] takes them.

use std::sync::mpsc::Sender;

use super::Job;
use crate::error::{ErrorKind, Result};
use crate::event::{End, RunEvent};

/// Starts the training of cells.
pub trait Launcher {
    /// Starts a job. What happens in it is told to `news`, and when nothing more will,
    /// [`News::closed`] says so; only then is [`Running::wait`] called.
    ///
    /// # Errors
    /// If it cannot be started.
    fn launch(&self, job: Job, news: News) -> Result<Box<dyn Running>>;
}

/// The training of a cell that was started.
pub trait Running {
    /// Asks it to write a checkpoint and to stop.
    fn stop(&mut self);

    /// Waits for its end.
    fn wait(self: Box<Self>) -> Ended;
}

/// How the training of a cell ended.
#[derive(Clone, Debug)]
pub enum Ended {
    /// It is trained and measured.
    Done(Option<Box<End>>),
    /// Another program is at the cell.
    Busy,
    /// It was asked to stop.
    Interrupted {
        /// Whether all it did is saved.
        is_saved: bool,
    },
    /// It failed, for this reason.
    Failed(String),
}

impl Ended {
    /// As an error with a message tells it.
    pub fn by_error(kind: ErrorKind, message: String) -> Self {
        match kind {
            ErrorKind::Busy => Self::Busy,
            ErrorKind::Interrupted => Self::Interrupted { is_saved: true },
            ErrorKind::NotSaved => Self::Interrupted { is_saved: false },
            ErrorKind::Refused | ErrorKind::Failed => Self::Failed(message),
        }
    }
}

/// What is heard of a job.
#[derive(Debug)]
pub(super) enum Message {
    /// One of its events.
    Event(Box<RunEvent>),
    /// Nothing more will come.
    Closed,
}

/// Tells the run of a grid what happens in a job.
#[derive(Clone, Debug)]
pub struct News {
    number: usize,
    sender: Sender<(usize, Message)>,
}

impl News {
    pub(super) fn new(number: usize, sender: Sender<(usize, Message)>) -> Self {
        Self { number, sender }
    }

    /// Tells of an event. Says whether anybody listens.
    pub fn tell(&self, event: RunEvent) -> bool {
        self.sender.send((self.number, Message::Event(Box::new(event)))).is_ok()
    }

    /// Says that nothing more will come.
    pub fn closed(self) {
        // If nobody listens, nobody has to know.
        let _ = self.sender.send((self.number, Message::Closed));
    }
}
