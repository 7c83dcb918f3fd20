//! The explicit Euler scheme on a GPU, with the bits of the CPU's.
//!
//! Every sum of the CPU's products is built in an order that is known, of fused
//! multiply-adds that OpenCL and CUDA guarantee; the kernels build theirs in the same order. What is
//! solved on a device is therefore not close to what [`snode_ode::Euler`] gives, it is the same, and a
//! training may go from the CPU to a device and back.
//!
//! # Features
//!
//! * `opencl` (on by default): devices of every maker, and CPUs by PoCL.
//! * `cuda` (on by default): NVIDIA's, with kernels compiled by NVRTC.
//!
//! Both load their libraries at run time: nothing has to be there to build.

// Without a kind of device there is nothing to compute on, and most of this serves nothing.
#![cfg_attr(
    not(any(feature = "cuda", feature = "opencl")),
    allow(dead_code, unused_imports, unused_variables)
)]
// Sizes go to kernels as 32-bit and 64-bit whole numbers.
#![allow(clippy::cast_possible_wrap)]

mod backend;
mod compare;
mod device;
mod division;
mod error;
mod euler;
mod kernels;
pub mod measure;
mod order;
#[cfg(feature = "cuda")]
mod resources;
mod solver;
mod vectors;

pub use backend::{Backend, UnknownBackend};
pub use compare::{CompareError, Unlike, compare};
pub use device::{Device, DeviceInfo, Moved, Transfers};
pub use error::GpuError;
pub use euler::GpuEuler;
#[cfg(feature = "cuda")]
pub use resources::{Resources, resources};
