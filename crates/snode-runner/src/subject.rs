//! The images a trained network is measured on.

use std::path::{Path, PathBuf};

use serde::Serialize;
use snode_data::{Dataset, Encoding, Split, Task};
use snode_experiment::Experiment;
use snode_experiment::images::{IMAGES, IMAGES_PATH, Source, fingerprint};
use snode_files::folder_of;
use snode_ode::Network;
use snode_store::{Appendix, RunSummary, Scalar, network_digest, read_network};
use snode_train::TargetKind;

use crate::error::{Error, Result};
use crate::stored;

/// Which images a network is measured on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct ImageSelection {
    /// The images: a known data set, or a folder or file (see `snode data list`); those
    /// the network was trained on if not given.
    #[cfg_attr(feature = "clap", arg(long, value_name = "SOURCE"))]
    pub data: Option<String>,
    /// Which of the images.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = SplitName::Test))]
    pub split: SplitName,
    /// The seed of what is drawn on them, noise and starting points; the run's if not given.
    #[cfg_attr(feature = "clap", arg(skip))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// A split of a data set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
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
    /// The identity of its network.
    pub network: String,
    /// Where the images are from.
    pub source: String,
    /// Which of them.
    pub split_name: SplitName,
    /// The images, at the size of the network's inputs.
    pub split: Split,
    /// How they become inputs.
    pub encoding: Encoding,
    /// The fingerprint of the whole data set.
    pub fingerprint: String,
    /// The seed of what is drawn.
    pub seed: u64,
}

impl Subject {
    /// The network.
    ///
    /// # Errors
    /// If it cannot be read, or another one is in the file by now.
    pub fn network<T: Scalar>(&self) -> Result<Network<T>> {
        let stored = read_network::<T>(&self.run)?;
        if stored.digest() == self.network {
            return Ok(stored.network);
        }
        Err(Error::Results(format!(
            "{}: found another network than a moment ago; the run was trained anew meanwhile: \
             measure again",
            self.run.display()
        )))
    }

    /// C, the number of classes.
    ///
    /// # Errors
    /// If the network is one of a regression, and has none; `what` is what needs them.
    pub fn classes(&self, what: &str) -> Result<usize> {
        match self.summary.model.targets {
            TargetKind::Classes => Ok(self.summary.model.classes),
            _ => Err(Error::Refused(format!(
                "{}: found the network of a regression; expected one that tells classes apart, which \
                 {what} needs",
                self.run.display()
            ))),
        }
    }

    /// Results with what they were measured on.
    pub fn describe(&self, results: Appendix) -> Appendix {
        results
            .with_attribute("data", self.source.as_str())
            .with_attribute("data_fingerprint", self.fingerprint.as_str())
            .with_attribute("split", self.split_name.text())
    }

    /// The first images, as many as asked for and there are; all if no number is given.
    ///
    /// # Errors
    /// If none are asked for.
    pub fn first(&self, images: Option<usize>) -> Result<Split> {
        let images = images.unwrap_or(usize::MAX).min(self.split.len());
        Ok(self.split.clone().take(images)?)
    }
}

/// Reads what a file of results says, and the images asked for; `warn` is told if the images of the run
/// have changed since it was trained.
///
/// # Errors
/// If they cannot be read, or do not fit each other.
pub fn subject(run: &Path, args: &ImageSelection, warn: &mut dyn FnMut(&str)) -> Result<Subject> {
    let (summary, experiment) = stored::summary(run)?;
    let (source, dataset) = match &args.data {
        Some(text) => {
            let source = Source::find(text, Path::new(""))
                .map_err(|problem| Error::Refused(format!("--data: {problem}")))?;
            // As the network's own data were scaled.
            let scaling = experiment.as_ref().map(|e| e.data.scaling()).transpose()?.flatten();
            let dataset = source.load(scaling)?.dataset;
            (source, dataset)
        }
        None => own_images(run, &summary, experiment.as_ref())?,
    };
    let fingerprint = fingerprint(&[dataset.train(), dataset.test()]);
    if args.data.is_none()
        && summary.info.provenance.get(IMAGES).is_some_and(|known| *known != fingerprint)
    {
        warn(&format!(
            "the images of {} are not those that the network of {} was trained on: they \
             have changed since",
            source.text(),
            run.display()
        ));
    }
    let split = images(run, args.split, &summary, &source, dataset)?;
    let input = summary.model.input;
    Ok(Subject {
        network: network_digest(run)?,
        fingerprint,
        run: run.to_owned(),
        encoding: Encoding::new(input.background, input.foreground)?,
        source: source.text(),
        split_name: args.split,
        seed: args.seed.unwrap_or(summary.info.seed),
        summary,
        experiment,
        split,
    })
}

/// The images that a network was trained on: where they lie from its file of results if the folder
/// was moved as a whole, else where they were.
///
/// # Errors
/// If they are in neither place, or cannot be read.
fn own_images(
    run: &Path,
    summary: &RunSummary,
    experiment: Option<&Experiment>,
) -> Result<(Source, Dataset)> {
    let Some(experiment) = experiment else {
        return Err(Error::Refused("--data: the run does not say its data; name it".into()));
    };
    let provenance = &summary.info.provenance;
    let beside = provenance.get(IMAGES_PATH).map(|path| folder_of(run).join(path));
    let beside = beside.filter(|path| path.exists()).map(|path| path.display().to_string());
    let places = beside.into_iter().chain([experiment.data.source.clone()]);
    let mut first = None;
    let mut problem = None;
    for place in places {
        let found = Source::find(&place, Path::new("")).and_then(|source| {
            let scaled = experiment.data.scaling().and_then(|scaling| source.load(scaling));
            let dataset = scaled.map_err(|error| error.to_string())?.dataset;
            Ok((source, dataset))
        });
        match found {
            Err(error) => problem = problem.or(Some(error)),
            Ok((source, dataset)) => {
                let own = fingerprint(&[dataset.train(), dataset.test()]);
                if provenance.get(IMAGES).is_none_or(|known| *known == own) {
                    return Ok((source, dataset));
                }
                first.get_or_insert((source, dataset));
            }
        }
    }
    first.ok_or_else(|| {
        let problem = problem.unwrap_or_default();
        Error::Refused(format!("{problem}; --data says where the images are now"))
    })
}

/// Refuses data whose targets the network was not trained for.
fn check_task(run: &Path, summary: &RunSummary, source: &Source, task: Task) -> Result<()> {
    let model = &summary.model;
    let (trained, scores) = (model.targets, model.classes);
    let fits = match (task, trained) {
        (Task::Classification { classes }, TargetKind::Classes) => classes <= scores,
        (Task::Regression { components }, TargetKind::Values) => components == scores,
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let (run, source) = (run.display(), source.text());
    let expected = match trained {
        TargetKind::Values => Task::Regression { components: scores }.to_string(),
        _ => scores.to_string(),
    };
    Err(Error::Refused(format!(
        "{source} has {task}, but the network of {run} was trained for {expected}"
    )))
}

/// The split asked for, at the size of the network's inputs.
fn images(
    run: &Path,
    split: SplitName,
    summary: &RunSummary,
    source: &Source,
    dataset: Dataset,
) -> Result<Split> {
    check_task(run, summary, source, dataset.task())?;
    let input = summary.model.input;
    if input.rows == 0 || input.cols == 0 {
        return Err(Error::Refused(format!(
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
        return Err(Error::Refused(format!("{} has no test images", source.text())));
    }
    let shape = (input.rows, input.cols);
    let split = if split.images().shape() == shape {
        split
    } else {
        split.resample(input.rows, input.cols)?
    };
    if split.images().width() == summary.inputs {
        return Ok(split);
    }
    Err(Error::Results(format!(
        "{}: its inputs are images of {}x{} pixels, but its network takes {} numbers",
        run.display(),
        input.rows,
        input.cols,
        summary.inputs
    )))
}
