//! Grids of experiments through the program.

#![cfg(unix)]

use crate::support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use snode_store::{Appendix, read_appendix};
use support::{Sandbox, read_run};

/// Two activations, two seeds.
const FOUR: &str = "seeds = 2\n[grid]\nnetwork.activation = [\"tanh\", \"relu\"]\n";

fn sandbox(grid: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    write(&sandbox, "g.toml", &[], grid);
    sandbox
}

/// A short training, and what makes it a grid. What stands before the first table must come first.
fn write(sandbox: &Sandbox, name: &str, lines: &[&str], grid: &str) {
    let lines = [&["threads =", "network.layers = 3"], lines].concat();
    sandbox.write(name, &(support::experiment(&lines) + grid));
}

fn plan(sandbox: &Sandbox, more: &[&str]) -> Vec<Value> {
    sandbox.succeeds(&[&["run", "g.toml", "--dry-run", "--json"], more].concat()).json_lines()
}

fn cells(plan: &[Value]) -> Vec<&Value> {
    plan.iter().filter(|event| event["event"] == "plan").collect()
}

/// The label of every cell as text, without its keys.
fn labels(plan: &[Value]) -> Vec<String> {
    let label = |cell: &&Value| {
        let pairs = cell["label"].as_array().unwrap().iter();
        pairs.map(|pair| pair[1].to_string().replace('"', "")).collect::<Vec<_>>().join(" ")
    };
    cells(plan).iter().map(label).collect()
}

/// The results of cells: their bytes and when they were written.
fn files(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
    let entries = std::fs::read_dir(folder.join("cells")).unwrap().map(|e| e.unwrap().path());
    let results = entries.filter(|path| path.extension().is_some_and(|e| e == "h5"));
    let file = |path: PathBuf| {
        let modified = path.metadata().unwrap().modified().unwrap();
        (path.clone(), (std::fs::read(&path).unwrap(), modified))
    };
    results.map(file).collect()
}

/// What training computed; not the seconds, which differ each time.
fn numbers(path: &Path) -> impl PartialEq + use<> {
    let record = read_run(path);
    let iteration = |r: &snode_train::IterationRecord| {
        let i = &r.iteration;
        (r.position, i.cost, i.gamma, i.eta, i.gradient_norm, i.rose, i.restarted)
    };
    let iterations: Vec<_> = record.history.iterations.iter().map(iteration).collect();
    let evaluations: Vec<_> =
        record.history.evaluations.iter().map(|e| (e.batches, e.set.clone(), e.score)).collect();
    (record.network, iterations, evaluations)
}

#[track_caller]
fn assert_same_numbers(first: &Path, second: &Path) {
    let (first, second) = (files(first), files(second));
    assert!(!first.is_empty());
    assert_eq!(first.len(), second.len());
    for (one, other) in first.keys().zip(second.keys()) {
        assert_eq!(one.file_name(), other.file_name());
        assert!(numbers(one) == numbers(other), "{}", one.display());
    }
}

#[test]
fn cells_are_cases_times_keys_times_seeds_without_those_excluded() {
    let sandbox = sandbox(
        "seeds = [7, 3]\n[grid]\nnetwork.activation = [\"tanh\", \"relu\"]\n\
         cost.mu4 = [0.0, 1e-3]\n[[cases]]\nname = \"L2\"\n[[cases]]\nname = \"H1\"\n\
         training.space = \"h1\"\n[[exclude]]\ncase = \"L2\"\ncost.mu4 = 1e-3\n[[exclude]]\n\
         training.space = \"h1\"\nseed = 3\n",
    );
    let plan = plan(&sandbox, &[]);
    let expected = [
        "L2 tanh 0.0 7",
        "L2 tanh 0.0 3",
        "L2 relu 0.0 7",
        "L2 relu 0.0 3",
        "H1 tanh 0.0 7",
        "H1 tanh 0.001 7",
        "H1 relu 0.0 7",
        "H1 relu 0.001 7",
    ];
    assert_eq!(labels(&plan), expected);
    assert!(cells(&plan).iter().all(|cell| cell["state"] == "missing" && cell["runs"] == true));
    assert!(!sandbox.path("results").exists(), "a dry run writes nothing");
}

#[test]
fn a_file_can_be_based_on_others() {
    let sandbox = sandbox(FOUR);
    std::fs::create_dir(sandbox.path("more")).unwrap();
    let child = "base = \"../g.toml\"\nseeds = 1\n[training]\nepochs = 3\n\
                 [grid]\ntraining.batch_size = [10, 30]\nnetwork.activation = [\"elu\"]\n";
    sandbox.write("more/child.toml", child);
    sandbox.write("grandchild.toml", "base = \"more/child.toml\"\ntraining.epochs = 1\n");
    let plan = sandbox.succeeds(&["run", "grandchild.toml", "--dry-run", "--json"]).json_lines();
    assert_eq!(labels(&plan), ["elu 10 3", "elu 30 3"]);
    // An experiment may be based on another one as well; images are found from where they are named.
    sandbox.experiment(&["training.epochs = 1"]);
    sandbox.write("more/one.toml", "base = \"../x.toml\"\nseed = 9\n");
    let shown = sandbox.succeeds(&["validate", "more/one.toml"]).out;
    assert!(shown.contains("seed = 9") && shown.contains("epochs = 1"), "{shown}");

    sandbox.write("a.toml", "base = \"b.toml\"\n");
    sandbox.write("b.toml", "seed = 1\nbase = \"a.toml\"\n");
    sandbox.fails(&["run", "a.toml"], 2, &["b.toml:2: base", "circle"]);
    sandbox.write("a.toml", "\nbase = \"none.toml\"\n");
    sandbox.fails(&["run", "a.toml"], 2, &["a.toml:2: base", "none.toml"]);
    sandbox.write("b.toml", "seed = 1\n[training]\nepoch = 1\n");
    sandbox.write("a.toml", "base = \"b.toml\"\n");
    sandbox.fails(&["run", "a.toml"], 2, &["b.toml:3: training.epoch", "did you mean `epochs`?"]);
    // A value of the base that makes no sense is found where it stands.
    sandbox.write("b.toml", "seed = 1\n[training]\nepochs = 0\n");
    sandbox.fails(&["run", "a.toml"], 2, &["b.toml:3: training.epochs", "found 0"]);
}

#[test]
fn what_is_wrong_in_a_grid_is_named_with_its_line() {
    let sandbox = Sandbox::new();
    // The short training has nine lines.
    for (grid, parts) in [
        (
            "[grid]\nnetwork.activaton = [\"relu\"]\n",
            &["g.toml:11: network.activaton", "did you mean"][..],
        ),
        ("[grid]\nseed = [1, \"x\"]\n", &["g.toml:11: seed", "a whole number"]),
        ("[grid]\nseed = 3\n", &["g.toml:11: grid.seed", "a list"]),
        ("[grid]\ncost.mu4 = []\n", &["g.toml:11: grid.cost.mu4", "an empty list"]),
        ("[grid]\ntraining.epochs = [1, 0]\n", &["g.toml:11: training.epochs", "found 0"]),
        ("[grid]\nthreads = [1, 2]\n", &["g.toml:11: threads", "does not change what is trained"]),
        ("seeds = 0\n", &["g.toml:10: seeds", "found 0"]),
        ("seeds = 2\n[grid]\nseed = [1]\n", &["g.toml:10: seeds", "varies already"]),
        ("[[cases]]\nnetwork.layers = 2\n", &["g.toml", "cases.name", "has no name"]),
        (
            "[[cases]]\nname = \"a\"\n[[cases]]\nname = \"a\"\n",
            &["g.toml:13: cases.name", "second"],
        ),
        (
            "[[cases]]\nname = \"a\"\n[[cases]]\nname = \"b\"\ntraining.epochs = \"x\"\n",
            &["g.toml:14: training.epochs", "a whole number"],
        ),
        (
            "[[cases]]\nname = \"Sobolev\"\n[[exclude]]\ncase = \"Sobolew\"\n",
            &["g.toml:13: case", "`Sobolev`?"],
        ),
        ("[[exclude]]\nsed = 3\n", &["g.toml:11: sed", "`seed`?"]),
        ("[[exclude]]\nseed = 3\n", &["exclude", "every cell"]),
        (
            "[grid]\ntraining.batch_size = [30, 91]\n",
            &["g.toml:11: training.batch_size", "1 to 90"],
        ),
        ("[grid]\ndata.source = [\"dots\", \"dotz\"]\n", &["g.toml:11: data.source", "dotz"]),
        (
            "seeds = 400\n[grid]\ncost.mu4 = [0, 1, 2]\nnetwork.layers = [1, 2]\n\
          network.horizon = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\ntraining.batch_size = [1, 2, 3, 4, 5]\n",
            &["g.toml:11: grid", "120000 cells", "100000"],
        ),
    ] {
        write(&sandbox, "g.toml", &[], grid);
        sandbox.fails(&["run", "g.toml"], 2, parts);
        sandbox.fails(&["run", "g.toml", "--dry-run"], 2, parts);
    }
    assert!(!sandbox.path("results").exists());
    write(&sandbox, "g.toml", &[], FOUR);
    sandbox.fails(&["validate", "g.toml"], 2, &["g.toml:11: grid", "--dry-run"]);
    sandbox.fails(&["run", "g.toml", "--only", "brokn"], 2, &["--only brokn", "state"]);
    sandbox.fails(&["run", "g.toml", "--only", "sed=1"], 2, &["--only sed=1", "`seed`?"]);
    sandbox.fails(&["run", "g.toml", "--cell", "5"], 2, &["--cell 5", "1 to 4"]);
    let set = "network.activation=elu";
    sandbox.fails(&["run", "g.toml", "--set", set], 2, &[set, "varies in this grid"]);
    sandbox.experiment(&[]);
    sandbox.fails(&["run", "x.toml", "--jobs", "2"], 2, &["--jobs", "one experiment"]);
}

#[test]
fn only_what_is_not_done_is_trained() {
    let sandbox = sandbox(FOUR);
    let ran = sandbox.succeeds(&["run", "g.toml"]);
    assert!(ran.out.contains("4 of 4 cells done, 4 of them now"), "{ran:?}");
    let results = sandbox.path("results");
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(results.join("g.grid.json")).unwrap()).unwrap();
    assert_eq!(manifest["varying"], serde_json::json!(["network.activation", "seed"]));
    let first = files(&results);
    assert_eq!(first.len(), 4);
    for cell in manifest["cells"].as_array().unwrap() {
        assert!(first.contains_key(&results.join(cell["path"].as_str().unwrap())));
    }
    sandbox.succeeds(&["run", "g.toml"]);
    assert_eq!(files(&results), first);

    // Another name and an analysis more: the same cells, measured and not trained anew.
    write(&sandbox, "h.toml", &[], &format!("{FOUR}[analysis.smoothness]\n"));
    let before = sandbox.succeeds(&["status", "h.toml", "--json"]).json_lines();
    assert_eq!(before[0]["counts"], serde_json::json!({ "trained": 4 }));
    sandbox.succeeds(&["run", "h.toml", "--only", "seed=3"]);
    let half = sandbox.succeeds(&["status", "results/h.grid.json", "--json"]).json_lines();
    assert_eq!(half[0]["counts"], serde_json::json!({ "done": 2, "trained": 2 }));
    sandbox.succeeds(&["run", "h.toml"]);
    for (path, (_, _)) in &first {
        let appendix: Option<Appendix> = read_appendix(path, "analysis/smoothness").unwrap();
        assert!(appendix.is_some());
    }
    assert_eq!(files(&results).len(), 4);

    // One value of the grid changes: its cells alone are trained, and the old ones are stale.
    write(&sandbox, "h.toml", &[], &FOUR.replace("relu", "elu"));
    std::fs::remove_file(results.join("g.grid.json")).unwrap();
    let measured = files(&results);
    let plan = sandbox.succeeds(&["run", "h.toml", "--dry-run", "--json"]).json_lines();
    let runs: Vec<bool> = cells(&plan).iter().map(|cell| cell["runs"] == true).collect();
    assert_eq!(runs, [false, false, true, true]);
    assert!(
        cells(&plan)[2]["why"].as_str().unwrap().contains("network.activation was"),
        "{plan:?}"
    );
    assert_eq!(plan.iter().filter(|event| event["event"] == "stale").count(), 2);
    sandbox.succeeds(&["run", "h.toml"]);
    let after = files(&results);
    assert_eq!(after.len(), 6);
    assert!(measured.iter().all(|(path, file)| after[path] == *file));
    // All of it once more.
    let ran = sandbox.succeeds(&["run", "h.toml", "--force", "--only", "seed=3"]);
    assert!(ran.out.contains("2 of them now"), "{ran:?}");
}

#[test]
fn parts_of_a_grid_can_be_chosen() {
    let sandbox = sandbox(FOUR);
    let chosen = |more: &[&str]| labels(&plan(&sandbox, more));
    assert_eq!(chosen(&["--only", "seed=3"]), ["tanh 3", "relu 3"]);
    let both = ["--only", "seed=3", "--only", "seed=4", "--skip", "network.activation=relu"];
    assert_eq!(chosen(&both), ["tanh 3", "tanh 4"]);
    let ran = sandbox.succeeds(&["run", "g.toml", "--cell", "3"]);
    assert!(ran.err.contains("relu") && ran.out.contains("accuracy on test"), "{ran:?}");
    assert_eq!(chosen(&["--only", "done"]), ["relu 3"]);
    assert_eq!(chosen(&["--skip", "missing"]), ["relu 3"]);
    let identity = cells(&plan(&sandbox, &[]))[1]["identity"].as_str().unwrap().to_owned();
    sandbox.succeeds(&["run", "g.toml", "--cell", &format!("id:{}", &identity[..8]), "--quiet"]);
    assert_eq!(chosen(&["--only", "missing"]), ["tanh 3", "relu 4"]);
    sandbox.succeeds(&["run", "g.toml", "--only", "missing", "--quiet"]);
    let status = sandbox.succeeds(&["status", "results"]).out;
    assert!(status.contains("4 cells, 4 done"), "{status}");
}

#[test]
fn a_cell_that_fails_leaves_the_others() {
    let divergent = "[[cases]]\nname = \"wild\"\ntraining.learning_rate = 1e6\n\
                     [[cases]]\nname = \"tame\"\ntraining.learning_rate = 1e-3\n\
                     [[cases]]\nname = \"slow\"\ntraining.learning_rate = 1e-4\n";
    let sandbox = Sandbox::new();
    let sgd = ["training.method = \"sgd\"", support::NOT_NCG, "network.activation = \"relu\""];
    write(&sandbox, "g.toml", &sgd, divergent);
    let parts = ["1 of 3 cells failed", "cell 1 (case=wild)"];
    sandbox.fails(&["run", "g.toml"], 1, &parts);
    let states = |plan: &[Value]| -> Vec<String> {
        cells(plan).iter().map(|cell| cell["state"].as_str().unwrap().to_owned()).collect()
    };
    let after = plan(&sandbox, &[]);
    assert_eq!(states(&after), ["failed", "done", "done"]);
    let why = cells(&after)[0]["why"].as_str().unwrap();
    assert!(why.contains("diverged") && why.contains("training.learning_rate"), "{why}");
    sandbox.succeeds(&["run", "g.toml", "--skip", "failed"]);
    sandbox.fails(&["run", "g.toml", "--only", "failed"], 1, &["1 of 1 cells failed"]);

    std::fs::remove_dir_all(sandbox.path("results")).unwrap();
    let fast = ["run", "g.toml", "--fail-fast", "--jobs", "1"];
    sandbox.fails(&fast, 1, &["1 of 3 cells failed, the others were stopped"]);
    assert_eq!(states(&plan(&sandbox, &[])), ["failed", "missing", "missing"]);
}

#[test]
fn jobs_and_threads_change_no_bit() {
    let sandbox = sandbox(FOUR);
    sandbox.succeeds(&["run", "g.toml", "--jobs", "1", "--threads", "2", "--output", "a"]);
    sandbox.succeeds(&["run", "g.toml", "--jobs", "2", "--threads", "1", "--output", "b"]);
    assert_same_numbers(&sandbox.path("a"), &sandbox.path("b"));
}

const LONG: [&str; 5] = [
    "training.epochs = 40",
    "training.batch_size = 10",
    "training.evaluate_every = 60",
    "training.checkpoint_every = 0.02",
    "network.layers = 5",
];

/// The processes that some process started.
fn children(of: u32) -> Vec<String> {
    let found = Command::new("ps").args(["-o", "pid=", "--ppid", &of.to_string()]).output();
    let found = found.map(|output| String::from_utf8(output.stdout).unwrap()).unwrap_or_default();
    found.split_whitespace().map(str::to_owned).collect()
}

fn kill(signal: &str, process: &str) {
    // It may have ended by itself.
    let _ = Command::new("kill").args([signal, process]).stderr(Stdio::null()).status();
}

fn start(sandbox: &Sandbox, arguments: &[&str]) -> Child {
    let mut command = sandbox.command(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_grid_that_is_killed_goes_on_with_the_same_bits() {
    let sandbox = Sandbox::new();
    write(&sandbox, "g.toml", &LONG, FOUR);
    sandbox.succeeds(&["run", "g.toml", "--output", "whole", "--quiet"]);
    let mut random = 7_u64;
    for round in 0..6 {
        let mut parent = start(&sandbox, &["run", "g.toml"]);
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(80 + (random >> 33) % 500));
        // In turn the children first, the parent alone, or the parent asked to stop.
        let cells = children(parent.id());
        match round % 3 {
            0 => cells.iter().for_each(|child| kill("-KILL", child)),
            1 => {}
            _ => kill("-TERM", &parent.id().to_string()),
        }
        if round % 3 != 2 {
            parent.kill().unwrap();
        }
        parent.wait().unwrap();
        // Children notice that nobody is there any more.
        let begin = Instant::now();
        let is_there = |child: &String| Path::new("/proc").join(child).join("exe").exists();
        while cells.iter().any(is_there) {
            assert!(begin.elapsed() < Duration::from_secs(20), "a child outlives its parent");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let ran = sandbox.succeeds(&["run", "g.toml"]);
    assert!(ran.out.contains("4 of 4 cells done"), "{ran:?}");
    assert_same_numbers(&sandbox.path("whole"), &sandbox.path("results"));
}

#[test]
fn an_interrupted_grid_says_how_to_go_on() {
    let sandbox = Sandbox::new();
    write(&sandbox, "g.toml", &[&LONG[..], &["training.epochs = 100000"]].concat(), FOUR);
    let parent = sandbox
        .command(&["run", "g.toml", "--jobs", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    let checkpoints = || {
        let entries = std::fs::read_dir(sandbox.path("results/cells")).into_iter().flatten();
        let names = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.ends_with(".checkpoint.h5")).count()
    };
    while checkpoints() < 2 {
        assert!(begin.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(20));
    }
    kill("-INT", &parent.id().to_string());
    let output = parent.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{err}");
    assert!(err.contains("0 of 4 cells are done; to go on: snode run g.toml"), "{err}");
    let after = plan(&sandbox, &["--only", "interrupted"]);
    assert_eq!(cells(&after).len(), 2);
}

#[test]
fn two_programs_share_a_grid() {
    let sandbox = Sandbox::new();
    write(&sandbox, "g.toml", &LONG, FOUR);
    let run = || {
        let mut command = sandbox.command(&["run", "g.toml", "--json", "--jobs", "1"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let trained: usize = [run(), run()]
        .map(|child| {
            let ran = support::Ran::from(child.wait_with_output().unwrap());
            assert_eq!(ran.code, Some(0), "{ran:?}");
            // A child that found its cell finished says so without a beginning.
            let is_begin = |event: &&Value| event["event"] == "begin" && event["batches_done"] == 0;
            ran.json_lines().iter().filter(is_begin).count()
        })
        .iter()
        .sum();
    assert_eq!(trained, 4);
    assert_eq!(files(&sandbox.path("results")).len(), 4);
}

/// A file system in memory, for as long as the test takes.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where it cannot be had: that takes a privileged user.
    fn mount(folder: PathBuf) -> Option<Self> {
        std::fs::create_dir(&folder).unwrap();
        let options = ["-t", "tmpfs", "-o", "size=400k", "tmpfs"];
        let status =
            Command::new("mount").args(options).arg(&folder).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success()).then(|| Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn results_that_cannot_be_written_are_a_clear_error() {
    let sandbox = sandbox(FOUR);
    sandbox.write("file", "");
    sandbox.fails(&["run", "g.toml", "--output", "file/results"], 2, &["cannot be written"]);

    let Some(SmallDisk(disk)) = &SmallDisk::mount(sandbox.path("disk")) else {
        println!("skipped: a small file system cannot be mounted here");
        return;
    };
    let ran =
        sandbox.run(&["run", "g.toml", "--output", "disk", "--jobs", "1", "--set", "seeds=40"]);
    let whole = files(disk).keys().filter(|p| !p.to_string_lossy().contains("checkpoint")).count();
    let sound = files(disk)
        .keys()
        .filter(|path| !path.to_string_lossy().contains("checkpoint"))
        .all(|path| snode_store::read_info(path).is_ok());
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("No space left") || ran.err.contains("writing"), "{ran:?}");
    assert!(whole > 0 && sound, "{whole} results");
}

#[test]
fn results_are_collected_into_one_file() {
    let sandbox = sandbox(&format!("{FOUR}[analysis.smoothness]\n"));
    sandbox.fails(&["collect", "g.toml"], 1, &["no cell has results"]);
    sandbox.succeeds(&["run", "g.toml", "--skip", "seed=4"]);
    let ran = sandbox.succeeds(&["collect", "g.toml", "-o", "all.h5"]);
    assert!(ran.out.contains("2 cells collected, 2 missing"), "{ran:?}");
    assert!(ran.err.contains("no results of cell 2"), "{ran:?}");
    let file = snode_store::hdf5::File::open(sandbox.path("all.h5")).unwrap();
    let names = file.group("cells").unwrap().member_names().unwrap();
    assert_eq!(names.len(), 2);
    for name in names {
        let cell = file.group(&format!("cells/{name}")).unwrap();
        assert_eq!(
            cell.group("label").unwrap().attr("seed").unwrap().read_scalar::<u64>().unwrap(),
            3
        );
        assert_eq!(cell.dataset("training/history").unwrap().shape(), [24]);
        assert!(cell.group("analysis/smoothness").is_ok());
        let network = cell.group("network").unwrap();
        assert!(network.attr("width").is_ok() && network.dataset("weights").is_err());
    }
    file.close().unwrap();
    sandbox.succeeds(&["collect", "results", "-o", "all.h5", "--networks", "--force"]);
}
