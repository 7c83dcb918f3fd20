//! The cells that are to be looked at: of a grid's file, of a manifest, or of a folder of results.

use std::path::{Path, PathBuf};

use snode_experiment::ExperimentFile;

use super::manifest::Manifest;
use super::{Cell, Grid};
use crate::error::{Error, Result};

/// A grid that has been found.
#[derive(Debug)]
pub struct FoundGrid {
    /// Its name.
    pub name: String,
    /// The folder of its results.
    pub folder: PathBuf,
    /// The files that say what it is.
    pub sources: Vec<PathBuf>,
    /// Its cells.
    pub cells: Vec<Cell>,
}

/// The grid of a file in TOML, of a manifest, or those of all manifests in a folder.
///
/// # Errors
/// If there is none, or it is refused.
pub fn find(path: &Path, set: &[String], output: Option<&Path>) -> Result<Vec<FoundGrid>> {
    if path.is_dir() {
        let manifests = Manifest::all_in(path)?;
        if manifests.is_empty() {
            return Err(Error::Refused(format!(
                "{}: no manifest of a grid is in the folder; `snode run` writes one",
                path.display()
            )));
        }
        return manifests.iter().map(|path| of_manifest(path)).collect();
    }
    if path.extension().is_some_and(|ending| ending == "json") {
        return Ok(vec![of_manifest(path)?]);
    }
    let file = ExperimentFile::read_any(path, set)?;
    if !file.is_grid() {
        return Err(Error::Refused(format!(
            "{} describes one experiment, not a grid; `snode show` shows its results",
            path.display()
        )));
    }
    let sources = file.sources().into_iter().map(|source| source.path).collect();
    let Grid { name, folder, cells, .. } = Grid::of(file, set, output)?;
    Ok(vec![FoundGrid { name, folder, sources, cells }])
}

fn of_manifest(path: &Path) -> Result<FoundGrid> {
    let manifest = Manifest::read(path)?;
    let cells = manifest.cells.into_iter().map(Cell::from);
    let files = manifest.files.into_iter().map(|file| file.path);
    let sources = files.chain([path.to_owned()]).collect();
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok(FoundGrid { name: manifest.name, folder, sources, cells: cells.collect() })
}
