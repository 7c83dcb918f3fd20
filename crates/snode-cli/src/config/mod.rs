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
#[cfg(test)]
mod documented;
mod file;
mod list;
mod locate;
mod merge;
mod message;
mod method;
mod read;
mod refusal;
mod resolve;
mod schema;
mod schema_keys;
mod scheme;
mod suggest;
mod texts;
mod written;

pub use analysis::{
    AnalysisConfig, NoiseConfig, RobustnessConfig, SchemesConfig, SmoothnessConfig,
};
pub(crate) use analysis::{check_with_data as check_analyses_with_data, fit as fit_analyses};
pub(crate) use attack::check_attacks;
pub use attack::{AttackConfig, AttackMethod, NormName};
pub use check::{check, check_name, check_network};
pub use compare::{Difference, Kind, computation, differences, differing, is_computation};
pub use file::{ExperimentFile, Setting, SourceText, check_key, value_of};
pub use locate::Locator;
pub use method::{MethodOptions, iterations, method_options};
pub(crate) use refusal::describe;
pub use resolve::{cost, known_cost, resolve, unset_keys};
pub use schema::{
    CostConfig, DataConfig, EpsilonPlaceName, Experiment, LineSearchName, Loss, Method,
    NetworkConfig, OutputConfig, Precision, ScheduleName, SpaceName, TrainingConfig,
};
pub use scheme::{
    SchemeName, SolverConfig, is_adaptive, scheme, scheme_for, scheme_of, stored_solver,
};
pub use suggest::{nearest, with_suggestion};
pub use written::short_numbers;
