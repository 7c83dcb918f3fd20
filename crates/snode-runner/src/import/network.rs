//! A network that was read from another program's file, on its way to a file of results.

use std::path::Path;

use snode_exchange::{Description, ExchangeError};
use snode_experiment::{
    DataConfig, Experiment, Locator, Loss, NetworkConfig, SchemeName, SolverConfig, check_network,
};
use snode_files::Existing;
use snode_ode::{Endpoint, Parameters, Precision};
use snode_store::{
    Compression, Configuration, Input, Model, RunInfo, RunRecord, Scalar, Status, write_new_run,
    write_run,
};
use snode_train::{History, TargetKind};

use crate::error::{Error, Result};
use crate::stored::IMPORTED;

/// A network that has been read from another program's file, with all that is known of it.
#[derive(Clone, Debug)]
pub struct ImportedNetwork<'a> {
    /// The file it was read from.
    pub file: &'a Path,
    /// The name of that file's format.
    pub format: &'a str,
    /// The file of results to write.
    pub output: &'a Path,
    /// What becomes of a file that is there.
    pub existing: Existing,
    /// Where the images are from that it is measured on; empty if that is not known.
    pub source: String,
    /// The cost it was trained by, if that is known.
    pub loss: Option<Loss>,
    /// What is known of the network.
    pub description: Description,
    /// Where what is known is from, where it is not the file.
    pub places: Locator,
}

impl ImportedNetwork<'_> {
    /// Writes the file of results, and says what it holds.
    ///
    /// # Errors
    /// If something is not known or cannot be, or the file cannot be written.
    pub fn write<T: Scalar>(self, parameters: Parameters<T>) -> Result<RunRecord<T>> {
        let experiment = self.checked(parameters.nodes(), parameters.width(), T::PRECISION)?;
        let network = self.description.network(parameters).map_err(|e| self.refused(e))?;
        let classes = self.classes(network.width())?;
        let name = experiment.name.clone().unwrap_or_default();
        let mut info = RunInfo::new(name, experiment.seed);
        info.status = Status::Finished;
        info.stop_reason = IMPORTED.into();
        let from = self.file.file_name().map(|name| name.to_string_lossy().into_owned());
        info.provenance.insert(RunInfo::IMPORTED_FROM.into(), from.unwrap_or_default());
        info.provenance.insert("imported as".into(), self.format.into());
        if let Some(loss) = self.loss {
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
                targets: match self.loss {
                    Some(loss) if loss.is_for_values() => TargetKind::Values,
                    _ => TargetKind::Classes,
                },
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
        match self.existing {
            Existing::Keep => write_new_run(self.output, &record, Compression::RESULT)?,
            Existing::Replace => write_run(self.output, &record, Compression::RESULT)?,
        }
        Ok(record)
    }

    fn refused(&self, source: ExchangeError) -> Error {
        Error::Exchange { path: self.file.to_owned(), source }
    }

    /// The experiment that the network is the result of, as far as it is known.
    fn checked(&self, nodes: usize, width: usize, precision: Precision) -> Result<Experiment> {
        let description = &self.description;
        let unknown = |key| self.refused(ExchangeError::Unknown { key });
        let (background, foreground) = self.encoding()?;
        let ends = description.ends.unwrap_or(Endpoint::Excluded);
        let mut experiment = Experiment {
            name: Some(description.name.clone().unwrap_or_else(|| stem(self.output))),
            precision,
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
        if let Some(loss) = self.loss {
            experiment.cost.loss = loss;
        }
        check_network(&experiment, &self.places)?;
        experiment.solver.resolve(experiment.network.scheme);
        Ok(experiment)
    }

    /// What pixels of value 0 and of the largest value are as inputs: another encoding would make
    /// the network useless, so that it is never guessed.
    fn encoding(&self) -> Result<(f64, f64)> {
        match (self.description.background, self.description.foreground) {
            (Some(background), Some(foreground)) => Ok((background, foreground)),
            _ => Err(Error::Refused(format!(
                "{}: the file does not say what pixels are as inputs of the network: give \
                 --background and --foreground, the inputs that stand for a pixel of value 0 and \
                 of the largest value (`--background 0 --foreground 1` for pixels of 0 to 1), or \
                 --mean and --std for (pixel - mean) / std of pixels of 0 to 1",
                self.file.display()
            ))),
        }
    }

    /// Rows and columns of an image: as many pixels as the network is wide. None if the inputs are
    /// not images, which only the file can say.
    fn size(&self, width: usize) -> Result<Option<[usize; 2]>> {
        let path = self.file.display();
        let place = self.places.place_of("data.size");
        match (self.description.rows, self.description.cols) {
            (Some(0), Some(0)) => Ok(None),
            (Some(rows), Some(cols)) if rows.checked_mul(cols) == Some(width) => {
                Ok(Some([rows, cols]))
            }
            (Some(rows), Some(cols)) => Err(Error::Refused(format!(
                "{place}: found images of {rows}x{cols} pixels; expected {width} pixels, as many \
                 as the network is wide"
            ))),
            _ if width.isqrt().pow(2) == width => Ok(Some([width.isqrt(); 2])),
            _ => Err(Error::Refused(format!(
                "{path}: the file does not say the size of images, and the width {width} of the \
                 network is not that of a square: give --size ROWSxCOLUMNS of {width} pixels"
            ))),
        }
    }

    fn classes(&self, width: usize) -> Result<usize> {
        let classes = self.description.classes;
        let classes = classes
            .ok_or(ExchangeError::Unknown { key: "classes" })
            .map_err(|e| self.refused(e))?;
        if (1..=width).contains(&classes) {
            return Ok(classes);
        }
        Err(Error::Refused(format!(
            "{}: found {classes} classes; expected 1 to the width {width}",
            self.file.display()
        )))
    }

    /// The experiment as text, without what is not known of it.
    fn configuration(&self, experiment: &Experiment) -> Result<String> {
        let failed = |error: toml::ser::Error| Error::Results(error.to_string());
        let mut table = toml::Table::try_from(experiment).map_err(failed)?;
        table.remove("training");
        table.remove("output");
        table.remove("seed");
        if self.loss.is_none() {
            table.remove("cost");
        }
        if let Some(network) = table.get_mut("network").and_then(toml::Value::as_table_mut) {
            network.remove("initialisation");
        }
        toml::to_string(&table).map_err(failed)
    }
}

fn scheme(description: &Description) -> Result<SchemeName> {
    let Some(text) = &description.scheme else { return Ok(SchemeName::default()) };
    SchemeName::named(text).ok_or_else(|| {
        let names: Vec<&str> = SchemeName::ALL.iter().map(|s| s.text()).collect();
        Error::Refused(format!(
            "--scheme: the file's scheme: found `{text}`; expected {}",
            names.join(", ")
        ))
    })
}

/// What a file is called, without folder and ending: the name of what is in it.
pub fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "run".into(), |stem| stem.to_string_lossy().into_owned())
}
