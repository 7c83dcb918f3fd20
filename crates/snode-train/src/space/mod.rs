//! Gradient spaces: in which inner product the gradient is represented (S7).

mod diagonal;
mod h1;
mod inner;
mod kronecker;
mod l2;
mod midpoint;
mod moments;
mod preconditioner;
mod running_mean;
mod trapezoid;
mod tridiagonal;

pub use diagonal::Diagonal;
pub use h1::H1;
pub use inner::Inner;
pub use kronecker::Kronecker;
pub use l2::L2;
pub use midpoint::Midpoint;
pub use preconditioner::Preconditioner;
pub use trapezoid::Trapezoid;
pub use tridiagonal::Tridiagonal;

use snode_ode::{Elimination, Grid, Parameters, Real, Trajectory};

use crate::{Memory, Objective, OptionError, TrainError};

/// How many entries a [`DepthOperator`] sees at a time.
pub const LANES: usize = 64;

/// What a space may learn from a batch: how it begins.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a, 't, T: Real> {
    /// The direct solution.
    pub trajectory: &'a Trajectory<'t, T>,
    /// What is minimised.
    pub objective: &'a Objective<T>,
    /// The L²-gradient (S6).
    pub gradient: &'a Parameters<T>,
}

/// A Hilbert space in which the derivative of the cost gets its Riesz representative.
///
/// Implement it to plug in another space.
///
/// The inner product may change from batch to batch ([`see`](Self::see)), and is the same in all
/// iterations on one batch, so that conjugacy keeps its meaning.
pub trait GradientSpace<T: Real>: Send {
    /// Whether the representative is the L²-gradient itself; it is then not copied.
    fn is_l2(&self) -> bool {
        false
    }

    /// The representative v of the derivative whose L²(0,T)-representative is `gradient`.
    fn represent(&mut self, gradient: &Parameters<T>, representative: &mut Parameters<T>);

    /// Is shown how a batch begins, before the first gradient on it is represented.
    ///
    /// # Errors
    /// If the inner product cannot be made of it.
    fn see(&mut self, batch: &Batch<'_, '_, T>) -> Result<(), TrainError> {
        let _ = batch;
        Ok(())
    }

    /// Adds to `memory` what the inner product was learnt from.
    #[must_use]
    fn remember(&self, memory: Memory<T>) -> Memory<T> {
        memory
    }

    /// Takes that out of the memory of an instance with the same options.
    ///
    /// # Errors
    /// [`TrainError::Resume`] if something is missing.
    fn resume(&mut self, memory: &mut Memory<T>) -> Result<(), TrainError> {
        let _ = memory;
        Ok(())
    }
}

/// A linear operator in depth, the same for every entry of the parameters.
///
/// Works on [`LANES`] entries at once: `input[k][lane]` is the entry's value at node k.
pub trait DepthOperator<T: Real>: Send + Sync {
    /// `output` = the operator applied to `input`, lane by lane.
    fn apply(&self, input: &[[T; LANES]], output: &mut [[T; LANES]]);

    /// The elimination that the operator is, if it is one: parameters on a device stay there then.
    fn elimination(&self) -> Option<Elimination<'_, T>> {
        None
    }
}

/// How the representative in H¹ is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Discretisation {
    /// The exact representative in the discrete H¹ inner product: symmetric positive definite.
    #[default]
    Tridiagonal,
    /// The closed form by the trapezoid rule.
    Trapezoid,
    /// The closed form by the midpoint rule, as the authors' prototype: not symmetric and slightly
    /// indefinite, so it does not guarantee descent.
    Midpoint,
}

/// The space a configuration names.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Space {
    /// L²(0,T).
    #[default]
    L2,
    /// H¹(0,T) with the length scale ℓ.
    H1 {
        /// ℓ > 0, in units of depth; 1 in the paper.
        length: f64,
        /// How the representative is computed.
        discretisation: Discretisation,
    },
}

impl Space {
    /// Refuses a space that cannot be.
    ///
    /// # Errors
    /// [`OptionError`] if ℓ is not positive and finite.
    pub fn check(self) -> Result<(), OptionError> {
        match self {
            Self::L2 => Ok(()),
            Self::H1 { length, .. } => {
                let is_length = length.is_finite() && length > 0.0;
                OptionError::require("length", length, is_length, "more than 0, finite")
            }
        }
    }

    /// The space with its memory, for parameters on `grid`.
    ///
    /// # Errors
    /// If [`check`](Self::check) refuses it.
    pub fn build<T: Real>(self, grid: &Grid) -> Result<Box<dyn GradientSpace<T>>, OptionError> {
        self.check()?;
        Ok(match self {
            Self::L2 => Box::new(L2),
            Self::H1 { length, discretisation } => match discretisation {
                Discretisation::Tridiagonal => {
                    Box::new(H1::new(grid, Tridiagonal::new(grid, length)))
                }
                Discretisation::Trapezoid => Box::new(H1::new(grid, Trapezoid::new(grid, length))),
                Discretisation::Midpoint => Box::new(H1::new(grid, Midpoint::new(grid, length))),
            },
        })
    }
}
