//! The line along a direction.

use snode_ode::{Combination, Parameters, Real, Trajectory};

use crate::TrainError;
use crate::batch_cost::BatchCost;
use crate::step_length::{DecayProducts, LinearisedCost, StepLength};

/// The line along a direction, on which the linearised cost is minimised.
pub(super) struct Line<'a, 'b, T: Real> {
    pub trajectory: Trajectory<'a, T>,
    pub labels: &'b [usize],
    pub batch: &'b mut BatchCost<T>,
    pub linearised: &'b mut LinearisedCost,
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
        let cost = *self.batch.cost();
        let decay = if cost.mu4 == 0.0 {
            DecayProducts::default()
        } else {
            let (penalty, grid) = (cost.penalty, network.grid());
            DecayProducts {
                parameters_direction: penalty.inner(network.parameters(), direction, grid),
                direction_direction: penalty.inner(direction, direction, grid),
            }
        };
        let centre = cost.centre_for(network);
        let [output, sensitivity] =
            self.batch.seen(network, [solved.output, solved.sensitivity])?;
        self.linearised.set(&cost, output, sensitivity, self.labels, centre, decay);
        self.linearised.minimise(self.max_step)
    }
}
