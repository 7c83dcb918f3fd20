//! Depth: the grid the parameters live on, the parameters as functions of depth, and how they
//! begin.

mod grid;
mod initialisation;
mod interpolation;
mod parameters;
mod spline;

pub use grid::{Ends, Grid, GridError};
pub use initialisation::{Initialisation, initialise};
pub use interpolation::{Interpolation, Stencil};
pub(crate) use parameters::split_node;
pub use parameters::{AlongDepth, Parameters};
