//! `snode attack`: attacks a trained network.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use snode_attack::{AttackResults, AttackSummary, Norm, Progress};

use super::ThreadArgs;
use super::subject;
use crate::error::{Error, Result};
use crate::output::{print, print_line};
use crate::outputs::ForceArgs;
use crate::table::{align_right, plain_table, text};
use snode_experiment::format::{count, fixed, plain};
use snode_experiment::{AttackConfig, NormName, SchemeName};
use snode_files::Outputs;
use snode_report::measured::attack_files;
use snode_runner::analyses::attack::{Attack, Found};
use snode_runner::analyses::{Analysis, check_room};
use snode_runner::import::stem;
use snode_runner::scheme_for;
use snode_runner::{ImageSelection, Subject};

/// Arguments of `snode attack`.
#[derive(Debug, Args)]
pub struct AttackArgs {
    /// The file of results; what was found is added to it.
    pub run: PathBuf,
    /// The method and its options.
    #[command(flatten)]
    pub keys: AttackConfig,
    /// The images.
    #[command(flatten)]
    pub source: ImageSelection,
    /// Writes a table of all images (CSV), the success curve (SVG) and the first adversarial images
    /// with their perturbations (PNG) into a folder.
    #[arg(long, value_name = "FOLDER")]
    pub figures: Option<PathBuf>,
    /// The threads.
    #[command(flatten)]
    pub threads: ThreadArgs,
    /// Whether files, and larger measurements, are replaced.
    #[command(flatten)]
    pub force: ForceArgs,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Attacks the network of a run, and adds what was found to its file.
///
/// # Errors
/// If the run or the images cannot be read or do not fit, an option is refused, or a file cannot be
/// written.
pub fn run(args: &AttackArgs) -> Result<()> {
    let subject = subject(&args.run, &args.source)?;
    let attack = attack(args, &subject)?;
    let existing = args.force.existing();
    let outputs = Outputs::new(existing, [&args.run]);
    // Before the work it is made sure that its results can be kept.
    check_room(&args.run, &[Analysis::Attack(Box::new(attack.clone()))], existing)?;
    if let Some(folder) = &args.figures {
        let names = ["csv", "svg", "png"].map(|ending| figure(args, &attack, ending));
        outputs.check_in(folder, &names)?;
    }
    let bar = bar(attack.keys.name(), args.json);
    let found = attack.measure(&subject, args.threads.number(), &mut |progress| {
        let Progress { done, total, fooled } = progress;
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        bar.set_message(format!("{fooled} fooled"));
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let found = found?;
    let kept = attack.write(&subject, &found, existing).map_err(Error::from).and_then(|()| {
        match &args.figures {
            Some(folder) => write_figures(args, folder, &outputs, &subject, &attack, &found),
            None => Ok(()),
        }
    });
    // What was found is printed in any case.
    let printed = show(args, &subject, &attack, &found);
    kept.and(printed)
}

fn show(args: &AttackArgs, subject: &Subject, attack: &Attack, found: &Found) -> Result<()> {
    if args.json {
        return print_line(&as_json(subject, attack, found)?.to_string());
    }
    let summary = found.results.summary();
    print(&format!(
        "{}, {}, by {}: {} on {}, of which {} were wrong before (seed {})\n{}\n",
        subject.source,
        subject.split_name.text(),
        found.scheme.name(),
        attack.keys.name(),
        count(summary.images, "image"),
        summary.wrong_before,
        subject.summary.info.seed,
        table(&attack.keys, &found.results, &summary)
    ))
}

/// A bar if a person looks on.
fn bar(name: &str, json: bool) -> ProgressBar {
    if json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = "{prefix} {bar:20} {pos}/{len} images {msg} {eta} left";
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─");
    ProgressBar::no_length().with_style(style).with_prefix(name.to_owned())
}

fn attack(args: &AttackArgs, subject: &Subject) -> Result<Attack> {
    let (summary, experiment) = (&subject.summary, subject.experiment.as_ref());
    args.keys.check(Some(subject.classes("an attack")?)).map_err(|(key, problem)| {
        Error::Usage(format!("--{}: {problem}", key.replace('_', "-")))
    })?;
    let choice = scheme_for(args.keys.scheme, args.keys.tolerance, summary, experiment)?;
    let scheme = SchemeName::named(choice.name())
        .ok_or_else(|| Error::Usage(format!("--scheme: `{}` is not known", choice.name())))?;
    Ok(Attack { images: args.source.clone(), ..Attack::of(&args.keys, scheme) })
}

/// The size of a perturbation in a norm.
fn size(norm: Norm) -> &'static str {
    match norm {
        Norm::Two => "‖δ‖₂",
        Norm::Infinity => "‖δ‖∞",
    }
}

fn table(keys: &AttackConfig, results: &AttackResults<f64>, summary: &AttackSummary) -> String {
    let mut table = plain_table();
    table.set_header(["", ""]);
    let percent = |part: f64| format!("{} %", fixed(100.0 * part, 2));
    let norm = keys.own_norm();
    let accuracy = summary.attacked() as f64 / summary.images as f64;
    let norms = |mean, most| format!("{}, at most {}", fixed(mean, 4), fixed(most, 4));
    let mut rows = vec![
        ("accuracy before".to_owned(), percent(accuracy)),
        ("susceptible".to_owned(), percent(summary.susceptible())),
        ("‖δ‖₂".to_owned(), norms(summary.mean_norm2, summary.most_norm2)),
        ("‖δ‖∞".to_owned(), norms(summary.mean_norm_infinity, summary.most_norm_infinity)),
    ];
    rows.extend(keys.epsilons().into_iter().map(|epsilon| {
        let within = percent(results.robust_accuracy(norm, epsilon));
        (format!("accuracy within {} ≤ {}", size(norm), plain(epsilon)), within)
    }));
    rows.push(("steps an image".to_owned(), fixed(summary.mean_iterations, 1)));
    rows.push(("ms an image".to_owned(), fixed(1e3 * summary.seconds_per_image, 2)));
    for (what, value) in rows {
        table.add_row([what, value]);
    }
    align_right(&mut table, &[1]);
    text(&table)
}

fn as_json(subject: &Subject, attack: &Attack, found: &Found) -> Result<serde_json::Value> {
    let summary = found.results.summary();
    let keys =
        serde_json::to_value(&attack.keys).map_err(|error| Error::Results(error.to_string()))?;
    let norm = attack.keys.own_norm();
    let curve = found.results.success_curve(norm);
    let robust: Vec<_> = attack
        .keys
        .epsilons()
        .into_iter()
        .map(|epsilon| {
            let accuracy = found.results.robust_accuracy(norm, epsilon);
            json!({ "epsilon": epsilon, "accuracy": accuracy })
        })
        .collect();
    Ok(json!({
        "run": subject.run.display().to_string(),
        "data": subject.source,
        "split": subject.split_name.text(),
        "scheme": found.scheme.name(),
        "attack": keys,
        "images": summary.images,
        "wrong_before": summary.wrong_before,
        "resisted": summary.resisted,
        "fooled": summary.fooled,
        "susceptible": summary.susceptible(),
        "norm2": {"mean": summary.mean_norm2, "largest": summary.most_norm2},
        "norm_inf": {"mean": summary.mean_norm_infinity, "largest": summary.most_norm_infinity},
        "iterations": summary.mean_iterations,
        "seconds": found.results.seconds,
        "seed": subject.summary.info.seed,
        "norm": NormName::named(norm),
        "robust_accuracy": robust,
        "success_curve": curve,
    }))
}

/// The name of a file with a figure or a table.
fn figure(args: &AttackArgs, attack: &Attack, ending: &str) -> String {
    format!("{}-{}.{ending}", stem(&args.run), attack.keys.name())
}

fn write_figures(
    args: &AttackArgs,
    folder: &Path,
    outputs: &Outputs,
    subject: &Subject,
    attack: &Attack,
    found: &Found,
) -> Result<()> {
    let files = attack_files(&stem(&args.run), subject, attack, found)?;
    let file = |ending: &str| folder.join(figure(args, attack, ending));
    outputs.write(&file("csv"), &files.csv)?;
    if let Some(svg) = files.svg {
        outputs.write(&file("svg"), svg.as_bytes())?;
    }
    if let Some(pictures) = files.pictures {
        outputs.write(&file("png"), &pictures.png()?)?;
    }
    Ok(())
}
