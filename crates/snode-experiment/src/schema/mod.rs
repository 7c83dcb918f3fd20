//! The schema of an experiment: what a TOML file may say.

mod analysis;
mod attack;
mod device;
mod experiment;
mod list;
mod map;
mod perturbation;
mod scheme;
mod uncertainty;

pub use analysis::{
    AnalysisConfig, NoiseConfig, RobustnessConfig, SchemesConfig, SmoothnessConfig,
};
pub use attack::{AttackConfig, AttackMethod};
pub use device::DeviceName;
pub use experiment::{
    AverageName, CostConfig, DataConfig, Experiment, LineSearchName, Loss, Method, NetworkConfig,
    OutputConfig, PreconditionerName, ScheduleName, SpaceName, TrainingConfig,
};
pub use map::{InitialDistribution, MapName, PenaltyName, ReadoutName};
pub use perturbation::{PerturbationConfig, PerturbationName};
pub use scheme::{SchemeName, SolverConfig, is_adaptive, scheme_of, tolerance_problem};
pub use uncertainty::{UncertaintyConfig, UncertaintySource};
