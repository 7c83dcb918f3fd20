//! `snode import`: a network of another program as a file of results.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use snode_exchange::limits::MAX_BYTES;
use snode_exchange::{
    Description, ExchangeError, Imported, LayerNames, Layers, read_mat, read_npz, read_safetensors,
};
use snode_files::Existing;
use snode_ode::{Activation, Endpoint, Parameters};
use snode_store::{
    Compression, Configuration, Input, Model, RunInfo, RunRecord, Scalar, Status, write_new_run,
    write_run,
};
use snode_train::History;

use super::data::parse_size;
use super::stem;
use crate::config::{DataConfig, Experiment, NetworkConfig, Precision, SchemeName, check_name};
use crate::error::{Error, Result};
use crate::mat73;
use crate::output::say;
use crate::outputs::{ForceArgs, Outputs};
use crate::sources::Source;

/// Arguments of `snode import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file: .safetensors, .npz, or .mat with the cell arrays Wcell and Bcell.
    pub file: PathBuf,
    /// The file of results to write.
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
    /// The format, whatever the ending.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<ImportFormat>,
    /// safetensors: two tensors for each layer, with {} for its number, as `layers.{}` of PyTorch.
    #[arg(long, value_name = "PATTERN")]
    pub names: Option<LayerNames>,
    /// T. This option and those below say what the file does not, or in its place.
    #[arg(long, value_name = "NUMBER")]
    pub horizon: Option<f64>,
    /// h, the factor of σ(Wx + b) in a residual network, from which T = hL follows.
    #[arg(long, value_name = "NUMBER", conflicts_with = "horizon")]
    pub step: Option<f64>,
    /// σ, such as `tanh` or `elu(0.2)`.
    #[arg(long, value_name = "NAME")]
    pub activation: Option<Activation>,
    /// Whether the last layer is the parameters at T, which Euler does not read; no if not said.
    #[arg(long)]
    pub closed: bool,
    /// The scheme it is to be solved by; Euler's if not said.
    #[arg(long, value_enum, value_name = "SCHEME")]
    pub scheme: Option<SchemeName>,
    /// C: the first C components of the output are the class scores.
    #[arg(long, value_name = "NUMBER")]
    pub classes: Option<usize>,
    /// The value of a pixel without foreground; 0 if not said.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub background: Option<f64>,
    /// The value of a pixel of full foreground; −1 if not said.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub foreground: Option<f64>,
    /// Rows and columns of an image; those of a square if not said.
    #[arg(long, value_name = "ROWSxCOLUMNS", value_parser = parse_size)]
    pub size: Option<(usize, usize)>,
    /// The images it is measured on where none are named: a known data set or a folder with four
    /// IDX files.
    #[arg(long, value_name = "SOURCE")]
    pub data: Option<String>,
    /// Whether a file is replaced.
    #[command(flatten)]
    pub force: ForceArgs,
}

/// A format that networks are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportFormat {
    /// Tensors by name.
    Safetensors,
    /// Arrays of NumPy.
    Npz,
    /// Cell arrays of MATLAB, of level 5 or 7.3.
    Mat,
}

impl ImportFormat {
    /// The format that the ending of a file says.
    fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        Self::from_str(&ending, true).map_err(|_| {
            Error::Usage(format!(
                "the ending of {} is no format; allowed: .safetensors, .npz, .mat, or any with \
                 --format",
                path.display()
            ))
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Npz => "npz",
            Self::Mat => "mat",
        }
    }
}

/// Writes a file of results with the network of another program's file.
///
/// # Errors
/// If the file cannot be read or does not say enough, or the file of results exists or cannot be
/// written.
pub fn run(args: &ImportArgs) -> Result<()> {
    let format = args.format.map_or_else(|| ImportFormat::of(&args.file), Ok)?;
    if args.names.is_some() && format != ImportFormat::Safetensors {
        return Err(Error::Usage("--names: has a meaning only with safetensors".into()));
    }
    check_name(&stem(&args.output)).map_err(|problem| {
        Error::Usage(format!("--output: the name of {}: {problem}", args.output.display()))
    })?;
    Outputs::new(args.force.existing(), [&args.file]).check(&args.output)?;
    let asked = asked(args);
    let source = match &args.data {
        None => String::new(),
        Some(text) => Source::find(text, Path::new(""))
            .map_err(|problem| Error::Usage(format!("--data: {problem}")))?
            .text(),
    };
    let Imported { layers, description } = read(args, format)?;
    let mut description = asked.or(description);
    if let Some(step) = args.step {
        let steps = layers.count() - usize::from(description.ends == Some(Endpoint::Included));
        description.horizon = Some(step * steps as f64);
    }
    match layers {
        Layers::F32(parameters) => write(args, format, source, &description, parameters),
        Layers::F64(parameters) => write(args, format, source, &description, parameters),
    }
}

/// What the options say of the network.
fn asked(args: &ImportArgs) -> Description {
    let (rows, cols) = args.size.unzip();
    Description {
        name: None,
        horizon: args.horizon,
        ends: args.closed.then_some(Endpoint::Included),
        activation: args.activation,
        scheme: args.scheme.map(|scheme| scheme.text().into()),
        classes: args.classes,
        background: args.background,
        foreground: args.foreground,
        rows,
        cols,
    }
}

fn read(args: &ImportArgs, format: ImportFormat) -> Result<Imported> {
    let path = &args.file;
    let bytes = bytes(path)?;
    let read = match format {
        ImportFormat::Safetensors => read_safetensors(&bytes, args.names.as_ref()),
        ImportFormat::Npz => read_npz(&bytes),
        ImportFormat::Mat => match read_mat(&bytes) {
            Err(ExchangeError::Hdf5) => return mat73::read(path),
            other => other,
        },
    };
    read.map_err(|error| refused(path, &error))
}

/// A whole file, if it is one and not longer than any that is read.
fn bytes(path: &Path) -> Result<Vec<u8>> {
    let failed = |source| Error::file(path, "cannot read", source);
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(Error::Results(format!("{}: not a regular file", path.display())));
    }
    if metadata.len() > MAX_BYTES {
        return Err(Error::Results(format!(
            "{}: has {} bytes; at most {MAX_BYTES} are read",
            path.display(),
            metadata.len()
        )));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes))
        .map_err(failed)?;
    Ok(bytes)
}

/// What is wrong with a file, or what the command line must add to it.
fn refused(path: &Path, error: &ExchangeError) -> Error {
    let path = path.display();
    match error {
        ExchangeError::Unknown { key } => Error::Usage(format!("{path}: {error}: give --{key}")),
        error => Error::Results(format!("{path}: {error}")),
    }
}

fn write<T: Scalar>(
    args: &ImportArgs,
    format: ImportFormat,
    source: String,
    description: &Description,
    parameters: Parameters<T>,
) -> Result<()> {
    let refuse = |error: ExchangeError| refused(&args.file, &error);
    let network = description.network(parameters).map_err(refuse)?;
    let width = network.width();
    let classes =
        description.classes.ok_or(ExchangeError::Unknown { key: "classes" }).map_err(refuse)?;
    if classes == 0 || classes > width {
        return Err(Error::Usage(format!(
            "{}: found {classes} classes; allowed: 1 to the width {width}",
            args.file.display()
        )));
    }
    let input = input(description, width);
    let scheme = scheme(description)?;
    let name = description.name.clone().unwrap_or_else(|| stem(&args.output));
    let experiment = Experiment {
        name: Some(name.clone()),
        precision: match T::PRECISION {
            snode_store::Precision::F32 => Precision::F32,
            snode_store::Precision::F64 => Precision::F64,
        },
        data: DataConfig {
            source,
            size: (input.rows > 0).then_some([input.rows, input.cols]),
            background: input.background,
            foreground: input.foreground,
            ..DataConfig::default()
        },
        network: NetworkConfig {
            horizon: network.grid().horizon(),
            layers: network.grid().steps(),
            activation: network.activation(),
            scheme,
            ..NetworkConfig::default()
        },
        ..Experiment::default()
    };
    let mut info = RunInfo::new(name, experiment.seed);
    info.status = Status::Finished;
    info.stop_reason = "imported".into();
    let from = args.file.file_name().map(|name| name.to_string_lossy().into_owned());
    info.provenance.insert("imported from".into(), from.unwrap_or_default());
    info.provenance.insert("imported as".into(), format.name().into());
    let resolved =
        toml::to_string(&experiment).map_err(|error| Error::Results(error.to_string()))?;
    let record = RunRecord {
        info,
        configuration: Configuration { resolved, source: String::new() },
        model: Model { scheme: scheme.text().into(), classes, input },
        network,
        history: History::default(),
        checkpoint: None,
    };
    match args.force.existing() {
        Existing::Keep => write_new_run(&args.output, &record, Compression::RESULT)?,
        Existing::Replace => write_run(&args.output, &record, Compression::RESULT)?,
    }
    say(&format!(
        "{}: width {width}, {} layers, T = {}, {}, {}, {classes} classes, images of {}x{} from {} to \
         {}",
        args.output.display(),
        record.network.grid().steps(),
        record.network.grid().horizon(),
        record.network.activation(),
        T::NAME,
        input.rows,
        input.cols,
        input.background,
        input.foreground
    ));
    Ok(())
}

/// How images become inputs; those of a square where nothing is said.
fn input(description: &Description, width: usize) -> Input {
    let default = Input::default();
    let side = width.isqrt();
    let square = if side * side == width { side } else { 0 };
    Input {
        background: description.background.unwrap_or(default.background),
        foreground: description.foreground.unwrap_or(default.foreground),
        rows: description.rows.unwrap_or(square),
        cols: description.cols.unwrap_or(square),
    }
}

fn scheme(description: &Description) -> Result<SchemeName> {
    let Some(text) = &description.scheme else { return Ok(SchemeName::default()) };
    SchemeName::from_str(text, false).map_err(|_| {
        let names: Vec<&str> = SchemeName::value_variants().iter().map(|s| s.text()).collect();
        Error::Usage(format!(
            "--scheme: the file's scheme `{text}` is not known; allowed: {}",
            names.join(", ")
        ))
    })
}
