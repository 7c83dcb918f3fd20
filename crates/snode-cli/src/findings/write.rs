//! The files of a report.

use std::path::Path;

use super::html::html;
use super::markdown::markdown;
use super::{Content, Data, Report};
use crate::error::{Error, Result};
use crate::tables::{write_bytes, write_text};

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
    write_csv(&tables.join("claims.csv"), &claims(report))?;
    for section in &report.sections {
        for table in &section.tables {
            write_csv(&tables.join(format!("{}.csv", table.name)), &table.data)?;
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
                write_csv(&tables.join(format!("figure-{}.csv", figure.name)), data)?;
            }
        }
    }
    Ok(())
}

fn claims(report: &Report) -> Data {
    let mut data = Data::new(&["experiment", "claim", "verdict", "comparison", "holds", "runs"]);
    for claim in &report.claims {
        let own = [claim.experiment, claim.text, claim.verdict().text()].map(str::to_owned);
        if claim.evidence.is_empty() {
            data.row(own.clone().into_iter().chain(["", "", "0"].map(str::to_owned)));
        }
        for evidence in &claim.evidence {
            let holds = evidence.holds.map_or_else(String::new, |holds| holds.to_string());
            let compared = [evidence.text.clone(), holds, evidence.runs.to_string()];
            data.row(own.clone().into_iter().chain(compared));
        }
    }
    data
}

fn write_csv(path: &Path, data: &Data) -> Result<()> {
    let failed = |error: csv::Error| Error::Results(format!("{}: {error}", path.display()));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&data.header).map_err(failed)?;
    for row in &data.rows {
        writer.write_record(row).map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| Error::Results(format!("{}: {error}", path.display())))?;
    write_bytes(path, &bytes)
}
