//! `[analysis.uncertainty]`: what noise does to predictions, predicted without noisy data. The keys are
//! the options of `snode uncertainty` too.

use serde::{Deserialize, Serialize};

#[cfg(feature = "clap")]
use crate::numbers::{count, real, whole};

/// `[analysis.uncertainty]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[serde(deny_unknown_fields, default)]
pub struct UncertaintyConfig {
    /// What the noise is on.
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "WHAT", default_value_t))]
    pub on: UncertaintySource,
    /// Standard deviations of the noise.
    #[cfg_attr(feature = "clap", arg(
        long,
        value_delimiter = ',',
        value_name = "NUMBERS",
        value_parser = real,
        default_value = "0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1"
    ))]
    #[serde(deserialize_with = "super::list::list")]
    pub levels: Vec<f64>,
    /// How often noise is drawn for every level to measure what was predicted; 0: not at all.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", default_value_t = 5, value_parser = whole))]
    pub draws: usize,
    /// How many directions of the noise predictions are integrated over, for each image.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", default_value_t = 64, value_parser = count))]
    pub directions: usize,
    /// How many bins the reliability diagram has.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = count))]
    pub bins: usize,
    /// How many of the images, from the first on; all if not given.
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = count))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<usize>,
}

/// What the noise is on whose effect on predictions is predicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum UncertaintySource {
    /// The inputs.
    #[default]
    Input,
    /// All weights and biases, at every depth by itself.
    Parameters,
    /// All weights and biases, the same at every depth.
    ConstantParameters,
}

impl UncertaintySource {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Parameters => "parameters",
            Self::ConstantParameters => "constant-parameters",
        }
    }
}

impl Default for UncertaintyConfig {
    fn default() -> Self {
        Self {
            on: UncertaintySource::Input,
            levels: (0..=10).map(|tenths| f64::from(tenths) / 10.0).collect(),
            draws: 5,
            directions: 64,
            bins: 10,
            images: None,
        }
    }
}
