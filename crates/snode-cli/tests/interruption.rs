//! Interrupting a run and going on with it.

#![cfg(unix)]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use snode_store::{RunRecord, Status};
use support::{NOT_NCG, Ran, Sandbox, read_run};

/// Runs, and signals as soon as some iterations are done. What the program prints fills a pipe that
/// is read no further until then, so it cannot come to its end before.
fn interrupt(sandbox: &Sandbox, signal: &str) -> Ran {
    let mut child = sandbox
        .command(&["run", "x.toml", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reader = BufReader::with_capacity(256, child.stdout.take().unwrap());
    let mut out = String::new();
    while out.matches("\"event\":\"iteration\"").count() < 10 {
        assert!(reader.read_line(&mut out).unwrap() > 0, "ended early: {out}");
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    reader.read_to_string(&mut out).unwrap();
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    Ran { code: child.wait().unwrap().code(), out, err }
}

/// The numbers of a run; not the seconds, which differ each time.
fn numbers(record: &RunRecord<f64>) -> impl PartialEq + use<> {
    let iterations: Vec<_> = record
        .history
        .iterations
        .iter()
        .map(|r| {
            let i = &r.iteration;
            let norms = (i.gradient_norm, i.learning_rate);
            (r.position, i.cost, i.gamma, i.eta, norms, i.rose, i.restarted)
        })
        .collect();
    let evaluations: Vec<_> =
        record.history.evaluations.iter().map(|e| (e.batches, e.set.clone(), e.score)).collect();
    (record.network.clone(), iterations, evaluations)
}

const LONG: [&str; 4] = [
    "training.batch_size = 10",
    "training.epochs = 60",
    "training.iterations = 3",
    "training.evaluate_every = 100",
];

/// One step on each batch: as many as there are iterations otherwise.
const STOCHASTIC: [&str; 2] = [NOT_NCG, "training.epochs = 180"];

#[test]
fn an_interrupted_run_goes_on_with_the_same_bits() {
    let sandbox = Sandbox::new();
    let cosine = ["training.schedule = \"cosine\"", "training.schedule_batches = 1620"];
    let rmsprop = [&STOCHASTIC[..], &["training.method = \"rmsprop\""], &cosine].concat();
    let adam = [&STOCHASTIC[..], &["training.method = \"adam\"", "precision = \"f64\""]].concat();
    for (signal, choice) in [
        ("-INT", &["training.space = \"l2\""][..]),
        ("-TERM", &["training.space = \"h1\""]),
        ("-INT", &["training.conjugacy = \"hestenes-stiefel\""]),
        ("-INT", &["training.line_search = \"backtracking\""]),
        ("-INT", &rmsprop),
        ("-TERM", &adam),
    ] {
        sandbox.experiment(&[&LONG[..], choice].concat());
        sandbox.succeeds(&["run", "x.toml", "--output", "whole", "--fresh", "--quiet"]);

        let ran = interrupt(&sandbox, signal);
        assert_eq!(ran.code, Some(130), "{ran:?}");
        assert!(ran.err.contains("interrupted after"), "{}", ran.err);
        assert!(ran.err.contains("to go on: snode run x.toml"), "{}", ran.err);
        assert_eq!(ran.json_lines().iter().filter(|e| e["event"] == "checkpoint").count(), 1);
        let checkpoint = sandbox.path("results/x.checkpoint.h5");
        let record = read_run(&checkpoint);
        assert_eq!(record.info.status, Status::Interrupted);
        let done = record.history.iterations.len();
        assert!((10..1620).contains(&done), "{done}");
        assert!(!sandbox.path("results/x.h5").exists());

        let ran = sandbox.succeeds(&["run", "x.toml"]);
        assert!(ran.err.contains(&format!("{done} iterations")), "{}", ran.err);
        assert!(!checkpoint.exists());
        let (whole, parts) =
            (read_run(&sandbox.path("whole/x.h5")), read_run(&sandbox.path("results/x.h5")));
        assert_eq!(whole.history.iterations.len(), 1620);
        assert!(numbers(&whole) == numbers(&parts), "{choice:?}");
        std::fs::remove_dir_all(sandbox.path("results")).unwrap();
    }
}

#[test]
fn a_checkpoint_of_another_experiment_is_not_gone_on_from() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&LONG);
    assert_eq!(interrupt(&sandbox, "-INT").code, Some(130));
    let checkpoint = sandbox.path("results/x.checkpoint.h5");
    let bytes = std::fs::read(&checkpoint).unwrap();
    sandbox.experiment(&[&LONG[..], &["network.horizon = 1.0"]].concat());
    let parts = ["x.checkpoint.h5", "network.horizon was 2.0, is now 1.0", "--fresh"];
    sandbox.fails(&["run", "x.toml"], 2, &parts);
    assert_eq!(std::fs::read(&checkpoint).unwrap(), bytes);
    let shorter = ["training.epochs = 1", "network.horizon = 1.0"];
    sandbox.experiment(&[&LONG[..], &shorter].concat());
    sandbox.succeeds(&["run", "x.toml", "--fresh"]);
    assert!(!checkpoint.exists());
}

#[test]
fn a_damaged_checkpoint_is_named() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["training.epochs = 1"]);
    std::fs::create_dir(sandbox.path("results")).unwrap();
    sandbox.write("results/x.checkpoint.h5", "half a file");
    sandbox.fails(&["run", "x.toml"], 1, &["x.checkpoint.h5", "--fresh"]);
    sandbox.succeeds(&["run", "x.toml", "--fresh"]);
}

#[test]
fn two_programs_do_not_write_the_same_files() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["training.epochs = 1000000"]);
    let mut child = sandbox
        .command(&["run", "x.toml", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    sandbox.fails(&["run", "x.toml"], 2, &["another snode", "results/x.h5"]);
    child.kill().unwrap();
    child.wait().unwrap();
    // A process that was killed leaves nothing locked.
    let ran = sandbox.succeeds(&["run", "x.toml", "--set", "training.epochs=1"]);
    assert!(ran.err.contains("going on from"), "{}", ran.err);
    assert!(!sandbox.path("results/x.lock").exists());
}

/// The end of the plan may be moved to before where a checkpoint stands.
#[test]
fn a_checkpoint_beyond_a_shortened_plan_becomes_the_result() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&LONG);
    assert_eq!(interrupt(&sandbox, "-INT").code, Some(130));
    sandbox.experiment(&[&LONG[..], &["training.batches = 1"]].concat());
    let ran = sandbox.succeeds(&["run", "x.toml"]);
    assert!(ran.out.contains("accuracy on test"), "{}", ran.out);
    assert!(ran.err.contains("holds a longer training than is asked for"), "{}", ran.err);
}
