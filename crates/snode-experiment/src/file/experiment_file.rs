//! Reading the file of an experiment, with the files it is based on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use snode_files::{FileError, FileKind, Pipes, Reading};
use toml::de::{DeTable, Deserializer};

use super::layer::{Layer, merge};
use super::locator::Locator;
use super::message::{located, message};
use super::read::read;
use super::refusal::Refusal;
use super::schema_keys::check_known;
use super::texts::{check_text, check_texts};
use crate::error::{Error, Result};
use crate::schema::Experiment;
use crate::suggest::nearest;

/// Larger files are not experiments.
const LARGEST_FILE: u64 = 1 << 20;
/// More files than this based on one another are hardly meant.
const MOST_BASES: usize = 32;

/// The key that names the file an experiment is based on.
const BASE: &str = "base";
/// The keys by which a file describes many experiments.
const GRID_KEYS: [&str; 4] = ["cases", "grid", "seeds", "exclude"];

/// An experiment as read from its file.
#[derive(Clone, Debug)]
pub struct ExperimentFile {
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// Where its keys stand.
    pub locator: Locator,
    /// What it says, bases and overrides of the command line included.
    pub experiment: Experiment,
    /// The same before defaults.
    table: toml::Table,
    /// The file and its bases, the nearest first.
    layers: Arc<[Layer]>,
    /// `--set seeds=…`.
    seeds: Option<toml::Value>,
    /// Keys of a grid that an override takes out.
    unset: Vec<String>,
    is_overridden: bool,
}

/// A file with its text.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceText {
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

/// A key with the value it has in some cells of a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The key, as `table.key`.
    pub key: String,
    /// The value.
    pub value: toml::Value,
    /// Where it stands.
    pub place: String,
    /// The folder that a path is relative to.
    pub folder: PathBuf,
}

impl ExperimentFile {
    /// Reads a file that describes one experiment, and then `overrides` of the form
    /// `table.key=value`, or `!table.key`, which takes a key out.
    ///
    /// # Errors
    /// If the file or one of its bases cannot be read, is not TOML, has an unknown key or a value of
    /// a wrong type; if an override has; or if the file describes many experiments.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Self> {
        Self::read_any(path, overrides)?.single()
    }

    /// Reads a file that may describe a grid of experiments.
    ///
    /// # Errors
    /// As [`read`](Self::read), but for grids. What the grid says is not looked at.
    pub fn read_any(path: &Path, overrides: &[String]) -> Result<Self> {
        Self::of_layers(path, read_layers(path)?.into())?.with_overrides(overrides)
    }

    /// The file with its bases, without overrides.
    fn of_layers(path: &Path, layers: Arc<[Layer]>) -> Result<Self> {
        let text = layers[0].text.clone();
        let mut table = toml::Table::new();
        let mut locator: Option<Locator> = None;
        for layer in layers.iter().rev() {
            let mut keys = layer.table.clone();
            keys.retain(|key, _| key != BASE && !GRID_KEYS.contains(&key));
            merge(&mut table, keys);
            let mut here = layer.locator.clone();
            if let Some(base) = locator {
                here.set_base(base);
            }
            locator = Some(here);
        }
        let locator = locator.unwrap_or_else(|| Locator::new(path, PathBuf::new(), &text));
        // Each file has been read as an experiment of its own: what can be wrong now lies between them.
        let experiment = read(&table).map_err(|refusal: Refusal| Error::Config {
            place: path.display().to_string(),
            key: None,
            problem: format!("with its base: {}: {}", refusal.name(), message(&refusal)),
        })?;
        Ok(Self {
            path: path.to_owned(),
            text,
            locator,
            experiment,
            table,
            layers,
            seeds: None,
            unset: Vec::new(),
            is_overridden: false,
        })
    }

    /// The file as it was before overrides.
    ///
    /// # Errors
    /// As [`read_any`](Self::read_any).
    pub(crate) fn as_written(&self) -> Result<Self> {
        Self::of_layers(&self.path, Arc::clone(&self.layers))
    }

    /// Whether an override was made.
    pub(crate) fn is_overridden(&self) -> bool {
        self.is_overridden
    }

    /// The same without a key.
    ///
    /// # Errors
    /// If what is left cannot be read.
    pub(crate) fn without(mut self, key: &str) -> Result<Self> {
        remove(&mut self.table, key);
        self.experiment = read(&self.table).map_err(|refusal| located(&refusal, &self.locator))?;
        Ok(self)
    }

    /// The same with further overrides, of a file that was read already: it may be a pipe.
    ///
    /// # Errors
    /// If an override is wrong.
    pub fn with_overrides(mut self, overrides: &[String]) -> Result<Self> {
        for text in overrides {
            self.override_key(text)?;
        }
        Ok(self)
    }

    fn override_key(&mut self, text: &str) -> Result<()> {
        self.is_overridden = true;
        if let Some(key) = text.strip_prefix('!') {
            return self.unset_key(key.trim());
        }
        let (key, value) = parse_override(text)?;
        if key == "seeds" {
            self.unset.retain(|unset| *unset != key);
            self.seeds = Some(value);
        } else {
            insert(&mut self.table, &key, value, text)?;
            self.experiment =
                read(&self.table).map_err(|refusal| invalid_override(text, &refusal))?;
        }
        self.locator.override_key(&key, text);
        Ok(())
    }

    /// Takes a key out, or a whole table.
    fn unset_key(&mut self, key: &str) -> Result<()> {
        check_key("--unset", key)?;
        if GRID_KEYS.contains(&key) {
            self.unset.push(key.to_owned());
            if key == "seeds" {
                self.seeds = None;
            }
            return Ok(());
        }
        check_known(key).map_err(|problem| Error::Usage(format!("--unset {key}: {problem}")))?;
        remove(&mut self.table, key);
        self.locator.forget_override(key);
        self.experiment = read(&self.table).map_err(|refusal| {
            let (place, problem) = (format!("--unset {key}"), message(&refusal));
            Error::Config { place, key: None, problem }
        })?;
        Ok(())
    }

    /// An experiment in which every key has its value, from a file that was read before: what is
    /// wrong in it is placed at that file.
    pub fn resolved(path: PathBuf, text: String, experiment: &Experiment) -> Self {
        let locator = Locator::new(&path, folder(&path), "");
        Self {
            path,
            text,
            locator,
            experiment: experiment.clone(),
            table: toml::Table::new(),
            layers: Arc::new([]),
            seeds: None,
            unset: Vec::new(),
            is_overridden: false,
        }
    }

    /// Refuses a file that describes a grid of experiments.
    ///
    /// # Errors
    /// If it does.
    pub fn single(self) -> Result<Self> {
        match GRID_KEYS.iter().find(|key| self.grid_value(key).is_some()) {
            Some(key) => Err(Error::Config {
                place: self.grid_locator(key).place_of(key),
                key: Some((*key).to_owned()),
                problem: "makes the file a grid of experiments, and this command takes one; \
                          `snode run` trains them, `snode run --dry-run` shows them"
                    .into(),
            }),
            None => Ok(self),
        }
    }

    /// Whether the file describes a grid of experiments.
    pub fn is_grid(&self) -> bool {
        GRID_KEYS.iter().any(|key| self.grid_value(key).is_some())
    }

    /// The value of one of the `GRID_KEYS`: that of the file or of the nearest base that gives it.
    pub fn grid_value(&self, key: &str) -> Option<&toml::Value> {
        if self.unset.iter().any(|unset| unset == key) {
            return None;
        }
        let overridden = self.seeds.as_ref().filter(|_| key == "seeds");
        overridden.or_else(|| self.layers.iter().find_map(|layer| layer.table.get(key)))
    }

    /// Where the keys of that value stand.
    pub fn grid_locator(&self, key: &str) -> &Locator {
        let gives = |layer: &&Layer| layer.table.contains_key(key);
        let overridden = key == "seeds" && self.seeds.is_some();
        let layer = self.layers.iter().find(gives).filter(|_| !overridden);
        layer.map_or(&self.locator, |layer| &layer.locator)
    }

    /// The tables `[grid]` with where their keys stand: of the farthest base first.
    pub fn grids(&self) -> impl Iterator<Item = (&toml::Value, &Locator)> {
        let is_unset = self.unset.iter().any(|unset| unset == "grid");
        let layers = self.layers.iter().rev().filter(move |_| !is_unset);
        layers.filter_map(|layer| Some((layer.table.get("grid")?, &layer.locator)))
    }

    /// The file and its bases, the nearest first.
    pub fn sources(&self) -> Vec<SourceText> {
        let source =
            |layer: &Layer| SourceText { path: layer.path.clone(), text: layer.text.clone() };
        self.layers.iter().map(source).collect()
    }

    /// The experiment in which these keys have these values; overrides of the command line stay.
    ///
    /// # Errors
    /// If a key is unknown or a value of a wrong type, at the place where it stands.
    pub fn with(&self, settings: &[Setting]) -> Result<Self> {
        let mut cell = self.clone();
        for setting in settings {
            set(&mut cell.table, &setting.key, setting.value.clone());
            let (place, folder) = (setting.place.clone(), setting.folder.clone());
            cell.locator.place_key(&setting.key, place, folder);
        }
        cell.experiment = read(&cell.table).map_err(|refusal| blame(settings, &refusal, self))?;
        Ok(cell)
    }
}

impl Setting {
    /// The error that the key or its value is wrong.
    pub fn error(&self, problem: impl Into<String>) -> Error {
        Error::Config {
            place: self.place.clone(),
            key: Some(self.key.clone()),
            problem: problem.into(),
        }
    }
}

/// Gives a key a value, whatever stood there and above it.
fn set(mut table: &mut toml::Table, key: &str, value: toml::Value) {
    let mut parts = key.split('.');
    let last = parts.next_back().unwrap_or_default();
    for part in parts {
        let inner = table.entry(part).or_insert_with(|| toml::Table::new().into());
        if !inner.is_table() {
            *inner = toml::Table::new().into();
        }
        match inner.as_table_mut() {
            Some(inner) => table = inner,
            None => return,
        }
    }
    table.insert(last.to_owned(), value);
}

/// Takes a key out, if it is there.
fn remove(mut table: &mut toml::Table, key: &str) {
    let mut parts = key.split('.');
    let last = parts.next_back().unwrap_or_default();
    for part in parts {
        match table.get_mut(part).and_then(toml::Value::as_table_mut) {
            Some(inner) => table = inner,
            None => return,
        }
    }
    table.remove(last);
}

/// The error that one of the settings is wrong: that of the key that was refused, or the first.
fn blame(settings: &[Setting], refusal: &Refusal, file: &ExperimentFile) -> Error {
    let path = refusal.path();
    let within = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let is_refused =
        |setting: &&Setting| within(&path, &setting.key) || within(&setting.key, &path);
    match settings.iter().find(is_refused) {
        Some(setting) => setting.error(message(refusal)),
        None => located(refusal, &file.locator),
    }
}

/// Reads a file, the file it is based on, the file that one is based on, and so on.
fn read_layers(path: &Path) -> Result<Vec<Layer>> {
    let mut layers: Vec<Layer> = Vec::new();
    let mut next = Some((path.to_owned(), String::new()));
    while let Some((path, named_at)) = next {
        let layer = read_layer(&path).map_err(|error| match error {
            // A base that is not there is the fault of the file that names it.
            Error::Config { place, key: None, problem }
                if !layers.is_empty() && place == path.display().to_string() =>
            {
                Error::Config {
                    place: named_at.clone(),
                    key: Some(BASE.into()),
                    problem: format!("{place}: {problem}"),
                }
            }
            error => error,
        })?;
        let same = |known: &Layer| match (known.path.canonicalize(), path.canonicalize()) {
            (Ok(known), Ok(path)) => known == path,
            _ => known.path == path,
        };
        let problem = if layers.iter().any(same) {
            Some(format!("{} is based on itself; expected no circle", path.display()))
        } else if layers.len() > MOST_BASES {
            Some(format!("found a chain of more than {MOST_BASES} bases; expected fewer"))
        } else {
            None
        };
        if let Some(problem) = problem {
            return Err(Error::Config { place: named_at, key: Some(BASE.into()), problem });
        }
        next = layer.base()?.map(|base| (base, layer.locator.place_of(BASE)));
        layers.push(layer);
    }
    Ok(layers)
}

fn read_layer(path: &Path) -> Result<Layer> {
    let text = read_text(path)?;
    let locator = Locator::new(path, folder(path), &text);
    let parsed = DeTable::parse(&text).map_err(|error| Error::Config {
        place: locator.place_at(error.span()),
        key: None,
        problem: format!("not TOML: {}", error.message()),
    })?;
    let table = toml::Table::deserialize(Deserializer::from(parsed))
        .map_err(|error| beyond_numbers(&error, &text, &locator))?;
    check_texts(&table, &locator)?;
    let mut keys = table.clone();
    keys.retain(|key, _| key != BASE && !GRID_KEYS.contains(&key));
    read::<Experiment>(&keys).map_err(|refusal| located(&refusal, &locator))?;
    Ok(Layer { path: path.to_owned(), text, locator, table })
}

/// The folder that paths in a file are relative to: its own, and for a pipe the present one.
fn folder(path: &Path) -> PathBuf {
    let is_pipe = std::fs::metadata(path).is_ok_and(|found| !found.is_file());
    // `/dev/stdin` may be a file that a shell opened.
    let is_given = ["/dev", "/proc"].iter().any(|given| path.starts_with(given));
    let folder = path.parent().filter(|_| !is_pipe && !is_given);
    folder.unwrap_or(Path::new("")).to_owned()
}

/// The error that a number is none of TOML's: all that can be wrong with a text that is TOML.
fn beyond_numbers(error: &toml::de::Error, text: &str, locator: &Locator) -> Error {
    let span = error.span();
    let found = span.clone().and_then(|span| text.get(span)).unwrap_or("a number");
    Error::Config {
        place: locator.place_at(span.clone()),
        key: span.and_then(|span| locator.key_at(&span).map(str::to_owned)),
        problem: format!("found {found}; expected {NUMBERS}"),
    }
}

/// Which numbers there are in TOML.
const NUMBERS: &str = "a whole number of at most 9223372036854775807, or a number with a point";

/// The text of a file, or of a pipe that the program was given; it is read once.
fn read_text(path: &Path) -> Result<String> {
    let reading = Reading { pipes: Pipes::Given, ..Reading::new(LARGEST_FILE) };
    let bytes = reading.bytes(path).map_err(|error| {
        let problem = match error {
            FileError::NotAFile { found: FileKind::Folder, .. } => {
                "this is a folder; an experiment is a TOML file".into()
            }
            FileError::NotAFile { found, .. } => {
                format!("found {found}; expected a TOML file, or a pipe such as /dev/stdin")
            }
            FileError::TooLarge { .. } => {
                "larger than 1 MiB, so hardly an experiment in TOML".into()
            }
            FileError::NotFound { .. } => missing(path),
            FileError::Io { source, .. } => format!("cannot read the experiment: {source}"),
            error => error.to_string(),
        };
        refused(path, &problem)
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|&byte| byte == b'\n').count();
        refused(path, &format!("line {line} is not UTF-8 text; an experiment is a TOML file"))
    })
}

/// What is said of a file that is missing: the most similar one beside it.
fn missing(path: &Path) -> String {
    let mut message = "cannot read the experiment: no such file".to_owned();
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
    if path.is_symlink() {
        message.push_str("; it is a symbolic link to one that does not exist");
    } else if let Some(stem) = wanted.and_then(|wanted| nearest(&wanted, &words)) {
        let near = path.with_file_name(format!("{stem}.toml"));
        message.push_str(&format!("; did you mean `{}`?", near.display()));
    } else {
        message.push_str("; `snode init` writes one to start from");
    }
    message
}

fn refused(path: &Path, problem: &str) -> Error {
    Error::Config { place: path.display().to_string(), key: None, problem: problem.to_owned() }
}

/// A value of the command line: what is not TOML is a text without its quotes, which shells eat.
pub fn value_of(text: &str) -> toml::Value {
    toml::from_str::<toml::Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

fn parse_override(text: &str) -> Result<(String, toml::Value)> {
    let usage = |text: &str| {
        Error::Usage(format!("--set {text}: expected table.key=value, e.g. training.epochs=2"))
    };
    let (key, value) = text.split_once('=').ok_or_else(|| usage(&shortened(text)))?;
    let (key, value) = (key.trim(), value.trim());
    check_key("--set", key)?;
    if key.split('.').any(str::is_empty) {
        return Err(usage(&shortened(text)));
    }
    let parsed = value_of(value);
    let is_whole =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    if parsed.is_str() && is_whole(value.trim_start_matches(['+', '-'])) {
        return Err(Error::Usage(format!("--set {text}: found {value}; expected {NUMBERS}")));
    }
    check_text(value).map_err(|problem| Error::Usage(format!("--set {key}: {problem}")))?;
    Ok((key.to_owned(), parsed))
}

/// Refuses a key of the command line that is deeper than any: tables within tables are walked by
/// recursion.
///
/// # Errors
/// If it has too many parts.
pub fn check_key(option: &str, key: &str) -> Result<()> {
    /// `analysis.robustness.levels` has three.
    const MOST_PARTS: usize = 8;
    let parts = key.split('.').count();
    if parts <= MOST_PARTS {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "{option} {}: found a key of {parts} parts; expected table.key",
        shortened(key)
    )))
}

/// The beginning of a text, for a message.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn insert(mut table: &mut toml::Table, key: &str, value: toml::Value, text: &str) -> Result<()> {
    let mut parts = key.split('.');
    let last = parts.next_back().unwrap_or_default();
    for part in parts {
        let inner = table.entry(part).or_insert_with(|| toml::Table::new().into());
        table = match inner {
            toml::Value::Table(inner) => inner,
            toml::Value::Array(_) => {
                return Err(Error::Usage(format!(
                    "--set {text}: `{part}` is a list of tables; expected a key outside of it: \
                     what stands in a list is changed in the file"
                )));
            }
            _ => return Err(Error::Usage(format!("--set {text}: `{part}` is not a table"))),
        };
    }
    table.insert(last.to_owned(), value);
    Ok(())
}

fn invalid_override(text: &str, refusal: &Refusal) -> Error {
    Error::Config { place: format!("--set {text}"), key: None, problem: message(refusal) }
}
