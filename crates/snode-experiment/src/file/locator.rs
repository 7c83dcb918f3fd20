//! Where in a TOML file a key stands.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::Error;

/// The keys of a file, and of those it is based on, with their places.
#[derive(Clone, Debug)]
pub struct Locator {
    file: Arc<Keys>,
    /// Where keys stand that the file does not give.
    base: Option<Arc<Locator>>,
    /// Keys that are given a value elsewhere, the last one first.
    placed: Vec<Placed>,
}

/// The keys of one file.
#[derive(Debug)]
struct Keys {
    path: PathBuf,
    /// What paths in the file are relative to.
    folder: PathBuf,
    entries: Vec<Entry>,
    /// The first entry of every key, and the first in every element of a list of tables: a file may
    /// have tens of thousands of either.
    first: HashMap<String, usize>,
    first_in: HashMap<(String, usize), usize>,
    line_starts: Vec<usize>,
}

#[derive(Debug)]
struct Entry {
    path: String,
    /// Which element of a list of tables the key is in, from 0.
    item: Option<usize>,
    key: Range<usize>,
    value: Range<usize>,
}

/// A key given by the command line, or for one cell of a grid.
#[derive(Clone, Debug)]
struct Placed {
    key: String,
    place: String,
    /// The folder that a path is relative to.
    folder: PathBuf,
}

/// What stands before an override where a key is placed at it.
const OVERRIDE: &str = "--set ";

impl Locator {
    /// The keys of a parsed file; none for a text that is not TOML. Paths in it are relative to
    /// `folder`.
    pub fn new(file: &Path, folder: PathBuf, text: &str) -> Self {
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut entries = Vec::new();
        if let Ok(table) = DeTable::parse(text) {
            collect(table.get_ref(), "", None, &mut entries);
        }
        let (mut first, mut first_in) = (HashMap::new(), HashMap::new());
        for (index, entry) in entries.iter().enumerate() {
            first.entry(entry.path.clone()).or_insert(index);
            if let Some(item) = entry.item {
                first_in.entry((entry.path.clone(), item)).or_insert(index);
            }
        }
        let path = file.to_owned();
        let keys = Keys { path, folder, entries, first, first_in, line_starts };
        Self { file: Arc::new(keys), base: None, placed: Vec::new() }
    }

    /// Remembers where keys stand that the file does not give.
    pub fn set_base(&mut self, base: Locator) {
        self.base = Some(Arc::new(base));
    }

    /// Remembers that a key's value comes from the command line, as `text`.
    pub fn override_key(&mut self, path: &str, text: &str) {
        let folder = self.file.folder.clone();
        self.place_key(path, format!("{OVERRIDE}{text}"), folder);
    }

    /// Forgets what the command line said of a key, or of those in a table.
    pub fn forget_override(&mut self, key: &str) {
        let table = format!("{key}.");
        self.placed.retain(|placed| placed.key != key && !placed.key.starts_with(&table));
    }

    /// Whether the command line gives a key.
    pub fn is_overridden(&self, key: &str) -> bool {
        self.placed(key).is_some_and(|placed| placed.place.starts_with(OVERRIDE))
    }

    /// Remembers that a key's value comes from another place; paths are relative to `folder`.
    pub fn place_key(&mut self, key: &str, place: String, folder: PathBuf) {
        self.placed.insert(0, Placed { key: key.to_owned(), place, folder });
    }

    /// Whether a key is given, by the file, its bases, or another place.
    pub fn is_given(&self, path: &str) -> bool {
        self.placed(path).is_some()
            || self.file.find(path, None).is_some()
            || self.base.as_ref().is_some_and(|base| base.is_given(path))
    }

    fn placed(&self, path: &str) -> Option<&Placed> {
        self.placed.iter().find(|placed| placed.key == path)
    }

    /// The folder that a path is relative to: that of the file in which the key stands.
    pub fn folder_of(&self, path: &str) -> PathBuf {
        if let Some(placed) = self.placed(path) {
            return placed.folder.clone();
        }
        match &self.base {
            Some(base) if self.file.find(path, None).is_none() => base.folder_of(path),
            _ => self.file.folder.clone(),
        }
    }

    /// Where a key stands in the file itself, from its beginning.
    pub fn position(&self, path: &str) -> Option<usize> {
        self.file.find(path, None).map(|entry| entry.key.start)
    }

    /// Where a key stands in an element of a list of tables, in the file or a base of it.
    pub fn place_in(&self, path: &str, item: usize) -> String {
        let entry = self.file.find(path, Some(item));
        match &self.base {
            Some(base) if entry.is_none() && base.is_given(path) => base.place_in(path, item),
            _ => self.place_at(entry.map(|entry| entry.key.clone())),
        }
    }

    /// The line of a position in the text, from 1.
    fn line(&self, position: usize) -> usize {
        self.file.line_starts.partition_point(|&start| start <= position)
    }

    /// The file and the line of a position.
    pub fn place_at(&self, span: Option<Range<usize>>) -> String {
        let file = self.file.path.display();
        span.map_or_else(|| file.to_string(), |span| format!("{file}:{}", self.line(span.start)))
    }

    /// The innermost key a position belongs to.
    pub fn key_at(&self, span: &Range<usize>) -> Option<&str> {
        let holds = |range: &Range<usize>| range.start <= span.start && span.end <= range.end;
        let around = self.file.entries.iter();
        let mut around: Vec<_> =
            around.filter(|entry| holds(&entry.key) || holds(&entry.value)).collect();
        around.sort_by_key(|entry| entry.path.len());
        around.last().map(|entry| entry.path.as_str())
    }

    /// Where the value of a key comes from: the option `--set`, the line of the file or of a base of
    /// it, or, for a default, the file.
    pub fn place_of(&self, path: &str) -> String {
        if let Some(placed) = self.placed(path) {
            return placed.place.clone();
        }
        let entry = self.file.find(path, None);
        match &self.base {
            Some(base) if entry.is_none() && base.is_given(path) => base.place_of(path),
            _ => self.place_at(entry.map(|entry| entry.key.clone())),
        }
    }

    /// The error that a key's value is wrong.
    pub fn error(&self, path: &str, problem: impl Into<String>) -> Error {
        Error::Config {
            place: self.place_of(path),
            key: Some(path.to_owned()),
            problem: problem.into(),
        }
    }

    /// The error that a key has no meaning without a condition.
    pub fn meaningless(&self, path: &str, condition: &str) -> Error {
        let (place, key) = (self.place_of(path), path.to_owned());
        Error::Meaningless { place, key, condition: condition.to_owned() }
    }

    /// The error that values are wrong together; it is placed at the first of the keys that is
    /// given.
    pub fn error_among(&self, paths: &[&str], problem: impl Into<String>) -> Error {
        let given = paths.iter().find(|path| self.is_given(path)).or(paths.first());
        self.error(given.copied().unwrap_or(""), problem)
    }
}

impl Keys {
    /// A key, in a certain element of a list of tables if one is given.
    fn find(&self, path: &str, item: Option<usize>) -> Option<&Entry> {
        let index = match item {
            None => self.first.get(path),
            Some(item) => self.first_in.get(&(path.to_owned(), item)),
        };
        index.and_then(|&index| self.entries.get(index))
    }
}

fn collect(table: &DeTable<'_>, prefix: &str, item: Option<usize>, entries: &mut Vec<Entry>) {
    for (key, value) in table {
        let path = if prefix.is_empty() {
            key.get_ref().to_string()
        } else {
            format!("{prefix}.{}", key.get_ref())
        };
        entries.push(Entry { path: path.clone(), item, key: key.span(), value: value.span() });
        collect_value(value, &path, item, entries);
    }
}

fn collect_value(
    value: &Spanned<DeValue<'_>>,
    path: &str,
    item: Option<usize>,
    entries: &mut Vec<Entry>,
) {
    match value.get_ref() {
        DeValue::Table(table) => collect(table, path, item, entries),
        DeValue::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                collect_value(value, path, item.or(Some(index)), entries);
            }
        }
        _ => {}
    }
}
