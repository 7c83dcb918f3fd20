//! `snode import`: a network of another program as a file of results.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use snode_exchange::{Description, Imported, LayerNames, Layers, NumberType};
use snode_ode::{Activation, Endpoint, Interpolation, SolverKeys};

use super::data::parse_size;
use crate::error::{Error, Result};
use crate::output::{print_line, say};
use crate::outputs::ForceArgs;
use snode_experiment::Locator;
use snode_experiment::images::Source;
use snode_experiment::{Loss, SchemeName, check_name};
use snode_files::Outputs;
use snode_runner::import::{ImportFormat, ImportedNetwork, check_solver, read_network_file, stem};
use snode_store::{Input, RunRecord, Scalar};

/// Arguments of `snode import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file: .safetensors, .npz, or .mat with the cell arrays Wcell and Bcell.
    pub file: PathBuf,
    /// The file of results to write.
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// The format, whatever the ending.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<ImportFormat>,
    /// safetensors: two tensors for each layer, with {} for its number, e.g. `layers.{}` of PyTorch.
    #[arg(long, value_name = "PATTERN")]
    pub names: Option<LayerNames>,
    /// T. This option and those below say what the file does not, or in its place.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub horizon: Option<f64>,
    /// h, the factor of σ(Wx + b) in a residual network, from which T = hL follows.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, conflicts_with = "horizon")]
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
    /// What a pixel of value 0 is as an input of the network: 0 for pixels of 0 to 1. The pixels
    /// must be said, here or in the file.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub background: Option<f64>,
    /// What a pixel of the largest value is as an input: 1 for pixels of 0 to 1, −1 for those that
    /// snode trains on unless told otherwise.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub foreground: Option<f64>,
    /// In place of these two, for inputs (pixel − mean) / std of pixels of 0 to 1: the mean.
    #[arg(
        long,
        value_name = "NUMBER",
        allow_negative_numbers = true,
        requires = "std",
        conflicts_with_all = ["background", "foreground"]
    )]
    pub mean: Option<f64>,
    /// The standard deviation that goes with --mean.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, requires = "mean")]
    pub std: Option<f64>,
    /// How parameters are read between the layers by schemes other than Euler's: hermite, linear or
    /// constant; hermite if not said.
    #[arg(long, value_name = "NAME", value_parser = parse_interpolation)]
    pub interpolation: Option<Interpolation>,
    /// Adaptive schemes: the error of a step relative to the state.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub rtol: Option<f64>,
    /// Adaptive schemes: the error of a step beside it.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub atol: Option<f64>,
    /// The cost it was trained by, if that is known: commands that show costs show this one.
    #[arg(long, value_enum, value_name = "LOSS")]
    pub loss: Option<Loss>,
    /// A tensor or array that is no part of the network and is left out, by its name, or the
    /// beginning of names with a `*` behind; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub ignore: Vec<String>,
    /// Rows and columns of an image, as many pixels as the network is wide; those of a square if not
    /// said.
    #[arg(long, value_name = "ROWSxCOLUMNS", value_parser = parse_size)]
    pub size: Option<(usize, usize)>,
    /// The images it is measured on where none are named: a known data set or a folder with four
    /// IDX files.
    #[arg(long, value_name = "SOURCE")]
    pub data: Option<String>,
    /// Whether a file is replaced.
    #[command(flatten)]
    pub force: ForceArgs,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Writes a file of results with the network of another program's file.
///
/// # Errors
/// If the file cannot be read or does not say enough, or the file of results exists or cannot be
/// written.
pub fn run(args: &ImportArgs) -> Result<()> {
    let format = args.format.map_or_else(|| ImportFormat::of(&args.file), Ok)?;
    if args.names.is_some() && format != ImportFormat::Safetensors {
        return Err(Error::Usage("--names: only valid with safetensors; remove it".into()));
    }
    check_name(&stem(&args.output)).map_err(|problem| {
        Error::Usage(format!("--output: the name of {}: {problem}", args.output.display()))
    })?;
    Outputs::new(args.force.existing(), [&args.file]).check(&args.output)?;
    if !args.ignore.is_empty() && format == ImportFormat::Mat {
        let problem = "--ignore: .mat files may have other variables, which are passed over";
        return Err(Error::Usage(problem.into()));
    }
    let asked = asked(args)?;
    let source = match &args.data {
        None => String::new(),
        Some(text) => Source::find(text, Path::new(""))
            .map_err(|problem| Error::Usage(format!("--data: {problem}")))?
            .text(),
    };
    let Imported { layers, stored, description } =
        read_network_file(&args.file, format, args.names.as_ref(), &args.ignore)?;
    check_solver(&args.file, &asked, &description)?;
    let mut description = asked.or(description);
    if let Some(step) = args.step {
        let steps = layers.count() - usize::from(description.ends == Some(Endpoint::Included));
        description.horizon = Some(step * steps as f64);
    }
    let import = ImportedNetwork {
        file: &args.file,
        format: format.name(),
        output: &args.output,
        existing: args.force.existing(),
        source,
        loss: args.loss,
        places: places(args, &description),
        description,
    };
    match layers {
        Layers::F32(parameters) => report(args, stored, &import.write(parameters)?),
        Layers::F64(parameters) => report(args, stored, &import.write(parameters)?),
    }
}

/// Where the values of an experiment are from: options, or the file.
fn places(args: &ImportArgs, description: &Description) -> Locator {
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
        ("name", description.name.is_none().then_some("--output")),
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

/// Says what was imported, from a file that stores numbers so.
fn report<T: Scalar>(args: &ImportArgs, stored: NumberType, record: &RunRecord<T>) -> Result<()> {
    let RunRecord { network, model, .. } = record;
    if args.json {
        let Input { rows, cols, background, foreground } = model.input;
        let object = json!({
            "path": args.output.display().to_string(),
            "name": record.info.name,
            "width": network.width(),
            "layers": network.grid().steps(),
            "horizon": network.grid().horizon(),
            "activation": network.activation().to_string(),
            "scheme": model.scheme,
            "solver": model.solver.to_texts().into_iter().collect::<BTreeMap<_, _>>(),
            "precision": T::NAME,
            "stored": stored.name(),
            "classes": model.classes,
            "rows": rows,
            "cols": cols,
            "background": background,
            "foreground": foreground,
        });
        return print_line(&object.to_string());
    }
    let images = match model.input {
        Input { rows: 0, .. } => "inputs that are not images".to_owned(),
        Input { rows, cols, background, foreground } => {
            format!("images of {rows}x{cols}, pixels from {background} to {foreground}")
        }
    };
    let numbers = match stored {
        NumberType::F16 | NumberType::Bf16 => {
            format!("{} read into {}", stored.name(), T::NAME)
        }
        _ => T::NAME.to_owned(),
    };
    let scheme = match model.solver.to_texts().as_slice() {
        [] => model.scheme.clone(),
        keys => {
            let keys: Vec<String> = keys.iter().map(|(k, text)| format!("{k} {text}")).collect();
            format!("{} ({})", model.scheme, keys.join(", "))
        }
    };
    say(&format!(
        "{}: width {}, {} layers, T = {}, {}, {scheme}, {numbers}, {} classes, {images}",
        args.output.display(),
        network.width(),
        network.grid().steps(),
        network.grid().horizon(),
        network.activation(),
        model.classes,
    ));
    Ok(())
}

/// What the options say of the network.
fn asked(args: &ImportArgs) -> Result<Description> {
    let (rows, cols) = args.size.unzip();
    let (mut background, mut foreground) = (args.background, args.foreground);
    if let (Some(mean), Some(std)) = (args.mean, args.std) {
        if !(std.is_finite() && std > 0.0) {
            return Err(Error::Usage(format!("--std: found {std}; expected a number above 0")));
        }
        (background, foreground) = (Some(-mean / std), Some((1.0 - mean) / std));
    }
    Ok(Description {
        name: None,
        horizon: args.horizon,
        ends: args.closed.then_some(Endpoint::Included),
        activation: args.activation,
        scheme: args.scheme.map(|scheme| scheme.text().into()),
        solver: SolverKeys {
            interpolation: args.interpolation,
            rtol: args.rtol,
            atol: args.atol,
            ..SolverKeys::default()
        },
        classes: args.classes,
        background,
        foreground,
        rows,
        cols,
    })
}

fn parse_interpolation(text: &str) -> std::result::Result<Interpolation, String> {
    Interpolation::named(text).ok_or_else(|| {
        let names = Interpolation::ALL.map(Interpolation::name);
        format!("expected one of: {}", names.join(", "))
    })
}
