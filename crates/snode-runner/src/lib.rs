//! Runs experiments with standalone neural ODEs, one or a grid of them: sessions with locks,
//! checkpoints and results in HDF5 files, the analyses of trained networks, and grids whose cells are
//! trained several at a time.
//!
//! Everything that happens is told to an observer, as a [`RunEvent`] or a [`GridEvent`]; nothing is
//! printed. Cells of a grid are trained by a [`Launcher`]: [`InProcess`], [`Processes`], or one of your
//! own.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use snode_experiment::ExperimentFile;
//! use snode_runner::{Grid, GridOptions, InProcess, Selection, Share, run_grid};
//!
//! let file = ExperimentFile::read_any(Path::new("grid.toml"), &[])?;
//! let grid = Grid::of(file, &[], None)?;
//! let options = GridOptions {
//!     fresh: false,
//!     fail_fast: false,
//!     share: Share::new(2, None, None),
//!     stop: Default::default(),
//! };
//! let outcome = run_grid(&grid, &Selection::all(), &options, &InProcess, &mut |event| {
//!     println!("{event:?}");
//!     Ok(())
//! })?;
//! assert_eq!(outcome.counts.done(), grid.cells.len());
//! # Ok::<(), snode_runner::Error>(())
//! ```
//!
//! # Features
//!
//! * `mnist` (on by default): embeds MNIST at 14×14, 5 MB, as the data set `mnist14`.
//! * `clap` (off by default): choices can be arguments of a command line.
//! * `static` (off by default): builds the HDF5 C library from its sources.

// Built piece by piece from formatted parts; speed does not matter here.
#![allow(clippy::format_push_string)]

pub mod analyses;
mod comparison;
pub mod computer;
pub mod data_files;
pub mod device;
mod error;
mod evaluation;
mod event;
mod export;
mod files;
mod gradcheck;
pub mod grid;
pub mod import;
mod lines;
mod number;
mod pace;
mod pool;
pub mod records;
mod refine;
mod session;
pub mod slurm;
mod stored;
mod subject;
pub mod workprecision;

pub use comparison::{Comparison, Effort, compare};
pub use error::{Error, ErrorKind, ObserverError, Result};
pub use evaluation::{Evaluation, Predictions, evaluate};
pub use event::{Begin, Continued, End, RunEvent, RunObserver};
pub use export::{Export, ExportFormat};
pub use files::{FileRole, Files};
pub use gradcheck::{CheckedDerivatives, Outcome, Verdict, check_derivatives};
pub use grid::{Grid, Selection};
pub use lines::EventLines;
pub use number::Number;
pub use pace::{Completion, Pace, Progressed};
pub use pool::{
    Counts, Ended, GridEvent, GridObserver, GridOptions, GridOutcome, InProcess, Job, Launcher,
    News, PlanEnd, PlannedCell, Processes, Running, Share, plan, run_cell, run_grid,
};
pub use session::{RunOptions, TEST, VALIDATION, initial_network, run};
pub use stored::{IMPORTED, is_imported, known_objective, scheme_for, stored_solver, summary};
pub use subject::{ImageSelection, SplitName, Subject, subject};
