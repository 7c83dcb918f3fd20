//! Passes over memory, each compiled for the machine's vector unit and chosen at run time.
//!
//! Every pass is a struct whose `call` is inlined into a function per instruction set by
//! [`dispatch`]. Large matrix products are ours, others go to faer.

mod activations;
#[cfg(target_arch = "x86_64")]
mod ahead;
mod convolution;
mod dispatch;
mod layers;
#[cfg(all(test, target_arch = "x86_64"))]
mod narrow;
mod product;
mod simd;
mod vectors;

#[cfg(feature = "adaptive")]
pub(crate) use activations::slope;
pub(crate) use convolution::{ImageShape, convolve, correlate};
pub(crate) use dispatch::dispatch;
pub(crate) use layers::{
    Target, euler_advance, euler_step, sensitivity_stage, sensitivity_step, stage,
};
#[cfg(all(test, target_arch = "x86_64"))]
pub(crate) use narrow::with_avx2;
pub(crate) use product::{How, outer_product, row_sums, transform, transform_transposed};
#[cfg(feature = "adaptive")]
pub(crate) use vectors::multiply_by;
pub(crate) use vectors::{
    LANES, add_to_scaled, all_finite, combine, distances, dot, dot_of_differences, has_square,
    linear_combination, matrix_is_finite, multiply, sum_lanes, weigh,
};
