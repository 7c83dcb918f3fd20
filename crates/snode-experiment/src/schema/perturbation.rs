//! `[training.perturbation]`: how the inputs of mini-batches are perturbed.

use serde::{Deserialize, Serialize};
use snode_attack::{
    Bounds, FastGradient, MovingTarget, Norm, PerturbationMethod, PerturbationOptions,
    ProjectedGradient,
};

/// `[training.perturbation]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PerturbationConfig {
    /// How inputs are perturbed.
    pub method: PerturbationName,
    /// ρ, the fraction of each batch that is.
    pub fraction: f64,
    /// Noise: its standard deviation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<f64>,
    /// Noise: whether noisy inputs are clipped to the values that images can have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip: Option<bool>,
    /// Fgsm, pgd: the norm of steps and perturbations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub norm: Option<Norm>,
    /// Fgsm, pgd: ε.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radius: Option<f64>,
    /// Pgd, moving-target: the length of a step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// Pgd, moving-target: how many steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iterations: Option<usize>,
    /// Pgd: begin at a random point within the radius.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random_start: Option<bool>,
}

/// A way to perturb inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PerturbationName {
    /// Normal noise.
    Noise,
    /// One step along the gradient of the cross-entropy.
    Fgsm,
    /// Steps along the gradient of the cross-entropy, projected onto a ball.
    #[default]
    Pgd,
    /// Steps towards whichever class is closest.
    MovingTarget,
}

impl PerturbationName {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::Noise => "noise",
            Self::Fgsm => "fgsm",
            Self::Pgd => "pgd",
            Self::MovingTarget => "moving-target",
        }
    }
}

impl Default for PerturbationConfig {
    fn default() -> Self {
        Self {
            method: PerturbationName::default(),
            fraction: 1.0,
            level: None,
            clip: None,
            norm: None,
            radius: None,
            step: None,
            iterations: None,
            random_start: None,
        }
    }
}

/// The standard deviation of noise unless given.
const LEVEL: f64 = 0.3;
/// ε of pgd, the length and the number of its steps unless given.
const BALL: (f64, f64, usize) = (0.5, 0.1, 10);
/// How many steps the moving target makes unless told otherwise.
const STEPS: usize = 10;

impl PerturbationConfig {
    /// What is to be done, in a box that images lie in.
    pub fn options(&self, bounds: Bounds, seed: u64) -> PerturbationOptions {
        let method = match self.method {
            PerturbationName::Noise => PerturbationMethod::Noise {
                level: self.level.unwrap_or(LEVEL),
                clip: self.clip.unwrap_or(false),
            },
            PerturbationName::Fgsm => {
                let default = FastGradient::default();
                PerturbationMethod::FastGradient(FastGradient {
                    norm: self.norm.unwrap_or(default.norm),
                    radius: self.radius.unwrap_or(default.radius),
                })
            }
            PerturbationName::Pgd => PerturbationMethod::ProjectedGradient(ProjectedGradient {
                norm: self.norm.unwrap_or(Norm::Two),
                radius: Some(self.radius.unwrap_or(BALL.0)),
                step: self.step.unwrap_or(BALL.1),
                iterations: self.iterations.unwrap_or(BALL.2),
                random_start: self.random_start.unwrap_or(true),
                ..ProjectedGradient::default()
            }),
            PerturbationName::MovingTarget => {
                let default = MovingTarget::default();
                PerturbationMethod::MovingTarget(MovingTarget {
                    step: self.step.unwrap_or(default.step),
                    iterations: self.iterations.unwrap_or(STEPS),
                    margin: default.margin,
                })
            }
        };
        PerturbationOptions { method, fraction: self.fraction, bounds, seed }
    }

    /// The same with every default in place.
    #[must_use]
    pub fn resolved(&self) -> Self {
        let mut keys = self.clone();
        match self.options(Bounds::default(), 0).method {
            PerturbationMethod::Noise { level, clip } => {
                (keys.level, keys.clip) = (Some(level), Some(clip));
            }
            PerturbationMethod::FastGradient(FastGradient { norm, radius }) => {
                (keys.norm, keys.radius) = (Some(norm), Some(radius));
            }
            PerturbationMethod::ProjectedGradient(pgd) => {
                (keys.norm, keys.radius) = (Some(pgd.norm), pgd.radius);
                (keys.step, keys.iterations) = (Some(pgd.step), Some(pgd.iterations));
                keys.random_start = Some(pgd.random_start);
            }
            PerturbationMethod::MovingTarget(MovingTarget { step, iterations, .. }) => {
                (keys.step, keys.iterations) = (Some(step), Some(iterations));
            }
            _ => {}
        }
        keys
    }
}
