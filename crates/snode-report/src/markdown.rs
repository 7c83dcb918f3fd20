//! A report as Markdown: text and tables, with the figures beside it.

use crate::claims::Claim;
use crate::html::sign;
use crate::overview::Overview;
use crate::{Content, Report, Section, Table};
use snode_experiment::format::printable;

/// The text of the file.
pub(super) fn markdown(report: &Report) -> String {
    let overview = Overview::of(&report.collection);
    let mut text = format!("# {}\n\n", plain(&overview.title));
    for (what, value) in &overview.facts {
        text.push_str(&format!("- {what}: {}\n", plain(value)));
    }
    if !overview.problems.is_empty() {
        text.push_str("\n## Missing runs\n\n");
        for (name, problem) in &overview.problems {
            text.push_str(&format!("- **{}**: {}\n", plain(name), plain(problem)));
        }
    }
    if let Some(claims) = &report.claims {
        text.push_str("\n## Claims\n");
        for claim in claims {
            push_claim(&mut text, claim);
        }
    }
    report.sections.iter().for_each(|section| push_section(&mut text, section));
    text
}

/// A text in which nothing is Markdown or HTML, in one line.
fn plain(text: &str) -> String {
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

fn push_claim(text: &mut String, claim: &Claim) {
    text.push_str(&format!(
        "\n### {}: {}\n\n**{}**. {}\n\n",
        claim.experiment,
        claim.text,
        claim.verdict().text(),
        plain(&claim.rule)
    ));
    for evidence in &claim.evidence {
        text.push_str(&format!("- {} {}\n", sign(evidence.outcome), plain(&evidence.text)));
    }
    if claim.evidence.is_empty() {
        text.push_str("- nothing to compare\n");
    }
}

fn push_section(text: &mut String, section: &Section) {
    text.push_str(&format!("\n## {}\n\n{}\n", section.title, plain(&section.about)));
    for note in &section.notes {
        text.push_str(&format!("\n> {}\n", plain(note)));
    }
    for figure in &section.figures {
        let ending = match figure.content {
            Content::Chart(_) => "svg",
            Content::Sheet(_) => "png",
        };
        let file = format!("figures/{}.{ending}", figure.name);
        let caption = plain(&figure.caption);
        text.push_str(&format!("\n![{}]({file})\n\n{caption}\n", plain(&figure.name)));
    }
    section.tables.iter().for_each(|table| push_table(text, table));
}

fn push_table(text: &mut String, table: &Table) {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    text.push_str(&format!("\n{}\n\n{}", plain(&table.title), row(&table.header)));
    text.push_str(&format!("|{}\n", " --- |".repeat(table.header.len())));
    table.rows.iter().for_each(|cells| text.push_str(&row(cells)));
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
