//! Where images come from: the data sets the program knows, and folders and files of many formats.

use std::path::{Path, PathBuf};

use snode_data::arrays::Scaling;
use snode_data::{Dataset, Format, Loaded, Place, Remark, SplitSummary, Summary, Task};

use crate::format::short;
use crate::suggest::nearest;

/// A data set that the program brings along.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its name in configurations.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// Gives its images.
    pub load: fn() -> snode_data::Result<Dataset>,
}

/// The data sets the program brings along.
pub const KNOWN: &[Known] = &[
    #[cfg(feature = "mnist")]
    Known {
        name: "mnist14",
        description: "MNIST at 14x14: handwritten digits, 60000 training and 10000 test images",
        load: snode_data::mnist::load,
    },
];

/// A place images can be had from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A data set the program knows.
    Known(&'static Known),
    /// A folder or file.
    Place(Place),
}

impl Source {
    /// The source a text names: a known data set, or a folder or file relative to `base`; `~/` is the
    /// user's own folder.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn find(text: &str, base: &Path) -> Result<Self, String> {
        if let Some(known) = KNOWN.iter().find(|known| known.name == text) {
            return Ok(Self::Known(known));
        }
        if text.is_empty() {
            return Err(format!("found an empty text; expected {}", expected()));
        }
        let path = base.join(expanded(text)?);
        // What is not there may be the name of one of several sets in a folder.
        let path = match (std::fs::metadata(&path), path.parent(), path.file_name()) {
            (Ok(_), ..) => path.canonicalize().unwrap_or(path),
            (Err(error), Some(parent), Some(name)) => match Place::find(&path) {
                Ok(_) => parent.canonicalize().unwrap_or_else(|_| parent.into()).join(name),
                Err(_) => return Err(unknown(text, &path, &error)),
            },
            (Err(error), ..) => return Err(unknown(text, &path, &error)),
        };
        if path.to_str().is_none() {
            return Err(format!("the path {} is not UTF-8 text", path.display()));
        }
        Place::find(&path).map(Self::Place).map_err(|error| error.to_string())
    }

    /// The name or path, as configurations hold it.
    pub fn text(&self) -> String {
        match self {
            Self::Known(known) => known.name.to_owned(),
            Self::Place(place) => place.path().display().to_string(),
        }
    }

    /// Reads the images, scaled as given.
    ///
    /// # Errors
    /// If a file is missing or damaged, or the scaling does not fit.
    pub fn load(&self, scaling: Option<Scaling>) -> snode_data::Result<Loaded> {
        match (self, scaling) {
            (Self::Place(place), _) => place.load(scaling),
            (Self::Known(known), None) => Ok(Loaded { dataset: (known.load)()?, scaling: None }),
            (Self::Known(_), Some(scaling)) => Err(snode_data::Error::Parameter {
                what: "scale",
                found: scaling.scale(),
                allowed: "none, as the images are built in",
            }),
        }
    }
}

/// What is unusual about a data set, in words, with what can be done about it.
pub fn remarks(source: &Source, dataset: &Dataset) -> Vec<String> {
    let words = |remark: &Remark| match (remark, source) {
        (Remark::Dark { largest, .. }, Source::Place(place)) if place.format() == Format::Idx => {
            format!(
                "{remark}; if {largest} stands for full foreground, `snode data import {} \
                 --max-value {largest} --to NEW` makes images of the full range",
                place.path().display()
            )
        }
        _ => remark.to_string(),
    };
    dataset.remarks().iter().map(words).collect()
}

/// What can be said of the targets of a data set in the rows of a table: what, of the training
/// split, of the test split.
pub fn target_rows(summary: &Summary) -> Vec<[String; 3]> {
    let splits = [&summary.train, &summary.test];
    let row = |what: String, of: &dyn Fn(&SplitSummary) -> String| {
        let [train, test] = splits.map(of);
        [what, train, test]
    };
    match summary.task {
        Task::Classification { classes } => (0..classes)
            .map(|class| {
                let count = |split: &SplitSummary| split.label_histogram[class].to_string();
                row(format!("class {class}"), &count)
            })
            .collect(),
        Task::Regression { components } => (0..components)
            .map(|component| {
                let text = |split: &SplitSummary| {
                    split.targets.get(component).map_or_else(
                        || "–".into(),
                        |of| {
                            let [mean, deviation, min, max] =
                                [of.mean, of.standard_deviation, of.min, of.max].map(short);
                            format!("{mean} ± {deviation}, {min} to {max}")
                        },
                    )
                };
                row(format!("target {}", component + 1), &text)
            })
            .collect(),
    }
}

/// A path with the user's own folder in the place of `~`.
fn expanded(text: &str) -> Result<PathBuf, String> {
    let Some(rest) = text.strip_prefix("~/") else { return Ok(text.into()) };
    match std::env::home_dir() {
        Some(home) => Ok(home.join(rest)),
        None => Err(format!("found {text:?}, but there is no home folder; expected a whole path")),
    }
}

fn unknown(text: &str, folder: &Path, error: &std::io::Error) -> String {
    let names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
    let looks_like_path = text.contains(['/', '\\']);
    let mut message = if looks_like_path {
        format!("{} cannot be read: {error}", folder.display())
    } else {
        format!("no data set, folder or file is called `{text}`")
    };
    let suggestion = nearest(text, &names).filter(|_| !looks_like_path);
    match suggestion {
        Some(name) => message.push_str(&format!("; did you mean `{name}`? Expected ")),
        None => message.push_str("; expected "),
    }
    message + &expected()
}

fn expected() -> String {
    let mut expected: Vec<String> = KNOWN.iter().map(|known| format!("`{}`", known.name)).collect();
    expected.push(format!("the path of {}", Place::EXPECTED));
    expected.join(", ")
}
