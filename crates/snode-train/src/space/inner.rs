//! The space that a metric is combined with.

use snode_ode::{Parameters, Real};

use super::GradientSpace;

/// The space of functions of depth that a metric is combined with, with scratch for what goes into it
/// and comes out of it; nothing for L², where there is nothing to do between.
pub struct Inner<T>(Option<(Box<dyn GradientSpace<T>>, Parameters<T>, Parameters<T>)>);

impl<T: Real> Inner<T> {
    /// For parameters like `parameters`.
    pub fn new(space: Box<dyn GradientSpace<T>>, parameters: &Parameters<T>) -> Self {
        let zeros = || parameters.zeros_like();
        Self((!space.is_l2()).then(|| (space, zeros(), zeros())))
    }

    /// Whether it is L².
    pub(super) fn is_l2(&self) -> bool {
        self.0.is_none()
    }

    /// The space with its scratch, unless it is L².
    pub(super) fn parts(
        &mut self,
    ) -> Option<(&mut dyn GradientSpace<T>, &mut Parameters<T>, &mut Parameters<T>)> {
        let (space, from, to) = self.0.as_mut()?;
        Some((space.as_mut(), from, to))
    }
}
