//! What can be wrong with a residual network or the options of its training.

use snode_ode::{GridError, SolveError};

/// A residual network that cannot be, or options that make no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ResNetError {
    /// The network's grid has a node at T, which no layer reads: a residual network could not give
    /// it back.
    #[error(
        "the network has parameters at the horizon T, which no layer of a residual network reads"
    )]
    ClosedGrid,
    /// The layers cannot be.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The parameters do not fit the layers.
    #[error(transparent)]
    Shape(#[from] SolveError),
    /// An option is out of its range.
    #[error("{option}: found {found}; expected {allowed}")]
    Option {
        /// The option.
        option: &'static str,
        /// Its value.
        found: f64,
        /// The values it may have.
        allowed: &'static str,
    },
}

impl ResNetError {
    /// Refuses an option that is not one of the `allowed` values.
    pub(crate) fn require(
        option: &'static str,
        found: f64,
        is_allowed: bool,
        allowed: &'static str,
    ) -> Result<(), Self> {
        if is_allowed { Ok(()) } else { Err(Self::Option { option, found, allowed }) }
    }
}

// Errors go from thread to thread, and into the boxes of other libraries.
const _: fn() = || {
    fn travels<E: std::error::Error + Send + Sync + 'static>() {}
    travels::<ResNetError>();
};
