//! `snode man`: the manual pages.

use std::path::PathBuf;

use clap::Args;
use clap_mangen::{Man, generate_to};

use crate::cli::command;
use crate::error::{Error, Result};
use crate::output::{print, say};

/// Arguments of `snode man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Writes a page for the program and each of its commands into a folder, instead of printing
    /// the first.
    #[arg(long, value_name = "FOLDER")]
    pub to: Option<PathBuf>,
}

/// Prints the page of the program, or writes all pages.
///
/// # Errors
/// If they cannot be written.
pub fn run(args: &ManArgs) -> Result<()> {
    let Some(folder) = &args.to else {
        let mut page = Vec::new();
        Man::new(command()).render(&mut page).map_err(Error::Stdout)?;
        return print(&String::from_utf8_lossy(&page));
    };
    let failed = |source| Error::file(folder, "cannot write the pages", source);
    std::fs::create_dir_all(folder).map_err(failed)?;
    generate_to(command(), folder).map_err(failed)?;
    say(&format!("the pages are in {}", folder.display()));
    Ok(())
}
