//! The tests of snode-data: one program, since each program compiles the numerics anew.

mod arrays;
mod idx;
#[cfg(feature = "mnist")]
mod mnist;
