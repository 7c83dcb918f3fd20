//! From the keys of `[cost]` to what is minimised.

use snode_ode::Real;
use snode_train::{Cost, HuberLoss, Objective, Penalty, SquaredLoss, TrainError};

use crate::schema::{CostConfig, Loss, PenaltyName};

/// δ of Huber's loss unless told otherwise.
pub(crate) const HUBER_DELTA: f64 = 1.0;

/// The objective that keys describe, for networks of either precision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ObjectiveChoice {
    /// The paper's cost (S4), with its penalty.
    Paper(Cost),
    /// A loss for real targets (S70).
    Regression {
        /// Which.
        loss: RegressionLoss,
        /// Weight decay.
        mu4: f64,
        /// The norm of the μ₄ term.
        penalty: Penalty,
    },
}

/// A loss for real targets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RegressionLoss {
    /// (S72).
    Squared(SquaredLoss),
    /// (S73).
    Huber(HuberLoss),
}

impl ObjectiveChoice {
    /// The objective that the keys describe, for networks with so many scores: C classes, or the
    /// components of a target.
    pub fn of(config: &CostConfig, scores: usize) -> Self {
        let components = scores;
        let loss = match config.loss {
            Loss::L2 | Loss::CrossEntropy => return Self::Paper(cost(config, scores)),
            Loss::Squared => RegressionLoss::Squared(SquaredLoss { components }),
            Loss::Huber => {
                let delta = config.huber_delta.unwrap_or(HUBER_DELTA);
                RegressionLoss::Huber(HuberLoss { components, delta })
            }
        };
        Self::Regression { loss, mu4: config.mu4.unwrap_or(0.0), penalty: penalty(config) }
    }

    /// It, for networks of one precision.
    pub fn build<T: Real>(&self) -> Objective<T> {
        match *self {
            Self::Paper(cost) => cost.into(),
            Self::Regression { loss, mu4, penalty } => {
                let objective = match loss {
                    RegressionLoss::Squared(loss) => Objective::from(loss),
                    RegressionLoss::Huber(loss) => Objective::from(loss),
                };
                objective.with_penalty(mu4, penalty)
            }
        }
    }

    /// Refuses a loss that cannot be trained for, whatever the data.
    pub(crate) fn check_loss(&self) -> Result<(), TrainError> {
        self.build::<f64>().loss().check()
    }
}

/// The cost (S4) that the keys describe, of a loss that is one of the paper's.
pub(crate) fn cost(config: &CostConfig, classes: usize) -> Cost {
    let mut cost = match config.loss {
        Loss::CrossEntropy => Cost::cross_entropy(classes),
        _ => Cost::l2(classes),
    };
    cost.mu1 = config.mu1.unwrap_or(cost.mu1);
    cost.mu2 = config.mu2.unwrap_or(cost.mu2);
    cost.mu3 = config.mu3.unwrap_or(cost.mu3);
    cost.mu4 = config.mu4.unwrap_or(cost.mu4);
    cost.penalty = penalty(config);
    if let Some([off, on]) = config.targets {
        (cost.target_off, cost.target_on) = (off, on);
    }
    cost
}

fn penalty(config: &CostConfig) -> Penalty {
    match config.penalty.unwrap_or_default() {
        PenaltyName::L2 => Penalty::L2,
        PenaltyName::H1 => Penalty::H1 { length: config.penalty_length.unwrap_or(1.0) },
    }
}

/// Gives the keys of `[cost]` the values they have.
pub(crate) fn resolve_cost(keys: &mut CostConfig) {
    if keys.loss.is_for_values() {
        keys.mu4.get_or_insert(0.0);
        if keys.loss == Loss::Huber {
            keys.huber_delta.get_or_insert(HUBER_DELTA);
        }
    } else {
        // The number of classes is none of these keys' business.
        let full = cost(keys, 1);
        keys.mu1.get_or_insert(full.mu1);
        keys.mu2.get_or_insert(full.mu2);
        keys.mu3.get_or_insert(full.mu3);
        keys.mu4.get_or_insert(full.mu4);
        if full.mu1 > 0.0 {
            keys.targets.get_or_insert([full.target_off, full.target_on]);
        }
    }
    if keys.penalty == Some(PenaltyName::H1) {
        keys.penalty_length.get_or_insert(1.0);
    }
}
