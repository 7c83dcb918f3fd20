//! `snode attack`: attacks a trained network.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::Path;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use snode_attack::{AttackResults, Progress};
use snode_files::{Existing, Outputs};

use super::measure::{self, Measure, MeasureArgs};
use super::{known_scheme, subject};
use crate::error::{Error, Result};
use crate::output::say;
use crate::table::{align_right, plain_table, text};
use snode_experiment::AttackConfig;
use snode_experiment::format::count;
use snode_report::measured::{attack_files, attack_json, attack_rows, attack_sheet};
use snode_report::{FigureFile, FigureFormat};
use snode_runner::analyses::Analysis;
use snode_runner::analyses::attack::{Attack, Found};
use snode_runner::import::stem;
use snode_runner::{Subject, scheme_for};

/// Arguments of `snode attack`.
#[derive(Debug, Args)]
pub struct AttackArgs {
    /// The run, and what becomes of the results.
    #[command(flatten)]
    pub measure: MeasureArgs,
    /// The method and its options.
    #[command(flatten)]
    pub keys: AttackConfig,
    /// Draws the first adversarial images beside the clean ones and their differences, with classes and
    /// norms, into a file that ends in .svg, .png or .pdf.
    #[arg(long, value_name = "FILE")]
    pub sheet: Option<FigureFile>,
}

/// Attacks the network of a run, and adds what was found to its file.
///
/// # Errors
/// If the run or the images cannot be read or do not fit, an option is refused, or a file cannot be
/// written.
pub fn run(args: &AttackArgs) -> Result<()> {
    let subject = subject(&args.measure)?;
    let attack = attack(args, &subject)?;
    let is_shown = !args.measure.json && std::io::stderr().is_terminal();
    let sheet = args.sheet.clone();
    if let Some(FigureFile { path, .. }) = &sheet {
        Outputs::new(args.measure.force.existing(), [&subject.run]).check(path)?;
    }
    measure::run(&args.measure, &Command { subject, attack, is_shown, sheet })
}

struct Command {
    subject: Subject,
    attack: Attack,
    /// Whether a person looks on.
    is_shown: bool,
    sheet: Option<FigureFile>,
}

impl Measure for Command {
    type Found = Found;

    fn run_file(&self) -> &Path {
        &self.subject.run
    }

    fn analyses(&self) -> Vec<Analysis> {
        vec![Analysis::Attack(Box::new(self.attack.clone()))]
    }

    fn names(&self) -> Vec<String> {
        let name = format!("{}-{}", stem(&self.subject.run), self.attack.keys.name());
        ["csv", "svg", "png"].map(|ending| format!("{name}.{ending}")).into()
    }

    fn measure(&self, threads: Option<usize>) -> Result<Found> {
        let bar = bar(self.attack.keys.name(), self.is_shown);
        let found = self.attack.measure(&self.subject, threads, &mut |progress| {
            let Progress { done, total, fooled } = progress;
            bar.set_length(total as u64);
            bar.set_position(done as u64);
            bar.set_message(format!("{fooled} fooled"));
            ControlFlow::Continue(())
        });
        bar.finish_and_clear();
        Ok(found?)
    }

    fn write(&self, found: &Found, existing: Existing) -> Result<()> {
        self.attack.write(&self.subject, found, existing)?;
        let Some(FigureFile { path, format }) = &self.sheet else { return Ok(()) };
        let Some(svg) = attack_sheet(&self.subject, &self.attack, found)? else {
            say(&format!("{}: not drawn: no image was fooled", path.display()));
            return Ok(());
        };
        Ok(snode_files::write(path, existing, &format.bytes(&svg)?)?)
    }

    fn files(&self, found: &Found) -> Result<Vec<(String, Vec<u8>)>> {
        let files = attack_files(&stem(&self.subject.run), &self.subject, &self.attack, found)?;
        let pictures = files.pictures.map(|svg| FigureFormat::Png.bytes(&svg)).transpose()?;
        let all = [Some(files.csv), files.svg.map(String::into_bytes), pictures];
        let named = self.names().into_iter().zip(all);
        Ok(named.filter_map(|(name, bytes)| Some((name, bytes?))).collect())
    }

    fn json(&self, found: &Found) -> Result<Value> {
        Ok(attack_json(&self.subject, &self.attack, found)?)
    }

    fn text(&self, found: &Found) -> String {
        let (subject, summary) = (&self.subject, found.results.summary());
        format!(
            "{}, {}, by {}: {} on {}, of which {} were wrong before (seed {})\n{}\n",
            subject.source,
            subject.split_name.text(),
            found.scheme.name(),
            self.attack.keys.name(),
            count(summary.images, "image"),
            summary.wrong_before,
            subject.seed,
            table(&self.attack.keys, &found.results)
        )
    }
}

/// The bar of an attack.
fn bar(name: &str, is_shown: bool) -> ProgressBar {
    if !is_shown {
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
    let scheme = known_scheme(&choice)?;
    Ok(Attack { images: args.measure.selection(), ..Attack::of(&args.keys, scheme) })
}

fn table(keys: &AttackConfig, results: &AttackResults<f64>) -> String {
    let mut table = plain_table();
    table.set_header(["", ""]);
    table.add_rows(attack_rows(keys, results));
    align_right(&mut table, &[1]);
    text(&table)
}
