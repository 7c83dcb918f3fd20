//! Experiments: the TOML file, its schema, its checks.
//!
//! A file becomes an [`Experiment`] by [`ExperimentFile::read`], which refuses unknown keys and
//! wrong types; [`check`] refuses values that make no sense, alone or together; [`resolve`] gives
//! every key the value it has by default. All of it happens before any work starts, and every error
//! names file, line and key.

mod analysis;
mod attack;
mod check;
mod compare;
mod diagnose;
#[cfg(test)]
mod documented;
mod file;
mod locate;
mod merge;
mod method;
mod pair;
mod resolve;
mod schema;
mod scheme;

pub(crate) use analysis::check_with_data as check_analyses_with_data;
pub use analysis::{
    AnalysisConfig, NoiseConfig, RobustnessConfig, SchemesConfig, SmoothnessConfig,
};
pub(crate) use attack::check_attacks;
pub use attack::{AttackConfig, AttackMethod, NormName};
pub use check::{check, check_name};
pub use compare::{Difference, Kind, computation, differences, differing, is_computation};
pub use diagnose::{nearest, with_suggestion};
pub use file::{ExperimentFile, Setting, SourceText, check_key, value_of};
pub use locate::Locator;
pub use method::{MethodOptions, iterations, method_options};
pub use resolve::{cost, resolve, unset_keys};
pub use schema::{
    CostConfig, DataConfig, EpsilonPlaceName, Experiment, LineSearchName, Loss, Method,
    NetworkConfig, OutputConfig, Precision, ScheduleName, SpaceName, TrainingConfig,
};
pub use scheme::{SchemeName, SolverConfig, is_adaptive, scheme, scheme_for, scheme_of};
