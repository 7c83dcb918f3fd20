//! Why a value of a configuration is not what its key takes, as a type.

use std::fmt;

use serde::de::{self, Expected, Unexpected};
use toml::Value;

/// A step of the way from the root of a configuration to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A key of a table.
    Key(String),
    /// An element of a list, counted from 0.
    Item(usize),
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A table has a key that it must not have.
    UnknownKey { found: String, expected: &'static [&'static str] },
    /// A name is none of those there are.
    UnknownName { found: String, expected: &'static [&'static str] },
    /// A value is of another kind than its key takes.
    Unexpected { found: String, expected: String },
    /// Anything else.
    Other(String),
}

/// A value that its key does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The way to it, or, for an unknown key, to its table.
    steps: Vec<Step>,
    pub problem: Problem,
}

impl Refusal {
    /// That `found` is of another kind than `expected`.
    pub fn unexpected(found: &Value, expected: impl Into<String>) -> Self {
        Problem::Unexpected { found: describe(found), expected: expected.into() }.into()
    }

    /// The same, one step farther from the root.
    pub fn within(mut self, step: Step) -> Self {
        self.steps.insert(0, step);
        self
    }

    /// Whether it is about the root of the configuration.
    pub fn is_at_root(&self) -> bool {
        self.steps.is_empty()
    }

    /// The key to blame, as `table.key`; elements of lists do not count.
    pub fn path(&self) -> String {
        self.keys().collect::<Vec<_>>().join(".")
    }

    fn keys(&self) -> impl Iterator<Item = &str> {
        let of_steps = self.steps.iter().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Item(_) => None,
        });
        let unknown = match &self.problem {
            Problem::UnknownKey { found, .. } => Some(found.as_str()),
            _ => None,
        };
        of_steps.chain(unknown)
    }

    /// The table of the outermost list of tables that the key stands in, counted from 0.
    pub fn item(&self) -> Option<usize> {
        let place = self.steps.iter().position(|step| matches!(step, Step::Item(_)))?;
        let is_table =
            self.steps.len() > place + 1 || matches!(self.problem, Problem::UnknownKey { .. });
        match self.steps[place] {
            Step::Item(index) if is_table => Some(index),
            _ => None,
        }
    }

    /// The key to blame as it is said: `attack[1].step`.
    pub fn name(&self) -> String {
        let mut name = String::new();
        for step in &self.steps {
            match step {
                Step::Key(key) if name.is_empty() => name.push_str(key),
                Step::Key(key) => name.push_str(&format!(".{key}")),
                Step::Item(index) => name.push_str(&format!("[{index}]")),
            }
        }
        match &self.problem {
            Problem::UnknownKey { found, .. } if name.is_empty() => found.clone(),
            Problem::UnknownKey { found, .. } => format!("{name}.{found}"),
            _ => name,
        }
    }
}

/// What is expected where a table is.
pub(super) const A_TABLE: &str = "a table";

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { steps: Vec::new(), problem }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match &self.problem {
            Problem::UnknownKey { .. } => write!(f, "{name}: unknown key"),
            Problem::UnknownName { found, .. } => write!(f, "{name}: unknown name `{found}`"),
            Problem::Unexpected { found, expected } => {
                write!(f, "{name}: found {found}; expected {expected}")
            }
            Problem::Other(text) => write!(f, "{name}: {text}"),
        }
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Problem::Other(message.to_string()).into()
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Problem::Unexpected { found: found.to_string(), expected: expected.to_string() }.into()
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        let found = if length == 0 { "an empty list".into() } else { list_of(length) };
        Problem::Unexpected { found, expected: expected.to_string() }.into()
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        Problem::UnknownName { found: found.to_owned(), expected }.into()
    }

    fn unknown_field(found: &str, expected: &'static [&'static str]) -> Self {
        Problem::UnknownKey { found: found.to_owned(), expected }.into()
    }
}

/// The most characters of a value that are shown.
const SHOWN: usize = 60;

/// A value in a message.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Table(_) => A_TABLE.into(),
        Value::Array(list) if list.is_empty() => "an empty list".into(),
        Value::Array(list) if list.iter().all(Value::is_table) => "a list of tables".into(),
        other => {
            let text = other.to_string();
            match (other, text.char_indices().nth(SHOWN)) {
                (_, None) => text,
                (Value::Array(list), Some(_)) => list_of(list.len()),
                (_, Some((end, _))) => format!("{}…", &text[..end]),
            }
        }
    }
}

fn list_of(length: usize) -> String {
    format!("a list of length {length}")
}
