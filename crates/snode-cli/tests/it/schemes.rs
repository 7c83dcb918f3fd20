//! Schemes other than Euler's through the program: training, going on, solving by another one,
//! checking derivatives, and comparing.

use crate::support;

use support::{Sandbox, TEST};

const ALL: [&str; 9] =
    ["euler", "rk2", "rk4", "tsit5", "dopri5", "bs3", "bdf", "tr-bdf2", "esdirk34"];

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn every_scheme_trains_and_its_network_is_solved_by_every_other() {
    let sandbox = Sandbox::new();
    for trained in ALL {
        let scheme = format!("network.scheme = \"{trained}\"");
        sandbox.experiment(&[&scheme, "training.batches = 2", "precision = \"f64\""]);
        let name = format!("name={trained}");
        sandbox.succeeds(&["run", "x.toml", "--set", &name, "--quiet"]);
        let results = format!("results/{trained}.h5");
        let shown = sandbox.succeeds(&["show", &results, "--config"]).out;
        assert!(shown.contains(&format!("scheme = \"{trained}\"")), "{shown}");
    }
    for trained in ["euler", "rk4", "tsit5", "bdf"] {
        let results = format!("results/{trained}.h5");
        let own = json(&sandbox.succeeds(&["eval", &results, "--json"]).out);
        assert_eq!(own["scheme"], trained);
        for solved in ALL {
            let out = sandbox.succeeds(&["eval", &results, "--scheme", solved, "--json"]).out;
            let found = json(&out);
            assert_eq!(found["scheme"], solved);
            assert!(found["right_hand_sides"].as_u64().unwrap() > 0);
            let difference = found["correct"].as_i64().unwrap() - own["correct"].as_i64().unwrap();
            assert!(
                difference.unsigned_abs() as usize <= TEST / 5,
                "{trained} by {solved}: {difference}"
            );
        }
    }
}

#[test]
fn tolerances_reach_the_solver() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&[
        "network.scheme = \"dopri5\"",
        "solver.rtol = 1e-2",
        "solver.atol = 1e-2",
        "solver.norm = \"max\"",
        "training.batches = 2",
    ]);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    let calls = |arguments: &[&str]| {
        let mut all = vec!["eval", "results/x.h5", "--json"];
        all.extend(arguments);
        json(&sandbox.succeeds(&all).out)["right_hand_sides"].as_u64().unwrap()
    };
    assert!(calls(&["--tolerance", "1e-5"]) > calls(&[]));
    let validated = sandbox.succeeds(&["validate", "x.toml"]).out;
    for part in ["[solver]", "rtol = 0.01", "norm = \"max\"", "budget = 10000", "# first_step"] {
        assert!(validated.contains(part), "no `{part}` in {validated}");
    }
    sandbox.fails(
        &["eval", "results/x.h5", "--scheme", "euler", "--tolerance", "1e-3"],
        2,
        &["--tolerance", "adaptive", "euler"],
    );
    sandbox.fails(&["eval", "results/x.h5", "--tolerance", "0"], 2, &["--tolerance", "found 0"]);
}

#[test]
fn what_a_scheme_does_not_know_is_refused() {
    let sandbox = Sandbox::new();
    for (lines, parts) in [
        (&["solver.rtol = 2.0"][..], &["x.toml", "solver.rtol", "found 2", "expected"][..]),
        (
            &["network.scheme = \"tsit5\"", "solver.rtol = 0.0"],
            &["solver.rtol", "found 0", "expected"],
        ),
        (
            &["network.scheme = \"tsit5\"", "precision = \"f32\"", "solver.rtol = 1e-9"],
            &["solver.rtol", "f32"],
        ),
        (
            &["network.scheme = \"bs3\"", "solver.budget = 0"],
            &["solver.budget", "found 0", "1 or more"],
        ),
        (&["network.scheme = \"bdf\"", "solver.norm = \"rms\""], &["solver.norm", "per-sample"]),
        (&["network.scheme = \"ode45\""], &["network.scheme", "`ode45`", "dopri5"]),
        (&["network.scheme = \"tsit5\"", "solver.tol = 1.0"], &["solver.tol", "rtol"]),
    ] {
        sandbox.experiment(lines);
        sandbox.fails(&["run", "x.toml"], 2, parts);
    }
}

/// `[solver]` may stay when the scheme is changed: it has no part in the others' results.
#[test]
fn keys_of_other_schemes_wait() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["network.scheme = \"rk4\"", "solver.rtol = 1e-5"]);
    let resolved = sandbox.succeeds(&["validate", "x.toml"]).out;
    assert!(resolved.contains("interpolation = \"hermite\"") && !resolved.contains("rtol"));
    sandbox.experiment(&["solver.rtol = 1e-5"]);
    assert!(!sandbox.succeeds(&["validate", "x.toml"]).out.contains("[solver]"));
}

#[test]
fn derivatives_are_checked_under_any_scheme() {
    let sandbox = Sandbox::new();
    for scheme in ["rk2", "rk4", "tsit5", "dopri5"] {
        let line = format!("network.scheme = \"{scheme}\"");
        sandbox.experiment(&[&line, "precision = \"f64\"", "network.layers = 60"]);
        let out = sandbox.succeeds(&["gradcheck", "x.toml"]).out;
        assert_eq!(out.matches("passes").count(), 4, "{scheme}: {out}");
    }
}

/// A gradient sampled at few nodes is checked as a function of depth, not by a sum over these nodes.
#[test]
fn derivatives_of_a_shallow_network_are_checked() {
    let sandbox = Sandbox::new();
    for seed in ["seed = 1", "seed = 7"] {
        for layers in ["network.layers = 3", "network.layers = 15"] {
            sandbox.experiment(&["network.scheme = \"dopri5\"", layers, seed]);
            let out = sandbox.succeeds(&["gradcheck", "x.toml", "--set", "precision=f64"]).out;
            assert!(out.contains("solved to a tolerance of 1e-9"), "{out}");
            assert_eq!(out.matches("passes").count(), 4, "{seed} {layers}: {out}");
        }
    }
    let strict = ["gradcheck", "x.toml", "--set", "precision=f64", "--tolerance", "1e-15"];
    sandbox.fails(&strict, 1, &["derivatives are not what they should be", "adjoint identity"]);
}

/// Tolerances so small that finite errors overflow when divided by them.
#[test]
fn an_error_norm_that_overflows_is_named() {
    let sandbox = Sandbox::new();
    let lines = ["network.scheme = \"dopri5\"", "solver.atol = 1e-200", "precision = \"f64\""];
    sandbox.experiment(&lines);
    sandbox.fails(&["run", "x.toml"], 1, &["error norm is not finite", "atol"]);
}

/// A solve that cannot go on ends the run with what happened and where, and a non-zero exit code.
#[test]
fn a_solve_without_budget_is_an_error_that_says_so() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["network.scheme = \"tsit5\"", "solver.budget = 2"]);
    sandbox.fails(&["run", "x.toml"], 1, &["step budget is used up", "depth", "2 steps"]);
}

#[test]
fn an_adaptive_run_goes_on_with_the_same_bits() {
    let sandbox = Sandbox::new();
    let lines = ["network.scheme = \"tsit5\"", "training.batches = 4"];
    sandbox.experiment(&lines);
    sandbox.succeeds(&["run", "x.toml", "--set", "name=whole", "--quiet"]);
    for batches in ["training.batches=2", "training.batches=4"] {
        let set = ["--set", "name=parts", "--set", batches];
        sandbox.succeeds(&[&["run", "x.toml", "--quiet"][..], &set].concat());
    }
    let accuracy = |name: &str| {
        let results = format!("results/{name}.h5");
        json(&sandbox.succeeds(&["eval", &results, "--json"]).out)["cost"].as_f64().unwrap()
    };
    assert_eq!(accuracy("whole").to_bits(), accuracy("parts").to_bits());
}

#[test]
fn solvers_are_compared_in_tables_and_a_figure() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["training.batches = 3"]);
    let arguments = ["solvers", "x.toml", "--schemes", "euler,rk4,tsit5"];
    let ran = sandbox.succeeds(&arguments);
    assert!(ran.out.contains("trained") && ran.out.contains("tsit5"), "{}", ran.out);
    let folder = sandbox.path("results").join("x-solvers");
    let lines = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines("accuracy.csv").len(), 1 + 9);
    assert_eq!(lines("effort.csv").len(), 1 + 27);
    assert!(lines("training.csv").len() > 3);
    // The steps of the one adaptive scheme on three networks, from 0 to T.
    assert!(lines("steps.csv").len() > 3);
    assert!(lines("steps.csv")[1].starts_with("euler,tsit5,0,"));
    assert!(lines("solvers.svg")[0].starts_with("<svg"));
    // Nothing is trained again.
    let again = sandbox.succeeds(&arguments);
    assert!(again.err.contains("finished already"), "{}", again.err);
}
