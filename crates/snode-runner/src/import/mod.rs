//! Networks that were trained elsewhere, as runs.

mod matlab73;
mod network;
mod read;

pub use matlab73::read_matlab73;
pub use network::{ImportedNetwork, stem};
pub use read::{ImportFormat, check_solver, read_network_file};
