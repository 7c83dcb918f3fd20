//! A report as Markdown: text and tables, with the figures beside it.

use crate::claims::Claim;
use crate::html::sign;
use crate::markdown_table::{plain, table};
use crate::overview::Overview;
use crate::{Formats, Report, Section};

/// The text of the file.
pub(super) fn markdown(report: &Report, formats: &Formats) -> String {
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
    // What the runs are about comes first, then what the paper claims.
    let (first, others) = report.parts();
    for section in first {
        push_section(&mut text, section, formats);
    }
    if let Some(claims) = &report.claims {
        text.push_str("\n## Claims\n");
        for claim in claims {
            push_claim(&mut text, claim);
        }
    }
    for section in others {
        push_section(&mut text, section, formats);
    }
    text
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

fn push_section(text: &mut String, section: &Section, formats: &Formats) {
    text.push_str(&format!("\n## {}\n\n{}\n", section.title, plain(&section.about)));
    for note in &section.notes {
        text.push_str(&format!("\n> {}\n", plain(note)));
    }
    for figure in &section.figures {
        if let Some(format) = formats.figures.first() {
            let file = format!("figures/{}.{}", figure.name, format.ending());
            text.push_str(&format!("\n![{}]({file})\n", plain(&figure.name)));
        }
        text.push_str(&format!("\n{}\n", plain(&figure.caption)));
    }
    section.tables.iter().for_each(|shown| text.push_str(&format!("\n{}", table(shown))));
}
