//! `snode train-cell`: the process of one cell of a grid, started by the process of the grid.

use std::io::{self, BufReader};
use std::process::Command;

use snode_runner::{ErrorKind, Job, Processes, RunEvent, device};

use crate::error::{Error, Result};
use crate::interrupt;
use crate::output::redirect_to;
use crate::progress::{Style, print_event};
use crate::watch::Watch;

/// The name of the command.
pub const TRAIN_CELL: &str = "train-cell";

/// Runs the job that stands in the first line of the standard input, for the process that holds the
/// other end and stops this one by closing it.
///
/// # Errors
/// As [`Job::run`].
pub fn run() -> Result<()> {
    let mut input = BufReader::new(io::stdin());
    let job = Job::read(&mut input)?;
    interrupt::request_at_end_of(input)?;
    let mut watch = Watch::new(Style::Watched, String::new());
    // What libraries and the system say goes to the log too.
    let mut on_log = |log: &std::fs::File| redirect_to(log);
    let result = job.run(&watch.stop(), &mut on_log, &mut watch.observer()).map_err(Error::from);
    if let Err(error) = &result {
        let busy = error.kind() == ErrorKind::Busy;
        let _ = print_event(&RunEvent::Error { message: error.to_string(), busy });
    }
    result
}

/// Trains cells by this command.
pub fn processes() -> Processes<impl Fn() -> io::Result<Command>> {
    Processes::new(|| {
        let mut program = this_program()?;
        program
            .arg(TRAIN_CELL)
            .args(device::option().map(|device| format!("--device={}", device.text())));
        Ok(program)
    })
}

/// This program as it is running, even if another file has its name by now.
fn this_program() -> io::Result<Command> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use std::os::unix::process::CommandExt;
        // A link that leads to the running program itself, whatever has become of its name.
        const RUNNING: &str = "/proc/self/exe";
        if std::fs::symlink_metadata(RUNNING).is_ok() {
            let mut program = Command::new(RUNNING);
            program.arg0("snode");
            return Ok(program);
        }
    }
    Ok(Command::new(std::env::current_exe()?))
}
