//! From the file of an experiment to everything that is needed to begin it.

use std::path::Path;

use snode_data::{Encoding, Split};

use crate::config::{self, Experiment, ExperimentFile};
use crate::error::Result;
use crate::estimate::{self, Sizes};
use crate::sources::Source;

/// An experiment with its images, checked and ready to begin.
#[derive(Debug)]
pub struct Prepared {
    /// The experiment with every value in place.
    pub experiment: Experiment,
    /// The text of the file it comes from.
    pub text: String,
    /// How pixels become numbers.
    pub encoding: Encoding,
    /// C.
    pub classes: usize,
    /// Images to train on.
    pub train: Split,
    /// Images held out of the training images; may be empty.
    pub validation: Split,
    /// Images to test with; may be empty.
    pub test: Split,
}

impl Prepared {
    /// Reads an experiment and its images and checks that all fits together.
    ///
    /// # Errors
    /// If the file, a value in it or the data is wrong.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Self> {
        let file = ExperimentFile::read(path, overrides)?;
        config::check(&file.experiment, &file.locator)?;
        let experiment = config::resolve(&file)?;
        Self::with_data(&file, experiment)
    }

    fn with_data(file: &ExperimentFile, mut experiment: Experiment) -> Result<Self> {
        let locator = &file.locator;
        let base = file.path.parent().unwrap_or(Path::new(""));
        let data_error = |error: snode_data::Error| locator.error("data.source", error.to_string());
        let source = Source::find(&experiment.data.source, base)
            .map_err(|problem| locator.error("data.source", problem))?;
        let dataset = source.load().map_err(data_error)?;
        let data = &mut experiment.data;
        data.source = source.text();
        let (rows, cols) = dataset.shape();
        let [rows, cols] = *data.size.get_or_insert([rows, cols]);
        let classes = dataset.classes();
        let (train, test) = dataset.into_splits();
        config::check_analyses_with_data(&experiment.analysis, locator, rows * cols, test.len())?;
        let limit = |key: &str, wanted: Option<usize>, split: Split| match wanted {
            Some(count) if count > split.len() => Err(locator
                .error(key, format!("found {count}, but there are only {} images", split.len()))),
            Some(count) if count < split.len() => split.take(count).map_err(data_error),
            _ => Ok(split),
        };
        let train = limit("data.train", data.train, train)?;
        let test = limit("data.test", data.test, test)?;
        (data.train, data.test) = (Some(train.len()), Some(test.len()));
        if data.validation >= train.len() {
            return Err(locator.error(
                "data.validation",
                format!(
                    "found {}, but of {} training images at least one must be left; allowed: \
                     less than {}",
                    data.validation,
                    train.len(),
                    train.len()
                ),
            ));
        }
        let width = rows * cols;
        if width < classes {
            return Err(locator.error_among(
                &["data.size", "data.source"],
                format!(
                    "images of {rows}x{cols} pixels make a network of width {width}, too narrow \
                     for {classes} classes; allowed: at least {classes} pixels"
                ),
            ));
        }
        let validation = experiment.data.validation;
        let trained = train.len() - validation;
        let batch_size = experiment.training.batch_size;
        if batch_size > trained {
            return Err(locator.error(
                "training.batch_size",
                format!("found {batch_size}; allowed: 1 to {trained}, the images to train on"),
            ));
        }
        let sizes = Sizes { width, train: trained, evaluated: validation + test.len() };
        check_memory(file, &experiment, sizes)?;

        let resample = |split: Split| {
            if split.images().shape() == (rows, cols) {
                Ok(split)
            } else {
                split.resample(rows, cols).map_err(|e| locator.error("data.size", e.to_string()))
            }
        };
        let (train, test) = (resample(train)?, resample(test)?);
        let (train, validation) =
            train.split_off_validation(validation, experiment.seed).map_err(data_error)?;
        let encoding = Encoding::new(experiment.data.background, experiment.data.foreground)
            .map_err(|error| locator.error("data.foreground", error.to_string()))?;
        Ok(Self { experiment, text: file.text.clone(), encoding, classes, train, validation, test })
    }

    /// n, the width of the network.
    pub fn width(&self) -> usize {
        self.train.images().width()
    }

    /// The sizes that determine memory and time.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            width: self.width(),
            train: self.train.len(),
            evaluated: self.validation.len() + self.test.len(),
        }
    }

    /// The name of the experiment.
    pub fn name(&self) -> &str {
        self.experiment.name.as_deref().unwrap_or("experiment")
    }
}

fn check_memory(file: &ExperimentFile, experiment: &Experiment, sizes: Sizes) -> Result<()> {
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
    ]
    .into_iter()
    .max_by(|a, b| a.0.total_cmp(&b.0))
    .map_or(["data.size", "network.layers"], |(_, keys)| keys);
    Err(file.locator.error_among(
        &largest,
        format!(
            "training would take {} of memory, and this computer has {}",
            estimate::show_bytes(needed.total()),
            estimate::show_bytes(available)
        ),
    ))
}
