//! `snode completions`: lets a shell complete the program's command line.

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use crate::error::Result;
use crate::output::print;

/// Arguments of `snode completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints the script by which the shell completes a command.
///
/// # Errors
/// If the standard output cannot be written.
pub fn run(args: &CompletionsArgs, mut command: Command) -> Result<()> {
    let mut script = Vec::new();
    generate(args.shell, &mut command, "snode", &mut script);
    print(&String::from_utf8_lossy(&script))
}
