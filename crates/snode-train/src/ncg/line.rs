//! The line along a direction.

use snode_ode::{Combination, Parameters, Real, Trajectory};

use crate::batch_cost::BatchCost;
use crate::step_length::{LinearisedCost, StepLength};
use crate::{TargetsRef, TrainError};

/// The line along a direction, on which the linearised cost is minimised.
pub(super) struct Line<'a, 'b, T: Real> {
    pub trajectory: Trajectory<'a, T>,
    pub targets: TargetsRef<'b>,
    pub batch: &'b mut BatchCost<T>,
    pub linearised: &'b mut LinearisedCost<T>,
    pub max_step: Option<f64>,
}

impl<T: Real> Line<'_, '_, T> {
    /// Sets `direction` to −`gradient` + `gamma`·`last`, where the gradient is what `direction` was if it
    /// stands nowhere else, solves the sensitivity problem along it, and gives the minimiser of the
    /// linearised cost.
    pub fn step(
        &mut self,
        direction: &mut Parameters<T>,
        gamma: f64,
        last: &Parameters<T>,
        gradient: Option<&Parameters<T>>,
    ) -> Result<StepLength, TrainError> {
        let network = self.trajectory.network();
        let keep = T::from_f64(gamma);
        let combination = Combination { keep, last, add: -T::ONE, x: gradient };
        let solved = self.trajectory.sensitivity_of_combination(direction, combination)?;
        let decay = self.batch.objective().decay_along(network, direction);
        let outputs = self.batch.seen(network, [solved.output, solved.sensitivity])?;
        self.linearised.set(network, outputs, self.targets, decay)?;
        self.linearised.minimise(self.max_step)
    }
}
