//! What many runs found: tables, figures and claims, as a report.
//!
//! [`Collection::read`] reads the runs that a grid's manifests name, or those of a folder, and puts
//! runs that differ by nothing but their seed into groups. Each file of [`sections`] makes tables and
//! figures of what there is, each of [`claims`] holds a claim of the paper against it; neither knows
//! how many runs there should be, and what is missing is said. [`report`] puts it all together, and
//! [`write()`] makes pages of it.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use snode_files::{Existing, Outputs};
//! use snode_report::{Collection, report, write};
//!
//! let runs = Path::new("results");
//! let report = report(Collection::read(runs)?, false);
//! println!("{} sections", report.sections.len());
//! write(&report, &runs.join("report"), &Outputs::new(Existing::Replace, [runs]))?;
//! # Ok::<(), snode_report::Error>(())
//! ```
//!
//! # Features
//!
//! * `mnist` (on by default): embeds MNIST at 14×14, 5 MB, for pictures of it.

// Built piece by piece from formatted parts; speed does not matter here.
#![allow(clippy::format_push_string)]

mod attack;
mod cell;
pub mod claims;
mod collection;
mod compared;
mod csv_table;
mod error;
mod group;
mod grouping;
mod html;
mod listing;
mod markdown;
pub mod measured;
mod names;
mod overview;
mod report;
mod run;
mod section;
pub mod sections;
mod statistics;
mod write;

pub use attack::{Attack, Conditions};
pub use cell::{Cell, Label, State};
pub use collection::Collection;
pub use compared::{Compared, Quantity};
pub use csv_table::Csv;
pub use error::{Error, Result};
pub use group::{Family, Group};
pub use listing::{Listing, Row};
pub use report::{Report, report};
pub use run::Run;
pub use section::{Content, Figure, Section, Table};
pub use write::{PAGES, write};
