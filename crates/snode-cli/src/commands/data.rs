//! `snode data`: lists, inspects and imports images.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use snode_data::{Dataset, Encoding, Images, SplitSummary, idx, mnist};

use crate::error::{Error, Result};
use crate::output::{print, print_line, say};
use crate::table::{self, align_right, plain_table};
use snode_experiment::images::{KNOWN, Source, remarks};

/// What can be done with images.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// List the data sets that come with the program, and where they come from.
    List,
    /// Show what a data set holds: counts, classes, statistics, an image.
    Inspect(InspectArgs),
    /// Check a folder of four IDX files, and write its images at another size to a new folder.
    Import(ImportArgs),
}

/// Arguments of `snode data inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A known data set (see `snode data list`) or a folder with four IDX files.
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
    /// A folder with four IDX files, plain or gzipped.
    pub folder: PathBuf,
    /// The new size, e.g. 14x14: exact sums where it divides the old one, area averages elsewhere;
    /// as it is if not given.
    #[arg(long, value_name = "ROWSxCOLUMNS", value_parser = parse_size)]
    pub size: Option<(usize, usize)>,
    /// The pixel that stands for full foreground, 255 if not given: 16 for digits in 17 shades of
    /// grey. The images that are written have the full range of 0 to 255.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=255))]
    pub max_value: Option<u16>,
    /// The folder to write the four files to. It holds nothing else.
    #[arg(long, value_name = "FOLDER")]
    pub to: PathBuf,
    /// Replaces a data set that is there, as a whole.
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
        "\nAny folder with four IDX files (train-images-idx3-ubyte, train-labels-idx1-ubyte,\n\
         t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each perhaps with .gz) is a data set too:\n\
         give its path as `source`.\n",
    );
    print(&text)
}

fn inspect(args: &InspectArgs) -> Result<()> {
    let source = Source::find(&args.source, Path::new("")).map_err(Error::Usage)?;
    let dataset = source.load()?;
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
            "remarks": remarks,
        });
        return print_line(&object.to_string());
    }
    let image = dataset.train().images().image(args.image)?;
    let label = dataset.train().labels()[args.image];
    let mut table = plain_table();
    table.set_header(["", "training", "test"]);
    let (train, test) = (&summary.train, &summary.test);
    table.add_row(["images".to_owned(), train.images.to_string(), test.images.to_string()]);
    for class in 0..summary.classes {
        let count = |split: &SplitSummary| split.label_histogram[class].to_string();
        table.add_row([format!("class {class}"), count(train), count(test)]);
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
    let remarks: Vec<String> = remarks.iter().map(|remark| format!("note: {remark}\n")).collect();
    let remarks = remarks.concat();
    print(&format!(
        "{}: {}x{} pixels of 0 to {}, {} classes\n{}\n{remarks}\ntraining image {}, class {label}:\n{}",
        summary.name,
        summary.rows,
        summary.cols,
        summary.max_value,
        summary.classes,
        table::text(&table),
        args.image,
        picture(dataset.train().images(), image),
    ))
}

/// The most characters in a line of a picture.
const WIDEST: usize = 72;

/// An image in characters: two for each pixel, and fewer pixels for an image too wide for a line.
fn picture(images: &Images, image: &[u16]) -> String {
    const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
    let stride = (2 * images.cols()).div_ceil(WIDEST);
    let full = usize::from(images.max_value());
    let mut text = String::new();
    for row in image.chunks(images.cols()).step_by(stride) {
        text.push_str("  ");
        for &pixel in row.iter().step_by(stride) {
            let shade = SHADES[(usize::from(pixel) * (SHADES.len() - 1)).div_ceil(full)];
            text.extend([shade, shade]);
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

/// Looks whether a data set can be written where it is to go, before any work.
fn check_target(args: &ImportArgs) -> Result<()> {
    let to = args.to.display();
    let [from, target] = [&args.folder, &args.to].map(|folder| folder.canonicalize().ok());
    if from.is_some() && from == target {
        let problem = "is the folder that is read; it is never replaced";
        return Err(Error::Usage(format!("--to: {to} {problem}")));
    }
    let mut entries = match std::fs::read_dir(&args.to) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(snode_runner::Error::file(&args.to, "cannot read the folder", error).into());
        }
    };
    match entries.next() {
        Some(Ok(entry)) if !args.force => Err(Error::Usage(format!(
            "--to: {to} holds {} and is not overwritten; give --force, or another folder",
            entry.file_name().display()
        ))),
        _ => Ok(()),
    }
}

fn import(args: &ImportArgs) -> Result<()> {
    if !args.folder.is_dir() {
        return Err(Error::Usage(format!(
            "{} is not a folder; expected a folder with four IDX files",
            args.folder.display()
        )));
    }
    check_target(args)?;
    let name = args.folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let dataset = idx::load_folder(&args.folder, name.unwrap_or_else(|| "images".into()))?;
    let dataset = match args.max_value {
        Some(max_value) => dataset
            .with_max_value(max_value)
            .map_err(|error| Error::Usage(format!("--max-value: {error}")))?,
        None => dataset,
    };
    let dataset = match args.size {
        Some((rows, cols)) => dataset.resample(rows, cols)?,
        None => dataset,
    };
    // IDX files hold bytes.
    let (name, classes) = (dataset.name().to_owned(), dataset.classes());
    let (train, test) = dataset.into_splits();
    let rescale = |split: snode_data::Split| {
        snode_data::Split::new(split.images().rescaled(255)?, split.labels().to_vec())
    };
    let dataset = Dataset::new(name, classes, rescale(train)?, rescale(test)?)?;
    if let Some(parent) = args.to.parent() {
        std::fs::create_dir_all(parent)
            .map_err(|error| snode_runner::Error::file(parent, "cannot make the folder", error))?;
    }
    idx::write_folder(&args.to, &dataset)?;
    let (rows, cols) = dataset.shape();
    say(&format!(
        "{} training and {} test images of {rows}x{cols} pixels, {} classes, are in {}",
        dataset.train().len(),
        dataset.test().len(),
        dataset.classes(),
        args.to.display()
    ));
    Ok(())
}
