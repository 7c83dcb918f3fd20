//! Networks that were trained elsewhere, as runs.

mod matlab73;
mod network;

pub use matlab73::read_matlab73;
pub use network::{ImportedNetwork, stem};
