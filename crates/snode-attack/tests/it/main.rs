//! The tests of snode-attack: one program, since each program compiles the numerics anew.

mod affine;
mod comparison;
mod golden;
mod properties;
mod sensitivity_matrices;
mod support;
mod training;
