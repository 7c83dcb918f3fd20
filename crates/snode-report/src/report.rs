//! Everything that can be said of many runs.

use std::collections::BTreeSet;

use crate::claims::{self, Claim};
use crate::collection::Collection;
use crate::section::Section;
use crate::sections;

/// A whole report.
pub struct Report {
    /// Of what.
    pub collection: Collection,
    /// The paper's claims, as the data has them, if they are asked for or the runs are the paper's.
    pub claims: Option<Vec<Claim>>,
    /// Tables and figures.
    pub sections: Vec<Section>,
}

impl Report {
    /// The sections before the claims, and those behind them.
    pub(crate) fn parts(&self) -> (&[Section], &[Section]) {
        let first = usize::from(!self.sections.is_empty());
        self.sections.split_at(first)
    }
}

/// The same, with tables whose files cannot meet, nor those of figures.
fn unique_names(mut sections: Vec<Section>) -> Vec<Section> {
    let (mut tables, mut figures) = (BTreeSet::new(), BTreeSet::new());
    for section in &mut sections {
        section.tables.iter_mut().for_each(|table| make_unique(&mut table.name, &mut tables));
        section.figures.iter_mut().for_each(|figure| make_unique(&mut figure.name, &mut figures));
    }
    sections
}

/// Adds a number to a name that is taken already.
fn make_unique(name: &mut String, taken: &mut BTreeSet<String>) {
    let first = name.clone();
    let mut number = 1;
    while !taken.insert(name.clone()) {
        number += 1;
        *name = format!("{first}-{number}");
    }
}

/// Everything that can be said of a collection; of the paper's claims if they are asked for, or the
/// runs are the paper's.
pub fn report(collection: Collection, with_claims: bool) -> Report {
    let is_wanted = with_claims || claims::is_the_papers(&collection);
    let claims = is_wanted.then(|| claims::all(&collection));
    let sections = unique_names(sections::all(&collection));
    Report { collection, claims, sections }
}
