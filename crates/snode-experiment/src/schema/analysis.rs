//! `[analysis.*]`: what is measured on the trained network.

use serde::{Deserialize, Serialize};

use super::scheme::SchemeName;
use super::uncertainty::UncertaintyConfig;

/// `[analysis]`: a table for everything that is to be measured once the network is trained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnalysisConfig {
    /// Accuracy under noise on the inputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub robustness: Option<RobustnessConfig>,
    /// Noise through depth, estimated and measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<NoiseConfig>,
    /// What noise does to predictions, predicted and measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<UncertaintyConfig>,
    /// How smooth the parameters are in depth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smoothness: Option<SmoothnessConfig>,
    /// Accuracy when other schemes solve the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schemes: Option<SchemesConfig>,
}

impl AnalysisConfig {
    /// Whether nothing is to be measured.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// `[analysis.robustness]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RobustnessConfig {
    /// Standard deviations of the noise.
    #[serde(deserialize_with = "super::list::list")]
    pub levels: Vec<f64>,
    /// How often noise is drawn for every level.
    pub draws: usize,
    /// How many of the images, the first ones; all if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<usize>,
    /// Whether noisy inputs are clipped to the values that images can have.
    pub clip: bool,
    /// The scheme that solves the network; the one it was trained under if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<SchemeName>,
    /// Relative and absolute tolerance of an adaptive scheme, in place of the run's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
}

impl Default for RobustnessConfig {
    fn default() -> Self {
        let levels = (0..=10).map(|tenths| f64::from(tenths) / 10.0).collect();
        Self { levels, draws: 5, images: None, clip: false, scheme: None, tolerance: None }
    }
}

/// `[analysis.noise]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NoiseConfig {
    /// Standard deviations of noise on the inputs.
    #[serde(deserialize_with = "super::list::list")]
    pub levels: Vec<f64>,
    /// Standard deviations of noise on all weights and biases.
    #[serde(deserialize_with = "super::list::list")]
    pub weights_levels: Vec<f64>,
    /// How often noise is drawn.
    pub draws: usize,
    /// How many of the images, the first ones; if not given 1000, or all if there are fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<usize>,
}

impl NoiseConfig {
    /// How many of `there` images noise is measured on.
    pub fn images_of(&self, there: usize) -> usize {
        self.images.unwrap_or(1000).min(there)
    }
}

impl Default for NoiseConfig {
    fn default() -> Self {
        Self { levels: vec![0.01, 0.1], weights_levels: Vec::new(), draws: 1, images: None }
    }
}

/// `[analysis.smoothness]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmoothnessConfig {
    /// Row and column of the weight whose path through depth is kept; the middle one if not given.
    #[serde(deserialize_with = "super::list::pair", skip_serializing_if = "Option::is_none")]
    pub entry: Option<[usize; 2]>,
}

/// `[analysis.schemes]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SchemesConfig {
    /// The schemes that solve the network.
    #[serde(deserialize_with = "super::list::list")]
    pub solve: Vec<SchemeName>,
    /// Relative and absolute tolerance of the adaptive ones, in place of the run's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
}

impl Default for SchemesConfig {
    fn default() -> Self {
        Self { solve: vec![SchemeName::Euler, SchemeName::Dopri5], tolerance: None }
    }
}
