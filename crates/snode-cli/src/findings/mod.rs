//! What the runs in a folder found: tables, figures and claims, as a report.
//!
//! [`Collection::read`] reads the runs that a grid's manifests name, or those of a folder, and puts
//! runs that differ by nothing but their seed into groups. Each file of [`sections`] makes tables and
//! figures of what there is, each of [`claims`] holds a claim against it; neither knows how many runs
//! there should be, and what is missing is said. [`report`] puts it all together.

pub mod attack;
pub mod claims;
pub mod collection;
pub mod group;
mod grouping;
mod html;
mod markdown;
mod overview;
pub mod run;
pub mod section;
pub mod sections;
mod statistics;
mod write;

pub use attack::Attack;
pub use collection::{Cell, Collection, State};
pub use group::{Family, Group};
pub use run::Run;
pub use section::{Content, Figure, Section, Table};
pub use write::{PAGES, write};

use std::collections::BTreeSet;

use claims::Claim;

/// A whole report.
pub struct Report {
    /// Of what.
    pub collection: Collection,
    /// The paper's claims, as the data has them, if they are asked for or the runs are the paper's.
    pub claims: Option<Vec<Claim>>,
    /// Tables and figures.
    pub sections: Vec<Section>,
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
