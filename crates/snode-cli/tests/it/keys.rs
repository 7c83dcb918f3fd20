//! Keys of experiments as people give them: with others that leave them no meaning, and by other words.

use crate::support;

use serde_json::Value;
use support::{Sandbox, experiment, read_run};

/// Keys that only conjugate gradients have.
const NCG: [&str; 2] = ["training.space = \"h1\"", "training.largest_step = 10.0"];

fn plan(sandbox: &Sandbox, options: &[&str]) -> (Vec<Value>, String) {
    let command = [&["run", "g.toml", "--dry-run", "--json"], options].concat();
    let ran = sandbox.succeeds(&command);
    let cells = ran.json_lines().into_iter().filter(|line| line["event"] == "plan").collect();
    (cells, ran.err)
}

fn labels(cells: &[Value]) -> Vec<String> {
    cells.iter().map(|cell| cell["label"].to_string()).collect()
}

#[test]
fn another_method_leaves_the_keys_of_the_file_out_and_says_so() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&NCG);
    let ran = sandbox.succeeds(&["run", "x.toml", "--set", "training.method=rmsprop"]);
    for key in ["training.iterations", "training.space", "training.largest_step"] {
        let note = format!("{key} is left out: only valid with `method = \"ncg\"`");
        assert!(ran.err.contains("note: x.toml:") && ran.err.contains(&note), "{}", ran.err);
    }
    let record = read_run(&sandbox.path("results/x.h5"));
    assert!(record.configuration.resolved.contains("method = \"rmsprop\""));
    assert!(!record.configuration.resolved.contains("space"));
    for command in ["validate", "gradcheck"] {
        sandbox.succeeds(&[command, "x.toml", "--set", "training.method=adam"]);
    }
}

#[test]
fn an_override_without_a_meaning_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&NCG);
    let rate = "training.learning_rate=0.1";
    let parts = ["--set training.learning_rate=0.1", "only valid with `method = \"rmsprop\"`"];
    sandbox.fails(&["validate", "x.toml", "--set", rate], 2, &parts);
    let both = ["--set", "training.method=sgd", "--set", "training.space=h1"];
    let parts = ["--set training.space=h1", "only valid with `method = \"ncg\"`"];
    sandbox.fails(&[&["validate", "x.toml"], &both[..]].concat(), 2, &parts);
    // What had no meaning in the file itself is a mistake of the file.
    sandbox.experiment(&["training.learning_rate = 0.1"]);
    let parts = ["x.toml:", "training.learning_rate: only valid with"];
    sandbox.fails(&["validate", "x.toml", "--set", "seed=2"], 2, &parts);
}

#[test]
fn a_key_is_taken_out() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["training.space = \"h1\"", "training.length = 2.0"]);
    let shown =
        |options: &[&str]| sandbox.succeeds(&[&["validate", "x.toml"], options].concat()).out;
    assert!(shown(&[]).contains("length = 2.0"));
    let out = shown(&["--unset", "training.space", "--unset", "training.length"]);
    assert!(out.contains("space = \"l2\"") && !out.contains("length = 2.0"), "{out}");
    assert!(!shown(&["--unset", "network"]).contains("layers = 6"), "the whole table");
    assert!(shown(&["--seed", "8"]).contains("seed = 8"));
    // Taken out first, then set.
    let both = shown(&["--set", "training.length=3.0", "--unset", "training.length"]);
    assert!(both.contains("length = 3.0"), "{both}");
    let unset = |key: &str, parts: &[&str]| {
        sandbox.fails(&["run", "x.toml", "--unset", key], 2, parts);
    };
    unset("training.spce", &["--unset training.spce", "did you mean `space`?"]);
    unset("trainin.space", &["--unset trainin.space", "did you mean `training`?"]);
    unset("attack.step", &["--unset attack.step", "list of tables"]);
    // Every command that sets keys takes them out.
    sandbox.write("g.toml", &(experiment(&[]) + "seeds = 2\n"));
    for command in
        ["run", "status", "collect", "submit", "cancel", "validate", "gradcheck", "solvers"]
    {
        let help = sandbox.succeeds(&[command, "--help"]).out;
        assert!(["--set", "--unset", "--seed"].iter().all(|o| help.contains(o)), "{command}");
    }
    assert_eq!(plan(&sandbox, &[]).0.len(), 2);
    let parts = ["only valid for a grid"];
    sandbox.fails(&["run", "g.toml", "--unset", "seeds", "--dry-run"], 2, &parts);
}

#[test]
fn keys_of_a_grid_apply_where_they_have_a_meaning() {
    let sandbox = Sandbox::new();
    let grid = "[grid]\ntraining.method = [\"ncg\", \"sgd\"]\n\
                training.learning_rate = [0.1, 0.2]\nseed = [1, 2]\n";
    sandbox.write("g.toml", &(experiment(&NCG) + grid));
    let (cells, err) = plan(&sandbox, &[]);
    assert_eq!(err, "");
    let ncg = |seed: u64| format!(r#"[["training.method","ncg"],["seed",{seed}]]"#);
    let sgd = |rate: f64, seed: u64| {
        format!(r#"[["training.method","sgd"],["training.learning_rate",{rate}],["seed",{seed}]]"#)
    };
    // Combinations that differ in a key without a meaning alone are one cell.
    let expected = [ncg(1), ncg(2), sgd(0.1, 1), sgd(0.1, 2), sgd(0.2, 1), sgd(0.2, 2)];
    assert_eq!(labels(&cells), expected);
    let numbers: Vec<u64> = cells.iter().map(|cell| cell["cell"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    // A cell named by its number is that cell.
    sandbox.succeeds(&["run", "g.toml", "--cell", "3", "--quiet"]);
    let short = &cells[2]["identity"].as_str().unwrap()[..12];
    let record = read_run(&sandbox.path(&format!("results/cells/{short}.h5")));
    assert!(record.configuration.resolved.contains("learning_rate = 0.1"));
    sandbox.succeeds(&["run", "g.toml", "--quiet"]);
    sandbox.succeeds(&["report", "results"]);
    let only = plan(&sandbox, &["--only", "training.learning_rate=0.2"]).0;
    assert_eq!(only.len(), 2);
    // What is excluded is so by the values in the file, whether they have a meaning or not.
    let exclude = "[[exclude]]\ntraining.method = \"ncg\"\ntraining.learning_rate = 0.1\n";
    sandbox.write("h.toml", &(experiment(&NCG) + grid + exclude));
    let kept = sandbox.succeeds(&["run", "h.toml", "--dry-run", "--json"]).json_lines();
    assert_eq!(kept.iter().filter(|line| line["event"] == "plan").count(), 6);
    let both = exclude.to_owned() + &exclude.replace("0.1", "0.2");
    sandbox.write("h.toml", &(experiment(&NCG) + grid + &both));
    let kept = sandbox.succeeds(&["run", "h.toml", "--dry-run", "--json"]).json_lines();
    assert_eq!(kept.iter().filter(|line| line["event"] == "plan").count(), 4);
    // The same from the command line, and for all cells.
    let (set, err) = plan(&sandbox, &["--set", "training.weight_decay=0.01"]);
    assert_eq!((set.len(), err.as_str()), (6, ""));
}

#[test]
fn keys_of_a_grid_without_a_meaning_in_any_cell_are_refused() {
    let sandbox = Sandbox::new();
    let refused = |grid: &str, options: &[&str], parts: &[&str]| {
        sandbox.write("g.toml", &(experiment(&[]) + grid));
        sandbox.fails(&[&["run", "g.toml", "--dry-run"], options].concat(), 2, parts);
    };
    let rates = "[grid]\ntraining.learning_rate = [0.1, 0.2]\n";
    let parts = ["g.toml:", "training.learning_rate: only valid with", "no cell of the grid"];
    refused(rates, &[], &parts);
    let case = "[[cases]]\nname = \"a\"\ntraining.rho = 0.8\n[[cases]]\nname = \"b\"\n\
                training.method = \"rmsprop\"\n";
    refused(case, &[], &["g.toml:", "training.rho: only valid with", "no cell of the grid"]);
    let seeds = ["--set", "training.rho=0.8"];
    refused("seeds = 2\n", &seeds, &["--set training.rho=0.8", "only valid with"]);
    // The file's own lose it by an override, and that is said.
    sandbox.write("g.toml", &(experiment(&NCG) + "seeds = 2\n"));
    let (cells, err) = plan(&sandbox, &["--set", "training.method=adam"]);
    assert_eq!(cells.len(), 2);
    assert!(err.contains("note: g.toml:") && err.contains("training.space is left out"), "{err}");
}

#[test]
fn other_words_for_the_same_are_understood() {
    let sandbox = Sandbox::new();
    for (text, parts) in [
        ("[training]\nlr = 0.1\n", &["training.lr", "did you mean `learning_rate`?"][..]),
        ("lr = 0.1\n", &["did you mean `learning_rate`, which belongs to [training]?"]),
        ("[training]\noptimizer = \"adam\"\n", &["did you mean `method`?"]),
        ("[training]\nsobolev = true\n", &["did you mean `space = \"h1\"`?"]),
        ("[training]\nspace = \"sobolev\"\n", &["did you mean `h1`?"]),
        ("[training]\neps = 1e-8\n", &["did you mean `epsilon`?"]),
        ("[[attack]]\nmethod = \"pgd\"\neps = 0.1\n", &["did you mean `radius`?"]),
        ("[[attack]]\nmethod = \"cw\"\n", &["did you mean `carlini-wagner`?"]),
        ("[[attack]]\nmethod = \"bim\"\n", &["did you mean `pgd`?"]),
        ("[train]\nepochs = 1\n", &["did you mean `training`?"]),
        ("[cost]\nloss = \"mse\"\n", &["did you mean `l2`?"]),
        ("precision = \"float32\"\n", &["did you mean `f32`?"]),
        ("[network]\nsolver = \"rk4\"\n", &["did you mean `scheme`?"]),
    ] {
        sandbox.write("x.toml", text);
        sandbox.fails(&["validate", "x.toml"], 2, parts);
    }
    sandbox.experiment(&[]);
    let set = ["validate", "x.toml", "--set", "training.lr=0.1"];
    sandbox.fails(&set, 2, &["--set training.lr=0.1", "did you mean `learning_rate`?"]);
    let attack = ["attack", "x.h5", "--method", "cw"];
    sandbox.fails(&attack, 2, &["'carlini-wagner'", "similar value"]);
}
