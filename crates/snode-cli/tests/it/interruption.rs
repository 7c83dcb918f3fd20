//! Interrupting a run and going on with it.

#![cfg(unix)]

use crate::support;

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use snode_store::{RunRecord, Status};
use support::{NOT_NCG, Ran, Running, Sandbox, read_run};

/// Runs, and signals as soon as some iterations are done.
fn interrupt(sandbox: &Sandbox, signal: &str) -> Ran {
    let mut run = Running::start(sandbox.command(&["run", "x.toml", "--json"]));
    run.wait_for("iteration", 10);
    run.signal(signal);
    run.finish()
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
    let tail = ["training.average = \"tail\"", "training.average_from = 7"];
    let adam = ["training.method = \"adam\"", "precision = \"f64\""];
    let adam = [&STOCHASTIC[..], &adam, &tail].concat();
    let kronecker = [
        "training.preconditioner = \"kronecker\"",
        "training.first_direction = \"conjugate\"",
        "training.schedule = \"linear\"",
        "training.schedule_batches = 300",
        "training.average = \"exponential\"",
    ];
    for (signal, choice) in [
        ("-INT", &["training.space = \"l2\""][..]),
        ("-TERM", &["training.space = \"h1\""]),
        ("-INT", &["training.conjugacy = \"hestenes-stiefel\""]),
        ("-INT", &["training.line_search = \"backtracking\""]),
        ("-INT", &kronecker),
        ("-INT", &["training.perturbation.radius = 0.2"]),
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
    sandbox.fails(&["run", "x.toml"], 75, &["another snode", "results/x.h5"]);
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

/// As if the process had died after the batch that decided, and before the results were written.
#[test]
fn a_run_that_a_rule_stopped_does_not_go_on() {
    let sandbox = Sandbox::new();
    let early = ["training.early_stop = 3", "data.validation = 20"];
    let timed = ["training.time_limit = 0.1"];
    for (rule, reason) in [(&early[..], "no improvement"), (&timed, "time limit")] {
        sandbox.experiment(&[&["training.epochs = 1000000"], rule].concat());
        sandbox.succeeds(&["run", "x.toml", "--fresh"]);
        let (results, checkpoint) =
            (sandbox.path("results/x.h5"), sandbox.path("results/x.checkpoint.h5"));
        let undisturbed = read_run(&results).history;
        std::fs::rename(&results, checkpoint).unwrap();
        let ran = sandbox.succeeds(&["run", "x.toml"]);
        assert!(ran.out.contains(reason), "{ran:?}");
        assert!(read_run(&results).history == undisturbed, "{reason}");
    }
}

/// The limit may pass in the middle of a batch, and the run can go further from there.
#[test]
fn a_time_limit_does_not_wait_for_the_end_of_a_batch() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["training.iterations = 1000000", "training.time_limit = 0.2"]);
    let begin = Instant::now();
    sandbox.succeeds(&["run", "x.toml"]);
    assert!(begin.elapsed() < Duration::from_secs(8));
    let first = read_run(&sandbox.path("results/x.h5"));
    let position = first.checkpoint.unwrap().position;
    assert!(position.batch == 0 && position.iteration > 0, "{position:?}");

    let ran = sandbox.succeeds(&["run", "x.toml", "--set", "training.time_limit=0.3"]);
    assert!(ran.err.contains("going on from"), "{ran:?}");
    let further = read_run(&sandbox.path("results/x.h5")).history.iterations;
    let before = first.history.iterations;
    assert!(further.len() > before.len() && further[..before.len()] == before);
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_tried_again() {
    let sandbox = Sandbox::new();
    let often = "training.checkpoint_every = 0.01";
    sandbox.experiment(&["training.epochs = 1000000", often]);
    let mut run = Running::start(sandbox.command(&["run", "x.toml", "--json"]));
    run.wait_for("iteration", 10);
    let (there, away) = (sandbox.path("results"), sandbox.path("away"));
    std::fs::rename(&there, &away).unwrap();
    run.wait_for("warning", 1);
    std::fs::rename(&away, &there).unwrap();
    run.wait_for("warning", 2);
    run.signal("-TERM");
    let ran = run.finish();
    assert_eq!(ran.code, Some(130), "{}", ran.err);
    assert!(
        ran.err.contains("training goes on") && ran.err.contains("written again"),
        "{}",
        ran.err
    );
    assert!(sandbox.path("results/x.checkpoint.h5").exists());
}

#[test]
fn going_on_from_another_version_is_said() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&LONG);
    assert_eq!(interrupt(&sandbox, "-INT").code, Some(130));
    let checkpoint = sandbox.path("results/x.checkpoint.h5");
    let mut record = read_run(&checkpoint);
    record.info.snode_version = "0.0.7".into();
    snode_store::write_run(&checkpoint, &record, snode_store::Compression::CHECKPOINT).unwrap();
    let ran = sandbox.succeeds(&["run", "x.toml"]);
    assert!(ran.err.contains("written by snode 0.0.7"), "{}", ran.err);
    let provenance = read_run(&sandbox.path("results/x.h5")).info.provenance;
    assert!(provenance["continued_by"].starts_with("snode "), "{provenance:?}");
}
