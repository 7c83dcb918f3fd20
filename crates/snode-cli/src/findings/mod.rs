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

use claims::Claim;

/// A whole report.
pub struct Report {
    /// Of what.
    pub collection: Collection,
    /// The claims, as the data has them.
    pub claims: Vec<Claim>,
    /// Tables and figures.
    pub sections: Vec<Section>,
}

/// Everything that can be said of a collection.
pub fn report(collection: Collection) -> Report {
    let claims = claims::all(&collection);
    let sections = sections::all(&collection);
    Report { collection, claims, sections }
}
