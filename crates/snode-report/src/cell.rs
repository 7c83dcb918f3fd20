//! A run that is there or should be.

use std::path::{Path, PathBuf};

use serde_json::Value;
use snode_experiment::Experiment;
use snode_runner::Files;
use snode_runner::grid::CELLS;
use snode_runner::grid::manifest::label_text;
use snode_store::{Attribute, Collected, Status};

use crate::run::Run;

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

impl Cell {
    /// Of a run in the file of many at `path`. Its own file lies beside, if it is still there.
    pub(crate) fn collected(path: &Path, collected: Collected) -> Self {
        let Collected { name, label, summary, analyses } = collected;
        let beside = Files::new(&path.with_file_name(CELLS), &name).results;
        let place = if beside.exists() {
            beside
        } else {
            Files::new(path.parent().unwrap_or(Path::new("")), &name).results
        };
        let value = |value: Attribute| match value {
            Attribute::Text(text) => Value::from(text),
            Attribute::Unsigned(number) => Value::from(number),
            Attribute::Real(number) => Value::from(number),
        };
        let label: Label = label.into_iter().map(|(key, of_key)| (key, value(of_key))).collect();
        let (planned, state) = match Run::of(&place, summary, analyses) {
            Ok(run) if run.summary.info.status == Status::Finished => {
                (vec![run.experiment.clone()], State::Finished(Box::new(run)))
            }
            Ok(run) => (vec![run.experiment], State::Unfinished),
            Err(error) => (Vec::new(), State::Unreadable(error.to_string())),
        };
        Self { labels: vec![(0, label)], planned, path: place, state }
    }

    /// Looks at the file of its results.
    pub(crate) fn read(path: PathBuf) -> Self {
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
        } else if Files::of_results(&path).checkpoint.exists() {
            State::Unfinished
        } else {
            State::Missing
        };
        Self { labels: Vec::new(), planned: Vec::new(), path, state }
    }
}
