//! The tests of snode-ode: one program, since each program compiles the numerics anew.

mod adaptive;
mod convolution;
mod empty;
mod euler;
mod finite;
mod perturbed;
mod runge_kutta;
mod several;
mod solved_bits;
mod support;
