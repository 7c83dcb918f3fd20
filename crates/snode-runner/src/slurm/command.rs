//! The commands of Slurm.

use std::ffi::OsStr;
use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// How long a command may take: one whose controller is gone tries for minutes.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(5);

/// Runs a command of Slurm, and gives what it prints.
///
/// # Errors
/// [`Error::Scheduler`] if it cannot be run, takes too long or fails; with what it says itself.
pub fn call<S: AsRef<OsStr>>(
    program: &'static str,
    arguments: impl IntoIterator<Item = S>,
) -> Result<String> {
    let failed = |problem: String| Error::Scheduler { program, problem };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => failed("there is no such command on PATH".into()),
        _ => failed(format!("cannot be run: {error}")),
    })?;
    let (out, err) = (read(child.stdout.take()), read(child.stderr.take()));
    let begin = Instant::now();
    let status: ExitStatus = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if begin.elapsed() < PATIENCE => std::thread::sleep(POLL),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(failed(format!("no answer within {} s", PATIENCE.as_secs())));
            }
            Err(error) => return Err(failed(error.to_string())),
        }
    };
    let text = |reader: std::thread::JoinHandle<String>| reader.join().unwrap_or_default();
    let (out, err) = (text(out), text(err));
    if status.success() {
        return Ok(out);
    }
    let err = err.trim();
    Err(failed(if err.is_empty() { status.to_string() } else { err.to_owned() }))
}

/// Reads all of a pipe, so that the command never waits for it.
fn read(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What cannot be read was not said.
        let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The largest index of an array plus one, as the configuration of Slurm says; Slurm's own default if
/// it does not.
pub fn max_array_size(configuration: &str) -> usize {
    const DEFAULT: usize = 1001;
    let line = configuration.lines().find_map(|line| line.strip_prefix("MaxArraySize"));
    let value = line.and_then(|line| line.trim_start().strip_prefix('='));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(DEFAULT)
}

/// The state of a job in the one line that `scontrol --oneliner show job` prints.
pub fn job_state(line: &str) -> Option<&str> {
    line.split_whitespace().find_map(|field| field.strip_prefix("JobState="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_scontrol_prints_is_read() {
        let text = "Configuration data as of 2026-11-26T08:02:30\nMaxArraySize            = 6\n\
                    MaxDBDMsgs              = 80008\n";
        assert_eq!((max_array_size(text), max_array_size("")), (6, 1001));
        let line = "JobId=2 ArrayJobId=1 ArrayTaskId=1 JobName=JobState JobState=RUNNING \
                    Reason=None Requeue=1 Restarts=0";
        assert_eq!((job_state(line), job_state("")), (Some("RUNNING"), None));
    }

    #[test]
    fn a_command_that_is_not_there_is_named() {
        let error = call("snode-no-such-command", ["-h"]).unwrap_err().to_string();
        assert!(error.contains("snode-no-such-command") && error.contains("PATH"), "{error}");
    }
}
