//! A neural network as one ordinary differential equation.
//!
//! A *standalone neural ODE* of width n carries a data point x₀ ∈ Rⁿ through
//!
//! x′(t) = σ(W(t) x(t) + b(t)),  x(0) = x₀,  t ∈ (0, T\],
//!
//! and its output is x(T). This crate holds the network and solves its three problems for a batch
//! of data points, one a column:
//!
//! * the **direct** problem (S1): x(T) from x₀;
//! * the **adjoint** problem (S5): from the derivative of a cost by x(T) to its gradient (S6) by W
//!   and b, and by x₀;
//! * the **sensitivity** problem (S3): from a perturbation of W, b or x₀ to that of x(T).
//!
//! Under [`Euler`] adjoint and sensitivity are the exact derivatives of the discrete network, which
//! is a residual network; under [`RungeKutta`], of higher order, they are exact too. Schemes are
//! interchangeable: [`SchemeChoice`] names them, [`Scheme`] is what they have in common: it solves the
//! direct problem, and on the [`Trajectory`] that it gives the other two are posed. Equation
//! numbers are those of the repository's `docs/mathematics.md`; everything is generic over `f32` and
//! `f64`, and has the same bits for any number of threads.
//!
//! ```
//! use faer::Mat;
//! use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network, Scheme};
//!
//! // A network of width 6 on a grid of 20 layers in depth, T = 1.
//! let grid = Grid::new(1.0, 20, Endpoint::Excluded)?;
//! let network = Network::<f64>::initial(6, grid, Activation::Tanh, Initialisation::Spline, 42);
//!
//! // Five data points, one a column, through the network.
//! let x0 = Mat::from_fn(6, 5, |i, j| (i as f64 - j as f64) / 6.0);
//! let mut euler = Euler::new();
//! let mut trajectory = euler.direct(&network, x0.as_ref())?;
//! let output = trajectory.output().to_owned();
//!
//! // The gradient of ½‖x(T)‖² by all parameters: λ(T) = x(T).
//! let mut gradient = network.parameters().clone();
//! trajectory.adjoint(output.as_ref(), Some(&mut gradient))?;
//! assert!(gradient.inner(&gradient, network.grid()) > 0.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Conventions
//!
//! * A batch of M data points is an n×M matrix of [`faer`], one data point a column; M may be 0.
//! * Depth t has no unit. A [`Grid`] of L steps on \[0, T\] has nodes t_k = k h, h = T/L:
//!   [without T](Endpoint::Excluded) for Euler, [with it](Endpoint::Included) for the other schemes;
//!   [`SchemeChoice::endpoint`] tells which.
//! * [`Parameters`] are W and b at all nodes, one contiguous array. A gradient is one more element
//!   of the same space; its [inner product](Parameters::inner) carries the weights of the grid.
//! * Shapes that do not fit, and solves that come to a stop, are a [`SolveError`]. A number that is
//!   not finite is never a result.
//! * Threads are those of the current rayon pool: call inside `ThreadPool::install` to choose them.
//!
//! `examples/three_schemes.rs` solves one network by three schemes and compares.
//!
//! # Features
//!
//! * `adaptive` (on by default): `Adaptive`, schemes with step-length control, by diffsol. Without it
//!   the crate has 36 dependencies fewer.
//! * `serde` (off by default): activations, interpolations, initialisations and error norms can be
//!   serialised and deserialised.

// Branch-free numerical code must be inlined into the function that enables the vector unit.
#![allow(clippy::inline_always)]

mod activation;
mod depth;
pub mod elementary;
mod error;
#[cfg(all(test, target_arch = "x86_64"))]
mod instruction_sets;
mod kernels;
mod lifting;
mod map;
mod memory;
mod network;
mod outcome;
mod parallel;
mod precision;
mod readout;
mod real;
mod scheme;

pub use activation::{
    Activation, Elementwise, Elu, Identity, Relu, Sigmoid, SmoothedRelu, Softplus, Tanh,
    UnknownActivation,
};
pub use depth::{
    AlongDepth, Combination, DeviceNumbers, Elimination, Endpoint, Grid, GridError, Initialisation,
    Interpolation, Parameters, Stencil, initialise,
};
pub use error::{OptionError, SolveError};
pub use lifting::Lifting;
pub use map::{AffineMap, Convolution, MapError};
pub use network::{Network, NetworkStamp, ParametersMut};
pub use outcome::{LastState, Problem, Statistics, Stop};
pub use precision::Precision;
pub use readout::{Readout, Scores};
pub use real::Real;
pub use scheme::{
    Across, Distances, Euler, KeyError, LinearProblem, OutputSensitivity, Perturbation,
    PerturbedWalk, RungeKutta, Scheme, SchemeChoice, Solution, SolverKeys, Trajectory,
};
#[cfg(feature = "adaptive")]
pub use scheme::{Adaptive, AdaptiveOptions, ErrorNorm, Method, UnknownMethod};

// Errors go from thread to thread, and into the boxes of other libraries.
const _: fn() = || {
    fn travels<E: std::error::Error + Send + Sync + 'static>() {}
    travels::<SolveError>();
    travels::<GridError>();
    travels::<MapError>();
    travels::<OptionError>();
    travels::<KeyError>();
    travels::<UnknownActivation>();
    #[cfg(feature = "adaptive")]
    travels::<UnknownMethod>();
};
