//! `snode solvers`: Euler or adaptive?

use std::path::{Path, PathBuf};

use clap::Args;
use snode_files::Existing;

use super::run::train_experiment;
use super::{ThreadArgs, pool, summary};
use crate::error::Result;
use crate::interrupt;
use crate::output::{print, print_line, quoted, say};
use crate::progress::Style;
use crate::settings::SetArgs;
use crate::table::{align_right, plain_table, text};
use crate::watch::Watch;
use snode_experiment::Prepared;
use snode_experiment::format;
use snode_experiment::with_precision;
use snode_experiment::{SchemeName, scheme_of};
use snode_files::Outputs;
use snode_report::measured::{Pair, SCHEMES_FIGURE, Trained, scheme_files, schemes_json};
use snode_runner::{Files, compare};

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
    /// What is changed in it.
    #[command(flatten)]
    pub set: SetArgs,
    /// The folder for results, in place of the experiment's.
    #[arg(long, short, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// How many threads compute.
    #[command(flatten)]
    pub threads: ThreadArgs,
    /// Begins anew and replaces what earlier runs left.
    #[arg(long, visible_alias = "force")]
    pub fresh: bool,
    /// Prints the events of the trainings as `snode run` does, and one more with the comparison.
    #[arg(long)]
    pub json: bool,
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
    let file = args.set.read_one(&args.file)?;
    let threads = args.threads.number();
    let prepared = Prepared::of(&file.clone().with_overrides(&overrides(schemes[0], None))?)?;
    prepared.require_classes("the comparison of accuracies")?;
    let base = prepared.name().to_owned();
    let folder = args
        .output
        .clone()
        .unwrap_or_else(|| prepared.experiment.keys().output.directory.clone().into());
    let tables = folder.join(format!("{base}-solvers"));
    let nothing: [std::path::PathBuf; 0] = [];
    Outputs::new(Existing::Replace, nothing).check_in(&tables, &[SCHEMES_FIGURE.to_owned()])?;
    let mut trained = Vec::new();
    for &scheme in &schemes {
        let name = format!("{base}-{}", scheme.text());
        say(&format!("{name}: training under {}", scheme.text()));
        let file = file.clone().with_overrides(&overrides(scheme, Some(&name)))?;
        let style = if args.json { Style::Json } else { Style::Human };
        let mut watch = Watch::new(style, same_command(args));
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
            let comparison =
                pool(threads.or(prepared.experiment.keys().threads))?.install(|| {
                    with_precision!(prepared.experiment.keys().precision, T => {
                        compare::<T>(&prepared, &network.results, &choice)
                    })
                })?;
            pairs.push(Pair { trained: network, solved: scheme, comparison });
        }
    }
    write(&tables, &trained, &pairs)?;
    let (images, seed) = (prepared.test.len(), prepared.experiment.keys().seed);
    let tables = tables.display().to_string();
    if args.json {
        let mut object = schemes_json(&pairs);
        (object["event"], object["tables"]) = ("comparison".into(), tables.into());
        (object["images"], object["seed"]) = (images.into(), seed.into());
        return print_line(&object.to_string());
    }
    let images = format::count(images, "image");
    print(&format!(
        "accuracy on {images}, seed {seed}\n{}\n\ntables and figure: {tables}\n",
        table(&pairs),
    ))
}

/// The command that goes on, as a shell takes it.
fn same_command(args: &SolversArgs) -> String {
    let schemes: Vec<&str> = args.schemes.iter().map(|scheme| scheme.text()).collect();
    let file = quoted(args.file.as_os_str());
    let mut command = format!("snode solvers {file} --schemes {}", schemes.join(","));
    command.push_str(&args.set.words());
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
        let accuracy = pair.comparison.evaluation.score().merit();
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

/// Writes files that take the place of those of an earlier run.
fn write(folder: &Path, trained: &[Trained], pairs: &[Pair<'_>]) -> Result<()> {
    std::fs::create_dir_all(folder)
        .map_err(|error| snode_runner::Error::file(folder, "cannot make the folder", error))?;
    for (name, bytes) in scheme_files(trained, pairs)? {
        snode_files::write(&folder.join(name), Existing::Replace, &bytes)?;
    }
    Ok(())
}
