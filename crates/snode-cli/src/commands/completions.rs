//! `snode completions`: lets a shell complete the program's command line.

use clap::Args;
use clap_complete::{Shell, generate};

use crate::cli::command;
use crate::error::Result;
use crate::output::print;

/// Arguments of `snode completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints the script that the shell reads.
///
/// # Errors
/// If the standard output cannot be written.
pub fn run(args: &CompletionsArgs) -> Result<()> {
    let mut script = Vec::new();
    generate(args.shell, &mut command(), "snode", &mut script);
    print(&String::from_utf8_lossy(&script))
}
