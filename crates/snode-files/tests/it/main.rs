//! The tests of snode-files: one program, since each program compiles the numerics anew.

mod locks;
mod reading;
mod replacement;
