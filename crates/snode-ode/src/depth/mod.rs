//! Depth: the grid the parameters live on, the parameters as functions of depth, and how they
//! begin.

mod along_depth;
mod grid;
mod initialisation;
mod interpolation;
mod numbers;
mod parameters;
mod spline;

pub use along_depth::AlongDepth;
pub use grid::{Endpoint, Grid, GridError};
pub use initialisation::{Initialisation, initialise};
pub use interpolation::{Interpolation, Stencil};
pub use numbers::{DeviceNumbers, Elimination};
pub use parameters::{Combination, Parameters};
