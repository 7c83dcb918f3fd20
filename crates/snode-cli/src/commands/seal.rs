//! `snode seal`: accepts what another program has changed in a file of results.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use snode_store::{Examination, StoreError, examine, read_info};

use crate::error::{Error, Result};
use crate::output::{print_line, say};

/// Arguments of `snode seal`.
#[derive(Debug, Args)]
pub struct SealArgs {
    /// The file of results, or a checkpoint.
    pub file: PathBuf,
    /// Seals the file even if its network is not the one that was written, or something in it cannot be
    /// read.
    #[arg(long)]
    pub force: bool,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Reads the whole file in this process, which may not survive it.
    #[arg(long, hide = true, conflicts_with = "force")]
    pub examine: bool,
}

/// Exit codes of the process that examines a file.
const CHANGED: i32 = 10;
const NOT_KNOWN: i32 = 11;
const DAMAGED: i32 = 12;

/// How long a file may take to be read.
const PATIENCE: Duration = Duration::from_secs(600);

/// Seals a file that another program has changed, if everything in it can be read and its network is the
/// one that was written.
///
/// # Errors
/// If not, unless forced, or the file cannot be written.
pub fn run(args: &SealArgs) -> Result<()> {
    let path = &args.file;
    if args.examine {
        examine_here(path);
    }
    match read_info(path) {
        Ok(_) => return told(args, false, "the seal fits already; nothing is changed"),
        Err(StoreError::Damaged { .. } | StoreError::Truncated { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let finding = match examined(path)? {
        Finding::AsWritten => {
            "everything in it can be read, and its network is the one that snode \
                               wrote"
        }
        Finding::NotKnown => {
            "everything in it can be read; which network was written is not known, \
                              as the file is of an earlier version"
        }
        Finding::Changed if args.force => {
            "its network is not the one that snode wrote; what was measured before may be of another"
        }
        Finding::Changed => {
            return Err(Error::Results(format!(
                "{}: found another network than the one that snode wrote: it was changed, or is \
                 damaged; --force seals it all the same",
                path.display()
            )));
        }
        Finding::Damaged(_) if args.force => "something in it cannot be read",
        Finding::Damaged(problem) => {
            return Err(Error::Results(format!(
                "{}: the file is damaged and is not sealed: {problem}; --force seals it all the same",
                path.display()
            )));
        }
    };
    snode_store::seal(path)?;
    told(args, true, finding)
}

/// Says whether the file was sealed, and what was found in it.
fn told(args: &SealArgs, sealed: bool, finding: &str) -> Result<()> {
    let path = args.file.display();
    if args.json {
        let object = json!({ "path": path.to_string(), "sealed": sealed, "finding": finding });
        return print_line(&object.to_string());
    }
    say(&if sealed {
        format!(
            "{path} is sealed: from now on it counts as complete and undamaged as it is; {finding}"
        )
    } else {
        format!("{path}: {finding}")
    });
    Ok(())
}

/// What is found in a file.
enum Finding {
    AsWritten,
    Changed,
    NotKnown,
    Damaged(String),
}

/// Reads the file and ends the process: the HDF5 library is not made for damaged files.
fn examine_here(path: &Path) -> ! {
    let code = match examine(path) {
        Ok(Examination::NetworkAsWritten) => 0,
        Ok(Examination::NetworkChanged) => CHANGED,
        Ok(Examination::NotKnown) => NOT_KNOWN,
        Err(error) => {
            say(&error.to_string());
            DAMAGED
        }
    };
    std::process::exit(code)
}

/// Has the file read by a process of its own.
fn examined(path: &Path) -> Result<Finding> {
    let cannot = |error: std::io::Error| {
        Error::Results(format!("{}: cannot be examined: {error}", path.display()))
    };
    let program = std::env::current_exe().map_err(cannot)?;
    let mut process = Command::new(program)
        .args(["seal", "--examine", "--"])
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(cannot)?;
    let begin = Instant::now();
    while process.try_wait().map_err(cannot)?.is_none() {
        if begin.elapsed() > PATIENCE {
            process.kill().map_err(cannot)?;
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = process.wait_with_output().map_err(cannot)?;
    Ok(match output.status.code() {
        Some(0) => Finding::AsWritten,
        Some(CHANGED) => Finding::Changed,
        Some(NOT_KNOWN) => Finding::NotKnown,
        Some(DAMAGED) => {
            Finding::Damaged(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
        _ => Finding::Damaged("the HDF5 library does not survive reading it".into()),
    })
}
