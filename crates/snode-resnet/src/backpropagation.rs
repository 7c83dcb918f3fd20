//! The derivative of the discrete cost by the numbers of every layer.

use faer::MatRef;
use snode_ode::{Euler, Network, Parameters, Real, Trajectory};
use snode_train::{BatchCost, CostValue, Objective, TargetsRef, TrainError};

use crate::ResNet;

/// Exact backpropagation (S21):
///
/// ∂J/∂W_k = h ∇_W J(t_k),  ∂J/∂b_k = h ∇_b J(t_k),
///
/// with the Euler adjoint (S5) and its L²-gradient (S6), so that
/// Σ_k ⟨∂J/∂W_k, ω_k⟩ + ⟨∂J/∂b_k, β_k⟩ is the directional derivative of the discrete cost (S4).
#[derive(Clone, Debug)]
pub struct Backpropagation<T: Real> {
    euler: Euler<T>,
    batch: BatchCost<T>,
}

impl<T: Real> Backpropagation<T> {
    /// Of this objective. Memory is allocated when a batch is larger than any before.
    pub fn new(objective: impl Into<Objective<T>>) -> Self {
        Self { euler: Euler::new(), batch: BatchCost::new(objective) }
    }

    /// The objective that is differentiated.
    pub fn objective(&self) -> &Objective<T> {
        self.batch.objective()
    }

    /// The scheme with the states of the last batch.
    pub fn euler(&self) -> &Euler<T> {
        &self.euler
    }

    /// J of the batch `x0` (n×M) with its targets, and its derivative by W_k and b_k in the node
    /// number k of `derivative`, weight decay included in both.
    ///
    /// # Errors
    /// If a shape or target does not fit or something is not finite.
    pub fn derivative<'t>(
        &mut self,
        resnet: &ResNet<T>,
        x0: MatRef<'_, T>,
        targets: impl Into<TargetsRef<'t>>,
        derivative: &mut Parameters<T>,
    ) -> Result<CostValue, TrainError> {
        let network = resnet.network();
        let (mut cost, backward) = self.forward(network, x0, targets.into())?;
        backward.gradient(derivative)?;
        let (parameters, grid) = (network.parameters(), network.grid());
        let objective = self.objective();
        cost.decay = objective.penalty_of(parameters, grid);
        let (mu4, h) = (objective.mu4, grid.step());
        objective.penalty.add_derivatives(mu4, parameters, grid, derivative);
        derivative.combine(T::from_f64(h), parameters, T::from_f64(h * mu4));
        Ok(cost)
    }

    /// The direct problem, J without weight decay, and what is left to do.
    pub(crate) fn forward<'a>(
        &'a mut self,
        network: &'a Network<T>,
        x0: MatRef<'_, T>,
        targets: TargetsRef<'_>,
    ) -> Result<(CostValue, Backward<'a, T>), TrainError> {
        let (cost, trajectory) = self.batch.solve(&mut self.euler, network, x0, targets)?;
        TrainError::ensure_finite("the cost", cost.total())?;
        Ok((cost, Backward { trajectory, terminal: self.batch.terminal() }))
    }
}

/// The second half of a backpropagation.
pub(crate) struct Backward<'a, T: Real> {
    trajectory: Trajectory<'a, T>,
    /// λ(T).
    terminal: MatRef<'a, T>,
}

impl<T: Real> Backward<'_, T> {
    /// The adjoint problem, and (S6) without weight decay.
    pub(crate) fn gradient(mut self, gradient: &mut Parameters<T>) -> Result<(), TrainError> {
        self.trajectory.adjoint(self.terminal, Some(gradient))?;
        Ok(())
    }
}
