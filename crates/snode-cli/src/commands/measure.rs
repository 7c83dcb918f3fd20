//! What the commands have in common that measure a trained network: measure, keep, draw, show.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;
use snode_files::{Existing, Outputs};
use snode_runner::ImageSelection;
use snode_runner::analyses::{Analysis, check_room};

use super::{RunFileArgs, ThreadArgs};
use crate::error::Result;
use crate::output::{print, print_line};
use crate::outputs::ForceArgs;

/// Arguments of every command that measures a trained network.
#[derive(Debug, Args)]
pub struct MeasureArgs {
    /// The run, to whose file is added what is found.
    #[command(flatten)]
    pub run: RunFileArgs,
    /// The images.
    #[command(flatten)]
    pub source: ImageSelection,
    /// The seed of what is drawn, noise and starting points; the run's if not given.
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Writes tables (CSV) and figures (SVG, PNG) into a folder.
    #[arg(long, short, visible_alias = "figures", value_name = "FOLDER")]
    pub output: Option<PathBuf>,
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

impl MeasureArgs {
    /// The images, with the seed of what is drawn on them.
    pub fn selection(&self) -> ImageSelection {
        ImageSelection { seed: self.seed, ..self.source.clone() }
    }
}

/// Something that a command measures on a trained network.
pub trait Measure {
    /// What is found.
    type Found;

    /// The run file.
    fn run_file(&self) -> &Path;

    /// The analyses whose groups of the run file are written.
    fn analyses(&self) -> Vec<Analysis>;

    /// The names of the files with tables and figures.
    fn names(&self) -> Vec<String>;

    /// Measures, by as many threads.
    ///
    /// # Errors
    /// If the run, the images or a solution are not what they have to be.
    fn measure(&self, threads: Option<usize>) -> Result<Self::Found>;

    /// Adds what was found to the run file.
    ///
    /// # Errors
    /// If the file cannot be written, or holds what is kept.
    fn write(&self, found: &Self::Found, existing: Existing) -> Result<()>;

    /// Tables and figures, with the names of their files.
    ///
    /// # Errors
    /// If a figure cannot be drawn.
    fn files(&self, found: &Self::Found) -> Result<Vec<(String, Vec<u8>)>>;

    /// What was found, for programs.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    fn json(&self, found: &Self::Found) -> Result<Value>;

    /// What was found, for people.
    fn text(&self, found: &Self::Found) -> String;
}

/// Measures, adds what was found to the run file, and shows it.
///
/// # Errors
/// If the run file or a file with figures could not be written, which is looked at before the work; or
/// if the network cannot be measured.
pub fn run(args: &MeasureArgs, measure: &impl Measure) -> Result<()> {
    let existing = args.force.existing();
    let outputs = Outputs::new(existing, [measure.run_file()]);
    check_room(measure.run_file(), &measure.analyses(), existing)?;
    if let Some(folder) = &args.output {
        outputs.check_in(folder, &measure.names())?;
    }
    let found = measure.measure(args.threads.number())?;
    let keep = || -> Result<()> {
        measure.write(&found, existing)?;
        let Some(folder) = &args.output else { return Ok(()) };
        for (name, bytes) in measure.files(&found)? {
            outputs.write(&folder.join(name), &bytes)?;
        }
        Ok(())
    };
    let kept = keep();
    // What was found is printed in any case.
    let printed = if args.json {
        measure.json(&found).and_then(|json| print_line(&json.to_string()))
    } else {
        print(&measure.text(&found))
    };
    kept.and(printed)
}
