//! The tests of snode-train: one program, since each program compiles the numerics anew.

mod convolution;
mod derivatives;
mod golden;
mod golden_real_size;
mod gradient_checks;
mod losses;
mod metrics;
mod ncg;
mod spaces;
mod support;
mod trainer;
