//! The runs a report is about.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use snode_experiment::Experiment;
use snode_runner::grid::manifest::Manifest;
use snode_runner::{FileRole, Files};

use crate::cell::{Cell, State};
use crate::error::{Error, Result};
use crate::group::Group;
use crate::grouping::groups;
use crate::run::Run;
use snode_store::{is_collection, read_collection};

/// The runs a report is about, in groups.
#[derive(Clone, Debug)]
pub struct Collection {
    /// The folder or file they are in.
    pub source: PathBuf,
    /// The grids they belong to.
    pub grids: Vec<Manifest>,
    /// All of them, each once.
    pub cells: Vec<Cell>,
    /// Those that differ by nothing but the seed, in the order tables and figures have.
    pub groups: Vec<Group>,
    /// The names of lines and rows, in their order, with the number of each.
    lines: (Vec<String>, HashMap<String, usize>),
}

impl Collection {
    /// Reads the runs that the manifests in a folder name, or all runs in it, or one run, or those that
    /// `snode collect` copied into one file.
    ///
    /// # Errors
    /// If nothing is found.
    pub fn read(source: &Path) -> Result<Self> {
        let metadata = std::fs::metadata(source)
            .map_err(|error| Error::NoRuns(format!("{}: {error}", source.display())))?;
        let mut grids = Vec::new();
        let mut cells = Vec::new();
        if metadata.is_file() && is_collection(source)? {
            let collected = read_collection(source)?;
            let name = source.file_stem().unwrap_or_default().to_string_lossy();
            let mut varying: Vec<String> =
                collected.iter().flat_map(|run| run.label.keys().cloned()).collect();
            varying.sort();
            varying.dedup();
            let name = name.strip_suffix(".cells").unwrap_or(&name);
            grids.push(Manifest::new(name, None, Vec::new(), Vec::new(), varying));
            cells.extend(collected.into_iter().map(|run| Cell::collected(source, run)));
        } else if metadata.is_file() {
            cells.push(Cell::read(source.to_owned()));
        } else {
            for path in Manifest::all_in(source)? {
                grids.push(Manifest::read(&path)?);
            }
            if grids.is_empty() {
                cells.extend(results_in(source)?.into_iter().map(Cell::read));
            } else {
                cells = cells_of(&grids, source);
            }
        }
        if cells.is_empty() {
            return Err(Error::NoRuns(format!(
                "{}: there is neither a manifest of a grid (NAME.grid.json) nor a file of results",
                source.display()
            )));
        }
        if let ([cell], State::Unreadable(problem)) = (&cells[..], &cells[0].state)
            && cell.labels.is_empty()
        {
            return Err(Error::Unreadable(problem.clone()));
        }
        Ok(Self::of(source.to_owned(), grids, cells))
    }

    /// Of cells that were read.
    pub fn of(source: PathBuf, grids: Vec<Manifest>, cells: Vec<Cell>) -> Self {
        let groups = groups(&cells);
        let mut lines = (Vec::new(), HashMap::new());
        for line in groups.iter().map(Group::line) {
            lines.1.entry(line).or_insert_with_key(|line| {
                lines.0.push(line.clone());
                lines.0.len() - 1
            });
        }
        Self { source, grids, cells, groups, lines }
    }

    /// The runs that are there.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.cells.iter().filter_map(Cell::run)
    }

    /// The groups of which a run has something, such as an analysis, or was to have it by its
    /// experiment.
    pub fn planned(
        &self,
        asks: impl Fn(&Experiment) -> bool,
        has: impl Fn(&Run) -> bool,
    ) -> impl Iterator<Item = &Group> {
        self.groups
            .iter()
            .filter(move |group| group.plans(self, &asks) || group.runs(self).any(&has))
    }

    /// The models there are, in the order of the grid's file, which panels and columns have.
    pub fn models(&self) -> Vec<String> {
        let mut models: Vec<String> = Vec::new();
        for model in self.groups.iter().map(Group::model) {
            if !models.contains(&model) {
                models.push(model);
            }
        }
        models
    }

    /// The names of lines and rows there are, in their order.
    pub fn lines(&self) -> &[String] {
        &self.lines.0
    }

    /// The number of the style that lines of this name have in every figure.
    pub fn style(&self, line: &str) -> usize {
        self.lines.1.get(line).copied().unwrap_or(0)
    }
}

impl Group {
    /// What its runs were made by, or are to be; seeds apart.
    pub fn experiment<'a>(&self, collection: &'a Collection) -> Option<&'a Experiment> {
        let cells = || self.cells.iter().map(|&place| &collection.cells[place]);
        let planned = || cells().find_map(|cell| cell.planned.first());
        cells().find_map(Cell::experiment).or_else(planned)
    }

    /// The runs that are there.
    pub fn runs<'a>(&'a self, collection: &'a Collection) -> impl Iterator<Item = &'a Run> {
        self.cells.iter().filter_map(|&place| collection.cells[place].run())
    }

    /// Whether any of its cells was to have what `has` looks for in an experiment, such as an analysis.
    pub fn plans(&self, collection: &Collection, has: impl Fn(&Experiment) -> bool) -> bool {
        let cells = self.cells.iter().map(|&place| &collection.cells[place]);
        cells.flat_map(|cell| cell.planned.iter().chain(cell.experiment())).any(has)
    }

    /// `3/5`: how many runs are there, of how many.
    pub fn count(&self, collection: &Collection) -> String {
        format!("{}/{}", self.runs(collection).count(), self.cells.len())
    }
}

/// The cells of grids with results in `folder`. Grids share those they have in common.
fn cells_of(grids: &[Manifest], folder: &Path) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    let mut places: HashMap<PathBuf, usize> = HashMap::new();
    for (grid, manifest) in grids.iter().enumerate() {
        for planned in &manifest.cells {
            let place = *places.entry(folder.join(&planned.path)).or_insert_with_key(|path| {
                cells.push(Cell::read(path.clone()));
                cells.len() - 1
            });
            cells[place].labels.push((grid, planned.label.clone()));
            cells[place].planned.push(planned.experiment.clone());
        }
    }
    cells
}

/// The files of results in a folder, without checkpoints.
fn results_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let cannot = |error| Error::folder(folder, "cannot read the folder", error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if matches!(Files::with(&path), Some((_, FileRole::Results))) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use snode_runner::grid::manifest::ManifestCell;

    /// The processor time of this thread in nanoseconds.
    fn processor_time() -> f64 {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        text.split(' ').next().unwrap().parse().unwrap()
    }

    /// A grid over learning rates, not trained: every cell is a group of its own, and all have one
    /// name.
    fn manifest(cells: usize) -> Manifest {
        let mut manifest = Manifest::new("g", None, Vec::new(), Vec::new(), Vec::new());
        manifest.cells = (0..cells)
            .map(|number| {
                let mut experiment = Experiment::default();
                experiment.training.learning_rate = Some(number as f64);
                ManifestCell {
                    number: number + 1,
                    label: vec![("training.learning_rate".into(), number.into())],
                    identity: format!("{number:064x}"),
                    experiment,
                    path: format!("cells/{number}.h5").into(),
                }
            })
            .collect();
        manifest
    }

    #[test]
    fn a_collection_takes_time_in_proportion_to_its_cells() {
        let folder = tempfile::tempdir().unwrap();
        let time = |cells: usize| {
            // A cell that two grids have in common is one.
            let grids = vec![manifest(cells), manifest(cells)];
            let begin = processor_time();
            let found = cells_of(&grids, folder.path());
            let collection = Collection::of(folder.path().to_owned(), grids, found);
            let time = processor_time() - begin;
            assert_eq!((collection.cells.len(), collection.groups.len()), (cells, cells));
            assert_eq!(collection.lines().len(), cells);
            time
        };
        // Twice what is proportional; what is quadratic takes 64 times as long.
        let (few, many) = (time(2000), time(16_000));
        assert!(many < 16.0 * few, "{few} ns, {many} ns");
    }
}
