//! Reading experiments from TOML files in layers, knowing where each key stands.

mod experiment_file;
mod layer;
mod locator;
mod message;
mod read;
mod refusal;
mod schema_keys;
mod texts;

pub use experiment_file::{ExperimentFile, Setting, SourceText, check_key, value_of};
pub use locator::Locator;
pub use refusal::describe;
pub(crate) use schema_keys::words;
#[cfg(test)]
pub(crate) use {message::FILE_KEYS, read::read, refusal::Problem};
