//! `snode data`: lists, inspects, imports and exports images and arrays.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use snode_data::{Dataset, Encoding, Loaded, mnist};
use snode_files::Existing;

use crate::error::{Error, Result};
use crate::output::{print, print_line, say};
use crate::table::{self, align_right, plain_table};
use snode_experiment::images::{KNOWN, Source, remarks, target_rows, text_picture};
use snode_runner::data_files::{DataFiles, described};

/// What can be done with images.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// List the data sets that come with the program, and where they come from.
    List(ListArgs),
    /// Show what a data set holds: counts, classes, statistics, an image.
    Inspect(InspectArgs),
    /// Check a data set of any format, and write its images as four IDX files to a new folder.
    Import(ImportArgs),
    /// Write a data set as four IDX files, or as an .npz file that NumPy reads.
    Export(ExportArgs),
}

/// Arguments of `snode data list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Prints a JSON object a line for each data set.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `snode data inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A known data set, or a folder or file of arrays or images (see `snode data list`).
    pub source: String,
    /// Which training image is drawn, counted from 0.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub image: usize,
    /// Prints one JSON object, without an image.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `snode data import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// A folder with four IDX files, plain or gzipped, or another folder or file of arrays or images.
    pub folder: String,
    /// The new size, e.g. 14x14: exact sums where it divides the old one, area averages elsewhere;
    /// as it is if not given.
    #[arg(long, value_name = "ROWSxCOLUMNS", value_parser = parse_size)]
    pub size: Option<(usize, usize)>,
    /// The pixel that stands for full foreground, 255 if not given: 16 for digits in 17 shades of
    /// grey. The images that are written have the full range of 0 to 255.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=255))]
    pub max_value: Option<u16>,
    /// The folder to write the four files to. It holds nothing else.
    #[arg(long, short, visible_alias = "to", value_name = "FOLDER")]
    pub output: PathBuf,
    /// Replaces a data set that is there, as a whole.
    #[arg(long)]
    pub force: bool,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `snode data export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A known data set, or a folder or file of arrays or images (see `snode data list`).
    pub source: String,
    /// The folder to write four IDX files of bytes to, which holds nothing else; or a file that ends in
    /// .npz, e.g. `digits.npz`, which keeps every shade.
    #[arg(long, short, visible_alias = "to", value_name = "FOLDER|FILE.npz")]
    pub output: PathBuf,
    /// The new size, e.g. 14x14; as it is if not given.
    #[arg(long, value_name = "ROWSxCOLUMNS", value_parser = parse_size)]
    pub size: Option<(usize, usize)>,
    /// Replaces what is there, as a whole.
    #[arg(long)]
    pub force: bool,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Does it.
///
/// # Errors
/// If images cannot be read or written.
pub fn run(command: &DataCommand) -> Result<()> {
    match command {
        DataCommand::List(args) => list(args),
        DataCommand::Inspect(args) => inspect(args),
        DataCommand::Import(args) => import(args),
        DataCommand::Export(args) => export(args),
    }
}

pub(super) fn parse_size(text: &str) -> std::result::Result<(usize, usize), String> {
    let error = || "expected ROWSxCOLUMNS, e.g. 14x14, each from 1 to 4096".to_owned();
    let (rows, cols) = text.split_once(['x', 'X', '×']).ok_or_else(error)?;
    let side = |text: &str| {
        let side: usize = text.trim().parse().map_err(|_| error())?;
        if (1..=snode_data::limits::MAX_SIDE).contains(&side) { Ok(side) } else { Err(error()) }
    };
    Ok((side(rows)?, side(cols)?))
}

fn list(args: &ListArgs) -> Result<()> {
    if args.json {
        return KNOWN.iter().try_for_each(|known| {
            let object = json!({ "name": known.name, "description": known.description });
            print_line(&object.to_string())
        });
    }
    let mut text = String::new();
    for known in KNOWN {
        text.push_str(&format!("{}: {}\n", known.name, known.description));
        if known.name == "mnist14" {
            let origin = mnist::PROVENANCE;
            text.push_str(&format!("  by       {}\n", origin.authors));
            text.push_str(&format!("  licence  {}\n", origin.licence));
            text.push_str(&format!("  derived  {}\n", origin.derivation));
            for file in origin.sources.iter().chain([&origin.embedded]) {
                text.push_str(&format!("  sha256   {}  {}\n", file.sha256, file.name));
            }
        }
    }
    if KNOWN.is_empty() {
        text.push_str("This program was built without data sets.\n");
    }
    text.push_str(
        "\nA folder or file is a data set too: give its path as `source`, perhaps with `~/`.\n\
         \x20 IDX files      of MNIST, Fashion-MNIST, KMNIST, EMNIST, QMNIST, as they are called, perhaps\n\
         \x20                gzipped, or in torchvision's MNIST/raw; of several sets in a folder one is\n\
         \x20                FOLDER/emnist-balanced\n\
         \x20 CIFAR-10       data_batch_1.bin ... and test_batch.bin\n\
         \x20 FILE.npz       x_train, y_train and perhaps x_test, y_test; a folder with x_train.npy ...\n\
         \x20 FILE.csv       a header with a column `label`, or real `target…`; a folder with train.csv and test.csv\n",
    );
    print(&text)
}

fn inspect(args: &InspectArgs) -> Result<()> {
    let source = Source::find(&args.source, Path::new("")).map_err(Error::Usage)?;
    let Loaded { dataset, scaling } = source.load(None)?;
    let remarks = remarks(&source, &dataset);
    let summary = dataset.summary(&Encoding::new(0.0, 1.0)?);
    if args.json {
        return print_line(&described(&summary, scaling, &remarks).to_string());
    }
    let image = dataset.train().images().image(args.image)?;
    let target = dataset.train().targets().describe(args.image);
    let mut table = plain_table();
    table.set_header(["", "training", "test"]);
    let (train, test) = (&summary.train, &summary.test);
    table.add_row(["images".to_owned(), train.images.to_string(), test.images.to_string()]);
    for row in target_rows(&summary) {
        table.add_row(row);
    }
    let number = |value: Option<f64>| value.map_or_else(|| "–".into(), |v| format!("{v:.4}"));
    table.add_row([
        "mean pixel (0 to 1)".to_owned(),
        number(train.pixels.map(|pixels| pixels.mean)),
        number(test.pixels.map(|pixels| pixels.mean)),
    ]);
    table.add_row([
        "standard deviation".to_owned(),
        number(train.pixels.map(|pixels| pixels.standard_deviation)),
        number(test.pixels.map(|pixels| pixels.standard_deviation)),
    ]);
    align_right(&mut table, &[1, 2]);
    let mut remarks: Vec<String> =
        remarks.iter().map(|remark| format!("note: {remark}\n")).collect();
    if let Some(scaling) = scaling {
        remarks.push(format!(
            "scale: {} to {} are 0 to {}, measured (`data.offset = {}`, `data.scale = {}`)\n",
            scaling.offset(),
            scaling.offset() + scaling.scale(),
            summary.max_value,
            scaling.offset(),
            scaling.scale()
        ));
    }
    let remarks = remarks.concat();
    let channels = match summary.channels {
        1 => String::new(),
        channels => format!(", {channels} channels one below the other,"),
    };
    print(&format!(
        "{}: {}x{} pixels{channels} of 0 to {}, {}\n{}\n{remarks}\ntraining image {}, {target}:\n{}",
        summary.name,
        summary.rows,
        summary.cols,
        summary.max_value,
        summary.task,
        table::text(&table),
        args.image,
        text_picture(dataset.train().images(), image),
    ))
}

fn import(args: &ImportArgs) -> Result<()> {
    let to = DataFiles { to: &args.output, existing: existing(args.force) };
    if to.is_npz() {
        let problem = "is a file; `snode data export` writes one";
        return Err(Error::Usage(format!("--output: {} {problem}", args.output.display())));
    }
    let source = Source::find(&args.folder, Path::new("")).map_err(Error::Usage)?;
    to.check(&source)?;
    let dataset = source.load(None)?.dataset;
    let dataset = match args.max_value {
        Some(max_value) => dataset
            .with_max_value(max_value)
            .map_err(|error| Error::Usage(format!("--max-value: {error}")))?,
        None => dataset,
    };
    write(to, dataset, args.size, args.json)
}

fn export(args: &ExportArgs) -> Result<()> {
    let to = DataFiles { to: &args.output, existing: existing(args.force) };
    let source = Source::find(&args.source, Path::new("")).map_err(Error::Usage)?;
    to.check(&source)?;
    write(to, source.load(None)?.dataset, args.size, args.json)
}

fn existing(force: bool) -> Existing {
    if force { Existing::Replace } else { Existing::Keep }
}

/// Writes a data set in a size, and says where it is.
fn write(
    to: DataFiles<'_>,
    dataset: Dataset,
    size: Option<(usize, usize)>,
    json: bool,
) -> Result<()> {
    let dataset = match size {
        Some((rows, cols)) => dataset.resample(rows, cols)?,
        None => dataset,
    };
    if let Some(left) = to.write(&dataset)? {
        let shades = dataset.train().images().max_value();
        say(&format!("note: {shades} shades are rounded to the {left} that IDX files hold"));
    }
    let channels = dataset.train().images().channels();
    if channels > 1 && !to.is_npz() {
        say(&format!(
            "note: IDX files do not hold channels; a convolution on these images needs \
             `network.image_channels = {channels}`"
        ));
    }
    let ((rows, cols), path) = (dataset.shape(), to.to.display().to_string());
    let (train, test) = (dataset.train().len(), dataset.test().len());
    if json {
        let object =
            json!({ "path": path, "train": train, "test": test, "rows": rows, "cols": cols });
        return print_line(&object.to_string());
    }
    let task = dataset.task();
    say(&format!(
        "{train} training and {test} test images of {rows}x{cols} pixels, {task}, are in {path}"
    ));
    Ok(())
}
