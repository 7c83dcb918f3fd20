//! A session of training: begins a run or goes on with one, and leaves its results in files.

mod begin;
mod checkpoints;
mod files;
mod limits;
mod method;
mod train;

pub use begin::{Begin, begin};
pub use files::Files;
pub use method::method;
pub use train::{Outcome, Session, TEST, initial_network, train};
