//! A key.

use super::condition::Condition;
use super::values::Values;

/// A key of an experiment, and all that is said of it.
#[derive(Debug)]
pub struct Key {
    /// Its name, without that of its table.
    pub name: &'static str,
    /// What it takes.
    pub values: Values,
    /// What it is when left out, in Markdown: a value in backticks, or words. "none" means that there is
    /// none, what follows a colon behind it what that means; "; `a` with `key = "b"`" is an exception.
    pub default: &'static str,
    /// What must be chosen elsewhere for it to have a meaning: all of it.
    pub with: [Option<Condition>; 2],
    /// What it means, in Markdown.
    pub meaning: &'static str,
}

/// A key with what it takes and what it is when left out.
pub(super) const fn key(name: &'static str, values: Values, default: &'static str) -> Key {
    Key { name, values, default, with: [None; 2], meaning: "" }
}

impl Key {
    /// It has a meaning with this only.
    pub(super) const fn with(mut self, condition: Condition) -> Self {
        match self.with[0] {
            None => self.with[0] = Some(condition),
            Some(_) => self.with[1] = Some(condition),
        }
        self
    }

    /// What it means.
    pub(super) const fn means(mut self, meaning: &'static str) -> Self {
        self.meaning = meaning;
        self
    }

    /// What must be chosen elsewhere for it to have a meaning.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.with.iter().flatten()
    }

    /// What it means that there is no value, as a few words.
    pub fn without_value(&self) -> &'static str {
        let first = self.default.split_once("; ").map_or(self.default, |(first, _)| first);
        first.strip_prefix("none: ").unwrap_or(first).trim_matches('`')
    }
}
