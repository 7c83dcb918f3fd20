//! The keys of experiments: the one declaration of each, with what it takes, what it is when left out,
//! what must be chosen for it to have a meaning, and what it means.
//!
//! The type of a key is that of its field in the schema. Everything else that is said or checked of it
//! is from here: the tables of docs/experiments.md ([`with_tables`]), ranges and conditions,
//! and what it means that a key has no value.

mod check;
mod condition;
mod key;
mod reference;
mod tables;
mod values;

pub use condition::{Condition, ConditionKind};
pub use key::Key;
pub use reference::with_tables;
pub use tables::Group;
pub use values::{Count, Kind, Numbers, Values};

pub(crate) use check::{check, check_alone, check_ranges, unset};

/// All keys of an experiment, table by table, each with its table: empty before the first one.
pub fn keys() -> impl Iterator<Item = (&'static str, &'static Key)> {
    tables::GROUPS.iter().flat_map(|group| group.keys.iter().map(|key| (group.table, key)))
}

/// `table.key`, where a name that has a table already keeps it.
pub(crate) fn path(table: &str, name: &str) -> String {
    if table.is_empty() || name.contains('.') { name.into() } else { format!("{table}.{name}") }
}
