//! `snode data`: lists, inspects, imports and exports images and arrays.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use snode_data::{Dataset, Encoding, Loaded, SplitSummary, arrays, idx, mnist};
use snode_files::{Existing, Outputs};

use crate::error::{Error, Result};
use crate::output::{print, print_line, say};
use crate::table::{self, align_right, plain_table};
use snode_experiment::images::{KNOWN, Source, remarks, target_rows, text_picture};

/// What can be done with images.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// List the data sets that come with the program, and where they come from.
    List,
    /// Show what a data set holds: counts, classes, statistics, an image.
    Inspect(InspectArgs),
    /// Check a data set of any format, and write its images as four IDX files to a new folder.
    Import(ImportArgs),
    /// Write a data set as four IDX files, or as an .npz file that NumPy reads.
    Export(ExportArgs),
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
}

/// Does it.
///
/// # Errors
/// If images cannot be read or written.
pub fn run(command: &DataCommand) -> Result<()> {
    match command {
        DataCommand::List => list(),
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

fn list() -> Result<()> {
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
        let split = |split: &SplitSummary| {
            json!({
                "images": split.images,
                "label_histogram": split.label_histogram,
                "mean": split.pixels.map(|pixels| pixels.mean),
                "standard_deviation": split.pixels.map(|pixels| pixels.standard_deviation),
            })
        };
        let object = json!({
            "name": summary.name,
            "rows": summary.rows,
            "cols": summary.cols,
            "max_value": summary.max_value,
            "classes": summary.classes,
            "train": split(&summary.train),
            "test": split(&summary.test),
            "offset": scaling.map(|scaling| scaling.offset()),
            "scale": scaling.map(|scaling| scaling.scale()),
            "remarks": remarks,
        });
        return print_line(&object.to_string());
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
    print(&format!(
        "{}: {}x{} pixels of 0 to {}, {}\n{}\n{remarks}\ntraining image {}, {target}:\n{}",
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

/// Looks whether a data set can be written to a folder, before any work.
fn check_target(source: &Source, to: &Path, force: bool) -> Result<()> {
    let shown = to.display();
    let from = match source {
        Source::Place(place) => place.path().canonicalize().ok(),
        Source::Known(_) => None,
    };
    if from.is_some() && from == to.canonicalize().ok() {
        let problem = "is the folder that is read; it is never replaced";
        return Err(Error::Usage(format!("--output: {shown} {problem}")));
    }
    let mut entries = match std::fs::read_dir(to) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(snode_runner::Error::file(to, "cannot read the folder", error).into());
        }
    };
    match entries.next() {
        Some(Ok(entry)) if !force => Err(Error::Usage(format!(
            "--output: {shown} holds {} and is not overwritten; give --force, or another folder",
            entry.file_name().display()
        ))),
        _ => Ok(()),
    }
}

fn resampled(dataset: Dataset, size: Option<(usize, usize)>) -> Result<Dataset> {
    match size {
        Some((rows, cols)) => Ok(dataset.resample(rows, cols)?),
        None => Ok(dataset),
    }
}

fn import(args: &ImportArgs) -> Result<()> {
    let source = Source::find(&args.folder, Path::new("")).map_err(Error::Usage)?;
    check_target(&source, &args.output, args.force)?;
    let dataset = source.load(None)?.dataset;
    let dataset = match args.max_value {
        Some(max_value) => dataset
            .with_max_value(max_value)
            .map_err(|error| Error::Usage(format!("--max-value: {error}")))?,
        None => dataset,
    };
    write_folder(&args.output, &resampled(dataset, args.size)?)
}

fn export(args: &ExportArgs) -> Result<()> {
    let source = Source::find(&args.source, Path::new("")).map_err(Error::Usage)?;
    let is_npz = args.output.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npz"));
    if !is_npz {
        check_target(&source, &args.output, args.force)?;
        return write_folder(&args.output, &resampled(source.load(None)?.dataset, args.size)?);
    }
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let inputs: Vec<&Path> = match &source {
        Source::Place(place) => vec![place.path()],
        Source::Known(_) => Vec::new(),
    };
    Outputs::new(existing, inputs).check(&args.output)?;
    let dataset = resampled(source.load(None)?.dataset, args.size)?;
    arrays::write_npz(&args.output, &dataset, existing)?;
    say_where(&dataset, &args.output);
    Ok(())
}

/// Writes four IDX files, which hold bytes.
fn write_folder(to: &Path, dataset: &Dataset) -> Result<()> {
    let shades = dataset.train().images().max_value();
    if shades > 255 {
        say(&format!("note: {shades} shades are rounded to the 255 that IDX files hold"));
    }
    let dataset = dataset.rescaled(255)?;
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent)
            .map_err(|error| snode_runner::Error::file(parent, "cannot make the folder", error))?;
    }
    idx::write_folder(to, &dataset)?;
    say_where(&dataset, to);
    Ok(())
}

fn say_where(dataset: &Dataset, to: &Path) {
    let (rows, cols) = dataset.shape();
    say(&format!(
        "{} training and {} test images of {rows}x{cols} pixels, {}, are in {}",
        dataset.train().len(),
        dataset.test().len(),
        dataset.task(),
        to.display()
    ));
}
