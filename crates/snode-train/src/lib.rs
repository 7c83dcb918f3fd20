//! Training standalone neural ODEs by nonlinear conjugate gradients.
//!
//! The cost (S4) of a mini-batch is minimised over the parameters as functions of depth: the
//! adjoint problem gives its gradient (S6) in L²(0,T), a [`GradientSpace`] turns that into the
//! representative of another inner product (S7), a [`Conjugacy`] formula into a direction (S8), and
//! the sensitivity problem along the direction gives the step length (S9). A few such iterations
//! are made on every mini-batch (Algorithm 1 of arXiv 2205.13933).
//!
//! The paper's cost is one [`Loss`]; [`SquaredLoss`] and [`HuberLoss`] are for real targets (S70–S74), and a loss of your own
//! is an implementation of the trait.
//!
//! Beyond the paper, each off by default: averages of the iterates ([`Averaging`], S50), steps damped by
//! a [`Schedule`] (S51), directions carried from batch to batch ([`FirstDirection`], S52) and metrics learnt
//! from the batches ([`Preconditioner`], S53 and S54).
//!
//! [`Ncg`] is one iteration with its memory; [`Trainer`] runs mini-batches with it or any other
//! [`Method`], evaluates, records a [`History`] and can be stopped and continued at any iteration
//! with the same bits. Equation
//! numbers are those of the repository's `docs/mathematics.md`.
//!
//! ```
//! use faer::Mat;
//! use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network};
//! use snode_train::{Cost, Ncg, NcgOptions};
//!
//! // Two classes of points in the plane, told apart by the sign of their product.
//! let x = Mat::from_fn(4, 40, |i, j| match i {
//!     0 => (j as f64 * 0.7).sin(),
//!     1 => (j as f64 * 1.3).cos(),
//!     _ => 0.0,
//! });
//! let labels: Vec<usize> = (0..40).map(|j| usize::from(x[(0, j)] * x[(1, j)] > 0.0)).collect();
//!
//! let grid = Grid::new(2.0, 20, Endpoint::Excluded)?;
//! let mut network = Network::initial(4, grid, Activation::Tanh, Initialisation::Spline, 1);
//! let mut ncg = Ncg::new(
//!     Box::new(Euler::new()),
//!     Cost::cross_entropy(2),
//!     NcgOptions::default(),
//!     &network,
//! )?;
//! let first = ncg.iterate(&mut network, x.as_ref(), &labels)?;
//! let mut last = first;
//! for _ in 0..60 {
//!     last = ncg.iterate(&mut network, x.as_ref(), &labels)?;
//! }
//! assert!(last.cost.total() < first.cost.total() - 0.2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Conventions
//!
//! * A batch is an n×M matrix, one data point a column, with M labels from 0 to C − 1, or M real targets
//!   of m components ([`TargetsRef`]). Its cost is a mean over the M data points; a batch without any
//!   is a [`TrainError`].
//! * The score of class c is component c of the output, so that a network is at least C wide, unless it
//!   has another readout.
//! * Methods take initial states (n×M). A [`BatchSource`] and an [`EvaluationSet`] have data, which become
//!   initial states by the network's lifting.
//! * Times are seconds, without those of evaluations.
//! * An iteration that fails leaves the network as it was before.
//!
//! `examples/spiral.rs` tells two arms of a spiral apart, with gradients in L² and in H¹.
//!
//! # Features
//!
//! * `serde` (off by default): the choices that a configuration names can be serialised and
//!   deserialised.
//!
//! Which schemes there are is a matter of snode-ode and its feature `adaptive`.

// Branch-free numerical code must be inlined into the function that enables the vector unit.
#![allow(clippy::inline_always)]

mod averaging;
mod batch_cost;
mod conjugacy;
mod cost;
mod cost_value;
mod decay_products;
mod error;
mod gradcheck;
mod iteration;
mod loss;
mod memory;
mod method;
mod ncg;
mod objective;
mod penalty;
mod position;
pub mod probe;
mod schedule;
mod seen;
pub mod space;
mod step_length;
mod stopwatch;
mod target_kind;
mod targets;
mod training;

pub use averaging::{Averaged, Averaging};
pub use batch_cost::BatchCost;
pub use conjugacy::{Conjugacy, Products};
pub use cost::Cost;
pub use cost_value::CostValue;
pub use decay_products::DecayProducts;
pub use error::{OptionError, TrainError};
pub use gradcheck::{Accuracy, GradientCheck, check_gradient};
pub use iteration::{Iteration, Phases};
pub use loss::{HuberLoss, Line, Loss, SquaredLoss};
pub use memory::Memory;
pub use method::Method;
pub use ncg::{FirstDirection, LineSearch, Metric, Ncg, NcgOptions};
pub use objective::Objective;
pub use penalty::Penalty;
pub use position::Position;
pub use schedule::Schedule;
pub use space::{DepthOperator, Discretisation, GradientSpace, Preconditioner, Space};
pub use step_length::{LinearisedCost, StepLength};
pub use stopwatch::Stopwatch;
pub use target_kind::TargetKind;
pub use targets::{Targets, TargetsRef};
pub use training::{
    AVERAGE, BatchSource, Control, EarlyStop, ErrorSums, EvaluationRecord, EvaluationSet, Event,
    Fit, History, InputPerturbation, IterationRecord, Observer, ObserverError, Plan, Score,
    Snapshot, State, StopReason, StopSignal, TimeLimit, Trainer, ValueErrors, classify, outputs,
    scores,
};

/// The example of the repository's README, compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
