//! The direct problem of a batch, and what it costs.

use faer::{Mat, MatRef};
use snode_ode::{Network, Real, Scheme, Trajectory};

use crate::{Cost, CostValue, TrainError};

/// The cost (S4) of a batch with λ(T) = ∂J/∂x(T), from which the adjoint problem (S5) begins:
/// what every method needs first.
#[derive(Clone, Debug)]
pub struct BatchCost<T> {
    cost: Cost,
    terminal: Mat<T>,
}

impl<T: Real> BatchCost<T> {
    /// For batches under this cost.
    pub fn new(cost: Cost) -> Self {
        Self { cost, terminal: Mat::new() }
    }

    /// The cost that is taken.
    pub fn cost(&self) -> &Cost {
        &self.cost
    }

    /// λ(T) of the last batch, n×M.
    pub fn terminal(&self) -> MatRef<'_, T> {
        self.terminal.as_ref()
    }

    /// Solves the direct problem of the batch `x0` (n×M) and gives its trajectory with the terms of J
    /// but for weight decay, which is the parameters' and not the batch's. Allocates where a batch has
    /// another size than the last one.
    ///
    /// # Errors
    /// If a shape or a label does not fit or a state is not finite.
    pub fn solve<'a>(
        &mut self,
        scheme: &'a mut dyn Scheme<T>,
        network: &'a Network<T>,
        x0: MatRef<'_, T>,
        labels: &[usize],
    ) -> Result<(CostValue, Trajectory<'a, T>), TrainError> {
        let trajectory = scheme.direct(network, x0)?;
        let output = trajectory.output();
        if self.terminal.shape() != output.shape() {
            self.terminal = Mat::zeros(output.nrows(), output.ncols());
        }
        let centre = self.cost.centre_for(network);
        let value = self.cost.value_and_terminal(output, labels, centre, self.terminal.as_mut())?;
        Ok((value, trajectory))
    }
}
