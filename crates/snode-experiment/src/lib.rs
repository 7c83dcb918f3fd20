//! Experiments with standalone neural ODEs: what is to be trained and measured, as TOML files say it.
//!
//! An [`ExperimentFile`] reads a file with the files it is based on, refuses unknown keys and wrong
//! types, and knows the line of every key; [`check`] refuses values that make no sense, alone or
//! together; [`resolve`] gives every key the value it has by default; [`Prepared`] adds the images.
//! All of it happens before any work, and every error names file, line and key. No HDF5 and no
//! command line is needed.
//!
//! ```
//! use snode_experiment::{ExperimentFile, Prepared, resolve};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("small.toml");
//! std::fs::write(&path, "[network]\nlayers = 5\n[data]\ntrain = 600\ntest = 100\n")?;
//!
//! let file = ExperimentFile::read(&path, &["training.space=h1".into()])?;
//! let experiment = resolve(&file)?;
//! assert_eq!(experiment.keys().training.length, Some(1.0));
//! println!("{:?}", experiment.method());
//!
//! let prepared = Prepared::of(&file)?;
//! assert_eq!((prepared.train.len(), prepared.pixels()), (600, 196));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! * `mnist` (on by default): embeds MNIST at 14×14, 5 MB, as the data set `mnist14`.
//! * `clap` (off by default): choices and attacks can be arguments of a command line.

// Built piece by piece from formatted parts; speed does not matter here.
#![allow(clippy::format_push_string)]

mod check;
mod compare;
mod described;
#[cfg(test)]
mod documented;
mod error;
pub mod estimate;
mod file;
pub mod format;
pub mod images;
mod initial_network;
pub mod keys;
mod meaning;
mod method;
mod network;
mod number;
pub mod numbers;
mod objective;
mod prepare;
mod resolve;
mod resolved;
mod schema;
mod suggest;
pub mod threads;
mod written;

pub use check::{check, check_name, check_network};
pub use compare::{Difference, Kind, computation, differences, differing, is_computation};
pub use described::{estimate_text, resolved_text};
pub use error::{Error, Result};
pub use file::{ExperimentFile, Locator, Setting, SourceText, check_key, describe, value_of};
pub use initial_network::initial_network;
pub use meaning::{Dropped, has_condition, settled, with_meaning};
pub use method::MethodOptions;
pub use number::Number;
pub use objective::{ObjectiveChoice, RegressionLoss};
pub use prepare::{Facts, Prepared, data_error, fit, load, sizes, source};
pub use resolve::{resolve, unset_keys};
pub use resolved::ResolvedExperiment;
pub use schema::{
    AnalysisConfig, AttackConfig, AttackMethod, AverageName, CostConfig, DataConfig, DeviceName,
    Experiment, LineSearchName, Loss, Method, NetworkConfig, NoiseConfig, OutputConfig,
    PerturbationConfig, PerturbationName, PreconditionerName, RobustnessConfig, ScheduleName,
    SchemeName, SchemesConfig, SmoothnessConfig, SolverConfig, SpaceName, TrainingConfig,
    UncertaintyConfig, UncertaintySource, is_adaptive, scheme_of, tolerance_problem,
};
pub use snode_ode::Precision;
pub use suggest::{nearest, synonym, with_suggestion};
pub use written::short_numbers;
