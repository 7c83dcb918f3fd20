//! `snode export`: a trained network for other programs.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use snode_exchange::{
    Description, Element, ExchangeError, LayerNames, write_npz, write_onnx, write_safetensors,
};
use snode_ode::SolverKeys;
use snode_store::{Precision, RunSummary, Scalar, StoredNetwork, read_network};

use super::RunFileArgs;
use crate::error::{Error, Result};
use crate::output::say;
use crate::outputs::ForceArgs;
use snode_experiment::{Experiment, SchemeName};
use snode_files::Outputs;
use snode_runner::stored_solver;

/// Arguments of `snode export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The run, whose file may be a checkpoint.
    #[command(flatten)]
    pub run: RunFileArgs,
    /// The file to write; its ending says in which format.
    #[arg(long, short, visible_alias = "to", value_name = "FILE")]
    pub output: PathBuf,
    /// The format, whatever the ending.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<ExportFormat>,
    /// safetensors: two tensors for each layer, with {} for its number, e.g. `layers.{}` of PyTorch.
    #[arg(long, value_name = "PATTERN")]
    pub names: Option<LayerNames>,
    /// ONNX: the whole final state as a second output.
    #[arg(long)]
    pub state: bool,
    /// ONNX: must be `euler` for a network that was trained under another scheme; the graph is that
    /// of Euler's scheme.
    #[arg(long, value_enum, value_name = "SCHEME")]
    pub scheme: Option<SchemeName>,
    /// Whether a file is replaced.
    #[command(flatten)]
    pub force: ForceArgs,
}

/// A format that networks are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Tensors by name.
    Safetensors,
    /// A graph that any runtime evaluates.
    Onnx,
    /// Arrays of NumPy.
    Npz,
}

impl ExportFormat {
    /// The format that the ending of a file says.
    fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        Self::from_str(&ending, true).map_err(|_| {
            Error::Usage(format!(
                "--output: the ending of {} is no format; expected .safetensors, .onnx, .npz, or any \
                 with --format",
                path.display()
            ))
        })
    }
}

/// Writes the network of a run for other programs.
///
/// # Errors
/// If the run cannot be read, the network has no form in the format, or the file cannot be written.
pub fn run(args: &ExportArgs) -> Result<()> {
    let format = args.format.map_or_else(|| ExportFormat::of(&args.output), Ok)?;
    let refuse = |option: &str, only: &str| {
        Err(Error::Usage(format!("{option}: only valid with the format {only}; remove it")))
    };
    if args.names.is_some() && format != ExportFormat::Safetensors {
        return refuse("--names", "safetensors");
    }
    if (args.state || args.scheme.is_some()) && format != ExportFormat::Onnx {
        return refuse(if args.state { "--state" } else { "--scheme" }, "onnx");
    }
    let run = &args.run.path()?;
    let outputs = Outputs::new(args.force.existing(), [run]);
    outputs.check(&args.output)?;
    let (summary, experiment) = super::summary(run)?;
    let solver = solver_keys(run, &summary, experiment.as_ref())?;
    let bytes = match summary.precision {
        Precision::F32 => written::<f32>(args, run, format, &summary.info.name, solver)?,
        Precision::F64 => written::<f64>(args, run, format, &summary.info.name, solver)?,
    };
    outputs.write(&args.output, &bytes)?;
    say(&format!("{} is written, {} bytes", args.output.display(), bytes.len()));
    Ok(())
}

/// The options of the scheme a network is to be solved by, without which it would be another one.
fn solver_keys(
    path: &Path,
    summary: &RunSummary,
    experiment: Option<&Experiment>,
) -> Result<SolverKeys> {
    if summary.model.scheme == SchemeName::Euler.text() {
        return Ok(SolverKeys::default());
    }
    let stored = stored_solver(summary, experiment).ok_or_else(|| {
        let (path, scheme) = (path.display(), &summary.model.scheme);
        Error::Results(format!("{path}: does not say the options of its scheme {scheme}"))
    })?;
    Ok(stored.keys())
}

fn written<T: Scalar + Element>(
    args: &ExportArgs,
    run: &Path,
    format: ExportFormat,
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
    let bytes = match format {
        ExportFormat::Safetensors => write_safetensors(&network, &description, args.names.as_ref()),
        ExportFormat::Npz => write_npz(&network, &description),
        ExportFormat::Onnx => {
            let trained = description.scheme.clone().unwrap_or_default();
            let euler = SchemeName::Euler.text();
            let asked = args.scheme.map_or(trained.as_str(), |scheme| scheme.text());
            if asked != euler {
                return Err(Error::Usage(format!(
                    "{}: the graph is that of Euler's scheme, but this network is to be solved by \
                     {asked}; `--scheme euler` writes it all the same, `snode eval --scheme euler` \
                     measures what it is worth",
                    run.display()
                )));
            }
            network = network.with_endpoint(snode_ode::Endpoint::Excluded);
            (description.scheme, description.solver) = (Some(euler.into()), SolverKeys::default());
            write_onnx(&network, &description, args.state)
        }
    };
    bytes.map_err(|error| match error {
        ExchangeError::Unwritable { .. } => {
            Error::Usage(format!("--output {}: {error}", args.output.display()))
        }
        error => Error::Results(format!("{}: {error}", run.display())),
    })
}
