//! The tests of snode-gpu: one program, since each program compiles the numerics anew.

mod bits;
mod support;
mod training;
mod transfers;
