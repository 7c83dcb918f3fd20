//! The cells that are to be looked at: of a grid's file, of a manifest, or of a folder of results.

use std::path::{Path, PathBuf};

use snode_experiment::ExperimentFile;

use super::manifest::Manifest;
use super::{Cell, Grid, Selection};
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

/// The run file that `path` names: itself, or that of the one cell that `only` takes of the grids that
/// `path`, a folder, a manifest or a grid in TOML, names.
///
/// # Errors
/// If there is no such grid, or `only` takes none of its cells or several.
pub fn run_file(path: &Path, only: &[String]) -> Result<PathBuf> {
    if !names_grids(path) {
        return match only.first() {
            None => Ok(path.to_owned()),
            Some(only) => Err(Error::Refused(format!(
                "--only {only}: {} is no grid; expected a folder of results, a manifest or a grid",
                path.display()
            ))),
        };
    }
    if path.is_dir() && Manifest::all_in(path)?.is_empty() {
        return Err(Error::Refused(format!(
            "{}: found a folder without a grid; expected a run file, or the folder of a grid's results",
            path.display()
        )));
    }
    let found = chosen(path, only)?;
    match &found[..] {
        [(_, file)] => Ok(file.clone()),
        several => Err(Error::Refused(format!(
            "{}: found {} cells{}; expected one, by --only KEY=VALUE",
            path.display(),
            several.len(),
            listed(several)
        ))),
    }
}

/// The files of two runs: one of each of two paths, as [`run_file`] takes it, where `only` holds for
/// those that name grids; or the two cells that `only` takes of one grid.
///
/// # Errors
/// [`Error::Refused`] if it is not two of them, or as [`find`].
pub fn two_run_files(paths: &[PathBuf], only: &[String]) -> Result<[PathBuf; 2]> {
    if let [first, second] = paths {
        let no_grid = !names_grids(first) && !names_grids(second);
        let of =
            |path: &Path| run_file(path, if no_grid || names_grids(path) { only } else { &[] });
        return Ok([of(first)?, of(second)?]);
    }
    let path = paths.first().map_or(Path::new(""), PathBuf::as_path);
    let cells = if names_grids(path) { chosen(path, only)? } else { Vec::new() };
    match &cells[..] {
        [(_, first), (_, second)] => Ok([first.clone(), second.clone()]),
        _ => Err(Error::Refused(format!(
            "{}: found {} cells; expected two run files, or a grid with --only twice, e.g. --only \
             seed=1 --only seed=2",
            path.display(),
            cells.len()
        ))),
    }
}

/// Whether a path is that of grids, and not of a run.
pub fn names_grids(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    path.is_dir() || ending == "json" || ending == "toml"
}

/// The cells that `only` takes of the grids that `path` names, each once, with their run files.
///
/// # Errors
/// As [`find`], or if a text of `only` is refused.
pub fn chosen(path: &Path, only: &[String]) -> Result<Vec<(Cell, PathBuf)>> {
    let mut chosen: Vec<(Cell, PathBuf)> = Vec::new();
    for FoundGrid { folder, cells, .. } in find(path, &[], None)? {
        let selection = Selection::of_cells(only, &cells)?;
        for cell in cells {
            let file = cell.files(&folder).results;
            let is_new = chosen.iter().all(|(_, known)| *known != file);
            if is_new && selection.takes(&cell, &selection.state(&cell, &folder)) {
                chosen.push((cell, file));
            }
        }
    }
    Ok(chosen)
}

/// The first of several cells, by their labels.
fn listed(cells: &[(Cell, PathBuf)]) -> String {
    const SHOWN: usize = 5;
    let names: Vec<String> = cells.iter().take(SHOWN).map(|(cell, _)| cell.text()).collect();
    let more = if cells.len() > SHOWN { "; …" } else { "" };
    if names.is_empty() { String::new() } else { format!(" ({}{more})", names.join("; ")) }
}

fn of_manifest(path: &Path) -> Result<FoundGrid> {
    let manifest = Manifest::read(path)?;
    let cells = manifest.cells.into_iter().map(Cell::from);
    let files = manifest.files.into_iter().map(|file| file.path);
    let sources = files.chain([path.to_owned()]).collect();
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok(FoundGrid { name: manifest.name, folder, sources, cells: cells.collect() })
}
