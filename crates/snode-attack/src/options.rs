//! How images are attacked, whatever the method.

use crate::AttackError;
use crate::norm::Bounds;

/// How images are attacked, whatever the method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttackOptions {
    /// The box that images lie in, attacked or not.
    pub bounds: Bounds,
    /// How many images are solved for at once. Memory grows with it, not with the number of images.
    pub batch: usize,
    /// Whether an image is done with its first success; else the attack goes on to its limit, and
    /// the smallest success is kept.
    pub stop_on_success: bool,
    /// How often the way from the clean to the adversarial image is halved afterwards, to find a
    /// smaller perturbation of the same direction; 0 for not at all.
    pub refinements: usize,
    /// Where random numbers come from: every image has a stream of its own.
    pub seed: u64,
}

impl Default for AttackOptions {
    /// The box [−1, 0], 100 images at once, to the limit, no refinement.
    fn default() -> Self {
        Self {
            bounds: Bounds::default(),
            batch: 100,
            stop_on_success: false,
            refinements: 0,
            seed: 0,
        }
    }
}

impl AttackOptions {
    /// # Errors
    /// [`AttackError::Option`] for one out of its range.
    pub fn check(&self) -> Result<(), AttackError> {
        self.bounds.check()?;
        AttackError::require(self.batch > 0, "batch", self.batch, "at least 1")?;
        let holds = self.refinements <= 1000;
        AttackError::require(holds, "refinements", self.refinements, "0 to 1000")
    }
}
