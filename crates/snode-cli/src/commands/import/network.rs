//! A network that was read from another program's file, on its way to a file of results.

use std::path::PathBuf;

use clap::ValueEnum;
use snode_exchange::{Description, ExchangeError, NumberType};
use snode_files::Existing;
use snode_ode::{Endpoint, Parameters};
use snode_store::{
    Compression, Configuration, Input, Model, RunInfo, RunRecord, Scalar, Status, write_new_run,
    write_run,
};
use snode_train::History;

use super::super::stem;
use super::{ImportArgs, ImportFormat, refused};
use crate::error::{Error, Result};
use crate::output::say;
use snode_experiment::{
    DataConfig, Experiment, Locator, NetworkConfig, Precision, SchemeName, SolverConfig,
    check_network,
};
use snode_runner::IMPORTED;

/// A network that has been read, with all that is known of it.
pub(super) struct Import<'a> {
    /// The command line.
    pub args: &'a ImportArgs,
    /// The format of the file.
    pub format: ImportFormat,
    /// Where the images are from that it is measured on.
    pub source: String,
    /// How the file stores numbers.
    pub stored: NumberType,
    /// What is known of the network.
    pub description: Description,
}

impl Import<'_> {
    /// Writes the file of results.
    ///
    /// # Errors
    /// If something is not known or cannot be, or the file cannot be written.
    pub fn write<T: Scalar>(self, parameters: Parameters<T>) -> Result<()> {
        let args = self.args;
        let refuse = |error: ExchangeError| refused(&args.file, &error);
        let experiment = self.checked(parameters.nodes(), parameters.width(), T::PRECISION)?;
        let network = self.description.network(parameters).map_err(refuse)?;
        let classes = self.classes(network.width())?;
        let name = experiment.name.clone().unwrap_or_default();
        let mut info = RunInfo::new(name, experiment.seed);
        info.status = Status::Finished;
        info.stop_reason = IMPORTED.into();
        let from = args.file.file_name().map(|name| name.to_string_lossy().into_owned());
        info.provenance.insert(RunInfo::IMPORTED_FROM.into(), from.unwrap_or_default());
        info.provenance.insert("imported as".into(), self.format.name().into());
        if let Some(loss) = args.loss {
            info.provenance.insert(RunInfo::IMPORTED_COST.into(), loss.text().into());
        }
        let data = &experiment.data;
        let [rows, cols] = data.size.unwrap_or_default();
        let scheme = experiment.network.scheme;
        let record = RunRecord {
            info,
            configuration: Configuration {
                resolved: self.configuration(&experiment)?,
                source: String::new(),
            },
            model: Model {
                scheme: scheme.text().into(),
                solver: experiment.solver.keys(),
                classes,
                input: Input {
                    background: data.background,
                    foreground: data.foreground,
                    rows,
                    cols,
                },
            },
            network,
            history: History::default(),
            checkpoint: None,
        };
        match args.force.existing() {
            Existing::Keep => write_new_run(&args.output, &record, Compression::RESULT)?,
            Existing::Replace => write_run(&args.output, &record, Compression::RESULT)?,
        }
        self.report::<T>(&record);
        Ok(())
    }

    /// The experiment that the network is the result of, as far as it is known.
    fn checked(
        &self,
        nodes: usize,
        width: usize,
        precision: snode_store::Precision,
    ) -> Result<Experiment> {
        let (args, description) = (self.args, &self.description);
        let refuse = |error: ExchangeError| refused(&args.file, &error);
        let unknown = |key| refuse(ExchangeError::Unknown { key });
        let (background, foreground) = self.encoding()?;
        let ends = description.ends.unwrap_or(Endpoint::Excluded);
        let mut experiment = Experiment {
            name: Some(description.name.clone().unwrap_or_else(|| stem(&args.output))),
            precision: match precision {
                snode_store::Precision::F32 => Precision::F32,
                snode_store::Precision::F64 => Precision::F64,
            },
            data: DataConfig {
                source: self.source.clone(),
                size: self.size(width)?,
                background,
                foreground,
                ..DataConfig::default()
            },
            network: NetworkConfig {
                horizon: description.horizon.ok_or_else(|| unknown("horizon"))?,
                layers: nodes - usize::from(ends == Endpoint::Included),
                activation: description.activation.ok_or_else(|| unknown("activation"))?,
                scheme: scheme(description)?,
                ..NetworkConfig::default()
            },
            solver: SolverConfig::from(&description.solver),
            ..Experiment::default()
        };
        if let Some(loss) = args.loss {
            experiment.cost.loss = loss;
        }
        check_network(&experiment, &self.places())?;
        experiment.solver.resolve(experiment.network.scheme);
        Ok(experiment)
    }

    /// Where the values of an experiment are from: options, or the file.
    fn places(&self) -> Locator {
        let args = self.args;
        let mut locator = Locator::new(&args.file, PathBuf::new(), "");
        let encoding = |given: bool, option: &'static str| match args.mean {
            Some(_) => Some("--mean, --std"),
            None => given.then_some(option),
        };
        let horizon = match args.step {
            Some(_) => Some("--step"),
            None => args.horizon.map(|_| "--horizon"),
        };
        for (key, option) in [
            ("name", self.description.name.is_none().then_some("--output")),
            ("network.horizon", horizon),
            ("data.background", encoding(args.background.is_some(), "--background")),
            ("data.foreground", encoding(args.foreground.is_some(), "--foreground")),
            ("data.size", args.size.map(|_| "--size")),
            ("solver.rtol", args.rtol.map(|_| "--rtol")),
            ("solver.atol", args.atol.map(|_| "--atol")),
        ] {
            if let Some(option) = option {
                locator.place_key(key, option.into(), PathBuf::new());
            }
        }
        locator
    }

    /// What pixels of value 0 and of the largest value are as inputs: another encoding would make
    /// the network useless, so that it is never guessed.
    fn encoding(&self) -> Result<(f64, f64)> {
        match (self.description.background, self.description.foreground) {
            (Some(background), Some(foreground)) => Ok((background, foreground)),
            _ => Err(Error::Usage(format!(
                "{}: the file does not say what pixels are as inputs of the network: give \
                 --background and --foreground, the inputs that stand for a pixel of value 0 and \
                 of the largest value (`--background 0 --foreground 1` for pixels of 0 to 1), or \
                 --mean and --std for (pixel - mean) / std of pixels of 0 to 1",
                self.args.file.display()
            ))),
        }
    }

    /// Rows and columns of an image: as many pixels as the network is wide. None if the inputs are
    /// not images, which only the file can say.
    fn size(&self, width: usize) -> Result<Option<[usize; 2]>> {
        let path = self.args.file.display();
        let place = if self.args.size.is_some() { "--size".to_owned() } else { path.to_string() };
        match (self.description.rows, self.description.cols) {
            (Some(0), Some(0)) => Ok(None),
            (Some(rows), Some(cols)) if rows.checked_mul(cols) == Some(width) => {
                Ok(Some([rows, cols]))
            }
            (Some(rows), Some(cols)) => Err(Error::Usage(format!(
                "{place}: found images of {rows}x{cols} pixels; expected {width} pixels, as many \
                 as the network is wide"
            ))),
            _ if width.isqrt().pow(2) == width => Ok(Some([width.isqrt(); 2])),
            _ => Err(Error::Usage(format!(
                "{path}: the file does not say the size of images, and the width {width} of the \
                 network is not that of a square: give --size ROWSxCOLUMNS of {width} pixels"
            ))),
        }
    }

    fn classes(&self, width: usize) -> Result<usize> {
        let refuse = |error: ExchangeError| refused(&self.args.file, &error);
        let classes = self.description.classes;
        let classes = classes.ok_or(ExchangeError::Unknown { key: "classes" }).map_err(refuse)?;
        if (1..=width).contains(&classes) {
            return Ok(classes);
        }
        Err(Error::Usage(format!(
            "{}: found {classes} classes; allowed: 1 to the width {width}",
            self.args.file.display()
        )))
    }

    /// The experiment as text, without what is not known of it.
    fn configuration(&self, experiment: &Experiment) -> Result<String> {
        let failed = |error: toml::ser::Error| Error::Results(error.to_string());
        let mut table = toml::Table::try_from(experiment).map_err(failed)?;
        table.remove("training");
        table.remove("output");
        table.remove("seed");
        if self.args.loss.is_none() {
            table.remove("cost");
        }
        if let Some(network) = table.get_mut("network").and_then(toml::Value::as_table_mut) {
            network.remove("initialisation");
        }
        toml::to_string(&table).map_err(failed)
    }

    fn report<T: Scalar>(&self, record: &RunRecord<T>) {
        let RunRecord { network, model, .. } = record;
        let images = match model.input {
            Input { rows: 0, .. } => "inputs that are not images".to_owned(),
            Input { rows, cols, background, foreground } => {
                format!("images of {rows}x{cols}, pixels from {background} to {foreground}")
            }
        };
        let numbers = match self.stored {
            NumberType::F16 | NumberType::Bf16 => {
                format!("{} read into {}", self.stored.name(), T::NAME)
            }
            _ => T::NAME.to_owned(),
        };
        let scheme = match model.solver.to_texts().as_slice() {
            [] => model.scheme.clone(),
            keys => {
                let keys: Vec<String> =
                    keys.iter().map(|(k, text)| format!("{k} {text}")).collect();
                format!("{} ({})", model.scheme, keys.join(", "))
            }
        };
        say(&format!(
            "{}: width {}, {} layers, T = {}, {}, {scheme}, {numbers}, {} classes, {images}",
            self.args.output.display(),
            network.width(),
            network.grid().steps(),
            network.grid().horizon(),
            network.activation(),
            model.classes,
        ));
    }
}

fn scheme(description: &Description) -> Result<SchemeName> {
    let Some(text) = &description.scheme else { return Ok(SchemeName::default()) };
    SchemeName::named(text).ok_or_else(|| {
        let names: Vec<&str> = SchemeName::value_variants().iter().map(|s| s.text()).collect();
        Error::Usage(format!(
            "--scheme: the file's scheme `{text}` is not known; allowed: {}",
            names.join(", ")
        ))
    })
}
