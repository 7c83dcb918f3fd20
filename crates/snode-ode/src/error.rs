//! What can go wrong in a solve.

use crate::{LastState, Problem, Statistics, Stop};

/// Why a solve gave no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SolveError {
    /// Two arguments do not fit each other. Shapes are (rows, columns) of a batch, or (width,
    /// nodes) of parameters.
    #[error("{operation}: expected {}×{}, found {}×{}", expected.0, expected.1, found.0, found.1)]
    Shape {
        /// What was to be done.
        operation: String,
        /// The shape that would fit.
        expected: (usize, usize),
        /// The shape given.
        found: (usize, usize),
    },
    /// The scheme reads the parameters at T, where the grid has no node;
    /// [`Network::with_endpoint`](crate::Network::with_endpoint) gives it one.
    #[error("{scheme} needs a grid whose last node is T; this one ends before it")]
    OpenGrid {
        /// The scheme.
        scheme: &'static str,
    },
    /// The scheme reads the parameters between nodes, which have maps of different resolutions (S43); Euler's scheme
    /// does not.
    #[error(
        "{scheme} needs the same map at every node; here nodes convolve at different resolutions"
    )]
    SeveralMaps {
        /// The scheme.
        scheme: &'static str,
    },
    /// The solve came to a stop before its end.
    #[error("{problem}: {reason} at depth {time} ({statistics})")]
    Stopped {
        /// The problem being solved.
        problem: Problem,
        /// Why it stopped.
        reason: Stop,
        /// The depth it had come to: of a scheme with fixed steps, that of the first state that is not
        /// finite.
        time: f64,
        /// The last state that was good, of the direct, adjoint and sensitivity problems; none if there
        /// was none.
        last: Option<Box<LastState>>,
        /// What it had cost.
        statistics: Statistics,
    },
    /// The device on which a problem was to be solved has failed.
    #[error("{problem}: {message}")]
    Device {
        /// The problem being solved.
        problem: Problem,
        /// What the device's driver says.
        message: String,
    },
}

/// An option no solve can be done with.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{option}: found {found}; expected {allowed}")]
#[non_exhaustive]
pub struct OptionError {
    /// Which.
    pub option: &'static str,
    /// What it is.
    pub found: f64,
    /// What it may be.
    pub allowed: String,
}
