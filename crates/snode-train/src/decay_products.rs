//! The penalty along a direction.

/// The penalty's part of φ′ without its factor μ₄: ⟨(W,b), d⟩ and ‖d‖², in the norm of the penalty.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DecayProducts {
    /// ⟨(W,b), d⟩.
    pub parameters_direction: f64,
    /// ‖d‖².
    pub direction_direction: f64,
}
