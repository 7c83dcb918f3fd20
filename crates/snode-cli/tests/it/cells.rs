//! Single cells of a grid, their names, logs and manifests, and several programs at one grid.

#![cfg(unix)]

use crate::support;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use support::{Ran, Running, Sandbox, read_run};

const FOUR: &str = "seeds = 2\n[grid]\nnetwork.activation = [\"tanh\", \"relu\"]\n";
/// Cells that take a while.
const LONG: [&str; 4] = [
    "threads =",
    "training.epochs = 60",
    "training.batch_size = 10",
    "training.evaluate_every = 60",
];

fn sandbox(lines: &[&str], grid: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("g.toml", &(support::experiment(&[&["threads ="], lines].concat()) + grid));
    sandbox
}

fn identities(sandbox: &Sandbox) -> Vec<String> {
    let plan = sandbox.succeeds(&["run", "g.toml", "--dry-run", "--json"]).json_lines();
    let cells = plan.iter().filter(|event| event["event"] == "plan");
    cells.map(|cell| cell["identity"].as_str().unwrap().to_owned()).collect()
}

fn results(sandbox: &Sandbox, identity: &str) -> PathBuf {
    sandbox.path(&format!("results/cells/{}.h5", &identity[..12]))
}

#[test]
fn a_number_is_a_number_and_an_identity_says_so() {
    let sandbox = sandbox(&["training.batches = 1"], "seeds = 700\n");
    let identities = identities(&sandbox);
    // Among so many some begin alike; among all, some begin with four decimal digits.
    let mut by_beginning: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, identity) in identities.iter().enumerate() {
        by_beginning.entry(&identity[..4]).or_default().push(index);
    }
    let (twice, cells) = by_beginning.iter().find(|(_, cells)| cells.len() > 1).unwrap();
    let (first, second) = (&identities[cells[0]][..12], &identities[cells[1]][..12]);
    let ambiguous = format!("id:{twice}");
    sandbox.fails(&["run", "g.toml", "--cell", &ambiguous], 2, &[&ambiguous, first, second]);

    let is_decimal = |text: &str| text.parse().is_ok_and(|number: usize| number > 999);
    let (number, cells) = by_beginning
        .iter()
        .find(|(beginning, cells)| is_decimal(beginning) && cells.len() == 1)
        .unwrap();
    let parts = [*number, "1 to 700"];
    sandbox.fails(&["run", "g.toml", "--cell", number], 2, &parts);
    sandbox.succeeds(&["run", "g.toml", "--cell", &format!("id:{number}"), "--quiet"]);
    assert!(results(&sandbox, &identities[cells[0]]).exists());
    sandbox.succeeds(&["run", "g.toml", "--cell", "700", "--quiet"]);
    assert!(results(&sandbox, &identities[699]).exists());
    let wrong = &identities[0][..8].replace(|c: char| c.is_ascii_digit(), "a");
    sandbox.fails(&["run", "g.toml", "--cell", wrong], 2, &[&format!("did you mean `id:{wrong}`")]);
    let ran = sandbox.run(&["run", "g.toml", "--cell", "0"]);
    assert!(ran.code == Some(2) && ran.err.contains("a number from 1"), "{ran:?}");
}

/// As the tasks of a cluster's array do it.
#[test]
fn single_cells_leave_a_manifest_and_logs() {
    let sandbox =
        sandbox(&[], &format!("{FOUR}[[exclude]]\nseed = 3\nnetwork.activation = \"tanh\"\n"));
    let identities = identities(&sandbox);
    assert_eq!(identities.len(), 3);
    for cell in ["2", "3"] {
        sandbox.succeeds(&["run", "g.toml", "--cell", cell]);
    }
    let status = sandbox.succeeds(&["status", "results"]).out;
    assert!(status.contains("g: 3 cells, 2 done, 1 missing"), "{status}");
    assert!(results(&sandbox, &identities[1]).exists());
    let log = std::fs::read_to_string(results(&sandbox, &identities[1]).with_extension("log"));
    let log = log.unwrap();
    assert!(log.contains("cell 2: network.activation=relu") && log.contains("test"), "{log}");
    // One that is whole is not written again; one of another time is.
    let manifest = sandbox.path("results/g.grid.json");
    let modified = || manifest.metadata().unwrap().modified().unwrap();
    let before = modified();
    sandbox.succeeds(&["run", "g.toml", "--cell", "2"]);
    assert_eq!(modified(), before);
    sandbox.succeeds(&["run", "g.toml", "--cell", "2", "--set", "training.checkpoint_every=9"]);
    assert_ne!(modified(), before);
}

#[test]
fn who_does_not_train_a_cell_does_not_touch_its_log() {
    // The first one writes nothing more into its log while the test looks at it.
    let keys = ["training.epochs = 1000000", "training.evaluate_every = 1000000000"];
    let sandbox = sandbox(&keys, "seeds = 1\n");
    let log = results(&sandbox, &identities(&sandbox)[0]).with_extension("log");
    let mut run = Running::start(sandbox.command(&["run", "g.toml", "--cell", "1", "--json"]));
    run.wait_for("iteration", 3);
    sandbox.fails(&["run", "g.toml", "--cell", "1", "--fresh"], 75, &["another snode"]);
    let status = sandbox.succeeds(&["status", "g.toml"]).out;
    assert!(status.contains("1 running"), "{status}");
    std::fs::write(&log, "of the first\n").unwrap();
    let mut second = Running::start(sandbox.command(&["run", "g.toml", "--fresh", "--json"]));
    second.wait_for("cell", 1);
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "of the first\n");
    second.signal("-TERM");
    assert_eq!(second.finish().code, Some(130));
    run.signal("-TERM");
    assert_eq!(run.finish().code, Some(130));
}

/// A look at a grid is in nobody's way: it takes no lock, and so opens no file for writing. A lock that a
/// killed process left says nothing.
#[cfg(target_os = "linux")]
#[test]
fn a_look_never_keeps_a_run_from_its_files() {
    use support::{Watch, WatchFlags};
    let sandbox = sandbox(&["training.batches = 1"], "seeds = 2\n");
    let results = results(&sandbox, &identities(&sandbox)[0]);
    sandbox.succeeds(&["run", "g.toml", "--cell", "1", "--quiet"]);
    let lock = results.with_extension("lock");
    std::fs::write(&lock, "snode lock\nprocess 4194999\n").unwrap();
    let changes = WatchFlags::CREATE
        | WatchFlags::DELETE
        | WatchFlags::MODIFY
        | WatchFlags::MOVE
        | WatchFlags::CLOSE_WRITE;
    let watch = Watch::new(results.parent().unwrap(), changes);
    for look in [
        &["status", "g.toml"][..],
        &["status", "results"],
        &["run", "g.toml", "--dry-run"],
        &["doctor", "results/cells"],
    ] {
        let ran = sandbox.succeeds(look);
        assert!(!ran.out.contains("1 running") && !ran.out.contains("held by"), "{ran:?}");
        // The doctor tries files and locks under a name of its own.
        assert!(look[0] == "doctor" || watch.is_quiet(), "{look:?} changes files");
    }
    // Whoever holds the lock is seen, and not disturbed.
    drop(std::fs::remove_file(&lock));
    let held = snode_files::Lock::try_acquire(&lock, None).unwrap();
    let ran = sandbox.succeeds(&["status", "g.toml"]);
    assert!(ran.out.contains("1 running"), "{ran:?}");
    sandbox.fails(&["run", "g.toml", "--cell", "1", "--fresh"], 75, &["another snode"]);
    drop(held);
    sandbox.succeeds(&["run", "g.toml", "--cell", "1", "--fresh", "--quiet"]);
}

#[test]
fn programs_that_share_a_grid_count_what_they_did() {
    let sandbox = sandbox(&LONG, FOUR);
    let run = || {
        let mut command = sandbox.command(&["run", "g.toml", "--json", "--jobs", "1"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let summaries = [run(), run()].map(|child| {
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.json_lines().pop().unwrap()
    });
    let count = |summary: &Value, key: &str| summary[key].as_u64().unwrap();
    let now: u64 = summaries.iter().map(|summary| count(summary, "done")).sum();
    assert_eq!(now, 4, "{summaries:?}");
    for summary in &summaries {
        let keys = ["done_before", "done", "done_by_others"];
        let all: u64 = keys.map(|key| count(summary, key)).iter().sum();
        assert_eq!(all, 4, "{summaries:?}");
    }
}

/// The file of the grid and the program may both be replaced: by an editor, by a rebuild.
#[test]
fn cells_are_trained_as_the_grid_was_read() {
    let sandbox = sandbox(&LONG, FOUR);
    sandbox.succeeds(&["run", "g.toml", "--output", "whole"]);
    let program = sandbox.path("snode");
    std::fs::copy(env!("CARGO_BIN_EXE_snode"), &program).unwrap();
    let mut command = std::process::Command::new(&program);
    command.args(["run", "g.toml", "--json", "--jobs", "1"]).current_dir(sandbox.path(""));
    command.stdin(Stdio::null());
    let mut run = Running::start(command);
    run.wait_for("begin", 1);
    sandbox.write("g.toml", "seed = ");
    std::fs::remove_file(&program).unwrap();
    sandbox.write("snode", "#!/bin/sh\nexit 9\n");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let ran = run.finish();
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let mut cells = 0;
    for entry in std::fs::read_dir(sandbox.path("whole/cells")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "h5") {
            let other = sandbox.path("results/cells").join(path.file_name().unwrap());
            assert!(read_run(&path).network == read_run(&other).network);
            cells += 1;
        }
    }
    assert_eq!(cells, 4);
}

#[test]
fn a_grid_does_not_take_the_manifest_of_another() {
    let sandbox = sandbox(&["training.batches = 1"], "seeds = 1\n");
    std::fs::create_dir(sandbox.path("other")).unwrap();
    let lines = ["threads =", "training.batches = 1", "data.source = \"../dots\""];
    sandbox.write("other/g.toml", &(support::experiment(&lines) + "seeds = [9]\n"));
    sandbox.succeeds(&["run", "g.toml"]);
    let manifest = std::fs::read(sandbox.path("results/g.grid.json")).unwrap();
    let parts = ["results/g.grid.json", "belongs to the grid", "g.toml", "--output"];
    sandbox.fails(&["run", "other/g.toml"], 2, &parts);
    sandbox.fails(&["run", "other/g.toml", "--cell", "1"], 2, &parts);
    assert_eq!(std::fs::read(sandbox.path("results/g.grid.json")).unwrap(), manifest);
    sandbox.succeeds(&["run", "other/g.toml", "--set", "name=other"]);
    // A grid that was moved, or changed, is the same grid.
    std::fs::rename(sandbox.path("other/g.toml"), sandbox.path("g.toml")).unwrap();
    sandbox.succeeds(&["run", "g.toml", "--set", "data.source=dots"]);
}

#[test]
fn names_in_a_manifest_lead_nowhere_else() {
    let sandbox = sandbox(&["training.batches = 1"], "seeds = 1\n");
    sandbox.succeeds(&["run", "g.toml"]);
    let path = sandbox.path("results/g.grid.json");
    let sound = std::fs::read_to_string(&path).unwrap();
    let identity = identities(&sandbox)[0].clone();
    for (from, to) in [
        ("\"name\": \"g\"".to_owned(), "\"name\": \"../../escaped\"".to_owned()),
        (format!("cells/{}.h5", &identity[..12]), "../../escaped.h5".into()),
        (format!("\"{identity}\""), format!("\"../../{}\"", &identity[6..])),
    ] {
        let changed = sound.replace(&from, &to);
        assert_ne!(changed, sound);
        std::fs::write(&path, changed).unwrap();
        for command in ["status", "collect", "report"] {
            let ran = sandbox.run(&[command, "results"]);
            assert!(ran.code != Some(0) && ran.err.contains("g.grid.json"), "{command}: {ran:?}");
        }
    }
    assert!(!sandbox.path("escaped.h5").exists() && !sandbox.path("../escaped.h5").exists());
}

/// What stands at the end of a long log is why its process died.
#[test]
fn the_end_of_a_log_is_looked_at() {
    let sandbox = sandbox(&["training.epochs = 1000000"], "seeds = 1\n");
    let log = results(&sandbox, &identities(&sandbox)[0]).with_extension("log");
    let mut run = Running::start(sandbox.command(&["run", "g.toml", "--json"]));
    run.wait_for("iteration", 2);
    let mut text = "first words\n".to_owned() + &"x".repeat(200_000) + "\n";
    text.push_str("thread 'main' panicked at a place\n");
    std::fs::write(&log, text).unwrap();
    let parent = run.child.id().to_string();
    let child = std::process::Command::new("pgrep").args(["-P", &parent]).output().unwrap();
    let child = String::from_utf8(child.stdout).unwrap();
    let killed = std::process::Command::new("kill").args(["-KILL", child.trim()]).status();
    assert!(killed.unwrap().success());
    let ran = run.finish();
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("panicked at a place"), "{}", ran.err);
    assert!(!ran.err.contains("first words"), "{}", ran.err);
    let status = sandbox.succeeds(&["status", "g.toml"]).out;
    assert!(status.contains("1 failed"), "{status}");
}
