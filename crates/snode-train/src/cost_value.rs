//! The value of an objective.

/// The terms of an objective: those of (S4), or a loss of another kind in their place, and the penalty.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CostValue {
    /// The μ₁ term.
    pub l2: f64,
    /// The μ₂ term.
    pub cross_entropy: f64,
    /// The μ₃ term.
    pub centring: f64,
    /// The value of another loss.
    pub other: f64,
    /// The μ₄ term.
    pub decay: f64,
}

impl CostValue {
    /// J.
    pub fn total(&self) -> f64 {
        self.l2 + self.cross_entropy + self.centring + self.other + self.decay
    }
}
