//! The program `snode`.

use std::process::ExitCode;

fn main() -> ExitCode {
    snode_cli::cli::main()
}
