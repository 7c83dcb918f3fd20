//! `snode man`: the manual pages.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_mangen::Man;

use crate::error::{Error, Result};
use crate::output::{print, say};
use crate::outputs::ForceArgs;
use snode_files::Outputs;

/// Arguments of `snode man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Writes a page for the program and each of its commands into a folder, instead of printing
    /// the first.
    #[arg(long, short, visible_alias = "to", value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Whether files are replaced.
    #[command(flatten)]
    pub force: ForceArgs,
}

/// Prints the page of the program whose command line this is, or writes all pages.
///
/// # Errors
/// If they cannot be written.
pub fn run(args: &ManArgs, command: Command) -> Result<()> {
    let Some(folder) = &args.output else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page).map_err(Error::Stdout)?;
        return print(&String::from_utf8_lossy(&page));
    };
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    collect(&command, &mut pages)?;
    let nothing: [PathBuf; 0] = [];
    let outputs = Outputs::new(args.force.existing(), nothing);
    let names: Vec<String> = pages.iter().map(|(name, _)| name.clone()).collect();
    outputs.check_in(folder, &names)?;
    for (name, page) in &pages {
        outputs.write(&folder.join(name), page)?;
    }
    say(&format!("the pages are in {}", folder.display()));
    Ok(())
}

/// The pages of a command and of those below it, with the names of their files.
fn collect(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        collect(below, pages)?;
    }
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    man.render(&mut page).map_err(Error::Stdout)?;
    pages.push((man.get_filename(), page));
    Ok(())
}
