//! `--only` and `--skip`.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::definition::{CASE, canonical, lookup};
use super::{Cell, CellState, Grid, Scheduled, ScheduledJob};
use crate::error::{Error, Result};
use snode_experiment::{Experiment, ExperimentFile, Setting, check_key, with_suggestion};

/// A condition on cells.
#[derive(Clone, Debug)]
enum Condition {
    /// The state has this name.
    State(String),
    /// The case has this name.
    Case(String),
    /// The key has this value.
    Key(String, Value),
}

/// Which cells are wanted: those that fulfil all of `--only`, and none of `--skip`.
#[derive(Clone, Debug)]
pub struct Selection {
    only: Vec<Condition>,
    skip: Vec<Condition>,
    scheduled: Scheduled,
}

impl Selection {
    /// All cells.
    pub fn all() -> Self {
        Self { only: Vec::new(), skip: Vec::new(), scheduled: Scheduled::default() }
    }

    /// By the texts of the command line.
    ///
    /// # Errors
    /// If one of them is neither the name of a state nor a key with a value of it.
    pub fn new(only: &[String], skip: &[String], grid: &Grid) -> Result<Self> {
        Self::among(only, skip, &grid.cells, &grid.file)
    }

    /// The same of cells that were found without the file of their grid.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_cells(only: &[String], cells: &[Cell]) -> Result<Self> {
        // Keys are read as everywhere; of the experiment nothing is looked at.
        let file = ExperimentFile::resolved(PathBuf::new(), String::new(), &Experiment::default());
        Self::among(only, &[], cells, &file)
    }

    fn among(
        only: &[String],
        skip: &[String],
        cells: &[Cell],
        file: &ExperimentFile,
    ) -> Result<Self> {
        let conditions = |option: &str, texts: &[String]| {
            let of_text = |text: &String| condition(option, text, cells, file);
            texts.iter().map(of_text).collect::<Result<Vec<_>>>()
        };
        let (only, skip) = (conditions("--only", only)?, conditions("--skip", skip)?);
        Ok(Self { only, skip, scheduled: Scheduled::default() })
    }

    /// The same by what a scheduler says of the cells too.
    #[must_use]
    pub fn with_scheduled(self, scheduled: Scheduled) -> Self {
        Self { scheduled, ..self }
    }

    /// Whether the selection names a state that only a scheduler knows.
    pub fn asks_scheduler(&self) -> bool {
        let asks = |condition: &Condition| matches!(condition, Condition::State(name) if CellState::OF_A_SCHEDULER.contains(&&**name));
        self.only.iter().chain(&self.skip).any(asks)
    }

    /// The state of a cell with results in `folder`, by its files and by what the scheduler says.
    pub fn state(&self, cell: &Cell, folder: &Path) -> CellState {
        CellState::of(cell, folder).with(cell, &self.scheduled)
    }

    /// The job of a cell.
    pub fn job(&self, cell: &Cell) -> Option<&ScheduledJob> {
        self.scheduled.job(&cell.identity)
    }

    /// Whether a cell is wanted. Values of one key given by several `--only` are alternatives.
    pub fn takes(&self, cell: &Cell, state: &CellState) -> bool {
        if self.only.is_empty() && self.skip.is_empty() {
            return true;
        }
        let table = Table::try_from(&cell.experiment).unwrap_or_default();
        let holds = |condition: &Condition| match condition {
            Condition::State(name) => state.name() == name,
            Condition::Case(name) => {
                cell.label.iter().any(|(key, value)| key == CASE && value.as_str() == Some(name))
            }
            Condition::Key(key, value) => lookup(&table, key) == Some(value),
        };
        let fulfilled = |first: &Condition| {
            self.only.iter().filter(|other| other.subject() == first.subject()).any(holds)
        };
        self.only.iter().all(fulfilled) && !self.skip.iter().any(holds)
    }
}

impl Condition {
    fn subject(&self) -> &str {
        match self {
            Self::State(_) => "",
            Self::Case(_) => CASE,
            Self::Key(key, _) => key,
        }
    }
}

fn condition(option: &str, text: &str, cells: &[Cell], file: &ExperimentFile) -> Result<Condition> {
    let Some((key, value)) = text.split_once('=') else {
        if CellState::NAMES.contains(&text) {
            return Ok(Condition::State(text.to_owned()));
        }
        let problem = with_suggestion("unknown state", text, &CellState::NAMES);
        return Err(Error::Refused(format!("{option} {text}: {problem}; or key=value")));
    };
    let (key, value) = (key.trim(), value.trim());
    check_key(option, key)?;
    if key == CASE {
        let mut names: Vec<&str> = Vec::new();
        for (_, name) in cells.iter().flat_map(|cell| &cell.label).filter(|(k, _)| k == CASE) {
            names.extend(name.as_str().filter(|name| !names.contains(name)));
        }
        if names.contains(&value) {
            return Ok(Condition::Case(value.to_owned()));
        }
        let problem = with_suggestion("unknown case", value, &names);
        return Err(Error::Refused(format!("{option} {text}: {problem}")));
    }
    let (place, folder) = (format!("{option} {text}"), PathBuf::new());
    let value = snode_experiment::value_of(value);
    let setting = Setting { key: key.to_owned(), value, place, folder };
    Ok(Condition::Key(key.to_owned(), canonical(file, &setting)?))
}
