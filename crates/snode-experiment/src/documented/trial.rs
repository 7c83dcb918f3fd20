//! Experiments made to see what the program says about them.

use std::fmt;

use toml::{Table, Value};

use crate::check::check;
use crate::error::{Error, Result};
use crate::file::{ExperimentFile, Problem, read};
use crate::resolve::resolve;
use crate::schema::Experiment;

/// The list of tables that stands for its first element here.
const ATTACK: &str = "attack";

/// Keys with their values, as `table.key`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The table that is there even without a key.
    table: String,
    keys: Vec<(String, Value)>,
}

impl Settings {
    /// Those of a table without keys.
    pub fn in_table(table: &str) -> Self {
        Self { table: table.into(), keys: Vec::new() }
    }

    /// With one more.
    pub fn with(mut self, path: &str, value: Value) -> Self {
        self.keys.retain(|(known, _)| known != path);
        self.keys.push((path.to_owned(), value));
        self
    }

    /// With others put over them.
    pub fn then(self, others: &Self) -> Self {
        others.keys.iter().fold(self, |all, (path, value)| all.with(path, value.clone()))
    }

    /// Without one of them.
    pub fn without(mut self, path: &str) -> Self {
        self.keys.retain(|(known, _)| known != path);
        self
    }

    /// The value of a key.
    pub fn get(&self, path: &str) -> Option<&Value> {
        self.keys.iter().find(|(known, _)| known == path).map(|(_, value)| value)
    }

    /// Whether no key has another value in the others.
    pub fn agrees_with(&self, others: &Self) -> bool {
        self.keys.iter().all(|(path, value)| others.get(path).is_none_or(|other| other == value))
    }

    fn to_toml(&self) -> Table {
        let mut root = Table::new();
        if !self.table.is_empty() {
            inner(&mut root, &self.table);
        }
        for (path, value) in &self.keys {
            let (table, key) = path.rsplit_once('.').unwrap_or(("", path));
            inner(&mut root, table).insert(key.to_owned(), value.clone());
        }
        root
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<String> = self.keys.iter().map(|(k, v)| format!("{k} = {v}")).collect();
        write!(f, "[{}]", keys.join(", "))
    }
}

/// The table of this name, made if it is not there.
fn inner<'a>(root: &'a mut Table, name: &str) -> &'a mut Table {
    name.split('.').filter(|part| !part.is_empty()).fold(root, |table, part| {
        let empty = Value::Table(Table::new());
        let made = if part == ATTACK { Value::Array(vec![empty]) } else { empty };
        match table.entry(part).or_insert(made) {
            Value::Array(items) => items[0].as_table_mut().unwrap(),
            other => other.as_table_mut().unwrap(),
        }
    })
}

/// The words that would have been taken in place of one that is not known; none if any is taken.
///
/// # Errors
/// What is expected where no word is.
pub fn allowed_words(settings: &Settings) -> std::result::Result<Vec<&'static str>, String> {
    match read::<Experiment>(&settings.to_toml()).map_err(|refusal| refusal.problem) {
        Ok(_) => Ok(Vec::new()),
        Err(Problem::UnknownKey { expected, .. } | Problem::UnknownName { expected, .. }) => {
            Ok(expected.to_vec())
        }
        Err(Problem::Unexpected { expected, .. }) => Err(expected),
        Err(Problem::Other(text)) => Err(text),
    }
}

/// An experiment that has been read and resolved.
pub struct Trial {
    given: Table,
    resolved: Table,
}

impl Trial {
    /// # Errors
    /// If it is no experiment.
    pub fn read(settings: &Settings) -> Result<Self> {
        let file = file(settings)?;
        let given = Table::try_from(&file.experiment).unwrap();
        Ok(Self { given, resolved: Table::try_from(&resolve(&file)?).unwrap() })
    }

    /// # Errors
    /// If it is refused.
    pub fn check(settings: &Settings) -> Result<()> {
        let file = file(settings)?;
        check(&file.experiment, &file.locator)
    }

    /// Whether a key has a meaning: it is not refused, and what is resolved has it.
    ///
    /// # Errors
    /// What is refused, if it is something else.
    pub fn keeps(settings: &Settings, path: &str) -> std::result::Result<bool, String> {
        match Self::check(settings) {
            Ok(()) => Self::read(settings)
                .map(|trial| trial.resolved(path).is_some())
                .map_err(|error| error.to_string()),
            Err(Error::Config { key: Some(key), .. }) if key.replace("[0]", "") == path => {
                Ok(false)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// The value of a key before the experiment is resolved.
    pub fn given(&self, path: &str) -> Option<&Value> {
        find(&self.given, path)
    }

    /// The value of a key once it is.
    pub fn resolved(&self, path: &str) -> Option<&Value> {
        find(&self.resolved, path)
    }
}

fn find<'a>(table: &'a Table, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => table.get(path),
        Some((first, rest)) => match table.get(first)? {
            Value::Array(items) => find(items.first()?.as_table()?, rest),
            other => find(other.as_table()?, rest),
        },
    }
}

fn file(settings: &Settings) -> Result<ExperimentFile> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trial.toml");
    std::fs::write(&path, toml::to_string(&settings.to_toml()).unwrap()).unwrap();
    ExperimentFile::read(&path, &[])
}
