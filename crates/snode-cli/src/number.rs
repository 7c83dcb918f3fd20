//! The floating-point types of the program.

/// A number everything can be computed with, stored and read from images: `f32` or `f64`.
pub trait Number: snode_store::Scalar + snode_data::Real {}

impl Number for f32 {}
impl Number for f64 {}

/// Runs `$body` with `$number` naming the type of a [`Precision`](crate::config::Precision): the
/// one place where a configuration's precision becomes a type.
macro_rules! with_precision {
    ($precision:expr, $number:ident => $body:expr) => {
        match $precision {
            $crate::config::Precision::F32 => {
                type $number = f32;
                $body
            }
            $crate::config::Precision::F64 => {
                type $number = f64;
                $body
            }
        }
    };
}
pub(crate) use with_precision;
