//! Why a value of a configuration is not what its key takes, and how that is said.

use std::fmt;

use serde::de::{self, Expected, Unexpected};
use toml::Value;

use super::Locator;
use super::schema_keys::home_of;
use super::suggest::with_suggestion;
use crate::error::Error;

/// What a file may say beside the keys of an experiment.
pub(super) const FILE_KEYS: [&str; 5] = ["base", "cases", "grid", "seeds", "exclude"];

/// A step of the way from the root of a configuration to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A key of a table.
    Key(String),
    /// An element of a list, counted from 0.
    Item(usize),
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
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
pub(super) struct Refusal {
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

    fn item(&self) -> Option<usize> {
        self.steps.iter().find_map(|step| match step {
            Step::Item(index) => Some(*index),
            Step::Key(_) => None,
        })
    }

    /// The key to blame as it is said: `attack[1].step`.
    fn name(&self) -> String {
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

    /// The error, at the place where the key stands.
    pub fn located(&self, locator: &Locator) -> Error {
        let path = self.path();
        // The element of a list may itself be what is wrong: then its list is to blame.
        let place = match self.item() {
            Some(item) if path.contains('.') => locator.place_in(&path, item),
            _ => locator.place_of(&path),
        };
        let key = Some(self.name()).filter(|name| !name.is_empty());
        Error::Config { place, key, problem: self.message() }
    }

    /// What is wrong, in words.
    pub fn message(&self) -> String {
        match &self.problem {
            Problem::UnknownKey { found, expected } => self.unknown_key(found, expected),
            Problem::UnknownName { found, expected } => {
                with_suggestion("unknown name", found, expected)
            }
            Problem::Unexpected { found, expected } if expected == A_TABLE => {
                format!("found {found}; expected a table, [{}]", self.path())
            }
            Problem::Unexpected { found, expected } => {
                format!("found {found}; expected {expected}")
            }
            Problem::Other(text) => text.clone(),
        }
    }

    fn unknown_key(&self, found: &str, expected: &[&str]) -> String {
        let mut expected = expected.to_vec();
        if self.steps.is_empty() {
            expected.extend(FILE_KEYS);
        }
        match home_of(found) {
            Some(home) => {
                format!("unknown key `{found}`; it belongs {home}. Here: {}", expected.join(", "))
            }
            None => with_suggestion("unknown key", found, &expected),
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
        match self.name() {
            name if name.is_empty() => f.write_str(&self.message()),
            name => write!(f, "{name}: {}", self.message()),
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
pub(crate) fn describe(value: &Value) -> String {
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

#[cfg(test)]
mod tests {
    use super::super::Experiment;
    use super::super::read::read;

    fn message(text: &str) -> String {
        read::<Experiment>(&toml::from_str(text).unwrap()).unwrap_err().to_string()
    }

    #[test]
    fn unknown_keys_are_told_where_they_belong() {
        let message = |text: &str| message(text);
        assert!(message("[training]\nepoch = 1").starts_with(
            "training.epoch: unknown key `epoch`; did you mean `epochs`? Expected one of: method, "
        ));
        assert!(message("epochs = 1").starts_with(
            "epochs: unknown key `epochs`; it belongs to [training]. Here: name, seed, "
        ));
        assert!(
            message("[data]\nseed = 1").contains("it belongs before the first [table]. Here: ")
        );
        assert!(message("solve = 1").contains("to [analysis.schemes]"));
        assert!(message("overshoot = 1").contains("to [[attack]]"));
        assert!(message("zzz = 1").contains("base, cases, grid, seeds, exclude"));
    }

    #[test]
    fn values_are_told_what_their_key_takes() {
        for (text, expected) in [
            ("seed = \"x\"", "seed: found \"x\"; expected a whole number, 0 or more"),
            ("[network]\nhorizon = true", "network.horizon: found true; expected a number"),
            ("data = 3", "data: found 3; expected a table, [data]"),
            (
                "[analysis.robustness]\nclip = 1",
                "analysis.robustness.clip: found 1; expected true or false",
            ),
            ("name = [1, 2]", "name: found [1, 2]; expected a text in quotes"),
            (
                "[data]\nsize = []",
                "data.size: found an empty list; expected two whole numbers in brackets, e.g. [14, 14]",
            ),
        ] {
            assert_eq!(message(text), expected);
        }
        let long = format!("seed = {:?}", "x".repeat(500));
        assert!(message(&long).len() < 150);
    }

    #[test]
    fn what_is_sound_is_read_as_toml_reads_it() {
        let texts = [
            "",
            "seed = 3\n[network]\nhorizon = 2\nactivation = \"elu(0.2)\"",
            "[[attack]]\nmethod = \"pgd\"\nnorm = \"inf\"\n[[attack]]\nepsilons = [0, 0.5]",
            "[analysis.schemes]\nsolve = [\"euler\", \"tr-bdf2\"]\n[training]\nbetas = [0.9, 0.99]",
        ];
        for text in texts {
            let own = read::<Experiment>(&toml::from_str(text).unwrap()).unwrap();
            assert_eq!(own, toml::from_str::<Experiment>(text).unwrap());
        }
    }
}
