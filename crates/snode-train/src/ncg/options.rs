//! The choices of the method.

use crate::conjugacy::Conjugacy;
use crate::{OptionError, Preconditioner, Schedule, Space, TrainError};

/// In which inner product the conjugacy formula takes its products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Metric {
    /// L² products of the gradients in whichever space they were represented: the prototype's.
    #[default]
    L2,
    /// Products of the space the gradients are represented in, ⟨v, w⟩_{H¹} = ⟨u, w⟩_{L²}.
    Space,
}

/// What is done about a linearised step that raises the true cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum LineSearch {
    /// Nothing: the paper's method.
    #[default]
    Linearised,
    /// The step is halved, up to `halvings` times, until the true cost does not rise; each trial
    /// costs one direct solve, and the accepted one is the next iteration's.
    Backtracking {
        /// How often the step may be halved.
        halvings: usize,
    },
}

/// From where a batch's first direction goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum FirstDirection {
    /// From nothing: it is that of steepest descent. The paper's method.
    #[default]
    SteepestDescent,
    /// From the last batch's last direction, by the conjugacy formula with the last gradient taken
    /// on that batch (S52); steepest descent where that does not descend.
    Conjugate,
}

/// The choices of the method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NcgOptions {
    /// The space gradients are represented in.
    pub space: Space,
    /// What the space is weighted with.
    pub preconditioner: Preconditioner,
    /// The formula for γ.
    pub conjugacy: Conjugacy,
    /// The inner product it uses.
    pub metric: Metric,
    /// From where a batch's first direction goes on.
    pub first_direction: FirstDirection,
    /// What is done about rising costs.
    pub line_search: LineSearch,
    /// A cap on η, more than 0, if any.
    pub max_step: Option<f64>,
    /// By what the minimiser of the linearised cost is multiplied to give η (S51): more than 0, less
    /// than 2; 1 in the paper.
    pub step_factor: f64,
    /// How that factor falls in the course of the training.
    pub schedule: Schedule,
}

impl Default for NcgOptions {
    /// The paper's method.
    fn default() -> Self {
        Self {
            space: Space::default(),
            preconditioner: Preconditioner::default(),
            conjugacy: Conjugacy::default(),
            metric: Metric::default(),
            first_direction: FirstDirection::default(),
            line_search: LineSearch::default(),
            max_step: None,
            step_factor: 1.0,
            schedule: Schedule::default(),
        }
    }
}

impl NcgOptions {
    /// Refuses options that make no sense.
    ///
    /// # Errors
    /// [`TrainError::Option`] with the option.
    pub fn check(&self) -> Result<(), TrainError> {
        self.space.check()?;
        self.preconditioner.check()?;
        self.schedule.check()?;
        let factor = self.step_factor;
        let damps = factor > 0.0 && factor < 2.0;
        OptionError::require("step_factor", factor, damps, "more than 0, less than 2")?;
        if let Some(step) = self.max_step {
            OptionError::require("max_step", step, step > 0.0, "more than 0")?;
        }
        Ok(())
    }

    /// By what the step length of batch number `batch` is multiplied.
    pub fn factor(&self, batch: u64) -> f64 {
        self.step_factor * self.schedule.factor(batch)
    }

    /// Whether a batch begins with something of those before.
    pub(super) fn remembers_batches(&self) -> bool {
        self.schedule != Schedule::Constant
            || self.preconditioner != Preconditioner::None
            || self.first_direction != FirstDirection::SteepestDescent
    }
}
