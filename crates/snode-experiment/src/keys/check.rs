//! What is checked of a key by its declaration.

use std::fmt;

use serde::Serialize;
use toml::{Table, Value};

use super::condition::{Condition, ConditionKind};
use super::values::{Numbers, Values};
use super::{Key, keys, path};
use crate::error::{Error, Result};
use crate::file::Locator;
use crate::schema::{Experiment, SchemeName, is_adaptive};

/// The keys of an experiment that are given, as they are written.
struct Given(Table);

impl Given {
    fn of(experiment: &Experiment) -> Self {
        // Numbers, texts and lists of them: what an experiment is read from, it can be written as.
        Self(Table::try_from(experiment).unwrap_or_default())
    }

    fn value(&self, path: &str) -> Option<&Value> {
        let (tables, name) = path.rsplit_once('.').unwrap_or(("", path));
        let mut parts = tables.split('.').filter(|part| !part.is_empty());
        parts.try_fold(&self.0, |table, part| table.get(part)?.as_table())?.get(name)
    }

    fn holds(&self, condition: &Condition, table: &str) -> bool {
        let value = self.value(&path(table, condition.key));
        let word = value.and_then(Value::as_str);
        let is_one = word.is_some_and(|word| condition.words.contains(&word));
        match condition.kind {
            ConditionKind::Is => is_one,
            ConditionKind::IsByDefault => is_one || value.is_none(),
            ConditionKind::AnyBut => !is_one,
            // Left out, it is the scheme of the network, where that is known.
            ConditionKind::Adaptive => {
                let scheme = value.or_else(|| self.value("network.scheme"));
                let named = scheme.and_then(Value::as_str).and_then(SchemeName::named);
                scheme.is_none() || named.is_some_and(is_adaptive)
            }
            ConditionKind::Given => value.is_some(),
            ConditionKind::Usually => true,
        }
    }

    /// The first condition of a key that does not hold; those of the keys it depends on come first.
    fn unmet(&self, table: &str, key: &Key) -> Option<Condition> {
        key.conditions().find_map(|condition| {
            let mut others = keys().filter(|(other, _)| *other == table);
            let other = others.find(|(_, other)| other.name == condition.key);
            other
                .and_then(|(table, other)| self.unmet(table, other))
                .or_else(|| (!self.holds(condition, table)).then_some(*condition))
        })
    }
}

/// What is wrong with a key that is given.
enum Problem {
    /// It has no meaning without this.
    Meaningless(Condition),
    /// A number is out of range: what was found, and what is expected.
    OutOfRange(String),
}

impl Given {
    /// The first key of a table that is wrong, in the order of their declarations.
    fn problem(&self, table: &str) -> Option<(&'static Key, Problem)> {
        keys().filter(|(of, _)| *of == table).find_map(|(_, key)| {
            // What else must be there, its own check asks for.
            let unmet = self.unmet(table, key).filter(|c| c.kind != ConditionKind::Given);
            let unmet = unmet.filter(|_| self.value(&path(table, key.name)).is_some());
            let meaningless = unmet.map(Problem::Meaningless);
            Some((key, meaningless.or_else(|| self.out_of_range(table, key))?))
        })
    }

    /// A number of a key that is not in its range.
    fn out_of_range(&self, table: &str, key: &Key) -> Option<Problem> {
        let value = self.value(&path(table, key.name))?;
        let Values::Numbers(range) = key.values else { return None };
        let number = out_of_range(range, value).filter(|_| range.has_bounds())?;
        let problem = format!("found {}; expected {}", range.text(number), range.expected());
        Some(Problem::OutOfRange(problem))
    }
}

impl Problem {
    fn error(self, path: &str, locator: &Locator) -> Error {
        match self {
            Self::Meaningless(condition) => locator.meaningless(path, &condition.to_string()),
            Self::OutOfRange(problem) => locator.error(path, problem),
        }
    }
}

/// As an error says it behind the key.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meaningless(condition) => write!(f, "only valid with {condition}; remove it"),
            Self::OutOfRange(problem) => f.write_str(problem),
        }
    }
}

/// Checks the keys of a table of an experiment: that they have a meaning, and that numbers are in range.
///
/// # Errors
/// The first thing found wrong.
pub(crate) fn check(experiment: &Experiment, table: &str, locator: &Locator) -> Result<()> {
    match Given::of(experiment).problem(table) {
        None => Ok(()),
        Some((key, problem)) => Err(problem.error(&path(table, key.name), locator)),
    }
}

/// Checks that the numbers of a table are in range, whether their keys have a meaning or not.
///
/// # Errors
/// The first thing found wrong.
pub(crate) fn check_ranges(experiment: &Experiment, table: &str, locator: &Locator) -> Result<()> {
    let given = Given::of(experiment);
    let mut of_table = keys().filter(|(of, _)| *of == table).map(|(_, key)| key);
    let problem = of_table.find_map(|key| Some((key, given.out_of_range(table, key)?)));
    match problem {
        None => Ok(()),
        Some((key, problem)) => Err(problem.error(&path(table, key.name), locator)),
    }
}

/// Checks the keys of a table that stands for itself, as the options of a command do: what depends on
/// keys of other tables is left open.
///
/// # Errors
/// The first key that is wrong, and what about it.
pub(crate) fn check_alone(
    table: &str,
    keys: &impl Serialize,
) -> std::result::Result<(), (&'static str, String)> {
    let own = Table::try_from(keys).unwrap_or_default();
    let within =
        |inner: Table, name: &str| Table::from_iter([(name.to_owned(), Value::Table(inner))]);
    match Given(table.rsplit('.').fold(own, within)).problem(table) {
        None => Ok(()),
        Some((key, problem)) => Err((key.name, problem.to_string())),
    }
}

/// The first number of a value that is not in the range.
fn out_of_range(range: Numbers, value: &Value) -> Option<f64> {
    let one = std::slice::from_ref(value);
    let numbers = value.as_array().map_or(one, Vec::as_slice).iter();
    let mut numbers =
        numbers.filter_map(|value| value.as_float().or(value.as_integer().map(|n| n as f64)));
    numbers.find(|number| !range.contains(*number))
}

/// The keys of a table that a resolved experiment has no value of, each with the condition that does not
/// hold, if there is one.
pub(crate) fn unset(
    experiment: &Experiment,
    table: &str,
) -> Vec<(&'static Key, Option<Condition>)> {
    let given = Given::of(experiment);
    let of_table = keys().filter(|(of, _)| *of == table).map(|(_, key)| key);
    let unset = of_table.filter(|key| given.value(&path(table, key.name)).is_none());
    unset.map(|key| (key, given.unmet(table, key))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Method;

    /// `length` needs `space = "h1"`, and that `method = "ncg"`: which is told first.
    #[test]
    fn the_condition_that_is_told_is_the_one_to_fulfil_first() {
        let mut experiment = Experiment::default();
        experiment.training.length = Some(1.0);
        let told = |experiment: &Experiment| {
            let (table, length) = keys().find(|(_, key)| key.name == "length").unwrap();
            Given::of(experiment).unmet(table, length).map(|condition| condition.to_string())
        };
        assert_eq!(told(&experiment).unwrap(), "`space = \"h1\"`");
        experiment.training.method = Method::Adam;
        assert_eq!(told(&experiment).unwrap(), "`method = \"ncg\"`");
    }
}
