//! The gradients of an iteration, and the direction made of them.

use snode_ode::{Parameters, Real, Trajectory};

use super::line::Line;
use super::{Metric, NcgOptions};
use crate::space::GradientSpace;
use crate::step_length::StepLength;
use crate::{BatchCost, TrainError};

/// The gradient of an iteration, its representative, and those of the iteration before.
pub(super) struct Gradients<T> {
    pub space: Box<dyn GradientSpace<T>>,
    /// The L²-gradient.
    pub l2: Parameters<T>,
    /// The representative of the gradient, where it is not the gradient itself.
    pub representative: Option<Parameters<T>>,
    /// The representative before, where the formula needs it.
    pub last: Option<Parameters<T>>,
    /// Where the direction is made, if the gradient is needed after it. Otherwise it is made where the
    /// representative is: no more memory is gone through than if it was made of the last direction, which
    /// is still there if the iteration fails.
    pub direction: Option<Parameters<T>>,
}

impl<T: Real> Gradients<T> {
    /// Memory for gradients like `l2`.
    pub fn new(space: Box<dyn GradientSpace<T>>, options: &NcgOptions, l2: Parameters<T>) -> Self {
        let zeros = || l2.zeros_like();
        let formula = options.conjugacy;
        Self {
            representative: (!space.is_l2()).then(zeros),
            last: formula.needs_last_gradient().then(zeros),
            direction: formula.needs_gradient().then(zeros),
            space,
            l2,
        }
    }

    /// The representative, until the direction is made in its place.
    pub fn current(&self) -> &Parameters<T> {
        self.representative.as_ref().unwrap_or(&self.l2)
    }

    pub fn current_mut(&mut self) -> &mut Parameters<T> {
        self.representative.as_mut().unwrap_or(&mut self.l2)
    }

    /// The direction that was made.
    pub fn direction(&self) -> &Parameters<T> {
        self.direction.as_ref().unwrap_or_else(|| self.current())
    }

    /// The direction that was made, to be taken.
    pub fn direction_mut(&mut self) -> &mut Parameters<T> {
        match &mut self.direction {
            Some(direction) => direction,
            None => self.representative.as_mut().unwrap_or(&mut self.l2),
        }
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

    /// Solves the adjoint problem for the L²-gradient.
    pub fn differentiate(
        &mut self,
        trajectory: &mut Trajectory<'_, T>,
        batch: &BatchCost<T>,
    ) -> Result<(), TrainError> {
        trajectory.adjoint(batch.terminal(), Some(&mut self.l2))?;
        let network = trajectory.network();
        batch.objective().add_penalty(network.parameters(), network.grid(), &mut self.l2);
        Ok(())
    }

    /// Represents the L²-gradient in the space.
    pub fn represent(&mut self) {
        if let Some(representative) = &mut self.representative {
            self.space.represent(&self.l2, representative);
        }
    }

    /// Makes the direction −g + `gamma`·`last` of the representative g, and goes along it.
    pub fn step(
        &mut self,
        line: &mut Line<'_, '_, T>,
        gamma: f64,
        last: &Parameters<T>,
    ) -> Result<StepLength, TrainError> {
        match &mut self.direction {
            Some(direction) => {
                let gradient = self.representative.as_ref().unwrap_or(&self.l2);
                line.step(direction, gamma, last, Some(gradient))
            }
            None => line.step(self.current_mut(), gamma, last, None),
        }
    }

    /// The same with −g alone, after a direction that was of no use and may have taken g's place.
    pub fn step_of_descent(
        &mut self,
        line: &mut Line<'_, '_, T>,
        last: &Parameters<T>,
    ) -> Result<StepLength, TrainError> {
        if self.direction.is_none() {
            match self.representative {
                Some(_) => self.represent(),
                None => self.differentiate(&mut line.trajectory, line.batch)?,
            }
        }
        self.step(line, 0.0, last)
    }

    /// The same with the L²-gradient, if that is not the representative.
    pub fn step_of_l2(
        &mut self,
        line: &mut Line<'_, '_, T>,
        last: &Parameters<T>,
    ) -> Option<Result<StepLength, TrainError>> {
        let representative = self.representative.as_mut()?;
        let direction = self.direction.as_mut().unwrap_or(representative);
        Some(line.step(direction, 0.0, last, Some(&self.l2)))
    }
}
