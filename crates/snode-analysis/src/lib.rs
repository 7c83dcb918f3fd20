//! What noise does to a standalone neural ODE, and how smooth its weights are.
//!
//! * **Noise propagation** ([`summarise_noise`], [`propagate_noise`]): the sensitivity problem (S3)
//!   estimates how far noise on the input, or on the parameters, moves the state at every depth;
//!   that is held against the measured difference of two solutions, layer by layer (S26).
//! * **Robustness** ([`robustness`]): accuracy on labelled data with noise added, against its level
//!   (S28), under any [`Scheme`](snode_ode::Scheme).
//! * **Uncertainty** ([`score_distributions`]): the covariance of the scores under noise on the input or
//!   the parameters, from C adjoint columns an image and without noisy data (S63, S64): predicted accuracy
//!   against the level of noise, probability of a flip, distance to the nearest class (S65, S66).
//!   [`measure_noise`] and [`reliability`] hold it against what is observed.
//! * **Smoothness** ([`smoothness`]): total variation and H¹ seminorm of every entry of W and b as a
//!   function of depth (S29), and its path.
//!
//! All noise comes from seeded streams of its own, one an image and draw: results have the same bits
//! for any number of threads. A residual network is analysed as the Euler network it is. Equation
//! numbers are those of the repository's `docs/mathematics.md`.
//!
//! ```
//! use faer::Mat;
//! use snode_analysis::{NoiseOptions, summarise_noise};
//! use snode_ode::{Activation, Endpoint, Grid, Initialisation, Network};
//!
//! let grid = Grid::new(3.0, 30, Endpoint::Excluded)?;
//! let network = Network::<f64>::initial(6, grid, Activation::Tanh, Initialisation::Spline, 1);
//! let images = Mat::from_fn(6, 50, |i, j| -((i * j) as f64 * 0.37).sin().abs());
//! let noise = NoiseOptions { levels: vec![0.01, 0.1], draws: 3, seed: 42, ..Default::default() };
//! let summaries = summarise_noise(&network, images.as_ref(), &noise)?;
//!
//! // Ten times the noise: about ten times the perturbation, and ten times the relative error.
//! let last = |level: usize| {
//!     let summary = &summaries[level];
//!     (summary.measured[30].mean, summary.relative_error[30].mean)
//! };
//! assert!((last(1).0 / last(0).0 - 10.0).abs() < 0.5);
//! assert!((last(1).1 / last(0).1 - 10.0).abs() < 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Conventions
//!
//! * Inputs are the columns of an n×N matrix; of none of them there is nothing to report, which is no
//!   error.
//! * A level of noise is its standard deviation s, in the units of the input (or of W and b).
//!   Distances are Euclidean norms of states; layer k is at depth t_k.
//! * Options out of their range, and states that grow beyond all numbers, are an [`AnalysisError`].

mod blocks;
mod error;
mod moments;
mod noise;
mod propagation;
mod robustness;
mod smoothness;
mod summary;
mod uncertainty;

pub use error::AnalysisError;
pub use moments::Moments;
pub use noise::{NoiseOn, NoiseOptions, parameter_noise};
pub use propagation::{NoisePropagation, propagate_noise, summarise_noise};
pub use robustness::{
    NoiseMeasurement, RobustnessCurve, RobustnessOptions, across_runs, measure_noise, robustness,
};
pub use smoothness::{Roughness, Smoothness, bias_path, smoothness, weight_path};
pub use summary::PropagationSummary;
pub use uncertainty::{
    NearestClass, NoiseSource, ReliabilityBin, ScoreDistributions, UncertaintyOptions,
    calibration_error, reliability, score_distributions,
};
