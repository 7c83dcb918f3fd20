//! Where images come from: the data sets the program knows, and folders of IDX files.

use std::path::{Path, PathBuf};

use snode_data::{Dataset, Remark};

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
    /// A folder of four IDX files.
    Folder(PathBuf),
}

impl Source {
    /// The source a text names: a known data set, or a folder relative to `base`.
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
        let folder = base.join(text);
        match std::fs::metadata(&folder) {
            Ok(metadata) if metadata.is_dir() => {
                let folder = folder.canonicalize().unwrap_or(folder);
                if folder.to_str().is_none() {
                    return Err(format!("the path {} is not UTF-8 text", folder.display()));
                }
                Ok(Self::Folder(folder))
            }
            Ok(_) => Err(format!("{} is not a folder; expected {}", folder.display(), expected())),
            Err(error) => Err(unknown(text, &folder, &error)),
        }
    }

    /// The name or path, as configurations hold it.
    pub fn text(&self) -> String {
        match self {
            Self::Known(known) => known.name.to_owned(),
            Self::Folder(folder) => folder.display().to_string(),
        }
    }

    /// Reads the images.
    ///
    /// # Errors
    /// If a file is missing or damaged.
    pub fn load(&self) -> snode_data::Result<Dataset> {
        match self {
            Self::Known(known) => (known.load)(),
            Self::Folder(folder) => {
                let name =
                    folder.file_name().map_or_else(|| self.text(), |n| n.to_string_lossy().into());
                snode_data::idx::load_folder(folder, name)
            }
        }
    }
}

/// What is unusual about a data set, in words, with what can be done about it.
pub fn remarks(source: &Source, dataset: &Dataset) -> Vec<String> {
    let words = |remark: &Remark| match (remark, source) {
        (Remark::Dark { largest, .. }, Source::Folder(folder)) => format!(
            "{remark}; if {largest} stands for full foreground, `snode data import {} --max-value \
             {largest} --to NEW` makes images of the full range",
            folder.display()
        ),
        _ => remark.to_string(),
    };
    dataset.remarks().iter().map(words).collect()
}

fn unknown(text: &str, folder: &Path, error: &std::io::Error) -> String {
    let names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
    let looks_like_path = text.contains(['/', '\\']);
    let mut message = if looks_like_path {
        format!("the folder {} cannot be read: {error}", folder.display())
    } else {
        format!("no data set and no folder is called `{text}`")
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
    expected.push("the path of a folder with four IDX files".into());
    expected.join(", ")
}
