//! `snode init`: writes an experiment to start from.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::error::{Error, Result};
use crate::output::say;

/// The experiment that is written.
pub const STARTER: &str = include_str!("starter.toml");

/// Arguments of `snode init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The file to write; it must not exist.
    #[arg(default_value = "experiment.toml")]
    pub file: PathBuf,
}

/// Writes the starter file.
///
/// # Errors
/// If the file exists or cannot be written.
pub fn run(args: &InitArgs) -> Result<()> {
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).open(&args.file).map_err(
            |error| match error.kind() {
                std::io::ErrorKind::AlreadyExists => Error::Usage(format!(
                    "{} exists and is not overwritten; name another file",
                    args.file.display()
                )),
                _ => Error::file(&args.file, "cannot write", error),
            },
        )?;
    file.write_all(STARTER.as_bytes())
        .map_err(|error| Error::file(&args.file, "cannot write", error))?;
    say(&format!("{0} is written; train it by: snode run {0}", args.file.display()));
    Ok(())
}
