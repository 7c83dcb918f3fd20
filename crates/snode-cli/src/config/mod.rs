//! Experiments: the TOML file, its schema, its checks.
//!
//! A file becomes an [`Experiment`] by [`ExperimentFile::read`], which refuses unknown keys and
//! wrong types; [`check`] refuses values that make no sense, alone or together; [`resolve`] gives
//! every key the value it has by default. All of it happens before any work starts, and every error
//! names file, line and key.

mod analysis;
mod check;
mod compare;
mod diagnose;
mod locate;
mod method;
mod pair;
mod resolve;
mod schema;
mod scheme;

use std::path::{Path, PathBuf};

use toml::de::DeTable;

pub(crate) use analysis::check_with_data as check_analyses_with_data;
pub use analysis::{
    AnalysisConfig, NoiseConfig, RobustnessConfig, SchemesConfig, SmoothnessConfig,
};
pub use check::check;
pub use compare::{Difference, Kind, differences};
pub use diagnose::{nearest, with_suggestion};
pub use locate::Locator;
pub use method::{MethodOptions, iterations, method_options};
pub use resolve::{cost, resolve, unset_keys};
pub use schema::{
    CostConfig, DataConfig, EpsilonPlaceName, Experiment, LineSearchName, Loss, Method,
    NetworkConfig, OutputConfig, Precision, ScheduleName, SpaceName, TrainingConfig,
};
pub use scheme::{SchemeName, SolverConfig, is_adaptive, scheme, scheme_for, scheme_of};

use crate::error::{Error, Result};

/// Larger files are not experiments.
const LARGEST_FILE: u64 = 1 << 20;

/// An experiment as read from its file.
#[derive(Clone, Debug)]
pub struct ExperimentFile {
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// Where its keys stand.
    pub locator: Locator,
    /// What it says, overrides of the command line included.
    pub experiment: Experiment,
}

impl ExperimentFile {
    /// Reads a file, and then `overrides` of the form `table.key=value`.
    ///
    /// # Errors
    /// If the file cannot be read, is not TOML, has an unknown key or a value of a wrong type; or
    /// if an override has.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Self> {
        let text = read_text(path)?;
        let mut locator = Locator::new(path, &text);
        if let Err(error) = DeTable::parse(&text) {
            return Err(Error::Config {
                place: locator.place_at(error.span()),
                key: None,
                problem: format!("not TOML: {}", error.message()),
            });
        }
        let mut experiment: Experiment = toml::from_str(&text).map_err(|error| {
            let key = error.span().and_then(|span| locator.key_at(&span).map(str::to_owned));
            Error::Config {
                place: locator.place_at(error.span()),
                key,
                problem: diagnose::explain(error.message()),
            }
        })?;
        if !overrides.is_empty() {
            let mut table: toml::Table =
                toml::from_str(&text).map_err(|error| invalid_override(&text, &error))?;
            for text in overrides {
                let (key, value) = parse_override(text)?;
                insert(&mut table, &key, value, text)?;
                experiment = toml::Value::Table(table.clone())
                    .try_into()
                    .map_err(|error| invalid_override(text, &error))?;
                locator.override_key(&key, text);
            }
        }
        Ok(Self { path: path.to_owned(), text, locator, experiment })
    }
}

fn read_text(path: &Path) -> Result<String> {
    let metadata =
        std::fs::metadata(path).map_err(|error| refused(path, &cannot_read(path, &error)))?;
    if metadata.is_dir() {
        return Err(refused(path, "this is a folder; an experiment is a TOML file"));
    }
    if metadata.len() > LARGEST_FILE {
        return Err(refused(path, "larger than 1 MiB, so hardly an experiment in TOML"));
    }
    let bytes = std::fs::read(path).map_err(|error| refused(path, &cannot_read(path, &error)))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|&byte| byte == b'\n').count();
        refused(path, &format!("line {line} is not UTF-8 text; an experiment is a TOML file"))
    })
}

/// The system's answer, and for a file that is missing the most similar one beside it.
fn cannot_read(path: &Path, error: &std::io::Error) -> String {
    let mut message = format!("cannot read the experiment: {error}");
    if error.kind() == std::io::ErrorKind::NotFound {
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let stems: Vec<String> = std::fs::read_dir(folder)
            .map(|entries| {
                let paths = entries.flatten().map(|entry| entry.path());
                let tomls = paths.filter(|path| path.extension().is_some_and(|e| e == "toml"));
                let stems = tomls.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
                stems.take(1000).collect()
            })
            .unwrap_or_default();
        let words: Vec<&str> = stems.iter().map(String::as_str).collect();
        let wanted = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        if let Some(stem) = wanted.and_then(|wanted| nearest(&wanted, &words)) {
            let near = path.with_file_name(format!("{stem}.toml"));
            message.push_str(&format!("; did you mean `{}`?", near.display()));
        } else {
            message.push_str("; `snode init` writes one to start from");
        }
    }
    message
}

fn refused(path: &Path, problem: &str) -> Error {
    Error::Config { place: path.display().to_string(), key: None, problem: problem.to_owned() }
}

fn parse_override(text: &str) -> Result<(String, toml::Value)> {
    let usage =
        || Error::Usage(format!("--set {text}: expected table.key=value, as training.epochs=2"));
    let (key, value) = text.split_once('=').ok_or_else(usage)?;
    let (key, value) = (key.trim(), value.trim());
    if key.is_empty() || key.split('.').any(str::is_empty) {
        return Err(usage());
    }
    // A value that is not TOML is a text without its quotes, which shells eat.
    let value = toml::from_str::<toml::Table>(&format!("value = {value}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| toml::Value::String(value.to_owned()));
    Ok((key.to_owned(), value))
}

fn insert(table: &mut toml::Table, key: &str, value: toml::Value, text: &str) -> Result<()> {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
            Ok(())
        }
        Some((first, rest)) => {
            let inner = table
                .entry(first)
                .or_insert_with(|| toml::Value::Table(toml::Table::new()))
                .as_table_mut();
            match inner {
                Some(inner) => insert(inner, rest, value, text),
                None => Err(Error::Usage(format!("--set {text}: `{first}` is not a table"))),
            }
        }
    }
}

fn invalid_override(text: &str, error: &toml::de::Error) -> Error {
    Error::Config {
        place: format!("--set {text}"),
        key: None,
        problem: diagnose::explain(error.message()),
    }
}
