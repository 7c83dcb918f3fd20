//! The tests of snode-exchange: one program, since each program compiles the numerics anew.

mod damage;
mod matlab;
mod onnx;
mod round_trip;
mod support;
