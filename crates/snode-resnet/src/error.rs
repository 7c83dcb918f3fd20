//! What can be wrong with a residual network or the options of its training.

use snode_ode::{GridError, SolveError};
use snode_train::OptionError;

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
    #[error(transparent)]
    Option(#[from] OptionError),
}

// Errors go from thread to thread, and into the boxes of other libraries.
const _: fn() = || {
    fn travels<E: std::error::Error + Send + Sync + 'static>() {}
    travels::<ResNetError>();
};
