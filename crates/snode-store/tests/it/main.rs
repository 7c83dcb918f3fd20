//! The tests of snode-store: one program, since each program compiles the numerics anew.

mod appendix;
mod damage;
mod layout;
mod locks;
mod refusals;
mod round_trip;
mod support;
