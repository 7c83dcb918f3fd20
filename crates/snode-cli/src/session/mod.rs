//! A session of training: begins a run or goes on with one, and leaves its results in files.

mod begin;
mod checkpoints;
mod files;
mod method;
mod run;
mod train;

pub use files::{Files, Lock};
pub use method::method;
pub use run::{Options, run};
pub use train::{TEST, initial_network};
