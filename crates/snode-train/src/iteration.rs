//! What is reported of an iteration, whichever the method.

use crate::CostValue;

/// Seconds spent in the parts of an iteration.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Phases {
    /// Direct problem and cost, trial steps of a line search included.
    pub direct: f64,
    /// Adjoint problem and gradient (S6).
    pub adjoint: f64,
    /// Representative in the gradient space.
    pub space: f64,
    /// Inner products of the conjugacy formula.
    pub products: f64,
    /// New direction, sensitivity problem along it, and step length.
    pub sensitivity: f64,
    /// Update of the parameters.
    pub update: f64,
}

/// What one iteration did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Iteration {
    /// J before the step.
    pub cost: CostValue,
    /// Whether J is higher than before the batch's preceding iteration.
    pub rose: bool,
    /// γ; 0 at a batch's first iteration, after a restart, and for methods that have none.
    pub gamma: f64,
    /// η; 0 for methods that take a learning rate.
    pub eta: f64,
    /// The learning rate, for methods that take one instead of a step length.
    pub learning_rate: Option<f64>,
    /// φ′(0) = ⟨∇J, d⟩; 0 for methods without a line search.
    pub slope: f64,
    /// ‖g‖ in the metric of the conjugacy formula; in L²(0,T) for methods that have none.
    pub gradient_norm: f64,
    /// Whether the method restarted with steepest descent because γ was not finite or the
    /// direction did not descend.
    pub restarted: bool,
    /// Whether η is the cap and not the root.
    pub capped: bool,
    /// How often the line search halved the step.
    pub halvings: usize,
    /// Where the time went.
    pub phases: Phases,
}
