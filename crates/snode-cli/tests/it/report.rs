//! `snode report`: tables, figures and claims of many runs.

use crate::support;

use std::collections::BTreeMap;
use std::path::Path;

use snode_store::{Appendix, network_digest, read_appendix, read_info, write_appendix};
use support::Sandbox;

const GRID: &str = r#"
threads = 1
seeds = 2
data.source = "dots"
network.horizon = 2.0
network.layers = 6
training.epochs = 1
training.batch_size = 30
training.evaluate_every = 1

[grid]
network.activation = ["tanh", "relu"]
cost.loss = ["cross-entropy", "l2"]

[[cases]]
name = "SGD"
training.method = "rmsprop"
training.learning_rate = 1e-3

[[cases]]
name = "NCG"
training.iterations = 3

[[cases]]
name = "NCG + Sobolev"
training.iterations = 3
training.space = "h1"

[analysis.robustness]
levels = [0, 0.2, 0.4]
draws = 2

[analysis.noise]
levels = [0.01, 0.1]

[analysis.smoothness]
entry = [1, 2]

[analysis.schemes]
solve = ["euler", "dopri5"]
"#;

/// A sandbox with the results of a grid.
fn trained(grid: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("g.toml", grid);
    sandbox.succeeds(&["run", "g.toml", "--quiet"]);
    sandbox
}

/// The rows of a table, by the names of its columns.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

/// An attack that fools the first images by perturbations of growing norm.
fn attack(method: &str, first: f64) -> Appendix {
    let each = |value: &dyn Fn(usize) -> f64| (0..30).map(value).collect::<Vec<f64>>();
    let fooled = |i: usize| i < 20;
    let norm = |i: usize| if fooled(i) { first * (1.0 + i as f64 / 10.0) } else { f64::NAN };
    let configuration = format!("method = {method:?}\nstep = 0.03\niterations = 30\n");
    Appendix::default()
        .with_attribute("configuration", configuration.as_str())
        .with_attribute("seconds", 0.5)
        .with_array("outcome", &[30], each(&|i| if fooled(i) { 2.0 } else { (i % 2) as f64 }))
        .with_array("label", &[30], vec![0.0; 30])
        .with_array("class_before", &[30], vec![0.0; 30])
        .with_array("class_after", &[30], vec![1.0; 30])
        .with_array("norm2", &[30], each(&norm))
        .with_array("norm_inf", &[30], each(&norm))
        .with_array("iterations", &[30], vec![30.0; 30])
        .with_array("first_success", &[30], each(&|i| if fooled(i) { 5.0 } else { f64::NAN }))
        .with_array("adversarial_index", &[20], (0..20).map(f64::from).collect())
        .with_array("adversarial", &[20, 16], vec![-0.5; 320])
}

/// Writes an attack into the file of a run.
fn add_attack(path: &Path, name: &str, found: &Appendix) {
    let network = network_digest(path).unwrap();
    write_appendix(path, &format!("analysis/attack/{name}"), found, &network, |_| true).unwrap();
}

fn cells(sandbox: &Sandbox) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(sandbox.path("results/cells")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|p| p.extension().is_some_and(|e| e == "h5")).collect();
    paths.sort();
    paths
}

#[test]
fn a_grid_is_reported() {
    let sandbox = trained(GRID);
    for path in cells(&sandbox) {
        for (name, first) in [("moving-target", 0.1), ("pgd", 0.2)] {
            add_attack(&path, name, &attack(name, first));
        }
    }
    let ran = sandbox.succeeds(&["report", "results", "--claims"]);
    for part in ["24 of 24 runs", "E2  ", "E6  ", "report: results/report/report.html"] {
        assert!(ran.out.contains(part), "no `{part}` in {}", ran.out);
    }
    let html = std::fs::read_to_string(sandbox.path("results/report/report.html")).unwrap();
    for heading in [
        "Results",
        "Claims",
        "Cost and accuracy during training",
        "Schemes of training and of solving",
        "Accuracy by training, activation and loss",
        "Robustness against noise",
        "Noise through depth",
        "Weights through depth",
        "Attacks",
        "Pictures",
        "Runs",
        "Configuration",
    ] {
        assert!(html.contains(&format!("<h2>{heading}</h2>")), "no heading {heading}");
    }
    // Self-contained: nothing is loaded from anywhere.
    for loading in ["src=\"http", "href=\"http", "url(", "<script", "<link", "@import"] {
        assert!(!html.contains(loading), "{loading}");
    }
    assert!(html.matches("<svg").count() >= 10 && html.contains("href=\"data:image/png;base64,"));
    // What the user's own axes say stands before what the paper claims.
    let heading = |name: &str| html.find(&format!("<h2>{name}</h2>")).unwrap();
    assert!(heading("Results") < heading("Claims") && heading("Claims") < heading("Runs"));
    assert!(!html.contains("NaN") && !html.contains("Missing runs"));
    let markdown = std::fs::read_to_string(sandbox.path("results/report/report.md")).unwrap();
    for name in [
        "training.svg",
        "cost-test.svg",
        "robustness.svg",
        "noise-input-0.01.svg",
        "attack-pgd.svg",
    ] {
        assert!(markdown.contains(&format!("(figures/{name})")), "{name}");
        let svg = std::fs::read_to_string(sandbox.path(&format!("results/report/figures/{name}")));
        assert!(svg.unwrap().starts_with("<svg"), "{name}");
        let png = sandbox.path(&format!("results/report/figures/{}", name.replace("svg", "png")));
        assert!(std::fs::read(png).unwrap().starts_with(b"\x89PNG"), "{name}");
    }
    // The attack with the smaller norms fools as many.
    let claims = rows(&sandbox.path("results/report/tables/claims.csv"));
    let beats = claims.iter().find(|row| row["claim"].contains("beats PGD")).unwrap();
    assert_eq!(beats["verdict"], "holds", "{beats:?}");
    // There are no cases with decay.
    let decay = claims.iter().find(|row| row["claim"].contains("changes accuracy little")).unwrap();
    assert_eq!((&decay["verdict"][..], &decay["runs"][..]), ("not enough data", "0"));

    tables_are_what_the_files_hold(&sandbox);
}

fn tables_are_what_the_files_hold(sandbox: &Sandbox) {
    let tables = sandbox.path("results/report/tables");
    let accuracies = rows(&tables.join("accuracy.csv"));
    assert_eq!(accuracies.len(), 24);
    let number = |text: &str| text.parse::<f64>().unwrap();
    for row in &accuracies {
        let path = sandbox.path("results/cells").join(&row["file"]);
        let summary = read_info(&path).unwrap();
        let score = summary.history.last_score("test").unwrap();
        assert_eq!(Some(number(&row["accuracy"])), score.accuracy());
        assert_eq!(row["seed"], summary.info.seed.to_string());
        let stored = read_appendix(&path, "analysis/robustness/euler").unwrap().unwrap();
        let curve: Vec<_> = rows(&tables.join("robustness.csv"))
            .into_iter()
            .filter(|other| {
                ["training", "activation", "loss", "seed"].iter().all(|k| row[*k] == other[*k])
            })
            .map(|row| (number(&row["level"]), number(&row["accuracy_mean"])))
            .collect();
        let draws =
            stored.arrays["accuracy"].values.chunks(2).map(|pair| f64::midpoint(pair[0], pair[1]));
        let expected: Vec<_> = stored.arrays["levels"].values.iter().copied().zip(draws).collect();
        assert_eq!(curve.len(), 3);
        for (found, expected) in curve.iter().zip(&expected) {
            assert!(found.0 == expected.0 && (found.1 - expected.1).abs() < 1e-15);
        }
    }
    let paths = rows(&tables.join("figure-weights.csv"));
    assert_eq!(paths.len(), 24 * 6);
}

#[test]
fn what_is_missing_is_said() {
    let sandbox = trained(GRID);
    let all = cells(&sandbox);
    std::fs::remove_file(&all[0]).unwrap();
    std::fs::remove_file(&all[1]).unwrap();
    std::fs::write(all[1].with_extension("failed"), "first\nerror: the cost grew\n").unwrap();
    std::fs::write(&all[2], "no HDF5").unwrap();
    let ran = sandbox.succeeds(&["report", "results", "-o", "elsewhere", "--claims"]);
    assert!(ran.out.contains("21 of 24 runs"), "{}", ran.out);
    for part in ["case=", "failed: error: the cost grew", "there is no file of results"] {
        assert!(ran.err.contains(part), "no `{part}` in {}", ran.err);
    }
    let html = std::fs::read_to_string(sandbox.path("elsewhere/report.html")).unwrap();
    assert!(html.contains("Missing runs") && html.contains("Drawn from what is there; incomplete"));
    let markdown = std::fs::read_to_string(sandbox.path("elsewhere/report.md")).unwrap();
    let table = markdown.split("## Accuracy by training").nth(1).unwrap();
    let table: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).take(5).collect();
    assert_eq!(table.len(), 5, "{table:?}");
    assert!(
        table.join("").matches("(1/2)").count() + 2 * table.join("").matches("– (0/2)").count()
            == 3
    );
    let claims = rows(&sandbox.path("elsewhere/tables/claims.csv"));
    assert!(
        claims
            .iter()
            .any(|row| row["outcome"] == "too few runs" && row["verdict"] == "not enough data")
    );
}

#[test]
fn single_runs_are_reported() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["analysis.robustness.levels = [0, 0.3]"]);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    sandbox.succeeds(&["run", "x.toml", "--quiet", "--set", "seed=4", "--set", "name=y"]);
    assert!(sandbox.succeeds(&["report", "results"]).out.contains("2 of 2 runs"));
    let ran = sandbox.succeeds(&["report", "results/x.h5"]);
    assert!(
        ran.out.contains("1 of 1 runs") && sandbox.path("results/x.report/report.html").exists()
    );
    let rows = rows(&sandbox.path("results/report/tables/accuracy.csv"));
    assert_eq!(rows.iter().map(|row| &row["seed"][..]).collect::<Vec<_>>(), ["3", "4"]);
    assert_eq!(rows[0]["training"], rows[1]["training"]);
    sandbox.fails(&["report", "dots"], 2, &["neither a manifest", "nor a file of results"]);
    sandbox.fails(&["report", "nowhere"], 2, &["nowhere"]);
    sandbox.fails(&["report", "x.toml"], 1, &["x.toml"]);
}

/// A grid over a learning rate, of two methods, the larger rate first.
const RATES: &str = r#"
threads = 1
seeds = 2
data.source = "dots"
network.layers = 6
training.epochs = 2
training.batch_size = 30
training.evaluate_every = 1

[grid]
training.method = ["rmsprop", "adam"]
training.learning_rate = [3e-2, 1e-2, 1e-6]
"#;

/// What the Markdown page of the report in `results` says, as it is read.
fn page(sandbox: &Sandbox) -> String {
    let text = std::fs::read_to_string(sandbox.path("results/report/report.md")).unwrap();
    text.replace('\\', "")
}

/// The rows of the table below a title of [`page`], with their header.
fn shown(markdown: &str, title: &str) -> Vec<Vec<String>> {
    let below = markdown.split(title).nth(1).unwrap_or_else(|| panic!("no {title} in {markdown}"));
    let lines = below.lines().skip(1).skip_while(|line| line.is_empty());
    let rows = lines.take_while(|line| line.starts_with('|')).filter(|line| !line.contains("---"));
    let cells = |row: &str| {
        let cells = row.trim_matches('|').split(" | ");
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    rows.map(cells).collect()
}

#[test]
fn the_report_of_a_grid_opens_with_its_own_axes() {
    let sandbox = trained(RATES);
    sandbox.succeeds(&["report", "results"]);
    let html = std::fs::read_to_string(sandbox.path("results/report/report.html")).unwrap();
    assert!(html.split("<h2>").nth(1).unwrap().starts_with("Results</h2>"));
    assert!(!html.contains("not enough data") && !html.contains("<h2>Claims</h2>"));
    let markdown = page(&sandbox);

    // A row for each combination, in the order of the file, with the mean over its seeds.
    let table = shown(&markdown, "The grid g: mean ± standard deviation over seeds");
    assert_eq!(table[0][..3], ["method", "learning_rate", "accuracy [%]"]);
    let axes: Vec<&[String]> = table[1..].iter().map(|row| &row[..2]).collect();
    assert_eq!(
        axes,
        [
            ["rmsprop", "0.03"],
            ["rmsprop", "0.01"],
            ["rmsprop", "1e-6"],
            ["adam", "0.03"],
            ["adam", "0.01"],
            ["adam", "1e-6"],
        ]
    );
    assert!(table[1..].iter().all(|row| row.last().unwrap() == "2/2"), "{table:?}");
    let tables = sandbox.path("results/report/tables");
    let cells = rows(&tables.join("grid-g.csv"));
    assert_eq!(cells.len(), 12);
    let mut of_first = Vec::new();
    for row in &cells {
        let summary = read_info(sandbox.path("results/cells").join(&row["file"])).unwrap();
        let score = summary.history.last_score("test").unwrap();
        assert_eq!(row["accuracy"].parse(), Ok(score.accuracy().unwrap()));
        assert_eq!(row["iterations"], summary.history.iterations.len().to_string());
        if (&row["training.method"][..], &row["training.learning_rate"][..]) == ("rmsprop", "0.03")
        {
            of_first.push(score.accuracy().unwrap());
        }
    }
    let (mean, spread) = (
        50.0 * (of_first[0] + of_first[1]),
        100.0 * (of_first[0] - of_first[1]).abs() / 2.0_f64.sqrt(),
    );
    assert_eq!(table[1][2], format!("{mean:.2} ± {spread:.2}"));

    // The same as a matrix, and the best runs.
    let matrix =
        shown(&markdown, "The grid g as a matrix of method (down) and learning_rate (across)");
    assert_eq!(matrix[0], ["method ↓ learning_rate →", "0.03", "0.01", "1e-6"]);
    assert_eq!(matrix[1][1], format!("{} (2/2)", table[1][2]));
    assert_eq!(matrix.len(), 3);
    let best = shown(&markdown, "The best 5 runs of 12 by the test data (30 images, 2 seeds)");
    let accuracies: Vec<f64> = best[1..].iter().map(|row| row[3].parse().unwrap()).collect();
    assert!(accuracies.len() == 5 && accuracies.is_sorted_by(|a, b| a >= b), "{best:?}");
    let all = cells.iter().map(|row| row["accuracy"].parse::<f64>().unwrap());
    assert!((accuracies[0] - 100.0 * all.fold(0.0, f64::max)).abs() < 0.01);
    assert!(markdown.contains("They were chosen by the test data, so this number is optimistic"));
    // Accuracy against the number that varies, a line for each method.
    let curve = rows(&tables.join("figure-g-learning-rate.csv"));
    let lines: Vec<&str> = curve.iter().map(|row| &row["line"][..]).collect();
    assert_eq!(lines.iter().filter(|line| **line == "method = rmsprop").count(), 3, "{lines:?}");
}

#[test]
fn runs_of_a_folder_are_compared_by_the_keys_in_which_they_differ() {
    let sandbox = Sandbox::new();
    for (name, set) in [("a", "network.layers=5"), ("b", "network.layers=6"), ("c", "seed=9")] {
        // The last is another seed of the second.
        let layers = if name == "c" { "network.layers=6" } else { "seed=3" };
        sandbox.experiment(&["data.validation = 20"]);
        let name = format!("name={name}");
        let keys = ["--set", set, "--set", layers, "--set", &name];
        sandbox.succeeds(&[&["run", "x.toml", "--quiet"][..], &keys].concat());
    }
    sandbox.succeeds(&["report", "results"]);
    let markdown = page(&sandbox);
    let table = shown(&markdown, "All runs: mean ± standard deviation over seeds");
    let shown: Vec<[&str; 2]> =
        table.iter().map(|row| [&row[0][..], &row[row.len() - 1][..]]).collect();
    assert_eq!(shown, [["layers", "seeds"], ["5", "1/1"], ["6", "2/2"]]);
    // All have a validation score, which chooses.
    assert!(markdown.contains("The best 3 runs of 3 by the validation data"), "{markdown}");
    assert!(!markdown.contains("optimistic"));
}

#[test]
fn training_is_drawn_against_batches_iterations_and_seconds() {
    let sandbox = trained(RATES);
    sandbox.succeeds(&["report", "results"]);
    let tables = sandbox.path("results/report/tables");
    let history = read_info(&cells(&sandbox)[0]).unwrap().history;
    for (name, column) in [("training", "accuracy_mean"), ("cost-test", "cost_mean")] {
        let curve = rows(&tables.join(format!("figure-{name}.csv")));
        // Six groups; a batch takes one iteration.
        assert_eq!(curve.len(), 6 * history.evaluations.len());
        for row in &curve {
            assert_eq!(row["batches"], row["iterations"], "{row:?}");
            assert!(row["seconds"].parse::<f64>().unwrap() >= 0.0);
            assert!(row[column].parse::<f64>().unwrap() >= 0.0 && row["runs"] == "2");
        }
    }
    let costs = rows(&tables.join("figure-cost-training.csv"));
    assert_eq!(costs.len(), 6 * history.iterations.len());
    let svg = std::fs::read_to_string(sandbox.path("results/report/figures/training.svg")).unwrap();
    for label in ["batches trained on", "iterations", "seconds of training", "learning_rate = 0.03"]
    {
        assert!(svg.contains(label), "{label}");
    }
}

#[test]
fn figures_and_tables_come_in_the_formats_that_are_asked_for() {
    let sandbox = trained(RATES);
    sandbox.succeeds(&["report", "results"]);
    let endings = |folder: &str, name: &str| {
        let entries = std::fs::read_dir(sandbox.path(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let own = names.filter_map(|file| Some(file.strip_prefix(name)?.to_owned()));
        own.collect::<std::collections::BTreeSet<String>>()
    };
    let set = |all: &[&str]| -> std::collections::BTreeSet<String> {
        all.iter().map(|&one| one.to_owned()).collect()
    };
    assert_eq!(endings("results/report/figures", "training."), set(&["svg", "png", "pdf"]));
    assert_eq!(endings("results/report/tables", "grid-g."), set(&["csv", "md", "tex"]));
    let read = |name: &str| std::fs::read(sandbox.path("results/report").join(name)).unwrap();
    assert!(read("figures/training.pdf").starts_with(b"%PDF"));
    let latex = String::from_utf8(read("tables/grid-g.tex")).unwrap();
    for part in
        ["\\toprule", "\\midrule", "\\bottomrule", "learning\\_rate", "$\\pm$", "& 2/2 \\\\"]
    {
        assert!(latex.contains(part), "no {part} in {latex}");
    }
    assert!(String::from_utf8(read("tables/grid-g.md")).unwrap().contains("| rmsprop | 0.03 |"));

    sandbox.succeeds(&["report", "results", "-o", "some", "--formats", "pdf,tex"]);
    assert_eq!(endings("some/figures", "training."), set(&["pdf"]));
    assert_eq!(endings("some/tables", "grid-g."), set(&["tex"]));
    assert_eq!(endings("some/tables", "figure-training"), set(&[]));
    let markdown = std::fs::read_to_string(sandbox.path("some/report.md")).unwrap();
    assert!(markdown.contains("(figures/training.pdf)"));
    let html = std::fs::read_to_string(sandbox.path("some/report.html")).unwrap();
    assert!(html.contains("<svg"));
    let refused = ["report", "results", "-o", "other", "--formats", "jpg"];
    sandbox.fails(&refused, 2, &["--formats", "jpg", "svg, png, pdf, csv, md, tex"]);
}

/// What stands in a grid's file first stands first in every table and figure.
#[test]
fn the_order_of_the_file_is_kept() {
    let grid = GRID.replace("[\"tanh\", \"relu\"]", "[\"relu\", \"tanh\"]");
    let grid = grid.replace("[\"euler\", \"dopri5\"]", "[\"dopri5\", \"euler\"]");
    let attacks =
        "[[attack]]\nmethod = \"pgd\"\nimages = 4\n[[attack]]\nmethod = \"fgsm\"\nimages = 4\n";
    let sandbox = trained(&format!("{grid}{attacks}"));
    sandbox.succeeds(&["report", "results"]);
    let markdown = page(&sandbox);
    let accuracy = shown(&markdown, "Accuracy on the test images [%] (");
    assert_eq!(accuracy[0], ["training", "ReLU, CE", "ReLU, L²", "tanh, CE", "tanh, L²"]);
    let lines: Vec<&str> = accuracy[1..].iter().map(|row| &row[0][..]).collect();
    assert_eq!(lines, ["SGD", "NCG", "NCG + Sobolev"]);
    let schemes = shown(&markdown, "Accuracy [%] by the schemes of training (rows)");
    assert_eq!(schemes[0][2..], ["solved by dopri5", "solved by euler"]);
    let attacks = shown(&markdown, "How many of the attacked images were fooled");
    assert_eq!([&attacks[1][2], &attacks[2][2]], ["pgd", "fgsm"]);
}

/// Two sets of images at two places are no seeds of one another.
#[test]
fn runs_on_other_images_are_another_group() {
    let sandbox = Sandbox::new();
    let other = support::dataset();
    std::fs::create_dir(sandbox.path("fewer")).unwrap();
    let split = other.train().clone().take(60).unwrap();
    let fewer = snode_data::Dataset::new("fewer", 3, split, other.test().clone()).unwrap();
    snode_data::idx::write_folder(&sandbox.path("fewer"), &fewer).unwrap();
    let grid = RATES.replace("data.source = \"dots\"\n", "");
    let grid = grid.replace(
        "training.method = [\"rmsprop\", \"adam\"]",
        "data.source = [\"dots\", \"fewer\"]",
    );
    let grid = grid
        .replace("[3e-2, 1e-2, 1e-6]", "[1e-2]")
        .replace("[grid]", "training.method = \"adam\"\n[grid]");
    sandbox.write("g.toml", &grid);
    sandbox.succeeds(&["run", "g.toml", "--quiet"]);
    sandbox.succeeds(&["report", "results"]);
    let markdown = page(&sandbox);
    let table = shown(&markdown, "The grid g: mean ± standard deviation over seeds");
    assert_eq!(table[0][0], "source");
    let accuracy = shown(&markdown, "Accuracy on the test images [%] (");
    assert_eq!(accuracy.len(), 3, "{accuracy:?}");
    assert!(accuracy.iter().skip(1).all(|row| row[1].contains("(2/2)")), "{accuracy:?}");
}

/// Two cases of one kind, in both orders.
#[test]
fn the_order_of_cases_decides_nothing() {
    let case = |name: &str, rate: &str| {
        format!(
            "[[cases]]\nname = {name:?}\ntraining.method = \"rmsprop\"\ntraining.learning_rate = {rate}\n"
        )
    };
    let (bad, good) = (case("bad", "1e-6"), case("good", "1e-2"));
    let head = "threads = 1\nseeds = 2\ndata.source = \"dots\"\nnetwork.layers = 6\n\
                cost.loss = \"cross-entropy\"\ntraining.epochs = 3\ntraining.batch_size = 30\n\
                training.evaluate_every = 1\n[[cases]]\nname = \"NCG\"\ntraining.iterations = 1\n";
    let mut found = Vec::new();
    for cases in [[&bad, &good], [&good, &bad]] {
        let sandbox = trained(&format!("{head}{}{}", cases[0], cases[1]));
        // Who trains something else is not told of the paper's claims unasked.
        let ran = sandbox.succeeds(&["report", "results"]);
        assert!(ran.out.contains("--claims") && !ran.out.contains("E2"), "{}", ran.out);
        assert!(!sandbox.path("results/report/tables/claims.csv").exists());
        sandbox.succeeds(&["report", "results", "--claims"]);
        let mut claims = rows(&sandbox.path("results/report/tables/claims.csv"));
        claims.retain(|row| row["claim"].contains("more accurate than SGD"));
        assert_eq!(claims.len(), 2, "{claims:?}");
        claims.sort();
        found.push(claims);
        // In the order of the file.
        let markdown = std::fs::read_to_string(sandbox.path("results/report/report.md")).unwrap();
        let table = markdown.split("## Accuracy by training").nth(1).unwrap();
        let first = if cases[0] == &bad { "bad" } else { "good" };
        let lines: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).collect();
        assert!(lines[2].starts_with("| NCG") && lines[3].contains(first), "{lines:?}");
    }
    assert_eq!(found[0], found[1]);
}

#[test]
fn counts_stand_in_every_caption() {
    let sandbox = trained(GRID);
    for path in cells(&sandbox) {
        add_attack(&path, "fgsm", &attack("moving-target", 0.1));
    }
    sandbox.succeeds(&["report", "results"]);
    let markdown = std::fs::read_to_string(sandbox.path("results/report/report.md")).unwrap();
    for part in [
        "Accuracy on test images with Gaussian noise (30 images, 2 draws, 2 seeds)",
        "under noise of standard deviation s (30 images, 2 draws, 2 seeds)",
        "Accuracy on the test images during training (30 images, 2 seeds)",
        "on the input (30 images, 1 draw, 2 seeds)",
        "Success of the attack fgsm (30 images, 2 seeds)",
        "left within bounds of the attack's own norm (30 images, 2 seeds)",
    ] {
        assert!(markdown.contains(part), "no `{part}` in {markdown}");
    }
    let tables = sandbox.path("results/report/tables");
    let robustness = rows(&tables.join("robustness.csv"));
    assert!(robustness.iter().all(|row| row["images"] == "30" && row["draws"] == "2"));
    for name in ["accuracy", "attacks", "robust-accuracy", "schemes", "runs", "figure-training"] {
        let found = rows(&tables.join(format!("{name}.csv")));
        assert!(!found.is_empty() && found.iter().all(|row| row["images"] == "30"), "{name}");
    }
    // 20 of 30 images are fooled, by norms from 0.1 to 0.29: all of them within 0.5, 16 within 0.25.
    let robust = rows(&tables.join("robust-accuracy.csv"));
    let at = |epsilon: &str| {
        let row = robust.iter().find(|row| row["epsilon"] == epsilon).unwrap();
        (row["norm"].clone(), row["accuracy"].parse::<f64>().unwrap())
    };
    let attacked = 25.0;
    assert_eq!(at("0.5"), ("2".into(), (attacked - 20.0) / 30.0));
    assert_eq!(at("0.25"), ("2".into(), (attacked - 16.0) / 30.0));
}

/// Nothing is known of how a network was trained elsewhere, but what it was trained for may be told.
#[test]
fn imported_networks_have_no_training() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["analysis.robustness.levels = [0, 0.3]"]);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    sandbox.succeeds(&["export", "results/x.h5", "--to", "x.npz"]);
    sandbox.succeeds(&["import", "x.npz", "--output", "results/other.h5", "--data", "dots"]);
    sandbox.succeeds(&["robustness", "results/other.h5", "--levels", "0,0.3"]);
    let told = ["--output", "results/told.h5", "--data", "dots", "--loss", "l2"];
    sandbox.succeeds(&[&["import", "x.npz"][..], &told].concat());
    sandbox.succeeds(&["robustness", "results/told.h5", "--levels", "0,0.3"]);
    let shown = sandbox.succeeds(&["show", "results/other.h5"]).out;
    assert!(shown.contains("imported") && !shown.contains("cost rose"), "{shown}");
    assert!(!sandbox.succeeds(&["eval", "results/other.h5"]).out.contains("cost"));
    sandbox.succeeds(&["report", "results", "--claims"]);
    let tables = sandbox.path("results/report/tables");
    let robustness = rows(&tables.join("robustness.csv"));
    let imported: Vec<_> =
        robustness.iter().filter(|row| row["training"] == "imported (other)").collect();
    assert!(!imported.is_empty() && imported.iter().all(|row| row["loss"].is_empty()));
    let told: Vec<_> =
        robustness.iter().filter(|row| row["training"] == "imported (told)").collect();
    assert!(!told.is_empty() && told.iter().all(|row| row["loss"] == "L²"), "{robustness:?}");
    let claims = rows(&tables.join("claims.csv"));
    assert!(claims.iter().all(|row| !row["comparison"].contains("imported")), "{claims:?}");
}

/// Names that others gave to files.
#[test]
fn what_is_read_does_no_harm_where_it_is_shown() {
    let sandbox = Sandbox::new();
    sandbox.experiment(&["analysis.robustness.levels = [0, 0.3]"]);
    sandbox.succeeds(&["run", "x.toml", "--quiet"]);
    add_attack(&sandbox.path("results/x.h5"), "pgd", &attack("pgd", 0.1));
    let name = "results/=a\u{1b}[2J<script>|](javascript:b.h5";
    std::fs::rename(sandbox.path("results/x.h5"), sandbox.path(name)).unwrap();
    let ran = sandbox.succeeds(&["report", "results"]);
    assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "{ran:?}");
    let ran = sandbox.run(&["show", "results/\u{1b}[2Jz.h5"]);
    assert!(ran.err.contains("\\u001b[2Jz.h5") && !ran.err.contains('\u{1b}'), "{ran:?}");
    let report = sandbox.path("results/report");
    for file in ["report.md", "report.html"] {
        let text = std::fs::read_to_string(report.join(file)).unwrap();
        let unescaped = text.replace("\\]", "");
        assert!(!text.contains("<script"), "{file}");
        assert!(file == "report.html" || !unescaped.contains("](javascript"), "{file}");
    }
    let markdown = std::fs::read_to_string(report.join("report.md")).unwrap();
    assert!(!markdown.contains('\u{1b}'));
    for entry in std::fs::read_dir(report.join("tables")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains('\u{1b}'), "{}", path.display());
        if path.extension().is_none_or(|ending| ending != "csv") {
            continue;
        }
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(&path).unwrap();
        for cell in reader
            .records()
            .flat_map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
        {
            let is_number = cell.parse::<f64>().is_ok();
            let is_formula = cell.starts_with(['=', '+', '-', '@']);
            assert!(is_number || !is_formula, "{}: {cell}", path.display());
            assert!(!cell.contains('\u{1b}'));
        }
    }
}
