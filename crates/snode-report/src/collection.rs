//! The runs a report is about.

use std::path::{Path, PathBuf};

use snode_experiment::{Experiment, differences};
use snode_runner::grid::manifest::Manifest;

use crate::cell::{Cell, Label, State};
use crate::error::{Error, Result};
use crate::group::{Group, without_seed};
use crate::run::Run;

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
}

impl Collection {
    /// Reads the runs that the manifests in a folder name, or all runs in it, or one run.
    ///
    /// # Errors
    /// If nothing is found.
    pub fn read(source: &Path) -> Result<Self> {
        let metadata = std::fs::metadata(source)
            .map_err(|error| Error::NoRuns(format!("{}: {error}", source.display())))?;
        let mut grids = Vec::new();
        let mut cells = Vec::new();
        if metadata.is_file() {
            cells.push(Cell::read(source.to_owned()));
        } else {
            for path in Manifest::all_in(source)? {
                let manifest = Manifest::read(&path)?;
                for cell in &manifest.cells {
                    let label = (grids.len(), cell.label.clone());
                    add(&mut cells, label, cell.experiment.clone(), source.join(&cell.path));
                }
                grids.push(manifest);
            }
            if grids.is_empty() {
                cells.extend(results_in(source)?.into_iter().map(Cell::read));
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
        Self { source, grids, cells, groups }
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
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for group in &self.groups {
            let line = group.line();
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }

    /// The number of the style that lines of this name have in every figure.
    pub fn style(&self, line: &str) -> usize {
        self.lines().iter().position(|known| known == line).unwrap_or(0)
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

/// Grids share the cells they have in common.
fn add(cells: &mut Vec<Cell>, label: (usize, Label), planned: Experiment, path: PathBuf) {
    if let Some(known) = cells.iter_mut().find(|cell| cell.path == path) {
        known.labels.push(label);
        known.planned.push(planned);
    } else {
        cells.push(Cell { labels: vec![label], planned: vec![planned], ..Cell::read(path) });
    }
}

/// The files of results in a folder, without checkpoints.
fn results_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let cannot = |error| Error::folder(folder, "cannot read the folder", error);
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

/// Runs that differ by nothing but their seed; a cell without a run joins those whose label differs
/// from its own by nothing but the seed.
fn groups(cells: &[Cell]) -> Vec<Group> {
    let mut members: Vec<Vec<usize>> = Vec::new();
    let order = (0..cells.len()).filter(|&i| cells[i].run().is_some());
    for place in order.chain((0..cells.len()).filter(|&i| cells[i].run().is_none())) {
        let home = members
            .iter_mut()
            .find(|group| group.iter().any(|&other| belong(&cells[place], &cells[other])));
        match home {
            Some(group) => group.push(place),
            None => members.push(vec![place]),
        }
    }
    for group in &mut members {
        group.sort_unstable();
    }
    let mut groups: Vec<Group> =
        members.into_iter().map(|members| Group::of(cells, members)).collect();
    tell_apart(cells, &mut groups);
    // As the cases stand in the file of the grid.
    groups.sort_by_key(|group| group.cells[0]);
    groups
}

fn belong(a: &Cell, b: &Cell) -> bool {
    // What imported networks were trained by is not known, and so not that it is the same.
    let is_imported = |cell: &Cell| cell.run().is_some_and(Run::is_imported);
    if is_imported(a) || is_imported(b) {
        return false;
    }
    match (a.experiment(), b.experiment()) {
        (Some(a), Some(b)) => differences(a, b).iter().all(|difference| difference.key == "seed"),
        _ => a.labels.iter().any(|(grid, label)| {
            let same_grid = b.labels.iter().filter(|(other, _)| other == grid);
            same_grid.into_iter().any(|(_, other)| without_seed(other) == without_seed(label))
        }),
    }
}

/// Adds to names that several groups have what makes the groups differ.
fn tell_apart(cells: &[Cell], groups: &mut [Group]) {
    let names: Vec<String> = groups.iter().map(Group::name).collect();
    let first = |of: &dyn Fn(&Cell) -> Option<Experiment>| -> Vec<Option<Experiment>> {
        let groups = groups.iter();
        groups.map(|group| group.cells.iter().find_map(|&place| of(&cells[place]))).collect()
    };
    let planned = first(&|cell| cell.planned.first().cloned());
    let trained = first(&|cell| cell.experiment().cloned());
    for (i, group) in groups.iter_mut().enumerate() {
        let twins = || (0..names.len()).filter(|&j| j != i && names[j] == names[i]);
        let mut extras: Vec<String> = Vec::new();
        for j in twins() {
            let pair = match (&planned[i], &planned[j]) {
                (Some(own), Some(other)) => Some((own, other)),
                _ => trained[i].as_ref().zip(trained[j].as_ref()),
            };
            if let Some((own, other)) = pair {
                for difference in differences(own, other) {
                    let key = difference.key.rsplit('.').next().unwrap_or_default();
                    let value = difference.first.map_or("none".into(), |value| value.to_string());
                    let extra = format!("{key} = {value}");
                    if difference.key != "seed" && !extras.contains(&extra) {
                        extras.push(extra);
                    }
                }
            }
        }
        if !extras.is_empty() {
            group.regime = format!("{} ({})", group.regime, extras.join(", "));
        }
    }
}
