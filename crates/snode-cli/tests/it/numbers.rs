//! How numbers are read from the command line and shown.

use crate::support;

use support::Sandbox;

fn trained(lines: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.experiment(lines);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    sandbox
}

/// A negative number is a number, and is refused as one where it is out of range.
#[test]
fn negative_numbers_are_numbers() {
    let sandbox = trained(&[]);
    for (arguments, parts) in [
        (
            &["attack", "--method", "fgsm", "--radius", "-0.1"][..],
            &["--radius", "found -0.1", "0 or more"][..],
        ),
        (&["attack", "--step", "-1"], &["--step", "found -1", "0 or more"]),
        (&["attack", "--kappa", "-1e-3"], &["--kappa", "found -0.001", "more than 0"]),
        (&["attack", "--epsilons", "-0.1,0.2"], &["--epsilons", "found -0.1", "0 or more"]),
        (
            &["attack", "--method", "fgsm", "--epsilons", "0.05,0.2"],
            &["--epsilons", "found 0.2", "0 to 0.1, the radius"],
        ),
        (&["attack", "--images", "-3"], &["--images", "-3", "a whole number, 1 or more"]),
        (&["attack", "--iterations", "-3"], &["--iterations", "-3", "a whole number, 0 or more"]),
        (
            &["attack", "--target", "-1", "--method", "targeted"],
            &["--target", "-1", "a whole number"],
        ),
        (&["robustness", "--levels", "-0.1,0.2"], &["--levels", "found -0.1", "0 or more"]),
        (&["robustness", "--draws", "-2"], &["--draws", "-2", "a whole number, 1 or more"]),
        (&["robustness", "--threads", "-2"], &["--threads", "-2", "1..=1024"]),
        (&["noise", "--levels", "-1"], &["--levels", "found -1", "more than 0"]),
        (&["noise", "--weights-levels", "-1"], &["--weights-levels", "found -1", "more than 0"]),
        (&["sensitivity", "--entry", "-1,2"], &["--entry", "-1,2", "ROW,COLUMN"]),
        (
            &["eval", "--scheme", "dopri5", "--tolerance", "-1"],
            &["--tolerance", "found -1", "less than 1"],
        ),
        (
            &["eval", "--scheme", "dopri5", "--tolerance", "1"],
            &["--tolerance", "found 1", "less than 1"],
        ),
        (
            &["eval", "--tolerance", "1e-3"],
            &["--tolerance", "an adaptive scheme", "euler", "remove it"],
        ),
    ] {
        let all = [&arguments[..1], &["results/x.h5"], &arguments[1..]].concat();
        sandbox.fails(&all, 2, parts);
    }
    // An option is not swallowed by the one before it.
    sandbox.fails(&["attack", "results/x.h5", "--radius", "--json"], 2, &["--radius", "a number"]);
}

/// Every option that takes a number is one that negative numbers are read for.
#[test]
fn no_option_with_a_number_is_forgotten() {
    fn numbers(command: &clap::Command, found: &mut Vec<String>) {
        for argument in command.get_arguments() {
            let takes = argument.get_action().takes_values();
            let names = argument.get_value_names().unwrap_or_default();
            let is_number = names.iter().any(|name| name.as_str().starts_with("NUMBER"));
            if takes && is_number && !argument.is_allow_hyphen_values_set() {
                found.push(format!("{} {}", command.get_name(), argument.get_id()));
            }
        }
        command.get_subcommands().for_each(|inner| numbers(inner, found));
    }
    let mut found = Vec::new();
    numbers(&snode_cli::cli::command(), &mut found);
    assert_eq!(found, Vec::<String>::new());
}

/// Levels of any size make short names of files, short tables, and a report.
#[test]
fn very_small_and_very_large_numbers_are_short() {
    let sandbox = trained(&[
        "training.batches = 1",
        "analysis.noise.levels = [1e-300]",
        "analysis.noise.images = 5",
        "analysis.robustness.levels = [5e-324, 1e-300, 1e6]",
        "analysis.robustness.draws = 1",
    ]);
    let ran = sandbox.succeeds(&["report", "results/x.h5"]);
    assert!(ran.out.contains("report.html"), "{}", ran.out);
    let folder = sandbox.path("results/x.report");
    assert!(folder.join("figures/noise-input-1e-300.svg").exists());
    let markdown = std::fs::read_to_string(folder.join("report.md")).unwrap();
    assert!(markdown.contains("s = 5e-324") && !markdown.contains("0000000"), "{markdown}");
    let svg = std::fs::read_to_string(folder.join("figures/robustness.svg")).unwrap();
    assert!(!svg.contains("0000000"));
    for arguments in [
        &["robustness", "results/x.h5", "--levels", "1e-300,1e6"][..],
        &["sensitivity", "results/x.h5", "--noise", "1e-300", "--figures", "figures"],
        &["validate", "x.toml", "--set", "network.horizon=1e-300"],
        &["show", "results/x.h5"],
        &["eval", "results/x.h5"],
    ] {
        let out = sandbox.succeeds(arguments).out;
        assert!(out.lines().all(|line| !line.contains("00000000")), "{arguments:?}: {out}");
    }
}

/// A configuration that was resolved is one that is accepted, whatever its defaults depend on.
#[test]
fn what_was_resolved_validates_again() {
    for lines in [
        // Thirty test images, fewer than noise is measured on by default.
        &["analysis.noise.levels = [0.1]", "analysis.robustness.levels = [1e-300, 5e-324, 1e6]"][..],
        &["analysis.noise.draws = 1", "data.test = 10", "data.validation = 20"],
        &["network.scheme = \"dopri5\"", "attack = [{ method = \"pgd\", epsilons = [0.1] }]"],
        &["cost.loss = \"l2\"", "training.space = \"h1\"", "analysis.smoothness.entry = [0, 1]"],
    ] {
        let sandbox = trained(&[lines, &["training.batches = 1"]].concat());
        let config = sandbox.succeeds(&["show", "results/x.h5", "--config"]).out;
        sandbox.write("again.toml", &config);
        let again = sandbox.succeeds(&["validate", "again.toml"]).out;
        let resolved = |text: &str| {
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            toml::from_str::<snode_experiment::Experiment>(&lines.collect::<Vec<_>>().join("\n"))
        };
        assert_eq!(resolved(&again).unwrap(), resolved(&config).unwrap(), "{again}");
    }
}

/// The accuracy that is left is told in the norm that the attack is made in.
#[test]
fn robust_accuracy_is_in_the_attacks_own_norm() {
    let sandbox = trained(&[]);
    let attack = |arguments: &[&str]| {
        sandbox.succeeds(&[&["attack", "results/x.h5", "--images", "20"], arguments].concat()).out
    };
    let out = attack(&["--method", "fgsm", "--radius", "0.3"]);
    assert!(out.contains("accuracy within ‖δ‖∞ ≤ 0.3") && !out.contains("‖δ‖₂ ≤"), "{out}");
    assert!(out.contains("on 20 images") && out.contains("seed 3"), "{out}");
    let out = attack(&["--epsilons", "0.01,0.7"]);
    assert!(out.contains("‖δ‖₂ ≤ 0.01") && out.contains("‖δ‖₂ ≤ 0.7"), "{out}");
    let json = attack(&["--method", "pgd", "--norm", "inf", "--epsilons", "0,9", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["norm"], "inf");
    let at = |index: usize| json["robust_accuracy"][index]["accuracy"].as_f64().unwrap();
    let right = 20.0 - json["wrong_before"].as_f64().unwrap();
    assert_eq!(at(0), right / 20.0);
    assert_eq!(at(1), (right - json["fooled"].as_f64().unwrap()) / 20.0);
}
