//! The space that a metric is combined with.

use snode_ode::{Parameters, Real};

use super::GradientSpace;

/// The space of functions of depth that a metric is combined with; nothing for L², where there is nothing
/// to do between.
pub struct Inner<T>(Option<Between<T>>);

/// The space, with scratch for what goes into it and comes out of it.
pub(super) struct Between<T> {
    pub space: Box<dyn GradientSpace<T>>,
    pub from: Parameters<T>,
    pub to: Parameters<T>,
}

impl<T: Real> Inner<T> {
    /// For parameters like `parameters`.
    pub fn new(space: Box<dyn GradientSpace<T>>, parameters: &Parameters<T>) -> Self {
        let zeros = || parameters.zeros_like();
        Self((!space.is_l2()).then(|| Between { space, from: zeros(), to: zeros() }))
    }

    /// Whether it is L².
    pub(super) fn is_l2(&self) -> bool {
        self.0.is_none()
    }

    /// The space with its scratch, unless it is L².
    pub(super) fn between(&mut self) -> Option<&mut Between<T>> {
        self.0.as_mut()
    }
}
