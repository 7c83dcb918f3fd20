//! The network of a run as a file of another program.

use std::path::{Path, PathBuf};

use snode_exchange::{
    Description, Element, ExchangeError, LayerNames, OnnxOutputs, OnnxScores, write_npz,
    write_onnx, write_safetensors,
};
use snode_experiment::SchemeName;
use snode_ode::{Endpoint, SolverKeys};
use snode_store::{Precision, Scalar, StoredNetwork, read_network};
use snode_train::TargetKind;

use crate::error::{Error, Result};
use crate::stored::{stored_solver, summary};

/// A format that networks are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum ExportFormat {
    /// Tensors by name.
    Safetensors,
    /// A graph that any runtime evaluates.
    Onnx,
    /// Arrays of NumPy.
    Npz,
}

impl ExportFormat {
    const ALL: [Self; 3] = [Self::Safetensors, Self::Onnx, Self::Npz];

    /// The format that the ending of a file says.
    ///
    /// # Errors
    /// [`Error::Refused`] if it is the ending of none.
    pub fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        Self::ALL.into_iter().find(|format| format.name() == ending).ok_or_else(|| {
            Error::Refused(format!(
                "--output: the ending of {} is no format; expected .safetensors, .onnx, .npz, or any \
                 with --format",
                path.display()
            ))
        })
    }

    /// Its name, which is the ending of its files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Onnx => "onnx",
            Self::Npz => "npz",
        }
    }
}

/// What is asked of the file of a network.
#[derive(Clone, Debug)]
pub struct Export {
    /// The file to write.
    pub output: PathBuf,
    /// Its format.
    pub format: ExportFormat,
    /// Of safetensors: what the tensors of a layer are called.
    pub names: Option<LayerNames>,
    /// Of ONNX: whether the whole final state is an output too.
    pub state: bool,
    /// Of ONNX: the scheme of the graph, which must be Euler's; the run's own if not given.
    pub scheme: Option<SchemeName>,
}

impl Export {
    /// Refuses what only another format has.
    ///
    /// # Errors
    /// [`Error::Refused`] with the option.
    pub fn check(&self) -> Result<()> {
        let of_safetensors = [("--names", self.names.is_some())];
        let of_onnx = [("--state", self.state), ("--scheme", self.scheme.is_some())];
        for (options, only) in
            [(&of_safetensors[..], ExportFormat::Safetensors), (&of_onnx[..], ExportFormat::Onnx)]
        {
            let given = options.iter().find(|(_, is_given)| *is_given);
            if let Some((option, _)) = given.filter(|_| self.format != only) {
                let only = only.name();
                let problem = format!("{option}: only valid with the format {only}; remove it");
                return Err(Error::Refused(problem));
            }
        }
        Ok(())
    }

    /// The bytes of the file, for the network of a run or a checkpoint.
    ///
    /// # Errors
    /// If the run cannot be read, or the network has no form in the format.
    pub fn bytes(&self, run: &Path) -> Result<Vec<u8>> {
        let (summary, experiment) = summary(run)?;
        // The options of its scheme, without which it would be another network.
        let solver = if summary.model.scheme == SchemeName::Euler.text() {
            SolverKeys::default()
        } else {
            let stored = stored_solver(&summary, experiment.as_ref()).ok_or_else(|| {
                let (path, scheme) = (run.display(), &summary.model.scheme);
                Error::Results(format!("{path}: does not say the options of its scheme {scheme}"))
            })?;
            stored.keys()
        };
        match summary.precision {
            Precision::F32 => self.written::<f32>(run, &summary.info.name, solver),
            Precision::F64 => self.written::<f64>(run, &summary.info.name, solver),
        }
    }

    fn written<T: Scalar + Element>(
        &self,
        run: &Path,
        name: &str,
        solver: SolverKeys,
    ) -> Result<Vec<u8>> {
        let StoredNetwork { model, mut network } = read_network::<T>(run)?;
        let mut description = Description {
            name: Some(name.into()),
            scheme: Some(model.scheme),
            solver,
            classes: Some(model.classes),
            background: Some(model.input.background),
            foreground: Some(model.input.foreground),
            rows: Some(model.input.rows),
            cols: Some(model.input.cols),
            ..Description::default()
        };
        let names = self.names.as_ref();
        let bytes = match self.format {
            ExportFormat::Safetensors => write_safetensors(&network, &description, names),
            ExportFormat::Npz => write_npz(&network, &description),
            ExportFormat::Onnx => {
                self.check_scheme(run, description.scheme.as_deref().unwrap_or_default())?;
                network = network.with_endpoint(Endpoint::Excluded);
                description.scheme = Some(SchemeName::Euler.text().into());
                description.solver = SolverKeys::default();
                let scores = match model.targets {
                    TargetKind::Values => OnnxScores::Targets,
                    _ => OnnxScores::Classes,
                };
                write_onnx(&network, &description, OnnxOutputs { scores, state: self.state })
            }
        };
        bytes.map_err(|error| match error {
            ExchangeError::Unwritable { .. } => {
                Error::Refused(format!("--output {}: {error}", self.output.display()))
            }
            error => Error::Results(format!("{}: {error}", run.display())),
        })
    }

    /// Refuses a graph, which is that of Euler's scheme, of a network that is solved by another one.
    fn check_scheme(&self, run: &Path, trained: &str) -> Result<()> {
        let asked = self.scheme.map_or(trained, |scheme| scheme.text());
        if asked == SchemeName::Euler.text() {
            return Ok(());
        }
        Err(Error::Refused(format!(
            "{}: the graph is that of Euler's scheme, but this network is to be solved by {asked}; \
             `--scheme euler` writes it all the same, `snode eval --scheme euler` measures what it is \
             worth",
            run.display()
        )))
    }
}
