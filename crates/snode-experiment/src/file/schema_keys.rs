//! The tables of the schema with their keys, as the deserialiser knows them.

use std::sync::LazyLock;

use toml::{Table, Value};

use super::read::read;
use super::refusal::{A_TABLE, Problem, Refusal};
use crate::schema::Experiment;
use crate::suggest::{nearest, synonym, with_suggestion};

/// A table that an experiment can have.
struct KnownTable {
    /// Its name; empty for the keys before the first table.
    name: String,
    /// Whether there can be several of it.
    is_list: bool,
    keys: &'static [&'static str],
}

/// No key of the schema.
const NO_KEY: &str = "?";

static TABLES: LazyLock<Vec<KnownTable>> = LazyLock::new(|| {
    let mut tables = Vec::new();
    collect("", false, &mut tables);
    tables
});

/// Adds a table, and the tables in it: what is there shows in what is refused.
fn collect(name: &str, is_list: bool, tables: &mut Vec<KnownTable>) {
    let unknown = Value::Table(Table::from_iter([(NO_KEY.to_owned(), Value::Integer(0))]));
    let Some(Problem::UnknownKey { expected, .. }) = refusal_of(name, is_list, unknown) else {
        return;
    };
    tables.push(KnownTable { name: name.to_owned(), is_list, keys: expected });
    for key in expected {
        let inner = if name.is_empty() { (*key).to_owned() } else { format!("{name}.{key}") };
        match refusal_of(&inner, false, Value::Integer(0)) {
            Some(Problem::Unexpected { expected, .. }) if expected == A_TABLE => {
                collect(&inner, false, tables);
            }
            Some(Problem::Unexpected { .. }) => collect(&inner, true, tables),
            _ => {}
        }
    }
}

/// What is said about a value of the table called so.
fn refusal_of(name: &str, is_list: bool, value: Value) -> Option<Problem> {
    let value = if is_list { Value::Array(vec![value]) } else { value };
    let parts: Vec<&str> = name.split('.').filter(|part| !part.is_empty()).collect();
    let wrap =
        |inner: Value, key: &&str| Value::Table(Table::from_iter([((*key).to_owned(), inner)]));
    let Value::Table(root) = parts.iter().rev().fold(value, wrap) else { return None };
    read::<Experiment>(&root).err().map(|Refusal { problem, .. }| problem)
}

/// The words that a key of a table takes.
pub(crate) fn words(table: &str, key: &str) -> &'static [&'static str] {
    let unknown = Value::Table(Table::from_iter([(key.to_owned(), Value::String(NO_KEY.into()))]));
    let is_list = TABLES.iter().any(|known| known.name == table && known.is_list);
    match refusal_of(table, is_list, unknown) {
        Some(Problem::UnknownName { expected, .. }) => expected,
        _ => &[],
    }
}

/// Refuses a key, as `table.key`, that no experiment has.
///
/// # Errors
/// What is wrong with it, and what may be meant.
pub(super) fn check_known(key: &str) -> Result<(), String> {
    let (table, last) = key.rsplit_once('.').unwrap_or(("", key));
    match TABLES.iter().find(|known| known.name == table) {
        Some(KnownTable { is_list: true, .. }) => Err(format!(
            "`{table}` is a list of tables; expected a key outside of it, or `{table}` itself"
        )),
        Some(known) if known.keys.contains(&last) => Ok(()),
        Some(known) => Err(unknown_key(last, known.keys)),
        None => {
            let tables: Vec<&str> = TABLES.iter().map(|known| known.name.as_str()).collect();
            Err(with_suggestion("unknown table", table, &tables[1..]))
        }
    }
}

/// What is wrong with a key that a table does not have, which has the keys `expected`.
pub(super) fn unknown_key(found: &str, expected: &[&str]) -> String {
    let here = || expected.join(", ");
    if synonym(found, expected).is_some() {
        return with_suggestion("unknown key", found, expected);
    }
    if let Some(home) = home_of(found) {
        return format!("unknown key `{found}`; it belongs {home}. Here: {}", here());
    }
    let all: Vec<&str> = TABLES.iter().flat_map(|table| table.keys).copied().collect();
    let elsewhere = synonym(found, &all).filter(|_| nearest(found, expected).is_none());
    let home = |meant: &str| home_of(meant.split(" = ").next().unwrap_or(meant));
    match elsewhere.and_then(|meant| Some((meant, home(meant)?))) {
        Some((meant, home)) => format!(
            "unknown key `{found}`; did you mean `{meant}`, which belongs {home}? Here: {}",
            here()
        ),
        None => with_suggestion("unknown key", found, expected),
    }
}

/// Where a key would have been right.
fn home_of(key: &str) -> Option<String> {
    TABLES.iter().find(|table| table.keys.contains(&key)).map(KnownTable::place)
}

impl KnownTable {
    /// Where its keys belong.
    fn place(&self) -> String {
        match (self.name.as_str(), self.is_list) {
            ("", _) => "before the first [table]".into(),
            (name, false) => format!("to [{name}]"),
            (name, true) => format!("to [[{name}]]"),
        }
    }
}
