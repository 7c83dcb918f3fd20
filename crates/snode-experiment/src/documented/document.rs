//! The tables of docs/experiments.md, as a reader takes them.

use std::path::Path;

use toml::Value;

use crate::schema::{SchemeName, is_adaptive, scheme_of};

/// The document, from the root of the repository.
pub const DOCUMENT: &str = "docs/experiments.md";

/// A key as it is documented.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The table it stands in: empty for those before the first table.
    pub table: String,
    /// The key.
    pub key: String,
    /// What it takes.
    pub values: String,
    /// What it is when left out.
    pub default: String,
    /// What must be chosen for it to have a meaning.
    pub with: String,
}

impl Row {
    /// `table.key`.
    pub fn path(&self) -> String {
        path_in(&self.table, &self.key)
    }
}

/// The key's full name, where a name without a table belongs to `table`.
fn path_in(table: &str, key: &str) -> String {
    if table.is_empty() || key.contains('.') { key.into() } else { format!("{table}.{key}") }
}

/// A key that must have one of these values, or just one.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The key, as `table.key`.
    pub path: String,
    /// The values; any will do if there are none.
    pub values: Vec<Value>,
}

/// A default, and the conditions under which it is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Default {
    /// The value, if it is not in words.
    pub value: Option<Value>,
    /// Whether the words are that there is none.
    pub is_none: bool,
    /// What must be chosen elsewhere.
    pub with: Option<Condition>,
}

/// All that is documented.
pub struct Document {
    /// A row for every key.
    pub rows: Vec<Row>,
    /// The tables that have a heading.
    pub tables: Vec<String>,
    /// The keys for many experiments.
    pub file_keys: Vec<String>,
}

/// A file of the repository.
pub fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands between backticks.
pub fn codes(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// A value of TOML.
pub fn value(text: &str) -> Option<Value> {
    toml::from_str::<toml::Table>(&format!("v = {text}")).ok()?.remove("v")
}

impl Document {
    /// Reads it.
    pub fn read() -> Self {
        let mut document = Self { rows: Vec::new(), tables: Vec::new(), file_keys: Vec::new() };
        let (mut heading, mut columns) = (String::new(), Vec::new());
        for line in read(DOCUMENT).lines() {
            if line.starts_with("# ") || line.starts_with("## ") || line.starts_with("### ") {
                line.trim_start_matches('#').trim().clone_into(&mut heading);
                if let Some(table) = table_of(&heading) {
                    document.tables.push(table);
                }
            }
            let Some(cells) = line.strip_prefix("| ") else {
                columns.clear();
                continue;
            };
            let cells: Vec<&str> = cells.trim_end_matches('|').split('|').map(str::trim).collect();
            if columns.is_empty() {
                columns = cells.iter().map(|&cell| cell.to_owned()).collect();
                continue;
            }
            let cell = |name: &str| {
                let column = columns.iter().position(|column| column == name);
                column.map(|i| cells.get(i).copied().unwrap_or_default().to_owned())
            };
            let Some(key) = cell("key").filter(|key| key.starts_with('`')) else { continue };
            let key = key.trim_matches('`').to_owned();
            assert_eq!(cells.len(), columns.len(), "{DOCUMENT}: `{key}`: {line}");
            match table_of(&heading) {
                Some(table) => document.rows.push(Row {
                    table,
                    key,
                    values: cell("values").unwrap_or_default(),
                    default: cell("default").unwrap_or_default(),
                    with: cell("with").unwrap_or_default(),
                }),
                None => document.file_keys.push(key),
            }
        }
        document
    }

    /// The row of a key.
    pub fn row(&self, path: &str) -> &Row {
        let found = self.rows.iter().find(|row| row.path() == path);
        found.unwrap_or_else(|| panic!("{DOCUMENT}: `{path}` is spoken of, but has no row"))
    }

    /// The words that a key takes, or true and false: those in quotes, or those of the key that its
    /// values are as.
    pub fn words(&self, row: &Row) -> Vec<Value> {
        if row.values.starts_with("text") {
            return Vec::new();
        }
        let codes = codes(&row.values);
        match codes.first() {
            Some(other) if row.values.contains("as `") => self.words(self.row(other)),
            _ => codes.iter().filter_map(|code| value(code)).collect(),
        }
    }

    /// What must be chosen for a key to have a meaning: all of it.
    pub fn conditions(&self, row: &Row) -> Vec<Condition> {
        let parts = row.with.split(" and ").filter(|part| !part.is_empty());
        parts.map(|part| self.condition(&row.table, part)).collect()
    }

    /// The defaults of a key: the first one holds unless another does.
    pub fn defaults(&self, row: &Row) -> Vec<Default> {
        let read = |part: &str| {
            let (text, with) = part.split_once(" with ").unwrap_or((part, ""));
            Default {
                value: text.starts_with('`').then(|| codes(text)[0]).and_then(value),
                is_none: text.starts_with("none"),
                with: (!with.is_empty()).then(|| self.condition(&row.table, with)),
            }
        };
        row.default.split("; ").map(read).collect()
    }

    /// Reads `key = "a"`, `"b"`, an adaptive `key`, any `key` but `"a"`, or `key`.
    fn condition(&self, table: &str, text: &str) -> Condition {
        let mut condition = Condition { path: String::new(), values: Vec::new() };
        let mut excludes = false;
        let pieces: Vec<&str> = text.split('`').collect();
        for pair in pieces.chunks_exact(2) {
            let (words, code) = (pair[0].trim(), pair[1]);
            if let Some((key, given)) = code.split_once(" = ") {
                condition.path = path_in(table, key);
                condition.values.extend(value(given));
            } else if let Some(value) = value(code) {
                excludes |= words == "but";
                if excludes {
                    condition.values.retain(|known| *known != value);
                } else {
                    condition.values.push(value);
                }
            } else {
                condition.path = path_in(table, code);
                let words_of_key = self.words(self.row(&condition.path));
                match words.rsplit(' ').next() {
                    Some("any") => condition.values = words_of_key,
                    Some(kind @ ("adaptive" | "implicit")) => {
                        let fits = |value: &Value| is_of_kind(value, kind);
                        condition.values.extend(words_of_key.into_iter().filter(fits));
                    }
                    _ => {}
                }
            }
        }
        assert!(!condition.path.is_empty(), "{DOCUMENT}: [{table}]: cannot read `{text}`");
        condition
    }
}

fn is_of_kind(value: &Value, kind: &str) -> bool {
    let name = value.as_str().and_then(SchemeName::named);
    name.is_some_and(|name| match scheme_of(name, &crate::schema::SolverConfig::default()) {
        snode_ode::SchemeChoice::Adaptive(options) if kind == "implicit" => {
            options.method.is_implicit()
        }
        _ => is_adaptive(name),
    })
}

/// The table that a heading is about.
fn table_of(heading: &str) -> Option<String> {
    if heading == "Before the first table" {
        return Some(String::new());
    }
    let name = heading.strip_prefix("`[")?.strip_suffix("]`")?;
    Some(name.trim_matches(['[', ']']).to_owned())
}
