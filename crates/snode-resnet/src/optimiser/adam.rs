use snode_ode::Real;
use snode_train::OptionError;

use super::momentum::check_fraction;
use super::rmsprop::check_epsilon;
use crate::update::Rule;

/// Adam (S24), as `keras.optimizers.Adam` of Keras 3 defines it, with ε *outside* the root of the
/// uncorrected second moment (the "ε hat" of Kingma and Ba). At step number j, from 0:
///
/// m ← m + (1 − β₁)(g − m),  v ← v + (1 − β₂)(g² − v),
/// p ← p − α √(1 − β₂^{j+1})/(1 − β₁^{j+1}) · m/(√v + ε).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// β₁ in \[0, 1): the decay of the first moment.
    pub beta1: f64,
    /// β₂ in \[0, 1): the decay of the second moment.
    pub beta2: f64,
    /// ε > 0, in units of g.
    pub epsilon: f64,
}

impl Default for Adam {
    /// Keras's: β = (0.9, 0.999), ε = 10⁻⁷.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }
    }
}

impl Adam {
    pub(super) const STATE: &'static [&'static str] = &["first_moment", "second_moment"];

    pub(super) fn check(self) -> Result<(), OptionError> {
        check_fraction("betas", self.beta1)?;
        check_fraction("betas", self.beta2)?;
        check_epsilon(self.epsilon)
    }

    pub(super) fn rule<T: Real>(self, rate: f64, step: u64) -> AdamRule<T> {
        let power = (step + 1) as f64;
        let corrected =
            rate * (1.0 - self.beta2.powf(power)).sqrt() / (1.0 - self.beta1.powf(power));
        let [rate, fresh1, fresh2, epsilon] =
            [corrected, 1.0 - self.beta1, 1.0 - self.beta2, self.epsilon].map(T::from_f64);
        AdamRule { rate, fresh1, fresh2, epsilon }
    }
}

#[derive(Clone, Copy)]
pub(super) struct AdamRule<T> {
    rate: T,
    fresh1: T,
    fresh2: T,
    epsilon: T,
}

impl<T: Real> Rule<T, 2> for AdamRule<T> {
    #[inline(always)]
    fn step(self, g: T, [m, v]: [T; 2]) -> ([T; 2], T) {
        let m = (g - m).mul_add(self.fresh1, m);
        let v = (g * g - v).mul_add(self.fresh2, v);
        ([m, v], self.rate * m / (v.sqrt() + self.epsilon))
    }
}
