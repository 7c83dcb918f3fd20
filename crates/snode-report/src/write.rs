//! The files of a report.

use std::path::Path;

use snode_files::Outputs;

use crate::claims::Claim;
use crate::csv_table::Csv;
use crate::error::{Error, Result};
use crate::html::html;
use crate::markdown::markdown;
use crate::{Content, Report};

/// The pages of a report.
pub const PAGES: [&str; 2] = ["report.html", "report.md"];

/// Pixels of a picture for each unit of a chart.
const MAGNIFICATION: f32 = 2.0;

/// Writes `report.html`, `report.md`, `tables/*.csv` and `figures/*.svg` and `*.png` into a folder.
///
/// # Errors
/// If a file cannot be written.
pub fn write(report: &Report, folder: &Path, outputs: &Outputs) -> Result<()> {
    let (tables, figures) = (folder.join("tables"), folder.join("figures"));
    for folder in [folder, &tables, &figures] {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::folder(folder, "cannot make the folder", error))?;
    }
    outputs.write(&folder.join(PAGES[0]), html(report).as_bytes())?;
    outputs.write(&folder.join(PAGES[1]), markdown(report).as_bytes())?;
    if let Some(shown) = &report.claims {
        outputs.write(&tables.join("claims.csv"), &claims(shown).bytes()?)?;
    }
    for section in &report.sections {
        for table in &section.tables {
            outputs.write(&tables.join(format!("{}.csv", table.name)), &table.data.bytes()?)?;
        }
        for figure in &section.figures {
            let file = |ending: &str| figures.join(format!("{}.{ending}", figure.name));
            match &figure.content {
                Content::Chart(svg) => {
                    outputs.write(&file("svg"), svg.as_bytes())?;
                    let png = snode_figures::png(svg, MAGNIFICATION)?;
                    outputs.write(&file("png"), &png)?;
                }
                Content::Sheet(png) => outputs.write(&file("png"), png)?,
            }
            if let Some(data) = &figure.data {
                let path = tables.join(format!("figure-{}.csv", figure.name));
                outputs.write(&path, &data.bytes()?)?;
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
