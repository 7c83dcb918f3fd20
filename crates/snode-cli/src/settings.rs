//! The options that change keys of an experiment.

use std::ffi::OsStr;
use std::path::Path;

use clap::Args;
use snode_experiment::{ExperimentFile, settled};

use crate::error::Result;
use crate::output::{quoted, say};

/// The options that change keys of an experiment.
#[derive(Clone, Debug, Default, Args)]
pub struct SetArgs {
    /// Sets a key, e.g. training.epochs=2; can be given several times. Keys of the file that lose
    /// their meaning by it are left out, which is said.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Takes a key or a table out of the file, e.g. training.space; can be given several times, and
    /// is done before keys are set.
    #[arg(long = "unset", value_name = "KEY")]
    pub unset: Vec<String>,
    /// Sets the seed, as `--set seed=NUMBER` does.
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
}

impl SetArgs {
    /// What is changed, as [`ExperimentFile::read`] takes it.
    pub fn overrides(&self) -> Vec<String> {
        let unset = self.unset.iter().map(|key| format!("!{key}"));
        let seed = self.seed.map(|seed| format!("seed={seed}"));
        unset.chain(self.set.iter().cloned()).chain(seed).collect()
    }

    /// Reads a file that describes an experiment or a grid, and changes it; says what is left out.
    ///
    /// # Errors
    /// If the file or a change is refused.
    pub fn read(&self, path: &Path) -> Result<ExperimentFile> {
        let file = ExperimentFile::read_any(path, &self.overrides())?;
        if file.is_grid() {
            return Ok(file);
        }
        let (file, dropped) = settled(file)?;
        for dropped in dropped {
            say(&format!("note: {dropped}"));
        }
        Ok(file)
    }

    /// The same of a file that describes one experiment.
    ///
    /// # Errors
    /// If it describes a grid, too.
    pub fn read_one(&self, path: &Path) -> Result<ExperimentFile> {
        Ok(self.read(path)?.single()?)
    }

    /// The options as a shell takes them, each behind a space.
    pub fn words(&self) -> String {
        let word = |option: &str, value: &str| format!(" {option} {}", quoted(OsStr::new(value)));
        let unset = self.unset.iter().map(|key| word("--unset", key));
        let set = self.set.iter().map(|set| word("--set", set));
        let seed = self.seed.map(|seed| word("--seed", &seed.to_string()));
        unset.chain(set).chain(seed).collect()
    }
}
