//! The files of a report.

use std::path::Path;

use snode_files::Outputs;

use crate::claims::Claim;
use crate::csv_table::Csv;
use crate::error::{Error, Result};
use crate::html::html;
use crate::markdown::markdown;
use crate::{Formats, Report, TableFormat};

/// The pages of a report.
pub const PAGES: [&str; 2] = ["report.html", "report.md"];

/// Writes `report.html` and `report.md` into a folder, and the tables and figures of both in these
/// formats into `tables` and `figures` in it.
///
/// # Errors
/// If a file cannot be written.
pub fn write(report: &Report, folder: &Path, formats: &Formats, outputs: &Outputs) -> Result<()> {
    let (tables, figures) = (folder.join("tables"), folder.join("figures"));
    for folder in [folder, &tables, &figures] {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::folder(folder, "cannot make the folder", error))?;
    }
    let has_csv = formats.tables.contains(&TableFormat::Csv);
    outputs.write(&folder.join(PAGES[0]), html(report).as_bytes())?;
    outputs.write(&folder.join(PAGES[1]), markdown(report, formats).as_bytes())?;
    if let Some(shown) = report.claims.as_ref().filter(|_| has_csv) {
        outputs.write(&tables.join("claims.csv"), &claims(shown).bytes()?)?;
    }
    for section in &report.sections {
        for table in &section.tables {
            for format in &formats.tables {
                let path = tables.join(format!("{}.{}", table.name, format.ending()));
                outputs.write(&path, &format.bytes(table)?)?;
            }
        }
        for figure in &section.figures {
            for format in &formats.figures {
                let path = figures.join(format!("{}.{}", figure.name, format.ending()));
                outputs.write(&path, &format.bytes(&figure.svg)?)?;
            }
            if let Some(data) = figure.data.as_ref().filter(|_| has_csv) {
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
