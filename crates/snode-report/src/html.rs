//! A report as one HTML file that needs no other.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::claims::{Claim, Outcome, Verdict};
use crate::overview::Overview;
use crate::{Collection, Figure, Report, Section, Table};
use snode_experiment::short_numbers;

const STYLE: &str = include_str!("style.css");

/// The text of the file.
pub(super) fn html(report: &Report) -> String {
    let overview = Overview::of(&report.collection);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (overview.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (overview.title) }
                (head(&overview))
                (contents(report))
                @let (first, others) = report.parts();
                @for section in first { (part(section)) }
                @if let Some(shown) = &report.claims { (claims(shown)) }
                @for section in others { (part(section)) }
                (configuration(&report.collection))
            }
        }
    };
    page.into_string()
}

fn head(overview: &Overview) -> Markup {
    html! {
        dl {
            @for (what, value) in &overview.facts {
                dt { (what) }
                dd { (value) }
            }
        }
        @if !overview.problems.is_empty() {
            section #missing {
                h2 { "Missing runs" }
                p { "These runs are in no number below; tables say how many runs are behind each." }
                ul {
                    @for (name, problem) in &overview.problems {
                        li { b { (name) } ": " (problem) }
                    }
                }
            }
        }
    }
}

fn contents(report: &Report) -> Markup {
    html! {
        nav {
            @let (first, others) = report.parts();
            @for section in first { (link(section)) }
            @if report.claims.is_some() {
                a href="#claims" { "Claims" }
                " · "
            }
            @for section in others { (link(section)) }
            a href="#configuration" { "Configuration" }
        }
    }
}

fn link(section: &Section) -> Markup {
    html! {
        a href={ "#" (section.id) } { (section.title) }
        " · "
    }
}

fn claims(claims: &[Claim]) -> Markup {
    let class = |verdict| match verdict {
        Verdict::Holds => "holds",
        Verdict::DoesNotHold => "fails",
        Verdict::NotEnoughData | Verdict::NotComparable => "open",
    };
    html! {
        section #claims {
            h2 { "Claims" }
            p {
                "What the paper claims, and what these runs say. A comparison needs at least "
                (super::claims::LEAST_RUNS)
                " runs on each side; a claim is not judged as long as one of its comparisons has fewer. \
                 Groups of runs that differ in more than the claim is about are not compared."
            }
            table.claims {
                thead { tr { th { "" } th { "Claim and rule" } th { "Verdict" } th { "Measured" } } }
                tbody {
                    @for claim in claims {
                        tr {
                            td { (claim.experiment) }
                            td { b { (claim.text) } p.rule { (claim.rule) } }
                            td class=(class(claim.verdict())) { (claim.verdict().text()) }
                            td { (evidence(claim)) }
                        }
                    }
                }
            }
        }
    }
}

/// How many comparisons can be read at a glance.
const FEW: usize = 4;

fn evidence(claim: &Claim) -> Markup {
    let list = html! {
        ul {
            @for evidence in &claim.evidence {
                li { (sign(evidence.outcome)) " " (evidence.text) }
            }
        }
    };
    html! {
        @if claim.evidence.is_empty() {
            "nothing to compare"
        } @else if claim.evidence.len() <= FEW {
            (list)
        } @else {
            details { summary { (claim.summary()) } (list) }
        }
    }
}

/// How a comparison came out, in one letter.
pub(super) fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Supports => "✓",
        Outcome::Contradicts => "✗",
        Outcome::TooFewRuns | Outcome::Unequal => "–",
    }
}

fn part(section: &Section) -> Markup {
    html! {
        section id=(section.id) {
            h2 { (section.title) }
            p { (section.about) }
            @for note in &section.notes { p.note { (note) } }
            @for shown in &section.figures { (figure(shown)) }
            @for shown in &section.tables { (table(shown)) }
        }
    }
}

fn figure(figure: &Figure) -> Markup {
    html! {
        figure id={ "figure-" (figure.name) } {
            (PreEscaped(&figure.svg))
            figcaption { (figure.caption) }
        }
    }
}

fn table(table: &Table) -> Markup {
    html! {
        figure {
            table id={ "table-" (table.name) } {
                caption { (table.title) }
                thead { tr { @for name in &table.header { th { (name) } } } }
                tbody {
                    @for row in &table.rows {
                        tr { @for cell in row { td { (cell) } } }
                    }
                }
            }
        }
    }
}

fn configuration(collection: &Collection) -> Markup {
    html! {
        section #configuration {
            h2 { "Configuration" }
            @for grid in &collection.grids {
                h3 { "Grid " (grid.name) }
                @if !grid.overrides.is_empty() { p { "Set: " (grid.overrides.join(", ")) } }
                @for file in &grid.files {
                    details { summary { (file.path.display()) } pre { (file.text) } }
                }
            }
            h3 { "As resolved, by kind of run" }
            @for group in &collection.groups {
                @if let Some(run) = group.runs(collection).next() {
                    details {
                        summary { (group.name()) ", seed " (run.summary.info.seed) }
                        pre { (short_numbers(&run.summary.configuration.resolved)) }
                    }
                }
            }
        }
    }
}
