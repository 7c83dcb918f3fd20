//! Progress bars, as a terminal gets them.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::Read;
use std::os::fd::{FromRawFd, OwnedFd};
use std::process::Stdio;

use crate::support::{Sandbox, experiment};

/// A terminal: our end, and that of a program.
fn terminal() -> (File, OwnedFd) {
    let size = libc::winsize { ws_row: 24, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
    let (mut ours, mut theirs) = (-1, -1);
    let (name, settings) = (std::ptr::null_mut(), std::ptr::null());
    // SAFETY: both numbers and the size live, and a null pointer stands for no name or settings.
    let answer =
        unsafe { libc::openpty(&raw mut ours, &raw mut theirs, name, settings, &raw const size) };
    assert_eq!(answer, 0);
    // SAFETY: both were opened by the call, and belong to nobody else.
    unsafe { (File::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)) }
}

/// What a program shows on a terminal.
fn shown(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let (mut ours, theirs) = terminal();
    let mut command = sandbox.command(arguments);
    let mut child = command.stdout(Stdio::null()).stderr(theirs).spawn().unwrap();
    // Our end reads to its end once nobody holds the other one.
    drop(command);
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = ours.read(&mut part) {
        bytes.extend_from_slice(&part[..count]);
    }
    assert!(child.wait().unwrap().success());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_bar_shows_the_share_of_what_ends_the_run_first() {
    let sandbox = Sandbox::new();
    let limit = "training.time_limit = 1.5";
    sandbox.experiment(&[limit, "training.epochs = 1000000", "training.evaluate_every = 1000"]);
    let text = shown(&sandbox, &["run", "x.toml"]);
    assert!(text.contains(" s of 1.5 s · cost "), "{text}");
    // A limit that is never reached is not shown.
    sandbox.experiment(&["training.time_limit = 1000.0", "name = \"y\""]);
    let text = shown(&sandbox, &["run", "x.toml"]);
    assert!(text.contains("0/6 batches") && !text.contains(" of 16 min"), "{text}");
}

#[test]
fn the_bars_of_cells_do_too() {
    let sandbox = Sandbox::new();
    let lines = [
        "training.time_limit = 1.5",
        "training.epochs = 1000000",
        "training.evaluate_every = 1000",
        "threads = 1",
    ];
    sandbox.write("g.toml", &(experiment(&lines) + "seeds = 2\n"));
    let text = shown(&sandbox, &["run", "g.toml"]);
    assert!(text.contains("seed=3") && text.contains(" s of 1.5 s · cost "), "{text}");
}
