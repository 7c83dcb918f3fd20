//! From the file of an experiment to everything that is needed to begin it.

use std::path::Path;

use snode_data::{Dataset, Encoding, Split, Targets, Task};
use snode_ode::AffineMap;

use crate::check::{
    check, check_analyses_with_data, check_attacks, check_least_target, check_task,
    check_variation, fit_analyses,
};
use crate::error::{Error, Result};
use crate::estimate::{self, Sizes};
use crate::file::ExperimentFile;
use crate::format::show_bytes;
use crate::images::{Source, fingerprint, remarks};
use crate::network::check_with_data;
use crate::objective::ObjectiveChoice;
use crate::resolve::resolve;
use crate::resolved::ResolvedExperiment;

/// An experiment with its images, checked and ready to begin.
#[derive(Debug)]
pub struct Prepared {
    /// The experiment with every value in place.
    pub experiment: ResolvedExperiment,
    /// The text of the file it comes from.
    pub text: String,
    /// How pixels become numbers.
    pub encoding: Encoding,
    /// What is learnt from the images.
    pub task: Task,
    /// The fingerprint of the whole data set.
    pub images: String,
    /// Images to train on.
    pub train: Split,
    /// Images held out of the training images; may be empty.
    pub validation: Split,
    /// Images to test with; may be empty.
    pub test: Split,
    /// What is unusual about the images.
    pub remarks: Vec<String>,
}

impl Prepared {
    /// Reads an experiment and its images and checks that all fits together.
    ///
    /// # Errors
    /// If the file, a value in it or the data is wrong.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Self> {
        Self::of(&ExperimentFile::read(path, overrides)?)
    }

    /// Reads the images of an experiment that was read from its file.
    ///
    /// # Errors
    /// If a value in it or the data is wrong.
    pub fn of(file: &ExperimentFile) -> Result<Self> {
        check(&file.experiment, &file.locator)?;
        let mut experiment = resolve(file)?;
        let dataset = load(file, &mut experiment)?;
        Self::with_data(file, experiment, dataset)
    }

    /// A resolved experiment with its images.
    ///
    /// # Errors
    /// If they do not fit.
    pub fn with_data(
        file: &ExperimentFile,
        mut experiment: ResolvedExperiment,
        dataset: Dataset,
    ) -> Result<Self> {
        fit(file, &mut experiment, Facts::of(&dataset))?;
        let locator = &file.locator;
        let task = dataset.task();
        let images = fingerprint(&[dataset.train(), dataset.test()]);
        let remarks = remarks(&source(file, &experiment)?, &dataset);
        let (train, test) = dataset.into_splits();
        let data = &experiment.keys.data;
        let [rows, cols] = data.size.unwrap_or_else(|| train.images().shape().into());
        let first = |split: Split, count: Option<usize>| match count {
            Some(count) if count < split.len() => split.take(count).map_err(data_error(file)),
            _ => Ok(split),
        };
        let (train, test) = (first(train, data.train)?, first(test, data.test)?);
        let resample = |split: Split| {
            if split.images().shape() == (rows, cols) {
                Ok(split)
            } else {
                split.resample(rows, cols).map_err(|e| locator.error("data.size", e.to_string()))
            }
        };
        let (train, test) = (resample(train)?, resample(test)?);
        let (train, validation) = train
            .split_off_validation(data.validation, experiment.keys.seed)
            .map_err(data_error(file))?;
        let encoding = Encoding::new(data.background, data.foreground)
            .map_err(|error| locator.error("data.foreground", error.to_string()))?;
        let text = file.text.clone();
        Ok(Self { experiment, text, encoding, task, images, train, validation, test, remarks })
    }

    /// Refuses a regression, for what needs classes.
    ///
    /// # Errors
    /// With the data, and `what` needs classes.
    pub fn require_classes(&self, what: &str) -> Result<()> {
        if let Task::Classification { .. } = self.task {
            return Ok(());
        }
        let (source, task) = (&self.experiment.keys.data.source, self.task);
        let problem = format!("found {task}; expected class numbers, which {what} needs");
        Err(Error::Usage(format!("{source}: {problem}")))
    }

    /// The rows and columns of an image.
    pub fn shape(&self) -> (usize, usize) {
        self.train.images().shape()
    }

    /// How many pixels an image has, those of all its channels.
    pub fn pixels(&self) -> usize {
        self.train.images().width()
    }

    /// The sizes that determine memory and time.
    pub fn sizes(&self) -> Sizes {
        sizes(&self.experiment)
    }

    /// What is minimised.
    pub fn objective(&self) -> ObjectiveChoice {
        self.experiment.objective(self.task.scores())
    }

    /// The name of the experiment.
    pub fn name(&self) -> &str {
        self.experiment.name()
    }
}

/// What the checks of an experiment need to know of its images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Facts {
    shape: (usize, usize),
    channels: usize,
    task: Task,
    /// The least real target; infinite if there are none.
    least_target: f64,
    train: usize,
    test: usize,
}

impl Facts {
    /// Of a data set.
    pub fn of(dataset: &Dataset) -> Self {
        Self {
            shape: dataset.shape(),
            channels: dataset.train().images().channels(),
            task: dataset.task(),
            least_target: least_target(dataset.train()).min(least_target(dataset.test())),
            train: dataset.train().len(),
            test: dataset.test().len(),
        }
    }
}

fn least_target(split: &Split) -> f64 {
    match split.targets() {
        Targets::Classes(_) => f64::INFINITY,
        Targets::Vectors { values, .. } => values.iter().copied().fold(f64::INFINITY, f64::min),
    }
}

/// Where the images of an experiment come from.
///
/// # Errors
/// If there is no such place.
pub fn source(file: &ExperimentFile, experiment: &ResolvedExperiment) -> Result<Source> {
    let folder = file.locator.folder_of("data.source");
    Source::find(&experiment.keys.data.source, &folder)
        .map_err(|problem| file.locator.error("data.source", problem))
}

/// Reads the data of a resolved experiment, which is given the scaling that was measured.
///
/// # Errors
/// If it cannot be had, or the scaling does not fit.
pub fn load(file: &ExperimentFile, experiment: &mut ResolvedExperiment) -> Result<Dataset> {
    let data = &experiment.keys.data;
    let wrong = |error: snode_data::Error| {
        file.locator.error_among(&["data.scale", "data.offset"], error.to_string())
    };
    let scaling = data.scaling().map_err(wrong)?;
    let loaded = source(file, experiment)?.load(scaling).map_err(|error| match error {
        error @ snode_data::Error::Parameter { .. } => wrong(error),
        error => data_error(file)(error),
    })?;
    experiment.keys.data.keep(loaded.scaling);
    Ok(loaded.dataset)
}

/// The error that images cannot be had.
pub fn data_error(file: &ExperimentFile) -> impl Fn(snode_data::Error) -> Error {
    |error| file.locator.error("data.source", error.to_string())
}

/// Gives a resolved experiment the values that follow from its data.
///
/// # Errors
/// If something does not fit to the data, or training would take more memory than there is.
pub fn fit(file: &ExperimentFile, experiment: &mut ResolvedExperiment, facts: Facts) -> Result<()> {
    let locator = &file.locator;
    let text = source(file, experiment)?.text();
    let keys = &mut experiment.keys;
    keys.data.source = text;
    check_task(keys, locator, facts.task)?;
    check_least_target(keys, locator, facts.least_target)?;
    let (rows, cols) = facts.shape;
    let [rows, cols] = *keys.data.size.get_or_insert([rows, cols]);
    if !rows.is_multiple_of(facts.channels) {
        let problem = format!(
            "found {rows} rows; expected a multiple of {}, the channels of an image, which stand one below \
             the other",
            facts.channels
        );
        return Err(locator.error("data.size", problem));
    }
    let channels = keys.network.channels_of_images(facts.channels);
    check_variation(keys, locator, (rows, cols), channels)?;
    check_analyses_with_data(&keys.analysis, locator, rows * cols, facts.test)?;
    check_attacks(&keys.attack, locator, Some((facts.task.scores(), facts.test)))?;
    fit_analyses(&mut keys.analysis, facts.test);
    let data = &mut keys.data;
    let limit = |key: &str, wanted: Option<usize>, images: usize| match wanted {
        Some(count) if count > images => {
            Err(locator.error(key, format!("found {count}, but there are only {images} images")))
        }
        wanted => Ok(wanted.unwrap_or(images)),
    };
    let train = limit("data.train", data.train, facts.train)?;
    let test = limit("data.test", data.test, facts.test)?;
    (data.train, data.test) = (Some(train), Some(test));
    if data.validation >= train {
        return Err(locator.error(
            "data.validation",
            format!(
                "found {}, but of {train} training images at least one must be left; expected \
                 less than {train}",
                data.validation,
            ),
        ));
    }
    let scores = facts.task.scores();
    let map = check_with_data(&keys.network, locator, (rows, cols), facts.channels, scores)?;
    let width = map.width();
    if width < scores {
        let (what, way_out) = match facts.task {
            Task::Classification { .. } => ("classes", ""),
            Task::Regression { .. } => ("components of a target", ", or a `network.width`"),
        };
        return Err(locator.error_among(
            &["data.size", "data.source"],
            format!(
                "images of {rows}x{cols} pixels make a network of width {width}, too narrow \
                 for {scores} {what}; expected at least {scores} pixels{way_out}"
            ),
        ));
    }
    let trained = train - data.validation;
    let batch_size = keys.training.batch_size;
    if batch_size > trained {
        return Err(locator.error(
            "training.batch_size",
            format!("found {batch_size}; expected 1 to {trained}, the images to train on"),
        ));
    }
    check_memory(file, experiment, sizes(experiment))
}

/// The sizes that determine memory and time, of an experiment that [`fit`] has been given.
pub fn sizes(experiment: &ResolvedExperiment) -> Sizes {
    let data = &experiment.keys.data;
    let train = data.train.unwrap_or(0).saturating_sub(data.validation);
    Sizes {
        map: data
            .size
            .and_then(|[rows, cols]| experiment.map((rows, cols)).ok())
            .unwrap_or(AffineMap::dense(0)),
        pixels: data.size.map_or(0, |[rows, cols]| rows * cols),
        train,
        evaluated: data.validation + data.test.unwrap_or(0),
    }
}

fn check_memory(
    file: &ExperimentFile,
    experiment: &ResolvedExperiment,
    sizes: Sizes,
) -> Result<()> {
    let needed = estimate::memory(experiment, sizes);
    // Beyond what can be addressed there is nothing to ask the system.
    let available = estimate::physical_memory().unwrap_or(1e15).min(1e15);
    if needed.total() <= available {
        return Ok(());
    }
    let largest = [
        (needed.copies * needed.parameters, ["data.size", "network.layers"]),
        (needed.trajectories, ["training.batch_size", "network.layers"]),
        (needed.initialisation, ["network.horizon", "data.size"]),
        (needed.data, ["data.size", "data.train"]),
        (needed.history, ["training.epochs", "training.iterations"]),
    ]
    .into_iter()
    .max_by(|a, b| a.0.total_cmp(&b.0))
    .map_or(["data.size", "network.layers"], |(_, keys)| keys);
    Err(file.locator.error_among(
        &largest,
        format!(
            "training would take {} of memory, and this computer has {}",
            show_bytes(needed.total()),
            show_bytes(available)
        ),
    ))
}
