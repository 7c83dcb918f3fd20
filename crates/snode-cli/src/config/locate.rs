//! Where in a TOML file a key stands.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::Error;

/// The keys of a file with their places.
#[derive(Clone, Debug)]
pub struct Locator {
    file: PathBuf,
    entries: Vec<Entry>,
    line_starts: Vec<usize>,
    /// Keys given on the command line, with the text that gives them.
    overridden: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
struct Entry {
    path: String,
    key: Range<usize>,
    value: Range<usize>,
}

impl Locator {
    /// The keys of a parsed file; none for a text that is not TOML.
    pub fn new(file: &Path, text: &str) -> Self {
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut entries = Vec::new();
        if let Ok(table) = DeTable::parse(text) {
            collect(table.get_ref(), "", &mut entries);
        }
        Self { file: file.to_owned(), entries, line_starts, overridden: Vec::new() }
    }

    /// Remembers that a key's value comes from the command line, as `text`.
    pub fn override_key(&mut self, path: &str, text: &str) {
        self.overridden.push((path.to_owned(), text.to_owned()));
    }

    /// Whether a key is given, by the file or the command line.
    pub fn is_given(&self, path: &str) -> bool {
        self.overridden.iter().any(|(given, _)| given == path)
            || self.entries.iter().any(|entry| entry.path == path)
    }

    /// The line of a position in the text, from 1.
    fn line(&self, position: usize) -> usize {
        self.line_starts.partition_point(|&start| start <= position)
    }

    /// The file and the line of a position.
    pub fn place_at(&self, span: Option<Range<usize>>) -> String {
        let file = self.file.display();
        span.map_or_else(|| file.to_string(), |span| format!("{file}:{}", self.line(span.start)))
    }

    /// The innermost key a position belongs to.
    pub fn key_at(&self, span: &Range<usize>) -> Option<&str> {
        let holds = |range: &Range<usize>| range.start <= span.start && span.end <= range.end;
        let mut around: Vec<_> =
            self.entries.iter().filter(|entry| holds(&entry.key) || holds(&entry.value)).collect();
        around.sort_by_key(|entry| entry.path.len());
        around.last().map(|entry| entry.path.as_str())
    }

    /// Where the value of a key comes from: the option `--set`, the line of the file, or, for a
    /// default, the file.
    pub fn place_of(&self, path: &str) -> String {
        if let Some((_, text)) = self.overridden.iter().rev().find(|(given, _)| given == path) {
            return format!("--set {text}");
        }
        let entry = self.entries.iter().find(|entry| entry.path == path);
        self.place_at(entry.map(|entry| entry.key.clone()))
    }

    /// The error that a key's value is wrong.
    pub fn error(&self, path: &str, problem: impl Into<String>) -> Error {
        Error::Config {
            place: self.place_of(path),
            key: Some(path.to_owned()),
            problem: problem.into(),
        }
    }

    /// The error that values are wrong together; it is placed at the first of the keys that is
    /// given.
    pub fn error_among(&self, paths: &[&str], problem: impl Into<String>) -> Error {
        let given = paths.iter().find(|path| self.is_given(path)).or(paths.first());
        self.error(given.copied().unwrap_or(""), problem)
    }
}

fn collect(table: &DeTable<'_>, prefix: &str, entries: &mut Vec<Entry>) {
    for (key, value) in table {
        let path = if prefix.is_empty() {
            key.get_ref().to_string()
        } else {
            format!("{prefix}.{}", key.get_ref())
        };
        entries.push(Entry { path: path.clone(), key: key.span(), value: value.span() });
        collect_value(value, &path, entries);
    }
}

fn collect_value(value: &Spanned<DeValue<'_>>, path: &str, entries: &mut Vec<Entry>) {
    match value.get_ref() {
        DeValue::Table(table) => collect(table, path, entries),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_value(item, &format!("{path}[{index}]"), entries);
            }
        }
        _ => {}
    }
}
