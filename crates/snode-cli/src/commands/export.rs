//! `snode export`: a trained network for other programs.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use snode_exchange::LayerNames;

use super::RunFileArgs;
use crate::error::Result;
use crate::output::{print_line, say};
use crate::outputs::ForceArgs;
use snode_experiment::SchemeName;
use snode_files::Outputs;
use snode_runner::{Export, ExportFormat};

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
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Writes the network of a run for other programs.
///
/// # Errors
/// If the run cannot be read, the network has no form in the format, or the file cannot be written.
pub fn run(args: &ExportArgs) -> Result<()> {
    let export = Export {
        output: args.output.clone(),
        format: args.format.map_or_else(|| ExportFormat::of(&args.output), Ok)?,
        names: args.names.clone(),
        state: args.state,
        scheme: args.scheme,
    };
    export.check()?;
    let run = args.run.path()?;
    let outputs = Outputs::new(args.force.existing(), [&run]);
    outputs.check(&args.output)?;
    let bytes = export.bytes(&run)?;
    outputs.write(&args.output, &bytes)?;
    let (path, count) = (args.output.display().to_string(), bytes.len());
    if args.json {
        let (run, format) = (run.display().to_string(), export.format.name());
        let object = json!({ "path": path, "format": format, "bytes": count, "run": run });
        return print_line(&object.to_string());
    }
    say(&format!("{path} is written, {count} bytes"));
    Ok(())
}
