//! From what varies to the cells.

use std::collections::HashSet;

use serde_json::Value;
use snode_data::Dataset;
use toml::Table;

use super::conditions::Conditions;
use super::definition::{CASE, Definition, Exclude, lookup};
use super::identity::identity;
use super::manifest::label_text;
use super::{Cell, CellName};
use crate::error::{Error, Result};
use snode_experiment::images::fingerprint;
use snode_experiment::{
    ExperimentFile, Facts, ResolvedExperiment, Setting, fit, load, source, with_meaning,
};

/// Makes the cells of a grid one after the other, each checked.
pub struct Expansion<'a> {
    file: &'a ExperimentFile,
    definition: &'a Definition,
    /// The next combination.
    next: usize,
    /// Cells made so far.
    made: usize,
    images: Vec<Known>,
    /// The labels of cells in which a key that varies has no meaning.
    shortened: HashSet<String>,
    conditions: Conditions,
}

/// A combination that is not taken out, before it is checked.
struct Candidate {
    number: usize,
    label: Vec<(String, Value)>,
    file: ExperimentFile,
    experiment: ResolvedExperiment,
}

/// What is known of images that have been looked at.
struct Known {
    source: String,
    /// The offset and scale that an experiment gives, and those that it is resolved to.
    asked: (Option<f64>, Option<f64>),
    found: (Option<f64>, Option<f64>),
    facts: Facts,
    fingerprint: String,
}

impl<'a> Expansion<'a> {
    /// At the first cell.
    pub fn new(file: &'a ExperimentFile, definition: &'a Definition) -> Self {
        Self {
            file,
            definition,
            next: 0,
            made: 0,
            images: Vec::new(),
            shortened: HashSet::new(),
            conditions: Conditions::default(),
        }
    }

    /// The next cell.
    ///
    /// # Errors
    /// If the experiment of the cell is refused.
    pub fn next_cell(&mut self) -> Result<Option<Cell>> {
        match self.next_candidate()? {
            Some(candidate) => self.check(candidate).map(Some),
            None => Ok(None),
        }
    }

    /// The cell that a command line names. Of those before a number nothing is made but what
    /// `[[exclude]]` has to know.
    ///
    /// # Errors
    /// If there is none, digits of an identity belong to several, or the experiment of a cell that
    /// had to be made is refused.
    pub fn find(mut self, name: &CellName) -> Result<Cell> {
        match name {
            CellName::Number(number) => self.numbered(*number, name),
            CellName::Identity(digits) => self.identified(digits, name),
        }
    }

    fn numbered(&mut self, number: usize, name: &CellName) -> Result<Cell> {
        if self.definition.excludes.is_empty() && !self.definition.may_merge() {
            let all = self.definition.combinations().unwrap_or(0);
            self.made = (number - 1).min(all);
            self.next = self.made;
        }
        while let Some(candidate) = self.next_candidate()? {
            if candidate.number == number {
                return self.check(candidate);
            }
        }
        Err(self.no_cell(name))
    }

    fn identified(&mut self, digits: &str, name: &CellName) -> Result<Cell> {
        let mut found: Option<Cell> = None;
        while let Some(cell) = self.next_cell()? {
            match &found {
                _ if !cell.identity.starts_with(digits) => {}
                None => found = Some(cell),
                // Cells of one identity are one training.
                Some(first) if first.identity == cell.identity => {}
                Some(first) => {
                    return Err(Error::Refused(format!(
                        "--cell {name}: the identities of several cells begin so: {} of cell {}, \
                         {} of cell {}; give more digits",
                        first.short(),
                        first.number,
                        cell.short(),
                        cell.number
                    )));
                }
            }
        }
        found.ok_or_else(|| self.no_cell(name))
    }

    fn no_cell(&self, name: &CellName) -> Error {
        let cells = self.made;
        Error::Refused(format!(
            "--cell {name}: there is no such cell; expected a number from 1 to {cells}, or `id:` \
             and at least 4 digits of an identity"
        ))
    }

    /// The keys that lost their meaning by an override, once all cells are made.
    ///
    /// # Errors
    /// If a key has a meaning in no cell.
    pub fn left_out(&self) -> Result<Vec<String>> {
        self.conditions.left_out(self.file)
    }

    /// The next combination that is not taken out, nor the same as one before.
    fn next_candidate(&mut self) -> Result<Option<Candidate>> {
        let all = self.definition.combinations().unwrap_or(0);
        while self.next < all {
            let (mut label, settings) = combination(self.definition, self.next);
            self.next += 1;
            let whole = self.file.with(&settings)?;
            let mut experiment = snode_experiment::resolve(&whole)?;
            if self.is_excluded(&label, &experiment) {
                continue;
            }
            let (file, dropped) = with_meaning(whole)?;
            self.conditions.count(&settings, &dropped);
            if !dropped.is_empty() {
                experiment = snode_experiment::resolve(&file)?;
            }
            // Combinations that differ in nothing that has a meaning are one cell.
            let all = label.len();
            label.retain(|(key, _)| dropped.iter().all(|dropped| dropped.key != *key));
            if label.len() < all && !self.shortened.insert(label_text(&label)) {
                continue;
            }
            self.made += 1;
            return Ok(Some(Candidate { number: self.made, label, file, experiment }));
        }
        Ok(None)
    }

    fn check(&mut self, candidate: Candidate) -> Result<Cell> {
        let Candidate { number, label, file, mut experiment } = candidate;
        snode_experiment::check(&file.experiment, &file.locator)?;
        let identity = self.identity(&file, &mut experiment)?;
        Ok(Cell { number, label, identity, experiment })
    }

    fn is_excluded(&self, label: &[(String, Value)], experiment: &ResolvedExperiment) -> bool {
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

    fn identity(
        &mut self,
        file: &ExperimentFile,
        experiment: &mut ResolvedExperiment,
    ) -> Result<String> {
        let text = source(file, experiment)?.text();
        let scaling = |experiment: &ResolvedExperiment| {
            let data = &experiment.keys().data;
            (data.offset, data.scale)
        };
        let asked = scaling(experiment);
        let is_known = |known: &&Known| known.source == text && known.asked == asked;
        if let Some(known) = self.images.iter().find(is_known) {
            return known.identity(file, experiment);
        }
        let dataset = load(file, experiment)?;
        let known = Known {
            source: text,
            asked,
            found: scaling(experiment),
            facts: Facts::of(&dataset),
            fingerprint: fingerprint_of(&dataset),
        };
        let identity = known.identity(file, experiment);
        self.images.push(known);
        identity
    }
}

impl Known {
    /// The identity of an experiment on these images, once it has been fitted to them.
    fn identity(
        &self,
        file: &ExperimentFile,
        experiment: &mut ResolvedExperiment,
    ) -> Result<String> {
        experiment.set_scaling(self.found.0, self.found.1);
        fit(file, experiment, self.facts)?;
        Ok(identity(experiment.keys(), &self.fingerprint))
    }
}

/// The fingerprint by which images are a part of identities.
pub fn fingerprint_of(dataset: &Dataset) -> String {
    fingerprint(&[dataset.train(), dataset.test()])
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
