//! Making a report of runs in a folder of its own.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use snode_files::{Existing, Outputs};

use crate::claims::Claim;
use crate::collection::Collection;
use crate::error::Result;
use crate::formats::Formats;
use crate::report::{Report, report};
use crate::write::{PAGES, write};

/// Makes reports of the runs at a path, in one folder.
#[derive(Clone, Debug)]
pub struct Reporter {
    source: PathBuf,
    folder: PathBuf,
    existing: Existing,
    formats: Formats,
    with_claims: bool,
}

/// A report that was written.
pub struct Made {
    /// The report.
    pub report: Report,
    /// Its page.
    pub page: PathBuf,
}

impl Reporter {
    /// Of the runs at `source`: a folder, a file of results, or one of many.
    ///
    /// The report goes to `folder`, where `existing` says what becomes of files that are there; if there
    /// is none, to `report` in the folder of the runs, where it follows them. Tables and figures are
    /// written in these formats.
    pub fn new(
        source: &Path,
        folder: Option<&Path>,
        existing: Existing,
        formats: Formats,
        with_claims: bool,
    ) -> Self {
        let own = || {
            let is_file = source.is_file();
            if is_file { source.with_extension("report") } else { source.join("report") }
        };
        Self {
            source: source.to_owned(),
            existing: if folder.is_some() { existing } else { Existing::Replace },
            folder: folder.map_or_else(own, Path::to_owned),
            formats,
            with_claims,
        }
    }

    /// The page of the report.
    pub fn page(&self) -> PathBuf {
        self.folder.join(PAGES[0])
    }

    /// The runs.
    pub fn source(&self) -> &Path {
        &self.source
    }

    /// Makes a report of the runs that are there, and writes it.
    ///
    /// # Errors
    /// If there are no runs, or a file is to be kept or cannot be written.
    pub fn make(&self) -> Result<Made> {
        let collection = Collection::read(&self.source)?;
        let outputs = Outputs::new(self.existing, [&self.source]);
        outputs.check_in(&self.folder, &PAGES.map(str::to_owned))?;
        let report = report(collection, self.with_claims);
        write(&report, &self.folder, &self.formats, &outputs)?;
        Ok(Made { report, page: self.page() })
    }

    /// From now on files of an earlier report are replaced.
    pub fn replace(&mut self) {
        self.existing = Existing::Replace;
    }
}

impl Made {
    /// How many runs there are, and how many were planned.
    pub fn counts(&self) -> (usize, usize) {
        let collection = &self.report.collection;
        (collection.runs().count(), collection.cells.len())
    }

    /// What is wrong with runs, each with its name.
    pub fn problems(&self) -> impl Iterator<Item = (String, String)> {
        let cells = self.report.collection.cells.iter();
        cells.filter_map(|cell| Some((cell.name(), cell.problem()?)))
    }

    /// The page, the counts and the verdicts on the claims, for programs.
    pub fn json(&self) -> Value {
        let claim = |claim: &Claim| {
            json!({
                "experiment": claim.experiment,
                "verdict": claim.verdict().text(),
                "text": claim.text,
            })
        };
        let claims: Option<Vec<Value>> =
            self.report.claims.as_ref().map(|claims| claims.iter().map(claim).collect());
        let (runs, planned) = self.counts();
        let page = self.page.display().to_string();
        json!({ "report": page, "runs": runs, "planned": planned, "claims": claims })
    }
}
