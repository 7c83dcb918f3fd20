//! The tests of snode-resnet: one program, since each program compiles the numerics anew.

mod backpropagation;
mod conversion;
mod optimisers;
mod trained_bits;
mod training;
