//! The images a trained network is measured on.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;
use snode_data::{Encoding, Split};
use snode_store::RunSummary;

use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::sources::Source;

/// Which images a command takes.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize)]
pub struct ImageArgs {
    /// The images: a known data set (see `snode data list`) or a folder with four IDX files; those
    /// the network was trained on if not given.
    #[arg(long, value_name = "SOURCE")]
    pub data: Option<String>,
    /// Which of the images.
    #[arg(long, value_enum, default_value_t = SplitName::Test)]
    pub split: SplitName,
}

/// A split of a data set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitName {
    /// All training images, those that were held out for validation among them.
    Train,
    /// All test images.
    #[default]
    Test,
}

impl SplitName {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
        }
    }
}

/// A file of results, and images for its network.
pub struct Subject {
    /// The file.
    pub run: PathBuf,
    /// What it says.
    pub summary: RunSummary,
    /// The experiment in it, if this version understands it.
    pub experiment: Option<Experiment>,
    /// Where the images are from.
    pub source: String,
    /// Which of them.
    pub split_name: SplitName,
    /// The images, at the size of the network's inputs.
    pub split: Split,
    /// How they become inputs.
    pub encoding: Encoding,
}

impl Subject {
    /// The first images, as many as asked for and there are; all if no number is given.
    ///
    /// # Errors
    /// If none are asked for.
    pub fn first(&self, images: Option<usize>) -> Result<Split> {
        let images = images.unwrap_or(usize::MAX).min(self.split.len());
        Ok(self.split.clone().take(images)?)
    }
}

/// Reads what a file of results says, and the images asked for.
///
/// # Errors
/// If they cannot be read, or do not fit each other.
pub fn subject(run: &Path, args: &ImageArgs) -> Result<Subject> {
    let (summary, experiment) = super::summary(run)?;
    let source = source(args, experiment.as_ref())?;
    let split = images(run, args.split, &summary, &source)?;
    let input = summary.model.input;
    Ok(Subject {
        run: run.to_owned(),
        encoding: Encoding::new(input.background, input.foreground)?,
        source: source.text(),
        split_name: args.split,
        summary,
        experiment,
        split,
    })
}

fn source(args: &ImageArgs, experiment: Option<&Experiment>) -> Result<Source> {
    let text = match (&args.data, experiment) {
        (Some(text), _) => text,
        (None, Some(experiment)) => &experiment.data.source,
        (None, None) => {
            return Err(Error::Usage("--data: the run does not say its data; name it".into()));
        }
    };
    Source::find(text, Path::new("")).map_err(|problem| Error::Usage(format!("--data: {problem}")))
}

/// The split asked for, at the size of the network's inputs.
fn images(run: &Path, split: SplitName, summary: &RunSummary, source: &Source) -> Result<Split> {
    let dataset = source.load()?;
    let classes = summary.model.classes;
    if dataset.classes() > classes {
        return Err(Error::Usage(format!(
            "{} has {} classes, but the network of {} was trained for {classes}",
            source.text(),
            dataset.classes(),
            run.display()
        )));
    }
    let input = summary.model.input;
    if input.rows == 0 || input.cols == 0 {
        return Err(Error::Usage(format!(
            "{}: the inputs of its network are not images",
            run.display()
        )));
    }
    let (train, test) = dataset.into_splits();
    let split = match split {
        SplitName::Train => train,
        SplitName::Test => test,
    };
    if split.is_empty() {
        return Err(Error::Usage(format!("{} has no test images", source.text())));
    }
    let shape = (input.rows, input.cols);
    let split = if split.images().shape() == shape {
        split
    } else {
        split.resample(input.rows, input.cols)?
    };
    if split.images().width() == summary.width {
        return Ok(split);
    }
    Err(Error::Results(format!(
        "{}: its inputs are images of {}x{} pixels, but its network has width {}",
        run.display(),
        input.rows,
        input.cols,
        summary.width
    )))
}
