//! `snode solvers`: Euler or adaptive?

use std::path::{Path, PathBuf};

use clap::Args;
use snode_figures::{Axis, Line, Panel, svg};
use snode_files::Existing;
use snode_store::RunSummary;

use super::run::train_experiment;
use super::{ThreadArgs, pool, summary};
use crate::error::Result;
use crate::interrupt;
use crate::output::{print, quoted, say};
use crate::progress::Style;
use crate::table::{align_right, plain_table, text};
use crate::watch::Watch;
use snode_experiment::Prepared;
use snode_experiment::format;
use snode_experiment::with_precision;
use snode_experiment::{ExperimentFile, SchemeName, scheme_of};
use snode_files::Outputs;
use snode_report::Csv;
use snode_runner::{Comparison, Files, TEST, compare};

/// Arguments of `snode solvers`.
#[derive(Debug, Args)]
pub struct SolversArgs {
    /// The experiment, a TOML file.
    pub file: PathBuf,
    /// The schemes to train and to solve by.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "SCHEMES",
        default_value = "euler,dopri5"
    )]
    pub schemes: Vec<SchemeName>,
    /// Sets a key, e.g. training.batches=50; can be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The folder for results, in place of the experiment's.
    #[arg(long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// How many threads compute.
    #[command(flatten)]
    pub threads: ThreadArgs,
    /// Begins anew and replaces what earlier runs left.
    #[arg(long)]
    pub fresh: bool,
}

/// A network trained under a scheme.
struct Trained {
    scheme: SchemeName,
    results: PathBuf,
    summary: RunSummary,
}

/// The file with the figure.
const FIGURE: &str = "solvers.svg";

/// How a trained network does under a scheme.
struct Pair<'a> {
    trained: &'a Trained,
    solved: SchemeName,
    comparison: Comparison,
}

/// Trains the network of an experiment under every scheme, solves every result by every scheme, and
/// writes tables and figures.
///
/// # Errors
/// If the experiment is refused, or a training or a file fails.
pub fn run(args: &SolversArgs) -> Result<()> {
    let mut schemes = Vec::new();
    for scheme in &args.schemes {
        if !schemes.contains(scheme) {
            schemes.push(*scheme);
        }
    }
    // Read once: it may be a pipe.
    let file = ExperimentFile::read(&args.file, &args.set)?;
    let threads = args.threads.number();
    let prepared = Prepared::of(&file.clone().with_overrides(&overrides(schemes[0], None))?)?;
    let base = prepared.name().to_owned();
    let folder =
        args.output.clone().unwrap_or_else(|| prepared.experiment.output.directory.clone().into());
    let tables = folder.join(format!("{base}-solvers"));
    let nothing: [std::path::PathBuf; 0] = [];
    Outputs::new(Existing::Replace, nothing).check_in(&tables, &[FIGURE.to_owned()])?;
    let mut trained = Vec::new();
    for &scheme in &schemes {
        let name = format!("{base}-{}", scheme.text());
        say(&format!("{name}: training under {}", scheme.text()));
        let file = file.clone().with_overrides(&overrides(scheme, Some(&name)))?;
        let mut watch = Watch::new(Style::Human, same_command(args));
        train_experiment(file, threads, Some(&folder), args.fresh, &mut watch)?;
        let results = Files::new(&folder, &name).results;
        let (summary, _) = summary(&results)?;
        trained.push(Trained { scheme, results, summary });
    }
    interrupt::end_at_once("interrupted; all networks are trained".into(), true);
    say("solving every network by every scheme");
    let keys = file.experiment.solver;
    let mut pairs = Vec::new();
    for network in &trained {
        for &scheme in &schemes {
            let choice = scheme_of(scheme, &keys);
            let comparison = pool(threads.or(prepared.experiment.threads))?.install(|| {
                with_precision!(prepared.experiment.precision, T => {
                    compare::<T>(&prepared, &network.results, &choice)
                })
            })?;
            pairs.push(Pair { trained: network, solved: scheme, comparison });
        }
    }
    write(&tables, &trained, &pairs)?;
    let images = format::count(prepared.test.len(), "image");
    print(&format!(
        "accuracy on {images}, seed {}\n{}\n\ntables and figure: {}\n",
        prepared.experiment.seed,
        table(&pairs),
        tables.display()
    ))
}

/// The command that goes on, as a shell takes it.
fn same_command(args: &SolversArgs) -> String {
    let schemes: Vec<&str> = args.schemes.iter().map(|scheme| scheme.text()).collect();
    let file = quoted(args.file.as_os_str());
    let mut command = format!("snode solvers {file} --schemes {}", schemes.join(","));
    for set in &args.set {
        command.push_str(&format!(" --set {}", quoted(set.as_ref())));
    }
    if let Some(output) = &args.output {
        command.push_str(&format!(" --output {}", quoted(output.as_os_str())));
    }
    command
}

/// The experiment's overrides for one scheme.
fn overrides(scheme: SchemeName, name: Option<&str>) -> Vec<String> {
    let mut set = vec![format!("network.scheme={}", scheme.text())];
    set.extend(name.map(|name| format!("name=\"{name}\"")));
    set
}

fn table(pairs: &[Pair<'_>]) -> String {
    let mut table = plain_table();
    table.set_header([
        "trained",
        "solved",
        "accuracy",
        "direct",
        "adjoint",
        "sensitivity",
        "direct",
        "adjoint",
        "sensitivity",
    ]);
    table.add_row(["", "", "[%]", "[RHS]", "[RHS]", "[RHS]", "[ms]", "[ms]", "[ms]"]);
    for pair in pairs {
        let accuracy = pair.comparison.evaluation.correct() as f64
            / pair.comparison.evaluation.total().max(1) as f64;
        let mut row = vec![
            pair.trained.scheme.text().to_owned(),
            pair.solved.text().to_owned(),
            format!("{:.2}", 100.0 * accuracy),
        ];
        row.extend(
            pair.comparison.efforts.iter().map(|e| e.statistics.right_hand_sides.to_string()),
        );
        row.extend(pair.comparison.efforts.iter().map(|e| format::fixed(1e3 * e.seconds, 1)));
        table.add_row(row);
    }
    align_right(&mut table, &[2, 3, 4, 5, 6, 7, 8]);
    text(&table)
}

fn write(folder: &Path, trained: &[Trained], pairs: &[Pair<'_>]) -> Result<()> {
    std::fs::create_dir_all(folder)
        .map_err(|error| snode_runner::Error::file(folder, "cannot make the folder", error))?;
    let mut csv = Csv::new(["trained", "batches", "seconds", "accuracy", "cost"]);
    for network in trained {
        for record in network.summary.history.evaluations.iter().filter(|r| r.set == TEST) {
            csv.row(&[
                network.scheme.text().into(),
                record.batches.to_string(),
                record.seconds.to_string(),
                record.score.accuracy().to_string(),
                record.score.cost.to_string(),
            ]);
        }
    }
    write_file(&folder.join("training.csv"), &csv.bytes()?)?;
    let mut csv = Csv::new([
        "trained",
        "solved",
        "accuracy",
        "correct",
        "images",
        "cost",
        "seconds",
        "right_hand_sides",
    ]);
    for pair in pairs {
        let (correct, total) =
            (pair.comparison.evaluation.correct(), pair.comparison.evaluation.total());
        csv.row(&[
            pair.trained.scheme.text().into(),
            pair.solved.text().into(),
            (correct as f64 / total.max(1) as f64).to_string(),
            correct.to_string(),
            total.to_string(),
            pair.comparison.evaluation.cost.unwrap_or(f64::NAN).to_string(),
            pair.comparison.seconds.to_string(),
            pair.comparison.evaluation.statistics.right_hand_sides.to_string(),
        ]);
    }
    write_file(&folder.join("accuracy.csv"), &csv.bytes()?)?;
    let mut csv = Csv::new([
        "trained",
        "solved",
        "problem",
        "accepted",
        "rejected",
        "right_hand_sides",
        "smallest_step",
        "largest_step",
        "seconds",
    ]);
    for pair in pairs {
        for effort in &pair.comparison.efforts {
            let counts = &effort.statistics;
            csv.row(&[
                pair.trained.scheme.text().into(),
                pair.solved.text().into(),
                effort.problem.to_string(),
                counts.accepted.to_string(),
                counts.rejected.to_string(),
                counts.right_hand_sides.to_string(),
                counts.smallest_step.to_string(),
                counts.largest_step.to_string(),
                effort.seconds.to_string(),
            ]);
        }
    }
    write_file(&folder.join("effort.csv"), &csv.bytes()?)?;
    let mut csv = Csv::new(["trained", "solved", "depth", "step"]);
    for pair in pairs {
        for step in pair.comparison.steps.windows(2) {
            csv.row(&[
                pair.trained.scheme.text().into(),
                pair.solved.text().into(),
                step[0].to_string(),
                (step[1] - step[0]).to_string(),
            ]);
        }
    }
    write_file(&folder.join("steps.csv"), &csv.bytes()?)?;
    let figure = svg(&panels(trained, pairs), 3)?;
    write_file(&folder.join(FIGURE), figure.as_bytes())
}

/// Writes a file that takes the place of one of an earlier run.
fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    Ok(snode_files::write(path, Existing::Replace, bytes)?)
}

fn panels(trained: &[Trained], pairs: &[Pair<'_>]) -> [Panel; 3] {
    let percent = || Axis::linear("accuracy on the test images [%]");
    let mut by_batches = Panel::new("Accuracy during training", Axis::linear("batches"), percent());
    let mut by_seconds =
        Panel::new("Accuracy against time", Axis::logarithmic("seconds of training"), percent());
    for network in trained {
        let records = network.summary.history.evaluations.iter().filter(|r| r.set == TEST);
        let points: Vec<_> =
            records.map(|r| (r.batches as f64, r.seconds, 100.0 * r.score.accuracy())).collect();
        let name = network.scheme.text();
        by_batches.lines.push(Line::new(name, points.iter().map(|p| (p.0, p.2))));
        by_seconds.lines.push(Line::new(name, points.iter().map(|p| (p.1, p.2))));
    }
    let mut steps =
        Panel::new("Steps through depth", Axis::linear("depth t"), Axis::linear("step length"));
    for pair in pairs.iter().filter(|pair| !pair.comparison.steps.is_empty()) {
        let (solved, of) = (pair.solved.text(), pair.trained.scheme.text());
        let corners = pair
            .comparison
            .steps
            .windows(2)
            .flat_map(|s| [(s[0], s[1] - s[0]), (s[1], s[1] - s[0])]);
        steps.lines.push(Line::new(format!("{solved} on {of}"), corners).plain());
    }
    [by_batches, by_seconds, steps]
}
