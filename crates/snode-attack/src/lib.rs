//! Adversarial attacks on anything that can be linearised.
//!
//! A map z(x) from n inputs to C outputs, of which the largest is the predicted class, is all an
//! attack sees ([`Linearisable`]): its values, and products with its Jacobian and the transpose of
//! that. Standalone neural ODEs under any scheme, residual networks ([`SolvedNetwork`]) and models of
//! your own can be attacked alike.
//!
//! * [`MovingTarget`] and [`Targeted`]: along the sensitivity matrix (S10) towards the closest
//!   boundary of the linearised map (S11), in steps of fixed length (S12), as in Algorithm 2 of
//!   "Standalone Neural ODEs with Sensitivity Analysis" (arXiv 2205.13933).
//! * [`DeepFool`], [`ProjectedGradient`], [`AutoPgd`], [`FastGradient`], [`CarliniWagner`]: what it is measured
//!   against, with the same box, the same success, the same refinement.
//! * [`attack`]: a method on many images. All images of a batch share each layer's product, images
//!   that are done leave the batch, and every success is judged again by the image that is returned.
//! * [`PerturbedInputs`]: the same as inputs for training, with the network as it is (S67).
//! * [`AttackResults`]: per image the outcome, the norms of the smallest perturbation and the
//!   adversarial image; success curves (S13), susceptibility and robust accuracy follow from them.
//!
//! The closest boundary between the predicted class c and another class j in the map linearised at x
//! is reached by ξ₀ = d v/‖v‖₂ with v = κ P_j − P_c and d = (z_c − κ z_j)/‖v‖₂, where P is the
//! sensitivity matrix ∂z/∂x₀ and κ a margin ([`approach`]). Equation numbers are those of the
//! repository's `docs/mathematics.md`.
//!
//! ```
//! use faer::Mat;
//! use snode_attack::{AttackOptions, MovingTarget, Norm, SolvedNetwork, attack, predict};
//! use snode_ode::{Activation, Endpoint, Euler, Grid, Initialisation, Network};
//!
//! let grid = Grid::new(3.0, 30, Endpoint::Excluded)?;
//! let network = Network::<f64>::initial(6, grid, Activation::Tanh, Initialisation::Spline, 1);
//! let mut model = SolvedNetwork::new(&network, Box::new(Euler::new()), 3)?;
//! let images = Mat::from_fn(6, 20, |i, j| -((1 + i * j) as f64 * 0.37).sin().abs());
//! let labels = predict(&mut model, images.as_ref(), 20)?;
//!
//! let options = AttackOptions { refinements: 20, ..Default::default() };
//! let method = MovingTarget::default();
//! let results = attack(&mut model, &method, images.as_ref(), &labels, &options)?;
//! let summary = results.summary();
//! assert!(summary.fooled > 0 && summary.wrong_before == 0);
//! for (epsilon, part) in results.success_curve(Norm::Two) {
//!     println!("{:.1} % fooled within {epsilon:.3}", 100.0 * part);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Conventions
//!
//! * Images are the columns of an n×N matrix, with N labels from 0 to C − 1, and lie in a box, here
//!   \[−1, 0\] if no other is given ([`Bounds`]). Perturbations have the units of its numbers.
//! * An image is fooled if its predicted class is no longer its label. Rates are those of the images
//!   that were predicted rightly before, and NaN if there are none.
//! * Options, shapes and labels that do not fit, images outside of the box, and errors of the model
//!   are an [`AttackError`].
//!
//! `examples/own_model.rs` attacks a model that is no neural ODE.
//!
//! # Features
//!
//! * `serde` (off by default): the choices that a configuration names can be serialised and
//!   deserialised.

mod attack;
mod batch_attack;
mod error;
mod images;
mod judge;
mod model;
mod network;
mod norm;
mod options;
mod outcome;
mod refine;
mod run;
mod sensitivity_matrix;
mod state;
mod summary;
mod training;

pub use attack::{
    Approach, Attack, Attacker, AutoPgd, CarliniWagner, DeepFool, FastGradient, Image, Loss,
    Margin, MovingTarget, Point, Products, ProjectedGradient, Step, Target, Targeted, approach,
    closest,
};
pub use batch_attack::Progress;
pub use error::{AttackError, ModelError};
pub use model::Linearisable;
pub use network::{SolvedNetwork, predict};
pub use norm::{Bounds, Norm};
pub use options::AttackOptions;
pub use outcome::{AttackResults, Attacked, Outcome};
pub use run::{attack, attack_observed};
pub use sensitivity_matrix::{JacobianMode, SensitivityMatrices, sensitivity_matrices};
pub use summary::AttackSummary;
pub use training::{PerturbationMethod, PerturbationOptions, PerturbedInputs};
