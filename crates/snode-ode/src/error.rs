//! What can go wrong in a solve.

/// Why a solve gave no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SolveError {
    /// Two arguments do not fit each other. Shapes are (rows, columns) of a batch, or (width,
    /// nodes) of parameters.
    #[error("{operation}: expected {}×{}, found {}×{}", expected.0, expected.1, found.0, found.1)]
    Shape {
        /// What was to be done.
        operation: &'static str,
        /// The shape that would fit.
        expected: (usize, usize),
        /// The shape given.
        found: (usize, usize),
    },
    /// The adjoint or sensitivity problem was posed before the direct one, along whose trajectory
    /// it runs.
    #[error("{problem}: there is no trajectory yet; solve the direct problem first")]
    NoTrajectory {
        /// The problem posed.
        problem: &'static str,
    },
    /// A state is infinite or NaN.
    #[error("{problem}: the state is not finite at depth {time}")]
    NotFinite {
        /// The problem being solved.
        problem: &'static str,
        /// The depth at which it was noticed.
        time: f64,
    },
}
