//! Holds docs/experiments.md against the code: its keys, words, types, ranges, defaults and
//! conditions are what the deserialiser, the checks and the resolution make of them.

mod document;
mod range;
mod trial;

use std::collections::BTreeSet;

use toml::Value;

use self::document::{Condition, DOCUMENT, Document, Row, value};
use self::range::Range;
use self::trial::{Settings, Trial, allowed_words};
use crate::file::FILE_KEYS;
use crate::keys::with_tables;

/// A message about a row of the document.
fn about(row: &Row) -> String {
    format!("{DOCUMENT}: the row of `{}`", row.path())
}

impl Document {
    /// Settings with which a key has a meaning, in every way the document names.
    fn contexts(&self, row: &Row) -> Vec<Settings> {
        let mut contexts = vec![Settings::default()];
        for condition in self.conditions(row) {
            let ways = self.ways(&condition);
            let join = |context: &Settings| -> Vec<Settings> {
                ways.iter().map(|(base, own)| base.clone().then(context).then(own)).collect()
            };
            contexts = contexts.iter().flat_map(join).collect();
        }
        contexts
    }

    /// All ways to fulfil a condition, each behind what its key needs itself.
    fn ways(&self, condition: &Condition) -> Vec<(Settings, Settings)> {
        let row = self.row(&condition.path);
        let base = self.contexts(row).swap_remove(0);
        let values = match condition.values.as_slice() {
            [] => vec![self.samples(row).swap_remove(0)],
            values => values.to_vec(),
        };
        let own = |value| Settings::default().with(&condition.path, value);
        values.into_iter().map(|value| (base.clone(), own(value))).collect()
    }

    /// Values that a key can have, those first that are hardly a default.
    fn samples(&self, row: &Row) -> Vec<Value> {
        if let Some(range) = range(row) {
            return vec![range.inside()];
        }
        let mut words = self.words(row);
        words.sort_by_key(|word| *word != Value::Boolean(true));
        match row.values.as_str() {
            values if values.starts_with("text") => vec!["a".into()],
            values if values.starts_with("list") => vec![Value::Array(words)],
            _ => words,
        }
    }

    /// Every context with what it is by default there: a value, none, or in words.
    fn defaults_in_contexts(&self, row: &Row) -> Vec<(Settings, document::Default)> {
        let defaults = self.defaults(row);
        let mut found = Vec::new();
        for context in self.contexts(row) {
            let holds = |condition: &Condition| {
                condition.values.iter().any(|v| context.get(&condition.path) == Some(v))
            };
            let exception = |default: &document::Default| default.with.as_ref().is_some_and(holds);
            if !defaults.iter().any(exception) {
                found.push((context.clone(), defaults[0].clone()));
            }
            for default in &defaults[1..] {
                let ways = default.with.iter().flat_map(|condition| self.ways(condition));
                for (base, own) in ways.filter(|(_, own)| context.agrees_with(own)) {
                    found.push((base.then(&context).then(&own), default.clone()));
                }
            }
        }
        found
    }
}

fn range(row: &Row) -> Option<Range> {
    match Range::read(&row.values) {
        Ok(range) => range,
        Err(part) => panic!("{}: cannot read `{part}` of its values", about(row)),
    }
}

#[test]
fn the_tables_of_the_document_are_those_of_the_keys() {
    let text = document::read(DOCUMENT);
    assert!(with_tables(&text) == text, "{DOCUMENT}: other tables than the keys; run `make docs`");
}

#[test]
fn every_key_is_documented_and_no_other() {
    let document = Document::read();
    let mut tables: BTreeSet<&str> = document.tables.iter().map(String::as_str).collect();
    tables.extend(document.tables.iter().filter_map(|table| Some(table.split_once('.')?.0)));
    for &table in &tables {
        let known = allowed_words(&Settings::in_table(table).with(&key_in(table, "?"), 0.into()))
            .unwrap_or_else(|message| panic!("{DOCUMENT}: [{table}] is no table: {message}"));
        let rows = document.rows.iter().filter(|row| row.table == table);
        let mut documented: BTreeSet<String> = rows.map(|row| row.key.clone()).collect();
        documented.extend(tables.iter().filter_map(|inner| {
            let name = match table {
                "" => inner.split('.').next(),
                table => inner.strip_prefix(table)?.strip_prefix('.'),
            };
            name.filter(|name| !name.is_empty()).map(str::to_owned)
        }));
        for key in &known {
            assert!(documented.contains(*key), "{DOCUMENT}: [{table}]: `{key}` is not documented");
        }
        for key in &documented {
            assert!(
                known.contains(&key.as_str()),
                "{DOCUMENT}: [{table}]: there is no key `{key}`"
            );
        }
    }
    let mut paths: Vec<String> = document.rows.iter().map(Row::path).collect();
    paths.sort();
    let twice = paths.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None, "{DOCUMENT}: documented twice");
    let file_keys: BTreeSet<&str> = document.file_keys.iter().map(String::as_str).collect();
    assert_eq!(file_keys, FILE_KEYS.into(), "{DOCUMENT}: the keys for many experiments");
}

#[test]
fn types_and_words_are_those_of_the_deserialiser() {
    let document = Document::read();
    for row in &document.rows {
        let about = about(row);
        let given = |value: Value| Settings::in_table(&row.table).with(&row.path(), value);
        let mut found = allowed_words(&given("?".into()));
        let mut is_list = false;
        if found.as_ref().is_err_and(|expected| expected.contains("in brackets")) {
            is_list = true;
            found = allowed_words(&given(Value::Array(vec!["?".into()])));
        }
        let values = &row.values;
        let is_numbers =
            |whole, one| range(row).is_some_and(|r| r.is_whole() == whole && r.is_one() == one);
        match found {
            Ok(known) if known.is_empty() => assert!(values.starts_with("text"), "{about}: a text"),
            Ok(known) => {
                let documented = document.words(row);
                let documented: BTreeSet<&str> =
                    documented.iter().filter_map(Value::as_str).collect();
                let known = BTreeSet::from_iter(known);
                assert_eq!(documented, known, "{about}: the words (left: documented)");
                assert_eq!(values.starts_with("list"), is_list, "{about}: a list, or not");
            }
            Err(expected) => {
                let holds = match expected.as_str() {
                    "a whole number, 0 or more" => is_numbers(true, !is_list),
                    "a number" => is_numbers(false, !is_list),
                    "true or false" => values == "`true`, `false`",
                    _ => false,
                };
                assert!(holds, "{about}: documented is {values:?}, the program says: {expected}");
            }
        }
    }
}

#[test]
fn defaults_are_those_that_are_resolved() {
    let document = Document::read();
    for row in &document.rows {
        let path = row.path();
        for (context, default) in document.defaults_in_contexts(row) {
            let settings = Settings::in_table(&row.table).then(&context);
            let trial = Trial::read(&settings);
            let trial = trial.unwrap_or_else(|error| panic!("{}: {settings}: {error}", about(row)));
            let message = format!("{}: its default (right) with {settings}", about(row));
            if default.value.is_some() || default.is_none {
                assert_eq!(trial.resolved(&path), default.value.as_ref(), "{message}");
            } else {
                assert_eq!(trial.given(&path), None, "{message}");
                assert!(!default_is_a_value(row), "{message}");
            }
        }
    }
}

/// Whether a default in words begins as a value would: a backtick forgotten.
fn default_is_a_value(row: &Row) -> bool {
    row.default.split(' ').next().and_then(value).is_some() || row.default.is_empty()
}

#[test]
fn ranges_are_those_that_are_checked() {
    let document = Document::read();
    for row in &document.rows {
        let Some(range) = range(row) else { continue };
        let mut contexts = document.contexts(row);
        contexts.extend(document.defaults_in_contexts(row).into_iter().map(|(context, _)| context));
        let errors = |value: &Value| -> Vec<String> {
            let of = |context: &Settings| {
                let settings = Settings::in_table(&row.table).then(context);
                Trial::check(&settings.with(&row.path(), value.clone())).err()
            };
            contexts.iter().filter_map(of).map(|error| error.to_string()).collect()
        };
        for value in range.allowed().iter().chain([&range.inside()]) {
            let errors = errors(value);
            assert!(
                errors.len() < contexts.len(),
                "{}: {value} is refused: {errors:?}",
                about(row)
            );
        }
        for value in range.refused() {
            let accepted = errors(&value).len() < contexts.len();
            assert!(!accepted, "{}: {value} is allowed", about(row));
        }
    }
}

#[test]
fn keys_have_a_meaning_exactly_with_what_is_documented() {
    let document = Document::read();
    for row in &document.rows {
        let (path, about) = (row.path(), about(row));
        let keeps = |context: &Settings, sample: &Value| {
            let settings = Settings::in_table(&row.table).then(context);
            Trial::keeps(&settings.with(&path, sample.clone()), &path)
        };
        let samples = document.samples(row);
        for context in document.contexts(row) {
            let kept = samples.iter().any(|sample| keeps(&context, sample) == Ok(true));
            assert!(kept, "{about}: has no meaning with {context}");
        }
        for condition in document.conditions(row) {
            let other = document.row(&condition.path);
            let without: Vec<Settings> = if condition.values.is_empty() {
                vec![document.contexts(row).swap_remove(0).without(&condition.path)]
            } else {
                let context = document.contexts(other).swap_remove(0);
                let others = document.words(other).into_iter();
                let others = others.filter(|word| !condition.values.contains(word));
                others.map(|word| context.clone().with(&condition.path, word)).collect()
            };
            for context in without {
                // What is refused for another key's sake cannot be had at all.
                let kept = keeps(&context, &samples[0]) == Ok(true);
                assert!(!kept, "{about}: has a meaning with {context} too");
            }
        }
    }
}

/// `table.key`.
fn key_in(table: &str, key: &str) -> String {
    if table.is_empty() { key.into() } else { format!("{table}.{key}") }
}
