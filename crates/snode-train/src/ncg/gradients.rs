//! The gradients of an iteration.

use snode_ode::{Parameters, Real};

use super::Metric;
use crate::space::GradientSpace;

/// The gradient of an iteration, its representative, and those of the iteration before.
pub(super) struct Gradients<T> {
    pub space: Box<dyn GradientSpace<T>>,
    /// The L²-gradient.
    pub l2: Parameters<T>,
    /// The representative of the gradient, where it is not the gradient itself.
    pub representative: Option<Parameters<T>>,
    /// The representative before, where the formula needs it.
    pub last: Option<Parameters<T>>,
}

impl<T: Real> Gradients<T> {
    /// The representative.
    pub fn current(&self) -> &Parameters<T> {
        self.representative.as_ref().unwrap_or(&self.l2)
    }

    pub fn current_mut(&mut self) -> &mut Parameters<T> {
        self.representative.as_mut().unwrap_or(&mut self.l2)
    }

    /// Makes the last representative of the present one, whose memory the next one takes; or, done once
    /// more before there is a next one or when it is of no use, undoes that.
    pub fn exchange(&mut self) {
        if let Some(last) = &mut self.last {
            std::mem::swap(last, self.representative.as_mut().unwrap_or(&mut self.l2));
        }
    }

    /// The gradient whose L² product with a second factor is the metric's product: the
    /// representative itself, or the L²-gradient (⟨v, w⟩ in the space is ⟨u, w⟩ in L²).
    pub fn metric_factor(&self, metric: Metric) -> &Parameters<T> {
        match metric {
            Metric::L2 => self.current(),
            Metric::Space => &self.l2,
        }
    }
}
