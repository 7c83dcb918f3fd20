//! What has to be known of a network beside its parameters.

use snode_ode::{Activation, Endpoint, Grid, Network, Parameters, Real, SolverKeys};

use crate::ExchangeError;

/// What has to be known of a network, beside W_k and b_k, to use it. What a file does not say is
/// `None`.
///
/// Files hold it as texts, the numbers among them in their shortest form that reads back exactly.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Description {
    /// What it is called.
    pub name: Option<String>,
    /// T.
    pub horizon: Option<f64>,
    /// Whether T has a node.
    pub ends: Option<Endpoint>,
    /// σ.
    pub activation: Option<Activation>,
    /// The scheme it is to be solved by, such as `euler`.
    pub scheme: Option<String>,
    /// The options of that scheme.
    pub solver: SolverKeys,
    /// C: the first C components of the output are the class scores.
    pub classes: Option<usize>,
    /// The value of a pixel without foreground.
    pub background: Option<f64>,
    /// The value of a pixel of full foreground.
    pub foreground: Option<f64>,
    /// Rows of an image; 0 if inputs are not images.
    pub rows: Option<usize>,
    /// Columns of an image; 0 if inputs are not images.
    pub cols: Option<usize>,
}

impl Description {
    /// The names of the properties in files.
    pub const KEYS: [&'static str; 17] = [
        "name",
        "horizon",
        "ends",
        "activation",
        "scheme",
        "classes",
        "background",
        "foreground",
        "rows",
        "cols",
        "interpolation",
        "rtol",
        "atol",
        "norm",
        "first_step",
        "largest_step",
        "budget",
    ];

    /// What the property of this name is where a format tells numbers from texts.
    pub(crate) fn kind(key: &str) -> PropertyKind {
        match key {
            "horizon" | "background" | "foreground" | "rtol" | "atol" | "first_step"
            | "largest_step" => PropertyKind::Number,
            "classes" | "rows" | "cols" | "budget" => PropertyKind::Count,
            _ => PropertyKind::Text,
        }
    }

    /// What a network says of itself.
    pub fn of<T: Real>(network: &Network<T>) -> Self {
        Self {
            horizon: Some(network.grid().horizon()),
            ends: Some(network.grid().endpoint()),
            activation: Some(network.activation()),
            ..Self::default()
        }
    }

    /// These properties, and those of `other` where these are not known.
    pub fn or(self, other: Self) -> Self {
        Self {
            name: self.name.or(other.name),
            horizon: self.horizon.or(other.horizon),
            ends: self.ends.or(other.ends),
            activation: self.activation.or(other.activation),
            scheme: self.scheme.or(other.scheme),
            solver: self.solver.or(other.solver),
            classes: self.classes.or(other.classes),
            background: self.background.or(other.background),
            foreground: self.foreground.or(other.foreground),
            rows: self.rows.or(other.rows),
            cols: self.cols.or(other.cols),
        }
    }

    /// The network with these parameters. T is no node if it is not known whether it is.
    ///
    /// # Errors
    /// [`ExchangeError::Unknown`] if horizon or activation is not known; if the horizon is not
    /// positive; if the grid is closed and there is only one node.
    pub fn network<T: Real>(&self, parameters: Parameters<T>) -> Result<Network<T>, ExchangeError> {
        let horizon = self.horizon.ok_or(ExchangeError::Unknown { key: "horizon" })?;
        let activation = self.activation.ok_or(ExchangeError::Unknown { key: "activation" })?;
        let ends = self.ends.unwrap_or(Endpoint::Excluded);
        let steps = match ends {
            Endpoint::Excluded => parameters.nodes(),
            Endpoint::Included => parameters.nodes().saturating_sub(1),
        };
        Ok(Network::new(parameters, Grid::new(horizon, steps, ends)?, activation)?)
    }

    /// The properties that are known, as texts.
    pub fn to_texts(&self) -> Vec<(&'static str, String)> {
        let ends = self.ends.map(|ends| match ends {
            Endpoint::Excluded => "open",
            Endpoint::Included => "closed",
        });
        let number = |value: Option<f64>| value.map(|value| value.to_string());
        let count = |value: Option<usize>| value.map(|value| value.to_string());
        let texts = [
            self.name.clone(),
            number(self.horizon),
            ends.map(Into::into),
            self.activation.map(|activation| activation.to_string()),
            self.scheme.clone(),
            count(self.classes),
            number(self.background),
            number(self.foreground),
            count(self.rows),
            count(self.cols),
        ];
        let known = Self::KEYS.into_iter().zip(texts).filter_map(|(key, text)| Some((key, text?)));
        known.chain(self.solver.to_texts()).collect()
    }

    /// The properties that `find` has a text for, by name.
    ///
    /// # Errors
    /// [`ExchangeError::Value`] or [`ExchangeError::Key`] if a text has no meaning.
    pub fn from_texts(
        find: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, ExchangeError> {
        let number = |key| {
            let read = |text: &str| text.parse().ok().filter(|value: &f64| value.is_finite());
            parsed(key, find(key), "a finite number", read)
        };
        let count = |key| parsed(key, find(key), "a whole number", |text| text.parse().ok());
        let activations = Activation::NAMES.join(", ");
        Ok(Self {
            name: find("name"),
            horizon: number("horizon")?,
            ends: parsed("ends", find("ends"), "open, closed", |text| match text {
                "open" => Some(Endpoint::Excluded),
                "closed" => Some(Endpoint::Included),
                _ => None,
            })?,
            activation: parsed("activation", find("activation"), &activations, |text| {
                text.parse().ok()
            })?,
            scheme: find("scheme"),
            solver: SolverKeys::from_texts(&find)?,
            classes: count("classes")?,
            background: number("background")?,
            foreground: number("foreground")?,
            rows: count("rows")?,
            cols: count("cols")?,
        })
    }
}

/// What a property is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PropertyKind {
    Number,
    Count,
    Text,
}

/// What a text means, if there is one.
fn parsed<V>(
    key: &'static str,
    text: Option<String>,
    allowed: &str,
    read: impl Fn(&str) -> Option<V>,
) -> Result<Option<V>, ExchangeError> {
    let Some(text) = text else { return Ok(None) };
    match read(&text) {
        Some(value) => Ok(Some(value)),
        None => Err(ExchangeError::Value { key, found: text, allowed: allowed.into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_back() {
        let full = Description {
            name: Some("a name".into()),
            horizon: Some(0.1 + 0.2),
            ends: Some(Endpoint::Included),
            activation: Some(Activation::Elu { alpha: 0.2 }),
            scheme: Some("rk4".into()),
            solver: SolverKeys {
                interpolation: Some(snode_ode::Interpolation::Linear),
                rtol: Some(1e-7),
                budget: Some(500),
                ..SolverKeys::default()
            },
            classes: Some(10),
            background: Some(0.0),
            foreground: Some(-1.0),
            rows: Some(14),
            cols: Some(15),
        };
        for description in [full, Description::default()] {
            let texts = description.to_texts();
            let find = |key| texts.iter().find(|(k, _)| *k == key).map(|(_, text)| text.clone());
            assert_eq!(Description::from_texts(find), Ok(description));
        }
    }

    #[test]
    fn every_option_of_a_scheme_is_a_property() {
        for key in SolverKeys::KEYS {
            assert!(Description::KEYS.contains(&key), "{key}");
        }
    }

    #[test]
    fn texts_without_meaning_are_refused() {
        for (key, text) in [
            ("horizon", "three"),
            ("horizon", "NaN"),
            ("ends", "half"),
            ("activation", "swish"),
            ("classes", "-1"),
            ("rows", "1e3"),
        ] {
            let find = |asked| (asked == key).then(|| text.to_owned());
            let error = Description::from_texts(find).unwrap_err();
            assert!(error.to_string().starts_with(&format!("{key}: found {text}")), "{error}");
        }
    }
}
