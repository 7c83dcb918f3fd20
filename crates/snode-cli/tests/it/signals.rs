//! What signals do, and the exit codes that say it.

#![cfg(unix)]

use crate::support;

use std::process::Command;
use std::time::Duration;

use support::{Running, Sandbox};

/// A run that does not end by itself.
const ENDLESS: [&str; 2] = ["training.epochs = 1000000", "training.evaluate_every = 1000"];

fn start(sandbox: &Sandbox) -> Running {
    sandbox.experiment(&ENDLESS);
    let mut run = Running::start(sandbox.command(&["run", "x.toml", "--json"]));
    run.wait_for("iteration", 5);
    run
}

#[test]
fn every_request_to_stop_writes_a_checkpoint() {
    let sandbox = Sandbox::new();
    for signal in ["-INT", "-TERM", "-HUP", "-QUIT", "-USR1", "-USR2", "-XCPU"] {
        let run = start(&sandbox);
        run.signal(signal);
        let ran = run.finish();
        assert_eq!(ran.code, Some(130), "{signal}: {}", ran.err);
        let checkpoint = sandbox.path("results/x.checkpoint.h5");
        let info = snode_store::read_info(&checkpoint).unwrap().info;
        assert_eq!(info.status, snode_store::Status::Interrupted, "{signal}");
        std::fs::remove_file(checkpoint).unwrap();
    }
}

/// A terminal, a shell and a job scheduler may all pass the same request on.
#[test]
fn a_burst_of_signals_is_one_request() {
    let sandbox = Sandbox::new();
    let run = start(&sandbox);
    for signal in ["-INT", "-INT", "-TERM", "-HUP", "-TERM", "-INT"] {
        run.signal(signal);
    }
    // Still more of them come while the program waits for its reader.
    std::thread::sleep(Duration::from_millis(100));
    run.signal("-TERM");
    let ran = run.finish();
    assert_eq!(ran.code, Some(130), "{}", ran.err);
    assert!(ran.err.contains("to go on"), "{}", ran.err);
}

#[test]
fn a_second_ctrl_c_after_a_second_ends_at_once() {
    let sandbox = Sandbox::new();
    let mut run = start(&sandbox);
    run.wait_until_stuck();
    run.signal("-INT");
    std::thread::sleep(Duration::from_millis(1100));
    run.signal("-TERM");
    std::thread::sleep(Duration::from_millis(100));
    assert!(run.child.try_wait().unwrap().is_none(), "only Ctrl-C ends at once");
    run.signal("-INT");
    assert_eq!(run.child.wait().unwrap().code(), Some(131));
}

#[test]
fn a_signal_that_the_parent_ignores_stays_ignored() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&ENDLESS);
    let program = env!("CARGO_BIN_EXE_snode");
    let mut shell = Command::new("sh");
    let script = format!("trap '' HUP INT; exec {program} run x.toml --json");
    shell.args(["-c", &script]).current_dir(sandbox.path(""));
    let mut run = Running::start(shell);
    run.wait_for("iteration", 5);
    run.signal("-HUP");
    run.signal("-INT");
    run.wait_for("iteration", 200);
    assert!(run.child.try_wait().unwrap().is_none());
    run.signal("-USR1");
    assert_eq!(run.finish().code, Some(130));
}

/// There is nothing to save, and nothing half written stays.
#[test]
fn other_commands_end_at_once() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    sandbox.succeeds(&["run", "x.toml"]);
    for signal in ["-TERM", "-INT", "-USR1"] {
        let arguments = ["robustness", "results/x.h5", "--draws", "1000000"];
        let run = Running::start(sandbox.command(&arguments));
        std::thread::sleep(Duration::from_millis(400));
        run.signal(signal);
        let ran = run.finish();
        assert_eq!(ran.code, Some(131), "{signal}: {}", ran.err);
    }
    let names = std::fs::read_dir(sandbox.path("results")).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["x.h5"]);
}

#[test]
fn a_file_that_may_not_grow_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    let program = env!("CARGO_BIN_EXE_snode");
    let script = format!("ulimit -f 4; exec {program} run x.toml");
    let output =
        Command::new("sh").args(["-c", &script]).current_dir(sandbox.path("")).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("error: ") && err.contains("x.checkpoint.h5"), "{err}");
}

#[test]
fn a_grid_whose_reader_is_gone_says_how_to_go_on() {
    let sandbox = Sandbox::new();
    let grid = "seeds = 3\n";
    let endless = [&ENDLESS[..], &["threads ="]].concat();
    sandbox.write("g.toml", &(support::experiment(&endless) + grid));
    let mut run = Running::start(sandbox.command(&["run", "g.toml", "--json", "--jobs", "1"]));
    run.wait_for("begin", 1);
    let ran = run.stop_reading();
    assert_eq!(ran.code, Some(130), "{}", ran.err);
    assert!(ran.err.contains("0 of 3 cells are done; to go on: snode run g.toml"), "{}", ran.err);
    let cells = std::fs::read_dir(sandbox.path("results/cells")).unwrap();
    let mut names = cells.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.any(|name| name.ends_with(".checkpoint.h5")));
}

/// What goes on can be copied into a shell.
#[test]
fn the_command_that_goes_on_is_quoted() {
    let sandbox = Sandbox::new();
    sandbox.write("my x.toml", &support::experiment(&ENDLESS));
    let arguments = ["run", "my x.toml", "--json", "--set", "name=a b", "--output", "o'o"];
    let mut run = Running::start(sandbox.command(&arguments));
    run.wait_for("iteration", 1);
    run.signal("-TERM");
    let ran = run.finish();
    let command = ran.err.split("to go on: snode ").nth(1).unwrap().trim();
    let words = Command::new("sh").args(["-c", &format!("printf '%s\\n' {command}")]).output();
    let words = String::from_utf8(words.unwrap().stdout).unwrap();
    let expected = ["run", "my x.toml", "--set", "name=a b", "--output", "o'o"];
    assert_eq!(words.lines().collect::<Vec<_>>(), expected, "{}", ran.err);
}

/// A file that is being written has another name until it is whole; that goes with the process.
#[cfg(target_os = "linux")]
#[test]
fn a_command_that_is_stopped_while_it_writes_leaves_nothing() {
    use support::{Watch, WatchFlags};
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    sandbox.succeeds(&["export", "results/x.h5", "--to", "x.npz"]);
    // The file is written before it is put in place, which takes the lock.
    std::fs::create_dir(sandbox.path("new")).unwrap();
    let lock_path = sandbox.path("new/.y.h5.lock");
    let lock = snode_files::Lock::try_acquire(&lock_path, None).unwrap();
    let watch = Watch::new(&lock_path, WatchFlags::OPEN);
    let command = sandbox.command(&["import", "x.npz", "--output", "new/y.h5", "--data", "dots"]);
    let mut run = Running::start(command);
    watch.wait(&mut run.child);
    let files = || std::fs::read_dir(sandbox.path("new")).unwrap().count();
    assert_eq!(files(), 2);
    run.signal("-TERM");
    let ran = run.finish();
    assert_ne!(ran.code, Some(0), "{ran:?}");
    assert_eq!(files(), 1, "only the lock is left");
    drop(lock);
}
