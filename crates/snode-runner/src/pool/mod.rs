//! Training the cells of a grid, several at a time.

mod event;
mod in_process;
mod job;
mod launcher;
mod one;
mod plan;
mod processes;
mod run;
mod share;

pub use event::{Counts, GridEvent, GridObserver};
pub use in_process::InProcess;
pub use job::Job;
pub use launcher::{Ended, Launcher, News, Running};
pub use one::run_cell;
pub use plan::{PlanEnd, PlannedCell, plan};
pub use processes::Processes;
pub use run::{GridOptions, GridOutcome, run_grid};
pub use share::Share;
