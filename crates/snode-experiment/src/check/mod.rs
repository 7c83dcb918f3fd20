//! What an experiment may not say, beyond what types can tell.

mod analysis;
mod attack;
mod experiment;
mod scheme;
mod task;
mod variation;

pub(crate) use analysis::{check_with_data as check_analyses_with_data, fit as fit_analyses};
pub(crate) use attack::check_attacks;
pub(crate) use experiment::check_stem;
pub use experiment::{check, check_name, check_network};
pub(crate) use task::{check_least_target, check_task};
pub(crate) use variation::check_variation;
