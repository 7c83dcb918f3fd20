//! A session of training: begins a run or goes on with one, and leaves its results in files.

mod begin;
mod checkpoints;
mod divergence;
mod events;
mod method;
mod perturbation;
mod rules;
mod run;
mod train;

pub use rules::VALIDATION;
pub use run::{RunOptions, run};
pub use train::{TEST, initial_network};
