//! Training through the program: what it writes, says and refuses to destroy.

use crate::support;

use snode_store::Status;
use support::{NOT_NCG, Sandbox, TEST, read_run};

#[test]
fn a_run_ends_with_a_table_and_a_file() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    let ran = sandbox.succeeds(&["run", "x.toml"]);
    for part in ["finished", "accuracy on test", "cost rose", "restarts", "results/x.h5", "ms"] {
        assert!(ran.out.contains(part), "no `{part}` in {}", ran.out);
    }
    let record = read_run(&sandbox.path("results/x.h5"));
    assert_eq!(record.info.status, Status::Finished);
    assert_eq!(record.history.iterations.len(), 2 * 3 * 4);
    // Every second batch, the last of which is also the end.
    let batches: Vec<_> = record.history.evaluations.iter().map(|e| e.batches).collect();
    assert_eq!(batches, [2, 4, 6]);
    let score = record.history.last_score("test").unwrap();
    assert_eq!(score.total, TEST);
    assert!(score.accuracy().is_some_and(|a| a > 0.6), "{score:?}");
    assert!(!sandbox.path("results/x.checkpoint.h5").exists());
}

/// Nothing is drawn where there is no terminal: a plain line for each evaluation.
#[test]
fn nothing_is_drawn_without_a_terminal() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    let ran = sandbox.succeeds(&["run", "x.toml"]);
    for text in [&ran.out, &ran.err] {
        assert!(!text.contains(['\u{1b}', '\r', '\u{8}']), "{text:?}");
    }
    assert_eq!(ran.err.lines().count(), 3, "{}", ran.err);
    assert!(ran.err.lines().all(|line| line.starts_with("batch ") && line.contains("test")));
}

#[test]
fn quiet_prints_the_path_alone() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    let ran = sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("results/x.h5\n", ""));
    // The same for a run that is finished already.
    let again = sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    assert_eq!((again.out.as_str(), again.err.as_str()), ("results/x.h5\n", ""));
}

#[test]
fn json_is_an_object_a_line() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    let ran = sandbox.succeeds(&["run", "x.toml", "--json"]);
    assert_eq!(ran.err, "");
    let events = ran.json_lines();
    let count = |event: &str| events.iter().filter(|e| e["event"] == event).count();
    assert_eq!(
        (count("begin"), count("iteration"), count("evaluation"), count("end")),
        (1, 24, 3, 1)
    );
    assert_eq!(events[0]["experiment"]["training"]["batch_size"], 30);
    assert_eq!(events[0]["batches"], 6);
    assert!(events[1]["cost"].as_f64().unwrap() > 0.0);
    let end = events.last().unwrap();
    assert_eq!(end["results"], "results/x.h5");
    assert_eq!(end["sets"]["test"]["total"], TEST);

    sandbox.experiment(&["training.epochs = 0"]);
    let ran = sandbox.fails(&["run", "x.toml", "--json"], 2, &["training.epochs"]);
    let events = ran.json_lines();
    assert_eq!(events[0]["event"], "error");
    assert!(events[0]["message"].as_str().unwrap().contains("training.epochs"));
}

#[test]
fn a_finished_run_is_shown_again_and_not_repeated() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    let first = sandbox.succeeds(&["run", "x.toml"]);
    let bytes = std::fs::read(sandbox.path("results/x.h5")).unwrap();
    // Threads and folders change nothing in the numbers.
    let again = sandbox.succeeds(&["run", "x.toml", "--threads", "1"]);
    assert_eq!(again.out, first.out);
    assert!(again.err.contains("finished already"));
    assert_eq!(std::fs::read(sandbox.path("results/x.h5")).unwrap(), bytes);
}

#[test]
fn results_of_another_experiment_are_not_replaced_unless_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    sandbox.succeeds(&["run", "x.toml"]);
    let bytes = std::fs::read(sandbox.path("results/x.h5")).unwrap();
    sandbox.experiment(&["seed = 4"]);
    let parts = ["results/x.h5", "seed was 3, is now 4", "--fresh"];
    sandbox.fails(&["run", "x.toml"], 2, &parts);
    assert_eq!(std::fs::read(sandbox.path("results/x.h5")).unwrap(), bytes);
    sandbox.succeeds(&["run", "x.toml", "--fresh"]);
    assert_eq!(read_run(&sandbox.path("results/x.h5")).info.seed, 4);
}

#[test]
fn images_that_have_changed_are_noticed() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    sandbox.succeeds(&["run", "x.toml"]);
    let images = sandbox.path("dots/train-images-idx3-ubyte");
    let mut bytes = std::fs::read(&images).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&images, bytes).unwrap();
    sandbox.fails(&["run", "x.toml"], 2, &["other images", "--fresh"]);
}

/// A longer plan goes on where the shorter one ended, with the bits of one long run.
#[test]
fn a_finished_run_can_be_made_to_go_further() {
    let sandbox = Sandbox::new();
    for choice in [
        &["training.space = \"l2\""][..],
        &["training.space = \"h1\""],
        &["training.method = \"rmsprop\"", NOT_NCG],
        &["training.method = \"adamw\"", NOT_NCG],
    ] {
        sandbox.experiment(&[choice, &["training.epochs = 1"]].concat());
        sandbox.succeeds(&["run", "x.toml", "--output", "stages"]);
        sandbox.experiment(choice);
        let ran = sandbox.succeeds(&["run", "x.toml", "--output", "stages"]);
        assert!(ran.err.contains("going on from stages/x.h5"), "{}", ran.err);
        sandbox.succeeds(&["run", "x.toml", "--output", "whole"]);
        let (stages, whole) =
            (read_run(&sandbox.path("stages/x.h5")), read_run(&sandbox.path("whole/x.h5")));
        assert!(stages.network == whole.network, "{choice:?}");
        for folder in ["stages", "whole"] {
            std::fs::remove_dir_all(sandbox.path(folder)).unwrap();
        }
    }
}

#[test]
fn one_and_two_threads_give_the_same_bits() {
    let sandbox = Sandbox::new();
    for precision in ["f32", "f64"] {
        sandbox.experiment(&[&format!("precision = \"{precision}\""), "data.size = [6, 6]"]);
        for threads in ["1", "2"] {
            sandbox.succeeds(&["run", "x.toml", "--threads", threads, "--output", threads]);
        }
        let network = |threads: &str| {
            let path = sandbox.path(&format!("{threads}/x.h5"));
            let record = snode_store::read_run_as_f64(&path).unwrap();
            std::fs::remove_file(path).unwrap();
            (record.network, record.history.evaluations.last().unwrap().score)
        };
        assert!(network("1") == network("2"), "{precision}");
    }
}

#[test]
fn every_method_trains() {
    let sandbox = Sandbox::new();
    let choices: &[&[&str]] = &[
        &["precision = \"f32\"", "network.activation = \"relu\""],
        &["cost.loss = \"l2\"", "cost.mu4 = 0.001"],
        &["training.space = \"h1\"", "training.discretisation = \"midpoint\""],
        &["training.conjugacy = \"hager-zhang\"", "training.metric = \"space\""],
        &["training.line_search = \"backtracking\"", "training.largest_step = 50.0"],
        &["network.initialisation = \"independent\"", "data.size = [2, 3]"],
        &["training.method = \"rmsprop\"", NOT_NCG],
        &[
            "training.method = \"rmsprop\"",
            "training.centred = true",
            "precision = \"f32\"",
            NOT_NCG,
        ],
        &["training.method = \"adam\"", "training.betas = [0.8, 0.9]", "cost.mu4 = 1e-4", NOT_NCG],
        &["training.method = \"adamw\"", "training.learning_rate = 0.01", NOT_NCG],
        &["training.method = \"momentum\"", "training.nesterov = true", NOT_NCG],
        &["training.method = \"sgd\"", "training.learning_rate = 0.5", NOT_NCG],
    ];
    for lines in choices {
        sandbox.experiment(lines);
        let ran = sandbox.succeeds(&["run", "x.toml", "--json", "--fresh"]);
        let events = ran.json_lines();
        let first = events.iter().find(|e| e["event"] == "iteration").unwrap();
        let last = events.iter().rfind(|e| e["event"] == "iteration").unwrap();
        let (first, last) = (first["cost"].as_f64().unwrap(), last["cost"].as_f64().unwrap());
        assert!(last < first, "{lines:?}: {first} to {last}");
    }
}

/// One step on each batch, recorded with its learning rate instead of a step length.
#[test]
fn stochastic_gradients_are_recorded_and_shown() {
    let sandbox = Sandbox::new();
    let schedule =
        ["training.schedule = \"step\"", "training.schedule_batches = 3", "training.rho = 0.8"];
    sandbox.experiment(&[&["training.method = \"rmsprop\"", NOT_NCG], &schedule[..]].concat());
    let ran = sandbox.succeeds(&["run", "x.toml", "--json"]);
    let events = ran.json_lines();
    let steps: Vec<_> = events.iter().filter(|event| event["event"] == "iteration").collect();
    let rates: Vec<f64> = steps.iter().map(|s| s["learning_rate"].as_f64().unwrap()).collect();
    assert_eq!(rates, [1e-3, 1e-3, 1e-3, 5e-4, 5e-4, 5e-4]);
    assert!(steps[0].get("eta").is_none() && steps[0]["gradient_norm"].as_f64().unwrap() > 0.0);
    let shown = sandbox.succeeds(&["show", "results/x.h5", "--iterations"]).out;
    for part in ["last learning rate", "5.0000e-4", "method = \"rmsprop\"", "rho = 0.8"] {
        assert!(shown.contains(part), "no `{part}` in {shown}");
    }
    assert!(!shown.contains("cost rose") && !shown.contains("conjugacy ="), "{shown}");
    let eval = sandbox.succeeds(&["eval", "results/x.h5", "--json"]).json_lines();
    assert_eq!(eval[0]["total"], TEST);
    // The resolved experiment is one that can be run, with every default of the method in it.
    let validated = sandbox.succeeds(&["validate", "x.toml"]).out;
    for part in ["centred = false", "momentum = 0.0", "# conjugacy: only with `method = \"ncg\"`"] {
        assert!(validated.contains(part), "no `{part}` in {validated}");
    }
    let stored = sandbox.succeeds(&["show", "results/x.h5", "--config"]).out;
    sandbox.write("again.toml", &stored);
    sandbox.succeeds(&["run", "again.toml", "--output", "again"]);
    let (first, again) =
        (read_run(&sandbox.path("results/x.h5")), read_run(&sandbox.path("again/x.h5")));
    assert!(first.network == again.network);
}

#[test]
fn training_stops_early_and_on_time() {
    let sandbox = Sandbox::new();
    let long = "training.epochs = 1000000";
    sandbox.experiment(&[long, "training.time_limit = 0.3"]);
    let ran = sandbox.succeeds(&["run", "x.toml"]);
    assert!(ran.out.contains("time limit"), "{}", ran.out);
    let record = read_run(&sandbox.path("results/x.h5"));
    assert!(record.history.seconds() >= 0.3);
    // The end is evaluated whenever it comes.
    assert_eq!(record.history.evaluations.last().unwrap().seconds, record.history.seconds(),);
    // The limit was for all sessions together.
    assert!(sandbox.succeeds(&["run", "x.toml"]).err.contains("finished already"));

    sandbox.experiment(&[long, "training.early_stop = 3", "data.validation = 20"]);
    let ran = sandbox.succeeds(&["run", "x.toml", "--fresh"]);
    assert!(ran.out.contains("no improvement"), "{}", ran.out);
    assert!(ran.out.contains("accuracy on validation"), "{}", ran.out);
}

#[test]
fn a_network_that_diverges_ends_with_an_error() {
    let sandbox = Sandbox::new();
    // Linear growth by a factor of exp(T ‖W‖): beyond single precision at once.
    sandbox.experiment(&[
        "precision = \"f32\"",
        "network.activation = \"identity\"",
        "network.horizon = 1000.0",
        "network.layers = 1000",
    ]);
    let parts = [
        "training diverged at epoch 0, batch 0, iteration 0",
        "the gradient is not finite at depth 999",
        "try a smaller network.horizon",
        "the last good checkpoint",
        "results/x.checkpoint.h5",
    ];
    let ran = sandbox.fails(&["run", "x.toml"], 1, &parts);
    assert_eq!(ran.out, "");
    assert!(!sandbox.path("results/x.h5").exists());
    sandbox.succeeds(&["show", "results/x.checkpoint.h5"]);
}

/// The cost is that of the initial network, which steps of 1e-12 leave as it is, so that some batch
/// costs a little more than the first.
#[test]
fn a_cost_beyond_bounds_ends_with_an_error_and_keeps_the_checkpoint() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[
        "training.largest_step = 1e-12",
        "training.divergence_factor = 1.0000001",
        "training.checkpoint_every = 0",
        "training.batch_size = 5",
        "training.iterations = 1",
    ]);
    let ran = sandbox.fails(
        &["run", "x.toml"],
        1,
        &["diverged at epoch 0, batch ", "more than", "training.divergence_factor", "is kept in"],
    );
    assert!(ran.err.contains("results/x.checkpoint.h5"), "{}", ran.err);
    let record = read_run(&sandbox.path("results/x.checkpoint.h5"));
    assert!(record.checkpoint.is_some() && !record.history.iterations.is_empty());
    let first = record.history.iterations[0].iteration.cost.total();
    let all = record.history.iterations.iter().map(|r| r.iteration.cost.total());
    assert!(all.fold(0.0, f64::max) <= first.max(1.0) * 1.000_000_1);
}

#[test]
fn places_that_cannot_be_written() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    // Below a regular file, which stops even root.
    sandbox.fails(&["run", "x.toml", "--output", "x.toml/results"], 2, &["x.toml/results"]);
    if cfg!(target_os = "linux") {
        sandbox.fails(&["run", "x.toml", "--output", "/proc/snode"], 2, &["/proc/snode"]);
    }
    sandbox.experiment(&["output.directory = \"x.toml\""]);
    sandbox.fails(&["run", "x.toml"], 2, &["folder x.toml", "--output"]);
}

/// A reader that goes away is no reason to lose the training.
#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_leaves_a_checkpoint() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["training.epochs = 1000000"]);
    let mut child = sandbox
        .command(&["run", "x.toml", "--json"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{message}");
    assert!(message.contains("snode run x.toml") && !message.contains("panicked"), "{message}");
    assert!(read_run(&sandbox.path("results/x.checkpoint.h5")).checkpoint.is_some());
}
