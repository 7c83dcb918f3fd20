//! The files of a report.

use std::path::Path;

use super::html::html;
use super::markdown::markdown;
use super::{Claim, Content, Report};
use crate::error::{Error, Result};
use crate::tables::{Csv, write_bytes, write_text};

/// Pixels of a picture for each unit of a chart.
const MAGNIFICATION: f32 = 2.0;

/// Writes `report.html`, `report.md`, `tables/*.csv` and `figures/*.svg` and `*.png` into a folder.
///
/// # Errors
/// If a file cannot be written.
pub fn write(report: &Report, folder: &Path) -> Result<()> {
    let (tables, figures) = (folder.join("tables"), folder.join("figures"));
    for folder in [folder, &tables, &figures] {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::file(folder, "cannot make the folder", error))?;
    }
    write_text(&folder.join("report.html"), &html(report))?;
    write_text(&folder.join("report.md"), &markdown(report))?;
    if let Some(shown) = &report.claims {
        claims(shown).write(&tables.join("claims.csv"))?;
    }
    for section in &report.sections {
        for table in &section.tables {
            table.data.write(&tables.join(format!("{}.csv", table.name)))?;
        }
        for figure in &section.figures {
            let file = |ending: &str| figures.join(format!("{}.{ending}", figure.name));
            match &figure.content {
                Content::Chart(svg) => {
                    write_text(&file("svg"), svg)?;
                    let png = snode_figures::png(svg, MAGNIFICATION)
                        .map_err(|error| Error::Results(error.to_string()))?;
                    write_bytes(&file("png"), &png)?;
                }
                Content::Sheet(png) => write_bytes(&file("png"), png)?,
            }
            if let Some(data) = &figure.data {
                data.write(&tables.join(format!("figure-{}.csv", figure.name)))?;
            }
        }
    }
    Ok(())
}

fn claims(claims: &[Claim]) -> Csv {
    let mut data = Csv::new(["experiment", "claim", "verdict", "comparison", "outcome", "runs"]);
    for claim in claims {
        let own = [claim.experiment, claim.text, claim.verdict().text()].map(str::to_owned);
        if claim.evidence.is_empty() {
            data.row(own.clone().into_iter().chain(["", "", "0"].map(str::to_owned)));
        }
        for evidence in &claim.evidence {
            let outcome = evidence.outcome.text().to_owned();
            let compared = [evidence.text.clone(), outcome, evidence.runs.to_string()];
            data.row(own.clone().into_iter().chain(compared));
        }
    }
    data
}
