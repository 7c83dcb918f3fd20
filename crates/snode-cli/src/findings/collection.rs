//! The runs a report is about.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use snode_store::Status;

use super::group::Group;
use super::grouping::groups;
use super::run::Run;
use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::grid::manifest::{Manifest, label_text};
use crate::session::Files;

/// Whether a run is there.
#[derive(Clone, Debug)]
pub enum State {
    /// It is, trained to its end.
    Finished(Box<Run>),
    /// Training has not come to its end; there is a checkpoint.
    Unfinished,
    /// Training failed, and said this.
    Failed(String),
    /// There is no file.
    Missing,
    /// There is a file that cannot be read.
    Unreadable(String),
}

/// Keys with their values.
pub type Label = Vec<(String, Value)>;

/// A run that is there or should be.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The grids it belongs to, and what tells it from the other cells of each; none for a run of
    /// its own.
    pub labels: Vec<(usize, Label)>,
    /// What each of these grids says of it.
    pub planned: Vec<Experiment>,
    /// The file of its results.
    pub path: PathBuf,
    /// Whether it is there.
    pub state: State,
}

impl Cell {
    /// The run, if it is there.
    pub fn run(&self) -> Option<&Run> {
        match &self.state {
            State::Finished(run) => Some(run),
            _ => None,
        }
    }

    /// Its experiment, if the run is there.
    pub fn experiment(&self) -> Option<&Experiment> {
        self.run().map(|run| &run.experiment)
    }

    /// The value of a key of one of its labels.
    pub fn value(&self, key: &str) -> Option<&Value> {
        let mut pairs = self.labels.iter().flat_map(|(_, label)| label);
        pairs.find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// What it is called: its label, or its file.
    pub fn name(&self) -> String {
        match self.labels.first() {
            None => self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            Some((_, label)) => label_text(label),
        }
    }

    /// Why there are no numbers of it.
    pub fn problem(&self) -> Option<String> {
        match &self.state {
            State::Finished(_) => None,
            State::Unfinished => Some("not trained to its end".into()),
            State::Failed(error) => Some(format!("failed: {error}")),
            State::Missing => Some("not trained: there is no file of results".into()),
            State::Unreadable(problem) => Some(problem.clone()),
        }
    }
}

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
    /// Reads the runs that the manifests in a folder name, or all runs in it, or one run.
    ///
    /// # Errors
    /// If nothing is found.
    pub fn read(source: &Path) -> Result<Self> {
        let metadata = std::fs::metadata(source)
            .map_err(|error| Error::Usage(format!("{}: {error}", source.display())))?;
        let mut grids = Vec::new();
        let mut cells = Vec::new();
        if metadata.is_file() {
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
            return Err(Error::Usage(format!(
                "{}: there is neither a manifest of a grid (NAME.grid.json) nor a file of results",
                source.display()
            )));
        }
        if let ([cell], State::Unreadable(problem)) = (&cells[..], &cells[0].state)
            && cell.labels.is_empty()
        {
            return Err(Error::Results(problem.clone()));
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

    /// The models there are, in the order of panels and columns.
    pub fn models(&self) -> Vec<String> {
        let mut keys: Vec<(&str, &str, String)> = self
            .groups
            .iter()
            .map(|group| (&group.loss[..], &group.activation[..], group.model()))
            .collect();
        keys.sort();
        keys.dedup();
        keys.into_iter().map(|(_, _, model)| model).collect()
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

impl Cell {
    fn read(path: PathBuf) -> Self {
        let state = if path.exists() {
            match Run::read(&path) {
                Ok(run) if run.summary.info.status == Status::Finished => {
                    State::Finished(Box::new(run))
                }
                Ok(_) => State::Unfinished,
                Err(error) => State::Unreadable(error.to_string()),
            }
        } else if let Some(error) = Files::of_results(&path).failure() {
            State::Failed(error.lines().next_back().unwrap_or_default().to_owned())
        } else if path.with_extension("checkpoint.h5").exists() {
            State::Unfinished
        } else {
            State::Missing
        };
        Self { labels: Vec::new(), planned: Vec::new(), path, state }
    }
}

/// The files of results in a folder, without checkpoints.
fn results_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let cannot = |error| Error::file(folder, "cannot read the folder", error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_hdf5 = path.extension().is_some_and(|ending| ending == "h5");
        if is_hdf5 && !name.ends_with(".checkpoint.h5") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::grid::manifest::ManifestCell;

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
