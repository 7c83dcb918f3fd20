//! `snode init`: writes an experiment to start from.

use std::path::PathBuf;

use clap::Args;

use crate::error::Result;
use crate::output::{quoted, say};
use crate::outputs::ForceArgs;
use snode_files::Outputs;

/// The experiment that is written.
pub const STARTER: &str = include_str!("starter.toml");

/// Arguments of `snode init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The file to write.
    #[arg(default_value = "experiment.toml")]
    pub file: PathBuf,
    /// Whether a file is replaced.
    #[command(flatten)]
    pub force: ForceArgs,
}

/// Writes the starter file.
///
/// # Errors
/// If the file exists and is to be kept, or cannot be written.
pub fn run(args: &InitArgs) -> Result<()> {
    let nothing: [PathBuf; 0] = [];
    Outputs::new(args.force.existing(), nothing).write(&args.file, STARTER.as_bytes())?;
    let command = format!("snode run {}", quoted(args.file.as_os_str()));
    say(&format!("{} is written; train it by: {command}", args.file.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use snode_experiment::{Experiment, unset_keys};

    /// The starter file shows every key there is, and leaves out none that has been added since.
    #[test]
    fn the_starter_file_shows_every_key() {
        let experiment: Experiment = toml::from_str(STARTER).unwrap();
        let table = toml::Table::try_from(Experiment::default()).unwrap();
        let mut keys: Vec<String> =
            ["name", "threads", "size", "train", "test"].map(Into::into).into();
        keys.extend(["mu1", "mu2", "mu3", "mu4"].map(Into::into));
        keys.extend(unset_keys(&Experiment::default()).iter().map(|(_, key, _)| (*key).to_owned()));
        for (key, value) in &table {
            match value.as_table() {
                Some(inner) => keys.extend(inner.keys().cloned()),
                None => keys.push(key.clone()),
            }
        }
        for key in keys {
            let shown =
                |line: &str| line.trim_start_matches("# ").starts_with(&format!("{key} = "));
            assert!(STARTER.lines().any(shown), "{key}");
        }
        assert!(experiment.training.batches.is_some());
    }

    /// Uncommenting a key that stands for its default must give something that parses.
    #[test]
    fn commented_keys_parse() {
        let lines = STARTER.lines().map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) => rest,
            _ => line,
        });
        let text: Vec<&str> = lines.collect();
        let experiment: Experiment = toml::from_str(&text.join("\n")).unwrap();
        assert_eq!(experiment.training.halvings, Some(5));
        assert_eq!(experiment.data.size, Some([14, 14]));
    }
}
