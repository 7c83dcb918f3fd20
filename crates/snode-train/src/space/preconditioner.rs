//! What a space is weighted with: metrics that are learnt from the batches.

use snode_ode::{Network, Real};

use super::{Diagonal, GradientSpace, Inner, Kronecker, Space};
use crate::OptionError;

/// The metric that a configuration names: the inner product of the gradient space is weighted with it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Preconditioner {
    /// None: the space as it is.
    #[default]
    None,
    /// The running squares of the gradient (S53).
    Diagonal {
        /// ρ, 0 to less than 1: what a batch leaves of the mean before.
        decay: f64,
        /// δ > 0, in parts of the root of the mean square.
        damping: f64,
    },
    /// Kronecker factors (S54): second moments of states and adjoint states of each node.
    Kronecker {
        /// ρ, 0 to less than 1: what an update leaves of the means before.
        decay: f64,
        /// δ > 0, in parts of the mean eigenvalue of each factor.
        damping: f64,
        /// Batches from one update of the factors to the next; at least 1.
        every: usize,
    },
}

impl Preconditioner {
    /// Refuses options that make no sense.
    ///
    /// # Errors
    /// [`OptionError`] with `preconditioner_decay`, `preconditioner_damping` or
    /// `preconditioner_every`.
    pub fn check(self) -> Result<(), OptionError> {
        let (decay, damping, every) = match self {
            Self::None => return Ok(()),
            Self::Diagonal { decay, damping } => (decay, damping, 1),
            Self::Kronecker { decay, damping, every } => (decay, damping, every),
        };
        let is_decay = (0.0..1.0).contains(&decay);
        let is_damping = damping.is_finite() && damping > 0.0;
        OptionError::require("preconditioner_decay", decay, is_decay, "0 or more, less than 1")?;
        OptionError::require("preconditioner_damping", damping, is_damping, "more than 0, finite")?;
        OptionError::require("preconditioner_every", every as f64, every > 0, "1 or more")
    }

    /// `space` weighted with the metric, with its memory, for networks like `network`.
    ///
    /// # Errors
    /// If an option makes no sense.
    pub fn build<T: Real>(
        self,
        space: Space,
        network: &Network<T>,
    ) -> Result<Box<dyn GradientSpace<T>>, OptionError> {
        self.check()?;
        let inner = space.build(network.grid())?;
        let parameters = network.parameters();
        let within = |inner| Inner::new(inner, parameters);
        Ok(match self {
            Self::None => inner,
            Self::Diagonal { decay, damping } => {
                Box::new(Diagonal::new(within(inner), decay, damping, parameters))
            }
            Self::Kronecker { decay, damping, every } => {
                Box::new(Kronecker::new(within(inner), decay, damping, every, parameters))
            }
        })
    }
}
