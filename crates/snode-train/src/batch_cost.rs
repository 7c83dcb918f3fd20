//! The direct problem of a batch, and what it costs.

use faer::{Mat, MatRef};
use snode_ode::{Network, Real, Scheme, Trajectory};

use crate::seen::Seen;
use crate::{CostValue, Objective, TargetsRef, TrainError};

/// The cost (S4), or (S70), of a batch with λ(T) = ∂J/∂x(T), from which the adjoint problem (S5) begins:
/// what every method needs first.
#[derive(Clone, Debug)]
pub struct BatchCost<T: Real> {
    objective: Objective<T>,
    terminal: Mat<T>,
    seen: Seen<T>,
}

impl<T: Real> BatchCost<T> {
    /// For batches under this objective.
    pub fn new(objective: impl Into<Objective<T>>) -> Self {
        Self { objective: objective.into(), terminal: Mat::new(), seen: Seen::default() }
    }

    /// The objective that is taken.
    pub fn objective(&self) -> &Objective<T> {
        &self.objective
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
    /// If a shape or a target does not fit or a state is not finite.
    pub fn solve<'a, 't>(
        &mut self,
        scheme: &'a mut dyn Scheme<T>,
        network: &'a Network<T>,
        x0: MatRef<'_, T>,
        targets: impl Into<TargetsRef<'t>>,
    ) -> Result<(CostValue, Trajectory<'a, T>), TrainError> {
        let trajectory = scheme.direct(network, x0)?;
        let value = self.evaluate(network, trajectory.output(), targets)?;
        Ok((value, trajectory))
    }

    /// The terms of J but for the penalty, for final states `output` (n×M) of a network;
    /// [`terminal`](Self::terminal) is then their λ(T).
    ///
    /// # Errors
    /// If a shape or a target does not fit.
    pub fn evaluate<'t>(
        &mut self,
        network: &Network<T>,
        output: MatRef<'_, T>,
        targets: impl Into<TargetsRef<'t>>,
    ) -> Result<CostValue, TrainError> {
        if self.terminal.shape() != output.shape() {
            self.terminal = Mat::zeros(output.nrows(), output.ncols());
        }
        let (loss, targets) = (self.objective.loss(), targets.into());
        let (scores, terminal) = (loss.scores(), self.terminal.as_mut());
        self.seen.differentiate(network, scores, output, terminal, |seen, mut lambda| {
            lambda.fill(T::ZERO);
            loss.value_and_terminal(network, seen, targets, lambda)
        })
    }

    /// What the loss sees of x(T) and ξ(T), both n×M: themselves, or the scores of both (C×M) where the network
    /// has a readout other than `components`.
    ///
    /// # Errors
    /// If the network has not such scores.
    pub fn seen<'a>(
        &'a mut self,
        network: &Network<T>,
        outputs: [MatRef<'a, T>; 2],
    ) -> Result<[MatRef<'a, T>; 2], TrainError> {
        self.seen.perturbed(network, self.objective.loss().scores(), outputs)
    }
}
