//! What is minimised: a loss, and a penalty on the parameters.

use std::sync::Arc;

use snode_ode::{Grid, Network, Parameters, Real};

use crate::{Cost, DecayProducts, HuberLoss, Loss, Penalty, SquaredLoss};

/// The objective (S70): the mean of a [`Loss`] over a batch, and μ₄/2 ‖(W, b)‖²_V.
///
/// ```
/// use snode_train::{Cost, Objective, Penalty, SquaredLoss};
///
/// let paper = Objective::<f64>::from(Cost { mu4: 1e-3, ..Cost::cross_entropy(10) });
/// assert_eq!((paper.loss().scores(), paper.mu4), (10, 1e-3));
/// let regression = Objective::<f64>::from(SquaredLoss { components: 2 });
/// let regression = regression.with_penalty(1e-4, Penalty::L2);
/// assert_eq!((regression.loss().scores(), regression.mu4), (2, 1e-4));
/// ```
#[derive(Clone, Debug)]
pub struct Objective<T: Real> {
    loss: Arc<dyn Loss<T>>,
    /// μ₄ ≥ 0: weight decay.
    pub mu4: f64,
    /// V: the norm of the penalty.
    pub penalty: Penalty,
}

impl<T: Real> Objective<T> {
    /// A loss without a penalty.
    pub fn new(loss: impl Loss<T> + 'static) -> Self {
        Self { loss: Arc::new(loss), mu4: 0.0, penalty: Penalty::L2 }
    }

    /// The same loss with another penalty.
    #[must_use]
    pub fn with_penalty(self, mu4: f64, penalty: Penalty) -> Self {
        Self { mu4, penalty, ..self }
    }

    /// The loss.
    pub fn loss(&self) -> &dyn Loss<T> {
        self.loss.as_ref()
    }

    /// μ₄/2 ‖(W, b)‖²_V.
    ///
    /// # Panics
    /// If the grid has other nodes.
    pub fn penalty_of(&self, parameters: &Parameters<T>, grid: &Grid) -> f64 {
        if self.mu4 == 0.0 {
            return 0.0;
        }
        self.mu4 / 2.0 * self.penalty.inner(parameters, parameters, grid)
    }

    /// `gradient` += the L²-gradient of the penalty.
    ///
    /// # Panics
    /// If shapes differ.
    pub fn add_penalty(
        &self,
        parameters: &Parameters<T>,
        grid: &Grid,
        gradient: &mut Parameters<T>,
    ) {
        if self.mu4 != 0.0 {
            gradient.axpy(T::from_f64(self.mu4), parameters);
            self.penalty.add_derivatives(self.mu4, parameters, grid, gradient);
        }
    }

    /// The penalty's part of φ′ along a direction; 0 without one.
    ///
    /// # Panics
    /// If shapes differ.
    pub fn decay_along(&self, network: &Network<T>, direction: &Parameters<T>) -> DecayProducts {
        if self.mu4 == 0.0 {
            return DecayProducts::default();
        }
        let (penalty, grid) = (self.penalty, network.grid());
        DecayProducts {
            parameters_direction: penalty.inner(network.parameters(), direction, grid),
            direction_direction: penalty.inner(direction, direction, grid),
        }
    }
}

impl<T: Real> From<Cost> for Objective<T> {
    /// The paper's cost (S4): its first three terms are the loss.
    fn from(cost: Cost) -> Self {
        Self { loss: Arc::new(cost), mu4: cost.mu4, penalty: cost.penalty }
    }
}

impl<T: Real> From<SquaredLoss> for Objective<T> {
    fn from(loss: SquaredLoss) -> Self {
        Self::new(loss)
    }
}

impl<T: Real> From<HuberLoss> for Objective<T> {
    fn from(loss: HuberLoss) -> Self {
        Self::new(loss)
    }
}
