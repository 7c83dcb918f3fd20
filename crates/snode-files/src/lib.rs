//! Files that appear complete or not at all, locks that say who holds them, and reading within
//! bounds.
//!
//! * [`Replacement`] writes a file under a temporary name in the folder of its target, syncs it and
//!   puts it in place: under the target's name there is never half a file. [`Existing`] is the one
//!   rule for a file that is already there; [`try_writing`] finds out beforehand whether a result can
//!   be kept.
//! * [`Outputs`] are the files that work writes where a user says: what it reads is never replaced.
//! * [`remove_temporaries`] is for the end by a signal, [`unfinished`] lists what a killed process
//!   left, [`remove_unfinished`] removes it.
//! * [`Lock`] keeps other processes out, by a file that names its [`Holder`]; a [look](Lock::look) at
//!   it never takes the lock.
//! * [`read_text`] and [`read_bytes`] read regular files up to a size; [`Reading`] has the options.
//!   Devices, pipes that nobody asked for, and endless files are refused, not waited for.
//!
//! ```
//! use snode_files::{Existing, FileError, Lock, read_text, write};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("results.csv");
//! write(&path, Existing::Keep, b"accuracy\n0.97\n")?;
//! assert_eq!(read_text(&path, 1 << 20)?, "accuracy\n0.97\n");
//!
//! // What is there is kept, unless it is said otherwise.
//! let refused = write(&path, Existing::Keep, b"accuracy\n0.11\n");
//! assert!(matches!(refused, Err(FileError::Exists { .. })));
//! write(&path, Existing::Replace, b"accuracy\n0.98\n")?;
//!
//! let lock = Lock::try_acquire(&folder.path().join("results.lock"), None)?;
//! let second = Lock::try_acquire(lock.path(), None);
//! assert!(matches!(second, Err(FileError::Held { .. })));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Written for Unix first. On Linux a file that is being written has no name at all where the file
//! system allows that, so that not even a kill leaves anything. Elsewhere everything works by what
//! the standard library offers.

mod error;
mod heartbeat;
mod holder;
mod lock;
mod lock_scope;
mod origin;
mod outputs;
mod reading;
mod replacement;
mod system_lock;
mod temporary;

pub use error::{FileError, FileKind};
pub use holder::Holder;
pub use lock::Lock;
pub use lock_scope::{LockScope, lock_scope};
pub use origin::{host_name, utc_now, utc_text};
pub use outputs::Outputs;
pub use reading::{Links, Pipes, Reading, open, read_bytes, read_text};
pub use replacement::{
    Existing, Replacement, folder_of, replace, resolve_links, same_file, try_writing, write,
};
pub use temporary::{
    TemporaryFolder, Unfinished, remove_temporaries, remove_unfinished, unfinished,
};
