//! What must hold of the structure of snode's code, beside what `cargo` knows of crates.
//!
//! [`Tree`] reads the modules of a crate from its sources, [`imports`] says which of them use which,
//! and [`cycles`] finds those that use each other. The tests hold all crates against it.

mod cycles;
mod imports;
mod tree;

use std::path::PathBuf;

pub use cycles::{Cycle, cycles};
pub use imports::{Import, imports};
pub use tree::{Module, Tree};

/// The folder of the workspace.
///
/// # Panics
/// If this crate does not lie where it belongs.
pub fn workspace() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("two folders up").to_owned()
}

/// The folders of the crates, in the order of their names.
///
/// # Panics
/// If they cannot be listed.
pub fn crates() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(workspace().join("crates")).expect("a folder of crates");
    let mut crates: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|folder| folder.join("src/lib.rs").exists())
        .collect();
    crates.sort();
    crates
}
