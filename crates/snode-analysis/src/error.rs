//! What can be wrong with an analysis.

use snode_ode::SolveError;

/// An analysis that cannot be made, or came to a stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnalysisError {
    /// A noise level, or the number of draws or of images, is none that can be analysed.
    #[error("{what}: found {found}; expected {allowed}")]
    Option {
        /// What it is.
        what: &'static str,
        /// Its value.
        found: f64,
        /// The values it may have.
        allowed: &'static str,
    },
    /// A state grew beyond all numbers.
    #[error(
        "the state of input {input} is not finite at layer {layer} with noise {level} (draw {draw})"
    )]
    NotFinite {
        /// The input, counted from 0.
        input: usize,
        /// The layer.
        layer: usize,
        /// The noise level; 0 if the state without noise is meant.
        level: f64,
        /// The draw.
        draw: usize,
    },
    /// Results that are to be combined have other levels or layers than each other.
    #[error("cannot combine runs: their noise levels or layers differ")]
    Differ,
    /// There is no such entry of W or b.
    #[error("there is no entry {entry:?} in a network of width {width}")]
    Entry {
        /// Row and column, counted from 0; of a bias the row alone counts.
        entry: (usize, usize),
        /// n.
        width: usize,
    },
    /// Noise could not be made.
    #[error(transparent)]
    Data(#[from] snode_data::Error),
    /// A problem could not be solved.
    #[error(transparent)]
    Solve(#[from] SolveError),
}

impl AnalysisError {
    /// Refuses what is not `allowed`.
    pub(crate) fn require(
        what: &'static str,
        found: f64,
        is_allowed: bool,
        allowed: &'static str,
    ) -> Result<(), Self> {
        if is_allowed { Ok(()) } else { Err(Self::Option { what, found, allowed }) }
    }
}

// Errors go from thread to thread, and into the boxes of other libraries.
const _: fn() = || {
    fn travels<E: std::error::Error + Send + Sync + 'static>() {}
    travels::<AnalysisError>();
};
