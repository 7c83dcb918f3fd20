//! What no text of a configuration may hold.

use toml::{Table, Value};

use super::locator::Locator;
use crate::error::{Error, Result};

/// Refuses control characters in keys and texts of a whole file: as names they would end up on
/// terminals, in figures and in the names of files.
///
/// # Errors
/// The first key or text that has one, with its place.
pub(super) fn check_texts(table: &Table, locator: &Locator) -> Result<()> {
    walk(table, "", None, locator)
}

/// What is wrong with a text, if it has a control character.
///
/// # Errors
/// That, in words.
pub(super) fn check_text(text: &str) -> std::result::Result<(), String> {
    match text.chars().find(|c| c.is_control()) {
        None => Ok(()),
        Some(character) => Err(format!(
            "found the control character U+{:04X} in {text:?}; expected a text without any",
            u32::from(character)
        )),
    }
}

fn walk(table: &Table, prefix: &str, item: Option<usize>, locator: &Locator) -> Result<()> {
    for (key, value) in table {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        let here = Place { path: &path, item, locator };
        here.check(key)?;
        here.check_value(value)?;
    }
    Ok(())
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a str,
    item: Option<usize>,
    locator: &'a Locator,
}

impl Place<'_> {
    fn check(self, text: &str) -> Result<()> {
        check_text(text).map_err(|problem| {
            let place = match self.item {
                Some(item) => self.locator.place_in(self.path, item),
                None => self.locator.place_of(self.path),
            };
            Error::Config { place, key: Some(self.path.escape_debug().to_string()), problem }
        })
    }

    fn check_value(self, value: &Value) -> Result<()> {
        match value {
            Value::String(text) => self.check(text),
            Value::Table(table) => walk(table, self.path, self.item, self.locator),
            Value::Array(items) => items.iter().enumerate().try_for_each(|(index, value)| {
                Place { item: self.item.or(Some(index)), ..self }.check_value(value)
            }),
            _ => Ok(()),
        }
    }
}
