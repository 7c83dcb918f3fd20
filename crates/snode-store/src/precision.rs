//! The numbers that can be stored.

use hdf5::H5Type;
use snode_ode::{Precision, Real};

/// A number that can be stored: `f32` or `f64`.
pub trait Scalar: Real + H5Type {
    /// Which of the two it is.
    const PRECISION: Precision;
}

impl Scalar for f32 {
    const PRECISION: Precision = Precision::F32;
}

impl Scalar for f64 {
    const PRECISION: Precision = Precision::F64;
}
