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
//! use snode_report::{Collection, Formats, report, write};
//!
//! let runs = Path::new("results");
//! let report = report(Collection::read(runs)?, false);
//! println!("{} sections", report.sections.len());
//! write(&report, &runs.join("report"), &Formats::default(), &Outputs::new(Existing::Replace, [runs]))?;
//! # Ok::<(), snode_report::Error>(())
//! ```
//!
//! # Features
//!
//! * `mnist` (on by default): embeds MNIST at 14×14, 5 MB, for pictures of it.
//! * `serve` (off by default): [`follow`] makes a report again when its runs change, and a [`PageServer`]
//!   shows its page to browsers on this computer.

// Built piece by piece from formatted parts; speed does not matter here.
#![allow(clippy::format_push_string)]

mod adversarial;
mod attack;
mod axes;
mod cell;
mod changes;
pub mod claims;
mod collection;
mod compared;
mod csv_table;
mod error;
#[cfg(feature = "serve")]
mod follow;
mod formats;
mod group;
mod grouping;
mod html;
mod keys;
mod latex;
mod listing;
mod markdown;
mod markdown_table;
pub mod measured;
mod names;
mod noisy;
mod overview;
mod report;
mod reporter;
mod run;
mod section;
pub mod sections;
#[cfg(feature = "serve")]
mod server;
mod shades;
mod statistics;
mod write;

pub use attack::{Attack, Conditions};
pub use cell::{Cell, Label, State};
pub use changes::Changes;
pub use collection::Collection;
pub use compared::{Compared, Quantity};
pub use csv_table::Csv;
pub use error::{Error, Result};
#[cfg(feature = "serve")]
pub use follow::{Followed, follow};
pub use formats::{FigureFile, FigureFormat, Format, Formats, TableFormat};
pub use group::{Family, Group};
pub use listing::{Listing, Row};
pub use report::{Report, report};
pub use reporter::{Made, Reporter};
pub use run::Run;
pub use section::{Figure, Section, Table};
#[cfg(feature = "serve")]
pub use server::PageServer;
pub use write::{PAGES, write};
