//! The floating-point types of experiments.

/// A number that networks compute with and images become: `f32` or `f64`.
pub trait Number: snode_ode::Real + snode_data::Real {}

impl Number for f32 {}
impl Number for f64 {}

/// Runs `$body` with `$number` naming the type of a [`Precision`](crate::Precision): the one place
/// where a configuration's precision becomes a type.
#[macro_export]
macro_rules! with_precision {
    ($precision:expr, $number:ident => $body:expr) => {
        match $precision {
            $crate::Precision::F32 => {
                type $number = f32;
                $body
            }
            $crate::Precision::F64 => {
                type $number = f64;
                $body
            }
        }
    };
}
