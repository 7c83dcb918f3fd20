//! The discrete twin of a standalone neural ODE: a residual network, trained by stochastic
//! gradients.
//!
//! The residual network (S2), X_{k+1} = X_k + h σ(W_k X_k + b_k) with its own W_k and b_k in every
//! layer, and a standalone neural ODE under Euler are the same numbers in the same formula. So
//! [`ResNet`] is a [`Network`](snode_ode::Network) seen layer by layer, [`Backpropagation`] is the
//! Euler adjoint (S5)–(S6) times h (S21), and cost, kernels, trainer, observers and files are those
//! of the ODE. What is new is how the parameters move:
//!
//! * an [`Optimiser`]: plain gradient descent, momentum and Nesterov (S22), RMSprop (S23) and Adam
//!   (S24), each as Keras defines it;
//! * a [`Schedule`] of the learning rate, and weight decay, coupled (μ₄ of the cost) or decoupled
//!   (S25).
//!
//! [`Sgd`] brings them together as a [`Method`](snode_train::Method): one step on a mini-batch with
//! its memory, which a [`Trainer`](snode_train::Trainer) runs, records, stops and continues at any
//! step with the same bits. Equation numbers are those of the repository's `docs/mathematics.md`.
//!
//! ```
//! use faer::Mat;
//! use snode_ode::{Activation, Initialisation};
//! use snode_resnet::{ResNet, Sgd, SgdOptions};
//! use snode_train::Cost;
//!
//! // Two classes of points in the plane, told apart by the sign of their product.
//! let x = Mat::from_fn(4, 40, |i, j| match i {
//!     0 => (j as f64 * 0.7).sin(),
//!     1 => (j as f64 * 1.3).cos(),
//!     _ => 0.0,
//! });
//! let labels: Vec<usize> = (0..40).map(|j| usize::from(x[(0, j)] * x[(1, j)] > 0.0)).collect();
//!
//! // 20 layers, h = 0.1.
//! let resnet = ResNet::initial(4, 2.0, 20, Activation::Tanh, Initialisation::Spline, 1)?;
//! let options = SgdOptions { learning_rate: 0.01, ..SgdOptions::default() };
//! let mut sgd = Sgd::new(Cost::cross_entropy(2), options, resnet.network())?;
//!
//! let mut network = resnet.into_network();
//! let first = sgd.step(&mut network, x.as_ref(), &labels)?;
//! let mut last = first;
//! for _ in 0..100 {
//!     last = sgd.step(&mut network, x.as_ref(), &labels)?;
//! }
//! assert!(last.cost.total() < first.cost.total() - 0.2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Conventions
//!
//! * A batch is an n×M matrix, one data point a column, with M labels from 0 to C − 1; one step is
//!   made on it. A batch without data points is an error.
//! * Derivatives are those of the cost by the numbers of a layer: h times the L²-gradient of the
//!   neural ODE.
//! * Options out of their range are a [`ResNetError`] before anything is trained; what goes wrong in a
//!   step is a [`TrainError`](snode_train::TrainError).
//!
//! # Features
//!
//! * `serde` (off by default): the choices that a configuration names can be serialised and
//!   deserialised.

// Branch-free numerical code must be inlined into the function that enables the vector unit.
#![allow(clippy::inline_always)]

mod backpropagation;
mod error;
mod optimiser;
mod resnet;
mod sgd;
mod update;

pub use backpropagation::Backpropagation;
pub use error::ResNetError;
pub use optimiser::{Adam, EpsilonPlace, Momentum, Optimiser, Plain, RmsProp};
pub use resnet::ResNet;
pub use sgd::{Sgd, SgdOptions};
pub use snode_train::Schedule;
