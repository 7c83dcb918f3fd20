use snode_ode::Real;
use snode_train::OptionError;

use super::momentum::check_fraction;
use crate::update::Rule;

/// Where RMSprop adds ε.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum EpsilonPlace {
    /// √(q + ε): Keras 3.
    #[default]
    Inside,
    /// √q + ε: the Keras of TensorFlow 2.0 to 2.10 (without momentum), and PyTorch.
    Outside,
}

/// RMSprop (S23), as `keras.optimizers.RMSprop` of Keras 3 defines it, with ε *inside* the root:
///
/// q ← ρ q + (1 − ρ) g²,  p ← p − α g/√(q + ε).
///
/// Centred, a ← ρ a + (1 − ρ) g too, and the root is √(q − a² + ε). With momentum μ > 0,
/// v ← μ v + α g/√…, p ← p − v. [`EpsilonPlace::Outside`] has √q + ε in place of √(q + ε).
///
/// Rounding can make q − a² negative, which is then taken as 0; Keras's root would be NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp {
    /// ρ in \[0, 1): the decay of the mean square.
    pub rho: f64,
    /// ε > 0, in units of g², or of g where it is outside.
    pub epsilon: f64,
    /// Where it is added.
    pub epsilon_place: EpsilonPlace,
    /// μ in \[0, 1).
    pub momentum: f64,
    /// Whether g is divided by its standard deviation rather than its root mean square.
    pub centred: bool,
}

impl Default for RmsProp {
    /// Keras's: ρ = 0.9, ε = 10⁻⁷ inside, no momentum, not centred.
    fn default() -> Self {
        Self {
            rho: 0.9,
            epsilon: 1e-7,
            epsilon_place: EpsilonPlace::Inside,
            momentum: 0.0,
            centred: false,
        }
    }
}

impl RmsProp {
    pub(super) fn check(self) -> Result<(), OptionError> {
        check_fraction("rho", self.rho)?;
        check_epsilon(self.epsilon)?;
        check_fraction("momentum", self.momentum)
    }

    pub(super) fn state_names(self) -> &'static [&'static str] {
        match (self.centred, self.momentum > 0.0) {
            (false, false) => &["mean_square"],
            (true, false) => &["mean_square", "mean"],
            (false, true) => &["mean_square", "velocity"],
            (true, true) => &["mean_square", "mean", "velocity"],
        }
    }

    pub(super) fn rule<T: Real>(self, rate: f64) -> RmsPropRule<T> {
        // One of the two is 0, and adding that changes nothing.
        let (inside, outside) = match self.epsilon_place {
            EpsilonPlace::Inside => (self.epsilon, 0.0),
            EpsilonPlace::Outside => (0.0, self.epsilon),
        };
        let [rate, rho, fresh, inside, outside, momentum] =
            [rate, self.rho, 1.0 - self.rho, inside, outside, self.momentum].map(T::from_f64);
        RmsPropRule { rate, rho, fresh, inside, outside, momentum }
    }
}

/// Refuses an ε that does not keep denominators from 0.
pub(super) fn check_epsilon(epsilon: f64) -> Result<(), OptionError> {
    let is_allowed = epsilon.is_finite() && epsilon > 0.0;
    OptionError::require("epsilon", epsilon, is_allowed, "more than 0")
}

#[derive(Clone, Copy)]
pub(super) struct RmsPropRule<T> {
    rate: T,
    rho: T,
    fresh: T,
    inside: T,
    outside: T,
    momentum: T,
}

impl<T: Real> RmsPropRule<T> {
    pub(super) fn centred(self) -> Centred<T> {
        Centred(self)
    }

    pub(super) fn with_momentum(self) -> WithMomentum<Self, T> {
        WithMomentum { inner: self, momentum: self.momentum }
    }

    /// ρ `mean` + (1 − ρ) `value`.
    #[inline(always)]
    fn mean(self, mean: T, value: T) -> T {
        mean.mul_add(self.rho, self.fresh * value)
    }

    /// α g/√(`variance` + ε), or α g/(√`variance` + ε).
    #[inline(always)]
    fn change(self, g: T, variance: T) -> T {
        self.rate * g / ((variance + self.inside).sqrt() + self.outside)
    }
}

impl<T: Real> Rule<T, 1> for RmsPropRule<T> {
    #[inline(always)]
    fn step(self, g: T, [q]: [T; 1]) -> ([T; 1], T) {
        let q = self.mean(q, g * g);
        ([q], self.change(g, q))
    }
}

/// Divided by the standard deviation.
#[derive(Clone, Copy)]
pub(super) struct Centred<T>(RmsPropRule<T>);

impl<T: Real> Centred<T> {
    pub(super) fn with_momentum(self) -> WithMomentum<Self, T> {
        WithMomentum { inner: self, momentum: self.0.momentum }
    }
}

impl<T: Real> Rule<T, 2> for Centred<T> {
    #[inline(always)]
    fn step(self, g: T, [q, a]: [T; 2]) -> ([T; 2], T) {
        let (q, a) = (self.0.mean(q, g * g), self.0.mean(a, g));
        let variance = a.mul_add(-a, q);
        // Written so that NaN stays NaN.
        let variance = if variance < T::ZERO { T::ZERO } else { variance };
        ([q, a], self.0.change(g, variance))
    }
}

/// With a velocity behind the state of the rule inside.
#[derive(Clone, Copy)]
pub(super) struct WithMomentum<R, T> {
    inner: R,
    momentum: T,
}

impl<T: Real> Rule<T, 2> for WithMomentum<RmsPropRule<T>, T> {
    #[inline(always)]
    fn step(self, g: T, [q, v]: [T; 2]) -> ([T; 2], T) {
        let ([q], change) = self.inner.step(g, [q]);
        let v = v.mul_add(self.momentum, change);
        ([q, v], v)
    }
}

impl<T: Real> Rule<T, 3> for WithMomentum<Centred<T>, T> {
    #[inline(always)]
    fn step(self, g: T, [q, a, v]: [T; 3]) -> ([T; 3], T) {
        let ([q, a], change) = self.inner.step(g, [q, a]);
        let v = v.mul_add(self.momentum, change);
        ([q, a, v], v)
    }
}
