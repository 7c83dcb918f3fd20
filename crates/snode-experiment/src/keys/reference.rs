//! The tables of docs/experiments.md.

use super::values::{Count, Kind, Values};
use super::{Group, Key};
use crate::file::words;
use crate::keys::tables::GROUPS;

/// A document in which every table of keys is that of their declarations. A table of keys stands in a
/// section that is called as its table, and begins with the column `key`; of several of one section each
/// has a part of them.
pub fn with_tables(document: &str) -> String {
    let mut text = String::new();
    let (mut groups, mut table, mut is_inside) = (GROUPS.iter(), None, false);
    for line in document.lines() {
        if line.starts_with('#') {
            table = table_of(line.trim_start_matches('#').trim());
        }
        if line.starts_with("| key |") && table.is_some() {
            is_inside = true;
            if let Some(group) = groups.next().filter(|group| Some(group.table) == table) {
                text.push_str(&markdown(group));
            }
        }
        is_inside &= line.starts_with('|');
        if !is_inside {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// The table that a heading is about.
fn table_of(heading: &str) -> Option<&str> {
    if heading == "Before the first table" {
        return Some("");
    }
    Some(heading.strip_prefix("`[")?.strip_suffix("]`")?.trim_matches(['[', ']']))
}

/// A table in Markdown.
fn markdown(group: &Group) -> String {
    let has_conditions = group.keys.iter().any(|key| key.conditions().next().is_some());
    let row = |cells: [&str; 5]| {
        let [key, values, default, with, meaning] = cells;
        let with = match (has_conditions, with) {
            (false, _) => String::new(),
            (true, "") => " |".to_owned(),
            (true, with) => format!(" {with} |"),
        };
        format!("| {key} | {values} | {default} |{with} {meaning} |\n")
    };
    let mut text = row(["key", "values", "default", "with", "meaning"]);
    text += &row(["---"; 5]);
    for key in group.keys {
        let with: Vec<String> = key.conditions().map(ToString::to_string).collect();
        let name = format!("`{}`", key.name);
        text +=
            &row([&name, &values(group.table, key), key.default, &with.join(" and "), key.meaning]);
    }
    text
}

fn values(table: &str, key: &Key) -> String {
    match key.values {
        Values::Text("") => "text".into(),
        Values::Text(what) => format!("text: {what}"),
        Values::Word => {
            let words = words(table, key.name);
            let words: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
            words.join(", ")
        }
        Values::WordAs(other) => format!("as `{other}`"),
        Values::WordsAs(other) => format!("list of words, as `{other}`"),
        Values::Flag => "`true`, `false`".into(),
        Values::Numbers(numbers) => {
            let kind = match (numbers.kind, numbers.count) {
                (Kind::Odd, _) => "odd number",
                (Kind::Whole, Count::One) => "whole number",
                (Kind::Whole, Count::Two) => "two whole numbers",
                (Kind::Whole, Count::Any) => "list of whole numbers",
                (Kind::Real, Count::One) => "number",
                (Kind::Real, Count::Two) => "two numbers",
                (Kind::Real, Count::Any) => "list of numbers",
            };
            match numbers.to_string() {
                range if range.is_empty() => kind.into(),
                range => format!("{kind}, {range}"),
            }
        }
    }
}
