//! The tests of snode-analysis: one program, since each program compiles the numerics anew.

mod propagation;
mod robustness;
mod smoothness;
mod support;
mod uncertainty;
