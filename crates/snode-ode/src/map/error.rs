//! What is wrong with a map.

use std::fmt::Display;

/// Why there is no such map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: found {found}; expected {expected}")]
pub struct MapError {
    /// What is wrong: `channels`, `kernel` …
    pub what: &'static str,
    /// What was found.
    pub found: String,
    /// What is allowed.
    pub expected: String,
}

impl MapError {
    /// Refuses `found` unless it is `allowed`.
    pub(crate) fn require(
        allowed: bool,
        what: &'static str,
        found: &dyn Display,
        expected: &dyn Display,
    ) -> Result<(), Self> {
        if allowed {
            return Ok(());
        }
        Err(Self { what, found: found.to_string(), expected: expected.to_string() })
    }
}
