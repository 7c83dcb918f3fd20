//! What a file of another program holds.

use crate::{Description, ExchangeError, Layers, NumberType};

/// A network as read from another program's file.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Its parameters, layer by layer.
    pub layers: Layers,
    /// How the file stores them; [`NumberType::F16`] and [`NumberType::Bf16`] are read into single
    /// precision, which holds them exactly.
    pub stored: NumberType,
    /// What the file says of it beside them.
    pub description: Description,
}

/// Refuses what a file has beside the network, unless it is to be left out.
///
/// `ignore` has names, or beginnings of names with a `*` after them; each must be the name of
/// something that is left over.
pub(crate) fn check_left_over<'a>(
    left_over: impl Iterator<Item = &'a str>,
    ignore: &[String],
) -> Result<(), ExchangeError> {
    let mut left_over: Vec<String> = left_over.map(str::to_owned).collect();
    left_over.sort_unstable();
    let matches = |pattern: &String, name: &String| match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    };
    for pattern in ignore {
        if !left_over.iter().any(|name| matches(pattern, name)) {
            shorten(&mut left_over);
            return Err(ExchangeError::NotLeftOver { name: pattern.clone(), left_over });
        }
    }
    left_over.retain(|name| !ignore.iter().any(|pattern| matches(pattern, name)));
    if left_over.is_empty() {
        return Ok(());
    }
    shorten(&mut left_over);
    Err(ExchangeError::LeftOver { names: left_over })
}

/// How many names a message has.
const NAMES: usize = 8;

/// The first names of a list, for messages.
fn shorten(names: &mut Vec<String>) {
    if names.len() > NAMES {
        let more = names.len() - NAMES;
        names.truncate(NAMES);
        names.push(format!("and {more} more"));
    }
}

/// The first names of a file's objects in one text, for messages.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort_unstable();
    shorten(&mut names);
    if names.is_empty() { "none".into() } else { names.join(", ") }
}
