//! What is refused before any work: exit code 2 and a message that names file, line, key, what was
//! found and what is expected.

use crate::support;

use support::{NOT_NCG, SIDE, Sandbox, TRAIN};

/// A text that `validate` and `run` both refuse, and parts of the message.
const TEXTS: &[(&str, &[&str])] = &[
    ("seed = 1\nnetwork = [\n", &["x.toml:", "not TOML"]),
    ("seed = 1\nseed = 2\n", &["x.toml:2", "duplicate key"]),
    (
        "seed = 1\n[training]\nepocs = 2\n",
        &["x.toml:3: training.epocs", "unknown key", "did you mean `epochs`?", "batch_size"],
    ),
    ("epochs = 2\n", &["x.toml:1", "unknown key `epochs`", "belongs to [training]"]),
    ("[data]\nseed = 2\n", &["x.toml:2", "belongs before the first [table]"]),
    ("[grit]\nx = 1\n", &["x.toml:1", "unknown key `grit`; did you mean `grid`?", "training"]),
    (
        "[training]\nepochs = \"two\"\n",
        &["x.toml:2: training.epochs", "found \"two\"", "a whole number"],
    ),
    (
        "[training]\nepochs = -2\n",
        &["x.toml:2: training.epochs", "found -2", "a whole number, 0 or more"],
    ),
    ("[training]\nepochs = 1.5\n", &["x.toml:2: training.epochs", "1.5", "a whole number"]),
    ("[network]\nhorizon = \"long\"\n", &["x.toml:2: network.horizon", "\"long\"", "a number"]),
    (
        "[network]\nactivation = \"reul\"\n",
        &["x.toml:2: network.activation", "`reul`", "did you mean `relu`?", "softplus"],
    ),
    (
        "[network]\ninitialisation = \"splin\"\n",
        &["x.toml:2", "did you mean `spline`?", "independent"],
    ),
    (
        "[training]\nconjugacy = \"fletcher_reeves\"\n",
        &["x.toml:2", "did you mean `fletcher-reeves`?", "hager-zhang"],
    ),
    ("[training]\nmethod = 3\n", &["x.toml:2: training.method", "a name in quotes"]),
    ("precision = \"f16\"\n", &["x.toml:1: precision", "f32, f64"]),
    ("[data]\nsize = [4]\n", &["x.toml:2: data.size", "a list of length 1", "two whole numbers"]),
    (
        "[data]\nsize = [4, 4, 4]\n",
        &["x.toml:2: data.size", "a list of length 3", "two whole numbers"],
    ),
    ("network = 3\n", &["x.toml:1: network", "a table"]),
    ("[data]\nsource = \"mnst14\"\n", &["x.toml:2: data.source", "did you mean `mnist14`?"]),
    ("[data]\nsource = \"nothing\"\n", &["x.toml:2: data.source", "`nothing`", "IDX files"]),
    ("[data]\nsource = \"./none\"\n", &["x.toml:2: data.source", "none", "cannot be read"]),
    ("[data]\nsource = \"x.toml\"\n", &["x.toml:2: data.source", "a .npz or .csv file"]),
    ("[data]\nsource = \"\"\n", &["x.toml:2: data.source", "empty"]),
    // What each key takes, not what another one does.
    (
        "[attack]\nmethod = \"fgsm\"\n",
        &["x.toml:1: attack:", "found a table", "a list of tables", "[[attack]]"],
    ),
    ("[[data]]\nsource = \"dots\"\n", &["x.toml:1: data:", "a list of tables", "a table, [data]"]),
    (
        "[analysis.robustness]\nlevels = 0.1\n",
        &["x.toml:2: analysis.robustness.levels", "found 0.1", "a list of numbers in brackets"],
    ),
    (
        "[analysis.robustness]\nlevels = [0.1, \"a\"]\n",
        &["x.toml:2: analysis.robustness.levels[1]", "found \"a\"", "expected a number"],
    ),
    (
        "[analysis.schemes]\nsolve = \"euler\"\n",
        &["x.toml:2: analysis.schemes.solve", "found \"euler\"", "a list of names in brackets"],
    ),
    (
        "[[attack]]\n[[attack]]\nstep = \"long\"\n",
        &["x.toml:3: attack[1].step", "found \"long\"", "expected a number"],
    ),
    ("[[attack]]\nstepp = 1\n", &["x.toml:2: attack[0].stepp", "did you mean `step`?"]),
    ("[training]\noverhoot = 1\n", &["x.toml:2: training.overhoot", "unknown key"]),
    ("[training]\novershoot = 1\n", &["x.toml:2: training.overshoot", "to [[attack]]"]),
    ("[data]\nlevels = [1]\n", &["x.toml:2: data.levels", "to [analysis.robustness]"]),
    ("[training]\nbetas = 0.9\n", &["x.toml:2: training.betas", "found 0.9", "two numbers"]),
    ("seed = 99999999999999999999\n", &["x.toml:1: seed", "found 99999999999999999999", "at most"]),
    ("seed = 1979-05-27\n", &["x.toml:1: seed", "1979-05-27", "a whole number"]),
    ("name = 3\n", &["x.toml:1: name", "found 3", "a text in quotes"]),
    ("[attack.x]\n", &["x.toml:1", "[[attack]]"]),
    // Control characters would end up on terminals, in figures and in names of files.
    ("[[cases]]\nname = \"a\\u001b[2J\"\n", &["x.toml:2: cases.name", "U+001B"]),
    ("[output]\ndirectory = \"a\\nb\"\n", &["x.toml:2: output.directory", "U+000A"]),
];

/// Lines that make the sound experiment of the sandbox impossible, and parts of the message.
const LINES: &[(&[&str], &[&str])] = &[
    (&["name = \"a/b\""], &["name", "`a/b`", "letters", "spaces"]),
    // Numbers far from 1 are as short as others.
    (&["network.horizon = 1e300"], &["network.horizon", "found 1e300;"]),
    (&["training.checkpoint_every = -1e300"], &["training.checkpoint_every", "found -1e300;"]),
    (&["threads = 0"], &["threads", "found 0", "1 to"]),
    (&["network.layers = 0"], &["network.layers", "found 0", "1 to"]),
    (&["network.horizon = 0.0"], &["network.horizon", "found 0", "more than 0"]),
    (&["network.horizon = nan"], &["network.horizon", "NaN"]),
    (&["network.layers = 1000000", "data.size = [100, 100]"], &["memory", "this computer has"]),
    (&["data.size = [0, 4]"], &["data.size", "found 0", "1 to 4096"]),
    (&["data.size = [1, 2]"], &["data.size", "width 2", "at least 3 pixels"]),
    (&["data.size = [4096, 4096]"], &["data.size", "memory"]),
    (&["data.background = -1.0"], &["data.background", "different"]),
    (&["data.train = 91"], &["data.train", "found 91", "only 90"]),
    (&["data.test = 31"], &["data.test", "found 31", "only 30"]),
    (&["data.train = 20", "data.validation = 20"], &["data.validation", "less than 20"]),
    (&["data.validation = 90"], &["data.validation", "less than 90"]),
    (&["data.validation = 80"], &["training.batch_size", "1 to 10"]),
    (&["training.batch_size = 91"], &["training.batch_size", "found 91", "1 to 90"]),
    (&["training.batch_size = 0"], &["training.batch_size", "found 0"]),
    (&["training.epochs = 0"], &["training.epochs", "found 0"]),
    (&["training.batches = 0"], &["training.batches", "found 0"]),
    (&["training.iterations = 0"], &["training.iterations", "found 0"]),
    (&["training.evaluate_every = 0"], &["training.evaluate_every", "found 0"]),
    (&["training.time_limit = 0"], &["training.time_limit", "more than 0"]),
    (&["training.checkpoint_every = -1"], &["training.checkpoint_every", "found -1"]),
    (&["training.divergence_factor = 1.0"], &["training.divergence_factor", "more than 1"]),
    (&["training.early_stop = 3"], &["training.early_stop", "data.validation > 0"]),
    (
        &["training.perturbation.level = 0.1"],
        &["training.perturbation.level", "only valid with the method \"noise\""],
    ),
    (&["training.perturbation.fraction = 1.5"], &["perturbation.fraction", "found 1.5", "0 to 1"]),
    (&["training.perturbation.radius = -1"], &["perturbation.radius", "found -1", "0 or more"]),
    (&["training.length = 1.0"], &["training.length", "space = \"h1\""]),
    (&["training.discretisation = \"midpoint\""], &["training.discretisation", "space = \"h1\""]),
    (
        &["training.space = \"h1\"", "training.length = 0.0"],
        &["training.length", "found 0", "more than 0"],
    ),
    (
        &[
            "training.space = \"h1\"",
            "training.discretisation = \"midpoint\"",
            "network.layers = 1",
        ],
        &["training.discretisation", "at least 2 layers"],
    ),
    (&["training.halvings = 2"], &["training.halvings", "line_search = \"backtracking\""]),
    (
        &["training.line_search = \"backtracking\"", "training.halvings = 0"],
        &["training.halvings", "1 to 60"],
    ),
    (&["training.largest_step = 0.0"], &["training.largest_step", "more than 0"]),
    (&["training.largest_step = -1"], &["training.largest_step", "found -1"]),
    (
        &["training.method = \"rmsprop\""],
        &["training.iterations", "only valid with `method = \"ncg\"`; remove it"],
    ),
    (&["training.learning_rate = 0.1"], &["training.learning_rate", "only valid with", "rmsprop"]),
    (&["training.rho = 0.9"], &["training.rho", "only valid with `method = \"rmsprop\"`"]),
    (
        &["training.method = \"adam\"", NOT_NCG, "training.rho = 0.9"],
        &["training.rho", "only valid with `method = \"rmsprop\"`"],
    ),
    (
        &["training.method = \"adam\"", NOT_NCG, "training.momentum = 0.9"],
        &["training.momentum", "`method = \"momentum\"` or `\"rmsprop\"`"],
    ),
    (
        &["training.method = \"rmsprop\"", NOT_NCG, "training.betas = [0.9, 0.9]"],
        &["training.betas", "`method = \"adam\"` or `\"adamw\"`"],
    ),
    (
        &["training.method = \"rmsprop\"", NOT_NCG, "training.conjugacy = \"dai-yuan\""],
        &["training.conjugacy", "only valid with `method = \"ncg\"`"],
    ),
    (
        &["training.method = \"rmsprop\"", NOT_NCG, "training.rho = 1.0"],
        &["training.rho", "found 1", "less than 1"],
    ),
    (
        &["training.method = \"rmsprop\"", NOT_NCG, "training.epsilon = 0"],
        &["training.epsilon", "found 0", "more than 0"],
    ),
    (
        &["training.method = \"adam\"", NOT_NCG, "training.betas = [0.9, 1.5]"],
        &["training.betas", "found 1.5", "less than 1"],
    ),
    (
        &["training.method = \"adam\"", NOT_NCG, "training.epsilon_place = \"outside\""],
        &["training.epsilon_place", "only valid with `method = \"rmsprop\"`"],
    ),
    (
        &["training.method = \"sgd\"", NOT_NCG, "training.learning_rate = -1"],
        &["training.learning_rate", "found -1", "more than 0"],
    ),
    (
        &["training.method = \"sgd\"", NOT_NCG, "training.weight_decay = 100.0"],
        &["training.weight_decay", "found 100", "less than 1/learning_rate"],
    ),
    (
        &["training.method = \"sgd\"", NOT_NCG, "training.schedule = \"step\""],
        &["training.schedule", "schedule_batches"],
    ),
    (
        &["training.method = \"sgd\"", NOT_NCG, "training.schedule_factor = 0.5"],
        &["training.schedule_factor", "only valid with `schedule = "],
    ),
    (&["training.step_factor = 2.0"], &["training.step_factor", "found 2", "less than 2"]),
    (&["training.average_decay = 0.5"], &["training.average_decay", "only valid with `average = "]),
    (
        &["training.average = \"exponential\"", "training.average_decay = 1.0"],
        &["training.average_decay", "found 1", "less than 1"],
    ),
    (
        &["training.preconditioner_every = 2"],
        &["training.preconditioner_every", "only valid with `preconditioner = \"kronecker\"`"],
    ),
    (
        &["training.preconditioner = \"diagonal\"", "training.preconditioner_damping = 0.0"],
        &["training.preconditioner_damping", "found 0", "more than 0"],
    ),
    (
        &["training.method = \"sgd\"", NOT_NCG, "training.preconditioner = \"diagonal\""],
        &["training.preconditioner", "only valid with `method = \"ncg\"`"],
    ),
    (
        &[
            "training.method = \"sgd\"",
            NOT_NCG,
            "training.schedule = \"step\"",
            "training.schedule_batches = 0",
        ],
        &["training.schedule_batches", "found 0", "1 or more"],
    ),
    (
        &[
            "training.method = \"sgd\"",
            NOT_NCG,
            "training.schedule = \"exponential\"",
            "training.schedule_batches = 10",
            "training.schedule_factor = 2.0",
        ],
        &["training.schedule_factor", "found 2", "expected 0 to 1"],
    ),
    (&["cost.mu3 = -0.5"], &["cost.mu3", "found -0.5", "0 or more"]),
    (&["cost.mu2 = 0.0"], &["cost.mu2", "both 0"]),
    (&["cost.targets = [0.0, 1.0]"], &["cost.targets", "mu1"]),
    (
        &["cost.loss = \"l2\"", "network.activation = \"relu\"", "data.foreground = 1.0"],
        &["data.foreground", "relu", "target 0", "reach 1"],
    ),
    (
        &["cost.loss = \"l2\"", "network.activation = \"sigmoid\"", "cost.targets = [-1.0, 1.0]"],
        &["cost.targets", "sigmoid", "target -1"],
    ),
    (&["output.directory = \"\""], &["output.directory", "empty"]),
];

#[test]
fn texts_that_are_no_experiment() {
    let sandbox = Sandbox::new();
    for (text, parts) in TEXTS {
        sandbox.write("x.toml", text);
        sandbox.fails(&["validate", "x.toml"], 2, parts);
    }
}

#[test]
fn values_that_make_no_sense_together() {
    let sandbox = Sandbox::new();
    for (lines, parts) in LINES {
        sandbox.experiment(lines);
        // The message names the line in which the key to blame stands.
        let key = parts[0];
        let position = support::experiment(lines)
            .lines()
            .position(|line| line.split(" =").next() == Some(key))
            .map(|index| format!("x.toml:{}: {key}", index + 1));
        let mut parts = parts.to_vec();
        parts.extend(position.as_deref());
        sandbox.fails(&["validate", "x.toml"], 2, &parts);
    }
}

#[test]
fn nothing_is_written_when_an_experiment_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["training.epochs = 0"]);
    for command in ["run", "gradcheck"] {
        sandbox.fails(&[command, "x.toml"], 2, &["x.toml:", "training.epochs"]);
    }
    assert!(!sandbox.path("results").exists());
}

#[test]
fn overrides_of_the_command_line() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    let with = |set: &str, parts: &[&str]| {
        sandbox.fails(&["validate", "x.toml", "--set", set], 2, parts);
    };
    with("training.epocs=2", &["--set training.epocs=2", "did you mean `epochs`?"]);
    with("training.epochs=two", &["--set training.epochs=two", "a whole number"]);
    with("training.epochs=0", &["--set training.epochs=0", "found 0"]);
    with("training.epochs", &["table.key=value"]);
    with("seed.x=1", &["`seed` is not a table"]);
    with("seed=99999999999999999999", &["found 99999999999999999999", "9223372036854775807"]);
    with("data.source=a\u{1b}b", &["U+001B"]);
    sandbox.experiment(&["attack = [{ method = \"fgsm\" }]"]);
    with("attack.method=pgd", &["`attack` is a list of tables"]);
    sandbox.experiment(&[]);
    with("attack.method=pgd", &["found a table", "[[attack]]"]);
    with("training..x=1", &["table.key=value"]);
    let ran = sandbox.succeeds(&["validate", "x.toml", "--set", "network.activation=elu(0.2)"]);
    assert!(ran.out.contains("activation = \"elu(0.2)\""));
}

#[test]
fn files_that_cannot_be_read() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    sandbox.write("quickstart.toml", "");
    std::fs::write(sandbox.path("latin.toml"), b"# h\xf6he\n").unwrap();
    std::fs::write(sandbox.path("large.toml"), vec![b'#'; 2_000_000]).unwrap();
    sandbox.fails(&["run", "quikstart.toml"], 2, &["did you mean `quickstart.toml`?"]);
    sandbox.fails(&["run", "absent.toml"], 2, &["absent.toml", "snode init"]);
    sandbox.fails(&["run", "dots"], 2, &["dots", "a folder"]);
    sandbox.fails(&["run", "latin.toml"], 2, &["latin.toml", "line 1", "UTF-8"]);
    sandbox.fails(&["run", "large.toml"], 2, &["large.toml", "1 MiB"]);
}

#[test]
fn data_that_is_damaged() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[]);
    let images = sandbox.path("dots/train-images-idx3-ubyte");
    let bytes = std::fs::read(&images).unwrap();

    std::fs::write(&images, &bytes[..bytes.len() - 5]).unwrap();
    let pixels = (TRAIN * SIDE * SIDE).to_string();
    let parts = ["x.toml:3: data.source", "train-images-idx3-ubyte", "ends after", &pixels];
    for command in ["run", "validate", "gradcheck"] {
        sandbox.fails(&[command, "x.toml"], 2, &parts);
    }

    std::fs::write(&images, &bytes[..7]).unwrap();
    sandbox.fails(&["run", "x.toml"], 2, &["train-images-idx3-ubyte", "header"]);

    std::fs::write(&images, b"not images at all").unwrap();
    sandbox.fails(&["run", "x.toml"], 2, &["train-images-idx3-ubyte", "starts with the bytes"]);

    std::fs::remove_file(&images).unwrap();
    sandbox.fails(&["run", "x.toml"], 2, &["x.toml:3", "no file with the training images"]);
    assert!(!sandbox.path("results").exists());
}

#[test]
fn the_command_line_suggests() {
    let sandbox = Sandbox::new();
    sandbox.fails(&["validat", "x.toml"], 2, &["validate"]);
    sandbox.fails(&["run", "x.toml", "--fress"], 2, &["--fresh"]);
    sandbox.fails(&["run"], 2, &["<FILE>"]);
    let help = sandbox.succeeds(&["--help"]).out;
    for word in [
        "run",
        "init",
        "validate",
        "show",
        "eval",
        "gradcheck",
        "data",
        "130",
        "docs/experiments.md",
    ] {
        assert!(help.contains(word), "{word}");
    }
}
