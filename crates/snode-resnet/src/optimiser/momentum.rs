use snode_ode::Real;
use snode_train::OptionError;

use crate::update::Rule;

/// Gradient descent with momentum (S22), as `keras.optimizers.SGD` of Keras 3 defines it:
///
/// v ← μ v − α g, then p ← p + v (heavy ball) or p ← p + μ v − α g (Nesterov).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    /// μ in \[0, 1): which part of the velocity is left after a step.
    pub momentum: f64,
    /// Whether the step looks ahead along the new velocity.
    pub nesterov: bool,
}

impl Default for Momentum {
    /// Heavy ball with μ = 0.9.
    fn default() -> Self {
        Self { momentum: 0.9, nesterov: false }
    }
}

impl Momentum {
    pub(super) const STATE: &'static [&'static str] = &["velocity"];

    pub(super) fn check(self) -> Result<(), OptionError> {
        check_fraction("momentum", self.momentum)
    }

    pub(super) fn rule<T: Real>(self, rate: f64) -> MomentumRule<T> {
        // Both are v ← μ v − α g, p ← p + a v − b g.
        let (velocity, gradient) = if self.nesterov { (self.momentum, rate) } else { (1.0, 0.0) };
        let [momentum, rate, velocity, gradient] =
            [self.momentum, rate, velocity, gradient].map(T::from_f64);
        MomentumRule { momentum, rate, velocity, gradient }
    }
}

/// Refuses what is not in \[0, 1).
pub(super) fn check_fraction(option: &'static str, found: f64) -> Result<(), OptionError> {
    OptionError::require(option, found, (0.0..1.0).contains(&found), "0 or more, less than 1")
}

#[derive(Clone, Copy)]
pub(super) struct MomentumRule<T> {
    momentum: T,
    rate: T,
    velocity: T,
    gradient: T,
}

impl<T: Real> Rule<T, 1> for MomentumRule<T> {
    #[inline(always)]
    fn step(self, g: T, [v]: [T; 1]) -> ([T; 1], T) {
        let v = v.mul_add(self.momentum, -(self.rate * g));
        ([v], g.mul_add(self.gradient, -(self.velocity * v)))
    }
}
