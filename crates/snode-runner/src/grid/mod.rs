//! Grids: files that describe many experiments.
//!
//! The file is read into a [`Definition`], which says what varies; [`Expansion`] makes the cells of
//! it, each a checked experiment with an identity: what is trained, as a hash. The results
//! of a cell are called after its identity, so grids with one folder of results share them.

mod conditions;
mod definition;
mod expand;
mod find;
mod identity;
pub mod manifest;
mod members;
mod name;
mod nearest;
mod scheduled;
mod select;
mod state;

use std::path::{Path, PathBuf};

use serde_json::Value;

pub use definition::{CASE, Definition, canonical, lookup};
pub use expand::{Expansion, fingerprint_of};
pub use find::{FoundGrid, chosen, find, names_grids, run_file, two_run_files};
pub use identity::{SHORT, identity};
pub use members::Members;
pub use name::CellName;
pub use nearest::{Stale, Stored, differences_text, nearest_results, stale, stored};
pub use scheduled::{Phase, Scheduled, ScheduledJob};
pub use select::Selection;
pub use state::{CellState, StateCounts, scores_text};

use self::manifest::{Manifest, ManifestCell, SourceFile, label_text};
use crate::error::Result;
use crate::files::Files;
use snode_experiment::{ExperimentFile, ResolvedExperiment, resolve};

/// The folder of cells in the folder of results.
pub const CELLS: &str = "cells";

/// One of the experiments of a grid.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Its number, from 1.
    pub number: usize,
    /// The keys that vary, with their values.
    pub label: Vec<(String, Value)>,
    /// What is trained, as 64 hexadecimal digits.
    pub identity: String,
    /// The experiment with every value in place.
    pub experiment: ResolvedExperiment,
}

impl Cell {
    /// The first digits of the identity, by which files are called.
    pub fn short(&self) -> &str {
        self.identity.get(..SHORT).unwrap_or(&self.identity)
    }

    /// The label as text; of a grid in which nothing varies, the number.
    pub fn text(&self) -> String {
        if self.label.is_empty() { self.number.to_string() } else { label_text(&self.label) }
    }

    /// Its files, with results in `folder`.
    pub fn files(&self, folder: &Path) -> Files {
        Files::new(&folder.join(CELLS), self.short())
    }
}

impl From<ManifestCell> for Cell {
    fn from(cell: ManifestCell) -> Self {
        let ManifestCell { number, label, identity, experiment, .. } = cell;
        Self { number, label, identity, experiment: experiment.into() }
    }
}

/// A grid with all its cells.
#[derive(Debug)]
pub struct Grid {
    /// Its name.
    pub name: String,
    /// Where results go.
    pub folder: PathBuf,
    /// Its cells.
    pub cells: Vec<Cell>,
    /// The file it was read from.
    pub file: ExperimentFile,
    /// What is to be said of keys of the file that lost their meaning by an override.
    pub notes: Vec<String>,
    varying: Vec<String>,
    overrides: Vec<String>,
}

impl Grid {
    /// Makes and checks all cells of a file; results go to `output`, or where the file says.
    ///
    /// # Errors
    /// If anything in the file, in a cell or in its images is wrong.
    pub fn of(file: ExperimentFile, overrides: &[String], output: Option<&Path>) -> Result<Self> {
        let definition = Definition::read(&file)?;
        let mut expansion = Expansion::new(&file, &definition);
        let mut cells = Vec::new();
        while let Some(cell) = expansion.next_cell()? {
            cells.push(cell);
        }
        if cells.is_empty() {
            let problem = "takes out every cell";
            return Err(file.grid_locator("exclude").error("exclude", problem).into());
        }
        let notes = expansion.left_out()?;
        let name = resolve(&file)?.name().to_owned();
        let folder = folder(&file, output);
        let overrides = overrides.to_vec();
        Ok(Self { name, folder, cells, notes, varying: definition.varying(), overrides, file })
    }

    /// What a report needs to know.
    pub fn manifest(&self) -> Manifest {
        let head = head(&self.file, &self.name, &self.overrides, &self.varying);
        Manifest { cells: self.cells.iter().map(ManifestCell::from).collect(), ..head }
    }

    /// The file it was read from.
    pub fn source(&self) -> SourceFile {
        SourceFile { path: self.file.path.clone(), text: self.file.text.clone() }
    }

    /// Writes the manifest, and says where it is.
    ///
    /// # Errors
    /// If another grid has it, or it cannot be written.
    pub fn write_manifest(&self) -> Result<PathBuf> {
        let path = Manifest::path(&self.folder, &self.name);
        let manifest = self.manifest();
        manifest.check_owner(&path)?;
        manifest.write(&path)?;
        Ok(path)
    }
}

/// The manifest of a grid, without its cells.
fn head(file: &ExperimentFile, name: &str, overrides: &[String], varying: &[String]) -> Manifest {
    let source =
        |source: snode_experiment::SourceText| SourceFile { path: source.path, text: source.text };
    let files = file.sources().into_iter().map(source).collect();
    let origin = file.path.canonicalize().ok().filter(|path| path.is_file());
    Manifest::new(name, origin, files, overrides.to_vec(), varying.to_vec())
}

/// Writes the manifest of a grid of which one cell alone is trained, unless it is there already:
/// only then are all cells made.
///
/// # Errors
/// If a cell is refused, another grid has the manifest, or it cannot be written.
pub fn ensure_manifest(
    file: &ExperimentFile,
    definition: &Definition,
    overrides: &[String],
    output: Option<&Path>,
    cell: &Cell,
) -> Result<()> {
    let name = resolve(file)?.name().to_owned();
    let path = Manifest::path(&folder(file, output), &name);
    if head(file, &name, overrides, &definition.varying()).is_written_with(cell, &path) {
        return Ok(());
    }
    Grid::of(file.clone(), overrides, output)?.write_manifest().map(|_| ())
}

/// Where the results of a file go.
pub fn folder(file: &ExperimentFile, output: Option<&Path>) -> PathBuf {
    let by_file = || PathBuf::from(&file.experiment.output.directory);
    output.map_or_else(by_file, Path::to_owned)
}
