//! Runs of standalone neural ODEs in HDF5 files.
//!
//! One file is one run: configuration, network, training history and, as long as it can be
//! continued, a checkpoint that goes on with the same bits. Every group, dataset and attribute is
//! described in the repository's `docs/hdf5-layout.md`; Python (h5py), MATLAB and any other HDF5
//! reader can open it.
//!
//! * [`write_run`] writes a [`RunRecord`]: complete or not at all, under a temporary name first.
//! * [`read_run`] reads it back bit for bit, [`read_network`] only the network, [`read_info`]
//!   everything but the large arrays, the [`Precision`] among it.
//! * [`write_appendix`] puts what was computed from a run into a group of its file, [`read_appendix`]
//!   reads it.
//! * [`write_collection`] copies what many run files hold into one file.
//! * [`StoredNetwork::digest`] tells one network from another; what was measured carries it.
//! * [`update`] adds further groups to a file; [`seal()`] accepts what another program has changed.
//!
//! Files are not trusted. Each carries its length and a checksum in its first 512 bytes, and is
//! compared with them before the HDF5 library, which damaged files can crash, sees it; then types,
//! shapes and values are compared with the layout before they are used. Whatever does not fit is a
//! [`StoreError`] that names file, object, what was found and what is allowed. (A file made on
//! purpose to crash the library, seal included, is not recognised.)
//!
//! The HDF5 library does one thing at a time in a process, by a global lock; a file may be read by
//! many threads and processes while one replaces it. Its own locks, which child processes
//! inherit, are switched off ([`open_hdf5`]), and so is its printing of errors to standard error.
//!
//! ```
//! use snode_ode::{Activation, Endpoint, Grid, Initialisation, Network, SolverKeys};
//! use snode_store::{
//!     Compression, Configuration, Input, Model, RunInfo, RunRecord, read_info, read_run, write_run,
//! };
//! use snode_train::{Snapshot, TargetKind};
//!
//! let grid = Grid::new(3.0, 30, Endpoint::Excluded)?;
//! let network = Network::<f64>::initial(16, grid, Activation::Tanh, Initialisation::Spline, 7);
//! let record = RunRecord::from_snapshot(
//!     RunInfo::new("first steps", 7),
//!     Configuration { resolved: "seed = 7\n".into(), source: String::new() },
//!     Model {
//!         scheme: "euler".into(),
//!         solver: SolverKeys::default(),
//!         classes: 10,
//!         targets: TargetKind::Classes,
//!         input: Input { rows: 4, cols: 4, ..Input::default() },
//!     },
//!     Snapshot::start(network),
//! );
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("run.h5");
//! write_run(&path, &record, Compression::CHECKPOINT)?;
//!
//! assert_eq!(read_info(&path)?.width(), 16);
//! assert_eq!(read_run::<f64>(&path)?, record);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! * `static` (off by default): the HDF5 C library is built from its sources and linked statically,
//!   which needs CMake 3.26 or newer. Without it, HDF5 1.8.4 or newer must be installed; where
//!   `pkg-config` does not find it, the environment variable `HDF5_DIR` says where it is.

mod appendix;
mod checkpoint;
mod collection;
mod compression;
mod digest;
mod ends;
mod error;
mod examine;
mod file;
mod hdf5_file;
mod history;
mod info;
mod network;
mod parameters;
mod precision;
mod read_group;
mod record;
mod seal;
mod tables;
mod widen;
mod write_group;

/// The HDF5 library, for [`update`].
pub use hdf5;

pub use appendix::{
    Appendix, Array, Attribute, has_appendix, read_appendices, read_appendix, remove_appendix,
    write_appendix,
};
pub use collection::{Collected, Member, is_collection, read_collection, write_collection};
pub use compression::Compression;
pub use error::StoreError;
pub use examine::{Examination, examine};
pub use file::{
    network_digest, read_info, read_network, read_network_as_f64, read_run, read_run_as_f64,
    update, write_new_run, write_run,
};
pub use hdf5_file::open_hdf5;
pub use precision::Scalar;
pub use record::{
    Checkpoint, Configuration, Input, Model, RunInfo, RunRecord, RunSummary, Status, StoredNetwork,
};
pub use seal::seal;
pub use snode_ode::Precision;

/// The root attribute `format` of every run file.
pub const FORMAT: &str = "snode-run";

/// The version of the layout that is written, and the newest one that is read.
pub const LAYOUT_VERSION: u64 = 1;
