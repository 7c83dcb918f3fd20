//! How the files of experiments are read: once, within bounds, and pipes only where they are meant.

#![cfg(unix)]

use crate::support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::{Ran, Sandbox, read_run};

/// Runs with a text on a pipe as the standard input.
fn with_pipe(sandbox: &Sandbox, arguments: &[&str], text: &str) -> Ran {
    let mut command = sandbox.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A pipe that is read twice is empty the second time, or waited for without end.
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    Ran::from(child.wait_with_output().unwrap())
}

#[track_caller]
fn succeeds(ran: &Ran) {
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn an_experiment_comes_from_a_pipe() {
    let sandbox = Sandbox::new();
    let text = support::experiment(&["name = \"mine\"", "seed = 77"]);
    succeeds(&with_pipe(&sandbox, &["run", "/dev/stdin"], &text));
    let record = read_run(&sandbox.path("results/mine.h5"));
    assert_eq!(record.info.seed, 77);
    assert_eq!(record.configuration.source, text);
    let validated = with_pipe(&sandbox, &["validate", "/dev/stdin"], &text);
    assert!(validated.out.contains("seed = 77"), "{validated:?}");
    let schemes = ["solvers", "/dev/stdin", "--schemes", "euler", "--output", "solved"];
    succeeds(&with_pipe(&sandbox, &schemes, &text));
    assert_eq!(read_run(&sandbox.path("solved/mine-euler.h5")).info.seed, 77);
}

#[test]
fn a_grid_and_a_base_come_from_a_pipe() {
    let sandbox = Sandbox::new();
    let text = support::experiment(&["name = \"mine\"", "threads ="]) + "seeds = [4, 5]\n";
    let ran = with_pipe(&sandbox, &["run", "/dev/stdin"], &text);
    assert!(ran.out.contains("2 of 2 cells done, 2 of them now"), "{ran:?}");
    assert!(sandbox.path("results/mine.grid.json").exists());
    succeeds(&with_pipe(&sandbox, &["run", "/dev/stdin", "--cell", "2"], &text));

    sandbox.write("child.toml", "base = \"/dev/stdin\"\nseed = 8\n");
    let base = support::experiment(&["name ="]);
    succeeds(&with_pipe(&sandbox, &["run", "child.toml"], &base));
    assert_eq!(read_run(&sandbox.path("results/child.h5")).info.seed, 8);
}

#[test]
fn a_file_of_a_shell_is_one_too() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["name = \"mine\"", "seed = 78"]);
    let mut command = sandbox.command(&["run", "/dev/stdin"]);
    command.stdin(std::fs::File::open(sandbox.path("x.toml")).unwrap());
    succeeds(&Ran::from(command.output().unwrap()));
    assert_eq!(read_run(&sandbox.path("results/mine.h5")).info.seed, 78);
}

/// Runs, and expects an end within a few seconds.
#[track_caller]
fn at_once(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    let mut command = sandbox.command(arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id().to_string();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output().unwrap()));
    let output = receiver.recv_timeout(Duration::from_secs(10));
    if output.is_err() {
        let _ = Command::new("kill").args(["-KILL", &id]).status();
    }
    Ran::from(output.unwrap_or_else(|_| panic!("{arguments:?} waits")))
}

#[test]
fn what_is_no_file_is_refused_and_not_waited_for() {
    let sandbox = Sandbox::new();
    make_pipe(&sandbox.path("pipe.toml"));
    sandbox.write("child.toml", "base = \"pipe.toml\"\n");
    sandbox.write("endless.toml", "base = \"/dev/zero\"\n");
    for (file, parts) in [
        ("/dev/zero", &["/dev/zero", "found a device"][..]),
        ("pipe.toml", &["pipe.toml", "found a pipe"]),
        ("child.toml", &["child.toml:1: base", "found a pipe"]),
        ("endless.toml", &["endless.toml:1: base", "found a device"]),
    ] {
        for command in ["run", "validate", "status"] {
            let ran = at_once(&sandbox, &[command, file]);
            assert_eq!(ran.code, Some(2), "{command} {file}: {ran:?}");
            for part in parts {
                assert!(ran.err.contains(part), "{command} {file}: no {part} in {}", ran.err);
            }
        }
    }
    std::os::unix::fs::symlink("nowhere.toml", sandbox.path("link.toml")).unwrap();
    sandbox.fails(&["run", "link.toml"], 2, &["link.toml", "symbolic link"]);
}

#[test]
fn nor_among_the_files_of_a_grid() {
    let sandbox = Sandbox::new();
    sandbox.write("g.toml", &(support::experiment(&["threads ="]) + "seeds = 1\n"));
    std::fs::create_dir_all(sandbox.path("results/cells")).unwrap();
    let plan = sandbox.succeeds(&["run", "g.toml", "--dry-run", "--json"]).json_lines();
    let identity = plan[0]["identity"].as_str().unwrap()[..12].to_owned();
    let file = |ending: &str| sandbox.path(&format!("results/cells/{identity}.{ending}"));

    make_pipe(&sandbox.path("results/other.grid.json"));
    let ran = at_once(&sandbox, &["status", "results"]);
    assert!(ran.code == Some(1) && ran.err.contains("found a pipe"), "{ran:?}");
    std::fs::remove_file(sandbox.path("results/other.grid.json")).unwrap();

    make_pipe(&file("failed"));
    let ran = at_once(&sandbox, &["status", "g.toml"]);
    assert!(ran.out.contains("failed") && ran.out.contains("found a pipe"), "{ran:?}");
    make_pipe(&file("lock"));
    at_once(&sandbox, &["status", "g.toml"]);
    let ran = at_once(&sandbox, &["run", "g.toml"]);
    assert!(ran.code == Some(1) && ran.err.contains("found a pipe"), "{ran:?}");
    std::fs::remove_file(file("lock")).unwrap();
    make_pipe(&file("log"));
    let ran = at_once(&sandbox, &["run", "g.toml"]);
    assert!(ran.code == Some(1) && ran.err.contains("found a pipe"), "{ran:?}");
    std::fs::remove_file(file("log")).unwrap();

    // What a link leads to is left alone.
    sandbox.write("precious", "text");
    std::os::unix::fs::symlink(sandbox.path("precious"), file("log")).unwrap();
    let ran = at_once(&sandbox, &["run", "g.toml"]);
    assert!(ran.code == Some(1) && ran.err.contains("found a symbolic link"), "{ran:?}");
    assert_eq!(std::fs::read_to_string(sandbox.path("precious")).unwrap(), "text");
}

#[test]
fn a_key_of_the_command_line_has_a_few_parts() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    let deep = vec!["a"; 30_000].join(".");
    let (set, found) = (format!("{deep}=1"), "30000 parts");
    sandbox.fails(&["validate", "x.toml", "--set", &set], 2, &["--set a.a", found]);
    sandbox.write("g.toml", &(support::experiment(&["threads ="]) + "seeds = 2\n"));
    sandbox.fails(&["run", "g.toml", "--only", &set], 2, &["--only a.a", found]);
    sandbox.fails(&["run", "g.toml", "--skip", &set], 2, &["--skip a.a", found]);
    let nested = format!("seed={}", "[".repeat(30_000));
    sandbox.fails(&["validate", "x.toml", "--set", &nested], 2, &["--set"]);
}

#[test]
fn a_folder_for_results_is_looked_at_before_the_work() {
    use std::os::unix::ffi::OsStringExt;
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    std::os::unix::fs::symlink("nowhere", sandbox.path("link")).unwrap();
    sandbox.fails(&["run", "x.toml", "--output", "link"], 2, &["link", "symbolic link"]);
    sandbox.fails(&["run", "x.toml", "--output", "link/a"], 2, &["link", "symbolic link"]);
    sandbox.fails(&["run", "x.toml", "--output", "x.toml/a"], 2, &["x.toml is not a folder"]);
    sandbox.write("g.toml", &(support::experiment(&["threads ="]) + "seeds = 2\n"));
    for file in ["x.toml", "g.toml"] {
        let mut command = sandbox.command(&["run", file, "--output"]);
        let begin = Instant::now();
        let ran = command.arg(std::ffi::OsString::from_vec(b"caf\xe9".to_vec())).output().unwrap();
        let err = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(ran.status.code() == Some(2) && err.contains("not UTF-8"), "{err}");
        assert!(begin.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn images_that_cannot_be_reached_are_not_missing() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    let images = sandbox.path("dots/train-images-idx3-ubyte");
    std::fs::remove_file(&images).unwrap();
    sandbox.fails(&["validate", "x.toml"], 2, &["no file with the training images"]);
    std::os::unix::fs::symlink("nowhere", &images).unwrap();
    sandbox.fails(&["validate", "x.toml"], 2, &["train-images-idx3-ubyte: opening"]);
}

#[test]
fn help_that_cannot_be_printed_is_an_error() {
    let sandbox = Sandbox::new();
    for arguments in [&["--help"][..], &["run", "--help"], &["--version"]] {
        let mut command = sandbox.command(arguments);
        command.stdout(std::fs::File::options().write(true).open("/dev/full").unwrap());
        let ran = Ran::from(command.output().unwrap());
        assert!(ran.code == Some(1) && ran.err.contains("standard output"), "{ran:?}");
        sandbox.succeeds(arguments);
    }
}
