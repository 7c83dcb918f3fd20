//! `snode doctor`: what the program and this computer have to offer.

use std::path::PathBuf;

use clap::Args;

use crate::error::Result;
use crate::output::{print, print_line};
use crate::table::{plain_table, text};
use snode_experiment::Prepared;
use snode_runner::computer::{Fact, as_json, facts, folder_facts};

/// Arguments of `snode doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// An experiment whose memory is held against the computer's; or a folder of results, in which it
    /// is looked whether files can be written and locked, and what is left of killed processes.
    pub file: Option<PathBuf>,
    /// Prints one JSON object; sizes in bytes.
    #[arg(long)]
    pub json: bool,
}

/// Prints versions, threads, vector unit, the rate of matrix products, disk and memory; of a folder,
/// what can be done in it, who holds locks there, and what is left over.
///
/// # Errors
/// If the experiment is refused, the folder cannot be read, or threads cannot be started.
pub fn run(args: &DoctorArgs) -> Result<()> {
    if let Some(folder) = args.file.as_deref().filter(|file| file.is_dir()) {
        let head = format!("{}\n", folder.display());
        return show(args, &head, &[], folder_facts(folder)?);
    }
    let prepared = args.file.as_deref().map(|file| Prepared::read(file, &[])).transpose()?;
    let own = [("snode", env!("CARGO_PKG_VERSION").to_owned()), ("features", features())];
    show(args, "", &own, facts(prepared.as_ref())?)
}

/// Shows what is known of this program and of what it was asked to look at.
fn show(args: &DoctorArgs, head: &str, own: &[(&str, String)], facts: Vec<Fact>) -> Result<()> {
    if args.json {
        let mut object = as_json(&facts);
        for (key, value) in own {
            object[key] = value.clone().into();
        }
        return print_line(&object.to_string());
    }
    let mut table = plain_table();
    table.add_rows(own.iter().map(|(what, text)| [(*what).to_owned(), text.clone()]));
    table.add_rows(facts.into_iter().map(|fact| [fact.what, fact.text]));
    print(&format!("{head}{}\n", text(&table)))
}

fn features() -> String {
    let all = [("mnist", cfg!(feature = "mnist")), ("static-hdf5", cfg!(feature = "static-hdf5"))];
    let there: Vec<&str> = all.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
    if there.is_empty() { "none".into() } else { there.join(", ") }
}
