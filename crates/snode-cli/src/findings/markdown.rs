//! A report as Markdown: text and tables, with the figures beside it.

use super::html::sign;
use super::overview::Overview;
use super::{Claim, Content, Report, Section, Table};

/// The text of the file.
pub(super) fn markdown(report: &Report) -> String {
    let overview = Overview::of(&report.collection);
    let mut text = format!("# {}\n\n", overview.title);
    for (what, value) in &overview.facts {
        text.push_str(&format!("- {what}: {value}\n"));
    }
    if !overview.problems.is_empty() {
        text.push_str("\n## Missing runs\n\n");
        for (name, problem) in &overview.problems {
            text.push_str(&format!("- **{name}**: {problem}\n"));
        }
    }
    text.push_str("\n## Claims\n");
    report.claims.iter().for_each(|claim| push_claim(&mut text, claim));
    report.sections.iter().for_each(|section| push_section(&mut text, section));
    text
}

fn push_claim(text: &mut String, claim: &Claim) {
    text.push_str(&format!(
        "\n### {}: {}\n\n**{}**. {}\n\n",
        claim.experiment,
        claim.text,
        claim.verdict().text(),
        claim.rule
    ));
    for evidence in &claim.evidence {
        text.push_str(&format!("- {} {}\n", sign(evidence.holds), evidence.text));
    }
    if claim.evidence.is_empty() {
        text.push_str("- nothing to compare\n");
    }
}

fn push_section(text: &mut String, section: &Section) {
    text.push_str(&format!("\n## {}\n\n{}\n", section.title, section.about));
    for note in &section.notes {
        text.push_str(&format!("\n> {note}\n"));
    }
    for figure in &section.figures {
        let ending = match figure.content {
            Content::Chart(_) => "svg",
            Content::Sheet(_) => "png",
        };
        let name = format!("figures/{}.{ending}", figure.name);
        text.push_str(&format!("\n![{}]({name})\n\n{}\n", figure.name, figure.caption));
    }
    section.tables.iter().for_each(|table| push_table(text, table));
}

fn push_table(text: &mut String, table: &Table) {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    text.push_str(&format!("\n{}\n\n{}", table.title, row(&table.header)));
    text.push_str(&format!("|{}\n", " --- |".repeat(table.header.len())));
    table.rows.iter().for_each(|cells| text.push_str(&row(cells)));
}
