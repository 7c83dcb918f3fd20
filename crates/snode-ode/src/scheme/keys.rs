//! The options of schemes, as files hold them.

use crate::Interpolation;

/// The options of a scheme beside its name, as files hold them: what determines how a network is
/// solved, and so what it computes. What has no value is the scheme's default, or has no meaning
/// with it.
///
/// ```
/// use snode_ode::{Interpolation, SolverKeys};
/// let keys = SolverKeys { rtol: Some(1e-6), ..SolverKeys::default() };
/// assert_eq!(keys.to_texts(), [("rtol", "0.000001".to_owned())]);
/// let read = SolverKeys::from_texts(|key| (key == "interpolation").then(|| "linear".into()))?;
/// assert_eq!(read.interpolation, Some(Interpolation::Linear));
/// # Ok::<(), snode_ode::KeyError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SolverKeys {
    /// How parameters are read between the nodes.
    pub interpolation: Option<Interpolation>,
    /// Error per step relative to the state.
    pub rtol: Option<f64>,
    /// Error per step beside it.
    pub atol: Option<f64>,
    /// How errors are measured: `rms`, `max` or `per-sample`.
    pub norm: Option<String>,
    /// The first step of the direct problem.
    pub first_step: Option<f64>,
    /// The longest step.
    pub largest_step: Option<f64>,
    /// How many steps a solve may try.
    pub budget: Option<u64>,
}

/// An option whose text has no meaning.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: found {found}; expected {expected}")]
#[non_exhaustive]
pub struct KeyError {
    /// Which.
    pub key: &'static str,
    /// The text.
    pub found: String,
    /// What it may be.
    pub expected: &'static str,
}

impl SolverKeys {
    /// The names of the options in files.
    pub const KEYS: [&'static str; 7] =
        ["interpolation", "rtol", "atol", "norm", "first_step", "largest_step", "budget"];

    /// Whether none has a value.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These, and those of `other` where these have no value.
    pub fn or(self, other: Self) -> Self {
        Self {
            interpolation: self.interpolation.or(other.interpolation),
            rtol: self.rtol.or(other.rtol),
            atol: self.atol.or(other.atol),
            norm: self.norm.or(other.norm),
            first_step: self.first_step.or(other.first_step),
            largest_step: self.largest_step.or(other.largest_step),
            budget: self.budget.or(other.budget),
        }
    }

    /// Those that have a value, as texts: numbers in their shortest form that reads back exactly.
    pub fn to_texts(&self) -> Vec<(&'static str, String)> {
        let number = |value: Option<f64>| value.map(|value| value.to_string());
        let texts = [
            self.interpolation.map(|interpolation| interpolation.name().to_owned()),
            number(self.rtol),
            number(self.atol),
            self.norm.clone(),
            number(self.first_step),
            number(self.largest_step),
            self.budget.map(|budget| budget.to_string()),
        ];
        Self::KEYS.into_iter().zip(texts).filter_map(|(key, text)| Some((key, text?))).collect()
    }

    /// Those that `find` has a text for, by name.
    ///
    /// # Errors
    /// If a text has no meaning.
    pub fn from_texts(find: impl Fn(&'static str) -> Option<String>) -> Result<Self, KeyError> {
        let positive = |key| {
            let read = |text: &str| {
                text.parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0)
            };
            parsed(key, find(key), "a positive number", read)
        };
        Ok(Self {
            interpolation: parsed(
                "interpolation",
                find("interpolation"),
                "hermite, linear or constant",
                Interpolation::named,
            )?,
            rtol: positive("rtol")?,
            atol: positive("atol")?,
            norm: parsed("norm", find("norm"), "rms, max or per-sample", |text| {
                NORMS.contains(&text).then(|| text.to_owned())
            })?,
            first_step: positive("first_step")?,
            largest_step: positive("largest_step")?,
            budget: parsed("budget", find("budget"), "a whole number of at least 1", |text| {
                text.parse().ok().filter(|budget| *budget > 0)
            })?,
        })
    }
}

/// The names of the norms of errors.
const NORMS: [&str; 3] = ["rms", "max", "per-sample"];

/// What a text means, if there is one.
fn parsed<V>(
    key: &'static str,
    text: Option<String>,
    expected: &'static str,
    read: impl Fn(&str) -> Option<V>,
) -> Result<Option<V>, KeyError> {
    let Some(text) = text else { return Ok(None) };
    match read(&text) {
        Some(value) => Ok(Some(value)),
        None => Err(KeyError { key, found: text, expected }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_back() {
        let full = SolverKeys {
            interpolation: Some(Interpolation::Constant),
            rtol: Some(0.1 + 0.2),
            atol: Some(1e-300),
            norm: Some("per-sample".into()),
            first_step: Some(1e-3),
            largest_step: Some(0.5),
            budget: Some(10_000),
        };
        for keys in [full, SolverKeys::default()] {
            let texts = keys.to_texts();
            let find = |key| texts.iter().find(|(k, _)| *k == key).map(|(_, text)| text.clone());
            assert_eq!(SolverKeys::from_texts(find), Ok(keys));
        }
    }

    #[test]
    fn texts_without_meaning_are_refused() {
        for (key, text) in [
            ("interpolation", "cubic"),
            ("rtol", "0"),
            ("atol", "NaN"),
            ("norm", "l2"),
            ("budget", "0"),
            ("budget", "-1"),
        ] {
            let find = |asked| (asked == key).then(|| text.to_owned());
            let error = SolverKeys::from_texts(find).unwrap_err();
            assert_eq!((error.key, error.found.as_str()), (key, text));
        }
    }
}
