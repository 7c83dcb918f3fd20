//! Keys that have a meaning with some values of other keys only.

use std::fmt;

use crate::check::check;
use crate::error::{Error, Result};
use crate::file::ExperimentFile;
use crate::keys;

/// Whether a key may lose its meaning by the values of others, as `training.learning_rate` does by
/// `training.method`.
pub fn has_condition(key: &str) -> bool {
    let mut conditional = keys::keys().filter(|(_, key)| key.conditions().next().is_some());
    conditional.any(|(table, known)| keys::path(table, known.name) == key)
}

/// A key that was left out because it has no meaning with the values of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The key.
    pub key: String,
    /// Where it stands.
    pub place: String,
    /// With which values of which keys it has a meaning.
    pub condition: String,
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, place, condition } = self;
        write!(f, "{place}: {key} is left out: only valid with {condition}")
    }
}

impl From<Dropped> for Error {
    fn from(dropped: Dropped) -> Self {
        let Dropped { key, place, condition } = dropped;
        Self::Meaningless { place, key, condition }
    }
}

/// A file without the keys that have no meaning in it, and these keys. What else is wrong with it is
/// left to [`check`].
///
/// # Errors
/// If the file without a key cannot be read.
pub fn with_meaning(mut file: ExperimentFile) -> Result<(ExperimentFile, Vec<Dropped>)> {
    let mut dropped = Vec::new();
    loop {
        match check(&file.experiment, &file.locator) {
            Err(Error::Meaningless { place, key, condition }) if has_condition(&key) => {
                file = file.without(&key)?;
                dropped.push(Dropped { key, place, condition });
            }
            _ => return Ok((file, dropped)),
        }
    }
}

/// The file of one experiment without the keys of it that lost their meaning by an override, and these
/// keys. An override without a meaning, and a key that had none in the file itself, are refused.
///
/// # Errors
/// [`Error::Meaningless`] with such a key.
pub fn settled(file: ExperimentFile) -> Result<(ExperimentFile, Vec<Dropped>)> {
    if !file.is_overridden() {
        return Ok((file, Vec::new()));
    }
    let (kept, dropped) = with_meaning(file.clone())?;
    if dropped.is_empty() {
        return Ok((file, dropped));
    }
    match dropped.iter().find(|dropped| !file.lost_by_override(&dropped.key)) {
        Some(dropped) => Err(dropped.clone().into()),
        None => Ok((kept, dropped)),
    }
}

impl ExperimentFile {
    /// Whether a key that has no meaning here is one of the file that has one without the overrides.
    pub fn lost_by_override(&self, key: &str) -> bool {
        let written = || with_meaning(self.as_written()?);
        !self.locator.is_overridden(key)
            && written().is_ok_and(|(_, dropped)| dropped.iter().all(|dropped| dropped.key != key))
    }
}
