//! `NAME.grid.json`: what a grid consists of and where its results are.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use snode_files::Existing;

use super::{CELLS, Cell, SHORT};
use crate::error::{Error, Result};
use snode_experiment::{Experiment, check_name};

/// The version of the format that is written, and the only one that is read.
const VERSION: u32 = 2;
/// The ending of the names of manifests.
const ENDING: &str = ".grid.json";

/// A grid of experiments as it was last run: written when the run begins, whole or not at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the format.
    pub version: u32,
    /// The name of the grid.
    pub name: String,
    /// The version of snode that wrote it.
    pub snode_version: String,
    /// Where the file of the grid was when the manifest was written; nothing for a pipe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<PathBuf>,
    /// The file of the grid, and behind it its bases, from the nearest to the farthest.
    pub files: Vec<SourceFile>,
    /// What the command line gave by `--set`.
    pub overrides: Vec<String>,
    /// The keys that vary, in the order of the labels: `case` if there are cases, then those of
    /// `[grid]` in the file's order, `seed` last if there are `seeds`.
    pub varying: Vec<String>,
    /// The cells, in the order of the grid; those excluded are left out.
    pub cells: Vec<ManifestCell>,
}

/// What manifests of all versions have.
#[derive(Deserialize)]
struct Numbered {
    version: u32,
}

/// What tells whether a manifest is that of a grid as it is now, without the experiments of its
/// cells.
#[derive(Deserialize)]
struct Outline {
    name: String,
    snode_version: String,
    origin: Option<PathBuf>,
    files: Vec<SourceFile>,
    overrides: Vec<String>,
    varying: Vec<String>,
    cells: Vec<CellOutline>,
}

/// A cell in an outline.
#[derive(Deserialize)]
struct CellOutline {
    number: usize,
    identity: String,
}

/// A file with its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceFile {
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

/// A cell of a grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManifestCell {
    /// Its number, from 1.
    pub number: usize,
    /// The keys that vary with their values in this cell, in the order of
    /// [`varying`](Manifest::varying).
    pub label: Vec<(String, Value)>,
    /// What is trained, as 64 hexadecimal digits.
    pub identity: String,
    /// The experiment with every value in place, as TOML.
    #[serde(with = "as_toml")]
    pub experiment: Experiment,
    /// The file of its results, relative to the folder of the manifest. It is there once the cell
    /// is trained.
    pub path: PathBuf,
}

/// An experiment as the text that stands in a file of results too: JSON does not have all its numbers.
mod as_toml {
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use snode_experiment::Experiment;

    pub fn serialize<S: Serializer>(experiment: &Experiment, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&toml::to_string(experiment).map_err(S::Error::custom)?)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Experiment, D::Error> {
        let text = String::deserialize(from)?;
        toml::from_str(&text).map_err(|error| D::Error::custom(error.message()))
    }
}

impl Manifest {
    /// Of a grid called `name`, without cells yet.
    pub fn new(
        name: &str,
        origin: Option<PathBuf>,
        files: Vec<SourceFile>,
        overrides: Vec<String>,
        varying: Vec<String>,
    ) -> Self {
        Self {
            version: VERSION,
            name: name.to_owned(),
            snode_version: env!("CARGO_PKG_VERSION").to_owned(),
            origin,
            files,
            overrides,
            varying,
            cells: Vec::new(),
        }
    }

    /// Where the manifest of the grid called `name` is, with results in `folder`.
    pub fn path(folder: &Path, name: &str) -> PathBuf {
        folder.join(format!("{name}{ENDING}"))
    }

    /// Whether a file is a manifest, by its name.
    pub fn is_at(path: &Path) -> bool {
        path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ENDING))
    }

    /// The manifests in a folder, by name.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn all_in(folder: &Path) -> Result<Vec<PathBuf>> {
        let cannot = |error| Error::file(folder, "cannot read the folder", error);
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            if Self::is_at(&path) {
                found.push(path);
            }
        }
        found.sort();
        Ok(found)
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// If the file cannot be read or is no manifest of this version, or a name in it could lead out
    /// of its folder.
    pub fn read(path: &Path) -> Result<Self> {
        let manifest: Self = parse(path)?;
        manifest.check_names().map_err(|problem| strange(path, &problem))?;
        Ok(manifest)
    }

    /// Refuses names that no grid has: they become the names of files.
    fn check_names(&self) -> std::result::Result<(), String> {
        check_name(&self.name).map_err(|problem| format!("the name of the grid: {problem}"))?;
        for cell in &self.cells {
            let identity = &cell.identity;
            let is_hash = identity.len() == 64 && identity.bytes().all(|b| b.is_ascii_hexdigit());
            if !is_hash {
                return Err(format!(
                    "cell {}: found the identity {identity:?}; expected 64 hexadecimal digits",
                    cell.number
                ));
            }
            let expected = cell_path(identity);
            if cell.path != expected {
                return Err(format!(
                    "cell {}: found the path {}; expected {}",
                    cell.number,
                    cell.path.display(),
                    expected.display()
                ));
            }
        }
        Ok(())
    }

    /// Refuses to take the place of another grid's manifest.
    ///
    /// # Errors
    /// If there is a manifest of a grid whose file is elsewhere.
    pub fn check_owner(&self, path: &Path) -> Result<()> {
        // What is no manifest of this version is written anew.
        let Ok(Outline { origin: Some(other), .. }) = parse::<Outline>(path) else { return Ok(()) };
        // The file of a grid that was moved is no longer where it was.
        let is_other = self.origin.as_ref() != Some(&other) && other.is_file();
        if is_other {
            return Err(Error::Refused(format!(
                "{} belongs to the grid {}; give this one another `name`, or another folder by \
                 --output",
                path.display(),
                other.display()
            )));
        }
        Ok(())
    }

    /// Whether the manifest at `path` is this one, which has no cells, with those of the same grid:
    /// `cell` among them.
    pub fn is_written_with(&self, cell: &Cell, path: &Path) -> bool {
        let Ok(found) = parse::<Outline>(path) else { return false };
        let same = found.name == self.name
            && found.snode_version == self.snode_version
            && found.origin == self.origin
            && found.files == self.files
            && found.overrides == self.overrides
            && found.varying == self.varying;
        let is_cell =
            |found: &CellOutline| found.number == cell.number && found.identity == cell.identity;
        same && found.cells.get(cell.number - 1).is_some_and(is_cell)
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::Results(format!("{}: {error}", path.display())))?;
        Ok(snode_files::write(path, Existing::Replace, (text + "\n").as_bytes())?)
    }
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    /// Far more than 100,000 cells take.
    const LIMIT: u64 = 1 << 30;
    let text = snode_files::read_text(path, LIMIT)?;
    // The version first: what another one holds is not known.
    let Numbered { version } = serde_json::from_str(&text)
        .map_err(|error| strange(path, &format!("no manifest of a grid: {error}")))?;
    if version != VERSION {
        return Err(strange(
            path,
            &format!(
                "found a manifest of version {version}; expected {VERSION}; `snode run` of the grid \
                 writes it anew"
            ),
        ));
    }
    serde_json::from_str(&text)
        .map_err(|error| strange(path, &format!("no manifest of a grid: {error}")))
}

fn strange(path: &Path, problem: &str) -> Error {
    Error::Results(format!("{}: {problem}", path.display()))
}

/// The file of a cell's results, relative to the folder of the manifest.
fn cell_path(identity: &str) -> PathBuf {
    let short = identity.get(..SHORT).unwrap_or(identity);
    Path::new(CELLS).join(format!("{short}.h5"))
}

impl From<&Cell> for ManifestCell {
    fn from(cell: &Cell) -> Self {
        Self {
            number: cell.number,
            label: cell.label.clone(),
            identity: cell.identity.clone(),
            experiment: cell.experiment.keys().clone(),
            path: cell_path(&cell.identity),
        }
    }
}

impl ManifestCell {
    /// The value of a key that varies.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.label.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// The first digits of the identity, by which the files of the cell are called.
    pub fn short(&self) -> &str {
        self.identity.get(..SHORT).unwrap_or(&self.identity)
    }

    /// The label as text, as `case=NCG, network.activation=relu, seed=1`.
    pub fn text(&self) -> String {
        label_text(&self.label)
    }
}

/// A label as text; texts without their quotes.
pub fn label_text(label: &[(String, Value)]) -> String {
    let parts = label.iter().map(|(key, value)| format!("{key}={}", value_text(value)));
    parts.collect::<Vec<_>>().join(", ")
}

/// A value as text; a text without its quotes.
pub fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_manifest_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let files = vec![SourceFile { path: "a.toml".into(), text: "seeds = 2\n".into() }];
        let mut manifest =
            Manifest::new("a", None, files, vec![], vec!["case".into(), "seed".into()]);
        manifest.cells.push(ManifestCell {
            number: 1,
            label: vec![("case".into(), json!("NCG")), ("seed".into(), json!(3))],
            identity: "0123456789abcdef".repeat(4),
            experiment: Experiment { seed: 3, ..Experiment::default() },
            path: "cells/0123456789ab.h5".into(),
        });
        let path = Manifest::path(folder.path(), "a");
        manifest.write(&path).unwrap();
        assert_eq!(Manifest::read(&path).unwrap(), manifest);
        assert_eq!(Manifest::all_in(folder.path()).unwrap(), std::slice::from_ref(&path));
        std::fs::write(&path, r#"{ "version": 1 }"#).unwrap();
        let error = Manifest::read(&path).unwrap_err().to_string();
        assert!(error.contains("version 1; expected 2"), "{error}");
        let cell = &manifest.cells[0];
        assert_eq!(cell.text(), "case=NCG, seed=3");
        assert_eq!((cell.short(), cell.value("seed")), ("0123456789ab", Some(&json!(3))));
    }
}
