//! Texts and tables as Markdown.

use crate::Table;
use snode_experiment::format::printable;

/// A text in which nothing is Markdown or HTML, in one line.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in printable(text).chars() {
        match character {
            '\n' | '\r' | '\t' => plain.push(' '),
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '&' => plain.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '$' => {
                plain.push('\\');
                plain.push(character);
            }
            other => plain.push(other),
        }
    }
    plain
}

/// A table with its title.
pub(super) fn table(table: &Table) -> String {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = format!("{}\n\n{}", plain(&table.title), row(&table.header));
    text.push_str(&format!("|{}\n", " --- |".repeat(table.header.len())));
    table.rows.iter().for_each(|cells| text.push_str(&row(cells)));
    text
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_is_shown_is_text_and_nothing_else() {
        assert_eq!(plain("<script>&"), "&lt;script&gt;&amp;");
        assert_eq!(plain("a](javascript:x)"), "a\\](javascript:x)");
        assert_eq!(plain("a|b\nc\u{1b}[1m"), "a\\|b c\\\\u001b\\[1m");
        assert_eq!(plain("‖δ‖₂ ≤ 0.5"), "‖δ‖₂ ≤ 0.5");
    }
}
