//! What φ′ is made of.

/// What the derivative of the cost along a direction is made of (S71): φ′(η) = c + sη + ρ(η), the rest ρ a
/// function of some numbers that the loss has kept. The memory is used again for the next direction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// c, of everything that is quadratic in η.
    pub constant: f64,
    /// s, likewise.
    pub slope: f64,
    /// What the rest is made of; there is none if this is empty.
    pub values: Vec<f64>,
}

impl Line {
    /// Forgets everything but the memory.
    pub(crate) fn clear(&mut self) {
        (self.constant, self.slope) = (0.0, 0.0);
        self.values.clear();
    }
}
