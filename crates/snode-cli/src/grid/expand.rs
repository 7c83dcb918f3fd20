//! From what varies to the cells.

use serde_json::Value;
use snode_data::Dataset;
use toml::Table;

use super::Cell;
use super::definition::{CASE, Definition, Exclude, lookup};
use super::identity::identity;
use crate::config::{self, Experiment, ExperimentFile, Setting};
use crate::error::Result;
use crate::fingerprint::fingerprint;
use crate::prepare::{Facts, data_error, fit, source};

/// Makes the cells of a grid one after the other, each checked.
pub struct Expansion<'a> {
    file: &'a ExperimentFile,
    definition: &'a Definition,
    /// The next combination.
    next: usize,
    /// Cells made so far.
    made: usize,
    images: Vec<Known>,
    /// The images that were loaded last.
    loaded: Option<(String, Dataset)>,
}

/// What is known of images that have been looked at.
struct Known {
    source: String,
    facts: Facts,
    fingerprint: String,
}

impl<'a> Expansion<'a> {
    /// At the first cell.
    pub fn new(file: &'a ExperimentFile, definition: &'a Definition) -> Self {
        Self { file, definition, next: 0, made: 0, images: Vec::new(), loaded: None }
    }

    /// The next cell, with its file in which the keys have their places.
    ///
    /// # Errors
    /// If the experiment of the cell is refused.
    pub fn next_cell(&mut self) -> Result<Option<(Cell, ExperimentFile)>> {
        let all = self.definition.combinations().unwrap_or(0);
        while self.next < all {
            let (label, settings) = combination(self.definition, self.next);
            self.next += 1;
            let file = self.file.with(&settings)?;
            let mut experiment = config::resolve(&file)?;
            if self.is_excluded(&label, &experiment) {
                continue;
            }
            config::check(&file.experiment, &file.locator)?;
            let identity = self.identity(&file, &mut experiment)?;
            self.made += 1;
            let cell = Cell { number: self.made, label, identity, experiment };
            return Ok(Some((cell, file)));
        }
        Ok(None)
    }

    /// The images of a cell.
    ///
    /// # Errors
    /// If they cannot be had.
    pub fn dataset(self, file: &ExperimentFile, experiment: &Experiment) -> Result<Dataset> {
        match self.loaded {
            Some((source, dataset)) if source == experiment.data.source => Ok(dataset),
            _ => source(file, experiment)?.load().map_err(data_error(file)),
        }
    }

    fn is_excluded(&self, label: &[(String, Value)], experiment: &Experiment) -> bool {
        let excludes = &self.definition.excludes;
        if excludes.is_empty() {
            return false;
        }
        let table = Table::try_from(experiment).unwrap_or_default();
        let case = label.iter().find(|(key, _)| key == CASE).and_then(|(_, name)| name.as_str());
        let fits = |exclude: &Exclude| {
            exclude.case.as_ref().is_none_or(|name| Some(name.as_str()) == case)
                && exclude.keys.iter().all(|(key, value)| lookup(&table, key) == Some(value))
        };
        excludes.iter().any(fits)
    }

    fn identity(&mut self, file: &ExperimentFile, experiment: &mut Experiment) -> Result<String> {
        let place = source(file, experiment)?;
        let text = place.text();
        if let Some(known) = self.images.iter().find(|known| known.source == text) {
            return known.identity(file, experiment);
        }
        let dataset = place.load().map_err(data_error(file))?;
        let known = Known {
            source: text.clone(),
            facts: Facts::of(&dataset),
            fingerprint: fingerprint(&[dataset.train(), dataset.test()]),
        };
        self.loaded = Some((text, dataset));
        let identity = known.identity(file, experiment);
        self.images.push(known);
        identity
    }
}

impl Known {
    /// The identity of an experiment on these images, once it has been fitted to them.
    fn identity(&self, file: &ExperimentFile, experiment: &mut Experiment) -> Result<String> {
        fit(file, experiment, self.facts)?;
        Ok(identity(experiment, &self.fingerprint))
    }
}

/// The label and the settings of one combination: cases change slowest, seeds fastest.
fn combination(definition: &Definition, number: usize) -> (Vec<(String, Value)>, Vec<Setting>) {
    let mut rest = number;
    let mut picked: Vec<&Setting> = Vec::new();
    for axis in definition.axes.iter().rev() {
        picked.push(&axis.values[rest % axis.values.len()]);
        rest /= axis.values.len();
    }
    picked.reverse();
    let case = definition.cases.get(rest);
    let mut label: Vec<(String, Value)> = Vec::new();
    label.extend(case.map(|case| (CASE.to_owned(), case.name.clone().into())));
    // Every value of TOML is one of JSON.
    let json = |value| serde_json::to_value(value).unwrap_or(Value::Null);
    label.extend(picked.iter().map(|setting| (setting.key.clone(), json(&setting.value))));
    let of_case = case.into_iter().flat_map(|case| case.settings.iter());
    (label, of_case.chain(picked).cloned().collect())
}
