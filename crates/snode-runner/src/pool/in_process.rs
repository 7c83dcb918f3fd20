//! Cells in threads of this process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::Job;
use super::launcher::{Ended, Launcher, News, Running};
use crate::error::{Error, Result};
use crate::event::RunEvent;

/// Trains each cell in a thread of this process, whose pool has the cell's own number of threads. A
/// process of its own keeps more from a cell that goes wrong: see [`Processes`](super::Processes).
#[derive(Clone, Copy, Debug, Default)]
pub struct InProcess;

impl Launcher for InProcess {
    fn launch(&self, job: Job, news: News) -> Result<Box<dyn Running>> {
        let stop = Arc::<AtomicBool>::default();
        let flag = Arc::clone(&stop);
        let work = move || {
            let mut end = None;
            let mut observer = |event: &RunEvent| {
                if let RunEvent::End(at_the_end) = event {
                    end = Some(at_the_end.clone());
                }
                news.tell(event.clone());
                Ok(())
            };
            let run = || job.run(&flag, &mut |_| Ok(()), &mut observer);
            // Whatever a panic leaves is not looked at again.
            let ended = match catch_unwind(AssertUnwindSafe(run)) {
                Ok(Ok(())) => Ended::Done(end),
                Ok(Err(error)) => Ended::by_error(error.kind(), error.to_string()),
                Err(_) => Ended::Failed("the training of the cell panicked".into()),
            };
            news.closed();
            ended
        };
        let thread = std::thread::Builder::new().spawn(work).map_err(|error| {
            Error::Failed(format!("cannot start the thread of a cell: {error}"))
        })?;
        Ok(Box::new(InThread { stop, thread }))
    }
}

struct InThread {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Ended>,
}

impl Running for InThread {
    fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    fn wait(self: Box<Self>) -> Ended {
        self.thread.join().unwrap_or_else(|_| Ended::Failed("the thread of the cell ended".into()))
    }
}
