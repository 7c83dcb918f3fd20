//! `snode validate`: checks an experiment and shows what it comes to.

use std::path::PathBuf;

use clap::Args;

use crate::error::Result;
use crate::output::{print, print_line};
use crate::settings::SetArgs;
use snode_experiment::{Prepared, estimate_text, resolved_text};

/// Arguments of `snode validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// The experiment, a TOML file.
    pub file: PathBuf,
    /// What is changed in it.
    #[command(flatten)]
    pub set: SetArgs,
    /// Prints the resolved experiment as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Prints the resolved experiment as TOML, with an estimate of memory and time in comments.
///
/// # Errors
/// If the experiment is refused.
pub fn run(args: &ValidateArgs) -> Result<()> {
    let prepared = Prepared::of(&args.set.read_one(&args.file)?)?;
    if args.json {
        // Numbers, texts and lists of them always can be serialised.
        return print_line(&serde_json::to_string(&prepared.experiment).unwrap_or_default());
    }
    let mut text = resolved_text(prepared.experiment.keys())?;
    text.push_str(&data_comment(&prepared));
    for remark in &prepared.remarks {
        text.push_str(&format!("# note: {remark}\n"));
    }
    text.push_str(&estimate_text(&prepared)?);
    print(&text)
}

fn data_comment(prepared: &Prepared) -> String {
    format!(
        "\n# {} images to train on, {} for validation, {} for testing; {}; {} pixels\n",
        prepared.train.len(),
        prepared.validation.len(),
        prepared.test.len(),
        prepared.task,
        prepared.pixels(),
    )
}
