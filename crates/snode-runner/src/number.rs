//! The floating-point types of runs.

/// A number that networks compute with, images become and files hold: `f32` or `f64`.
pub trait Number: snode_experiment::Number + snode_store::Scalar {}

impl Number for f32 {}
impl Number for f64 {}
