use snode_ode::Real;

use crate::update::Rule;

/// Gradient descent (S22) without momentum: p ← p − α g.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Plain;

impl Plain {
    pub(super) fn rule<T: Real>(rate: f64) -> PlainRule<T> {
        PlainRule { rate: T::from_f64(rate) }
    }
}

#[derive(Clone, Copy)]
pub(super) struct PlainRule<T> {
    rate: T,
}

impl<T: Real> Rule<T, 0> for PlainRule<T> {
    #[inline(always)]
    fn step(self, g: T, _: [T; 0]) -> ([T; 0], T) {
        ([], self.rate * g)
    }
}
