//! The option that lets files be replaced.

use clap::Args;
use snode_files::Existing;

/// The option that lets files be replaced.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ForceArgs {
    /// Replaces what is there already; files that the command reads are kept in any case.
    #[arg(long)]
    pub force: bool,
}

impl ForceArgs {
    /// What becomes of a file that is there.
    pub fn existing(self) -> Existing {
        if self.force { Existing::Replace } else { Existing::Keep }
    }
}
