//! Grids on a cluster that runs Slurm. snode says what is to be trained, Slurm runs it, and the files of
//! results say what is done.
//!
//! A grid is [planned](Plan) and submitted as a [`Submission`]: a folder that holds the cells as they
//! were, so that what tasks of the cluster train does not change when the grid's file does. Each
//! [task](run_task) trains one cell or several, writes checkpoints when Slurm asks it to stop, and asks
//! Slurm to be queued again while it goes further. [`look`] joins what is known of the jobs with the
//! cells; nothing runs between the commands.

mod arrays;
mod cancel;
mod command;
mod queue;
mod submission;
mod submit;
mod task;
mod user;

pub use arrays::{Array, arrays};
pub use cancel::cancel;
pub use queue::{Look, look};
pub use submission::{SUBMISSIONS, Submission};
pub use submit::{Plan, Submit, Submitted};
pub use task::run_task;
pub use user::UserOptions;
