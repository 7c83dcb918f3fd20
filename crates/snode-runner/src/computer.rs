//! What this computer has to offer, and what can be done in a folder of it.

use std::path::Path;

use snode_experiment::format::show_bytes;
use snode_files::{
    Existing, FileError, Lock, LockScope, Unfinished, lock_scope, try_writing, unfinished,
};

use crate::error::{Error, Result};

/// The widest vectors that the program's kernels use here.
pub fn vector_unit() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        let wide = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        if wide {
            return "AVX-512";
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return "AVX2 with FMA";
        }
    }
    if cfg!(target_arch = "aarch64") { "NEON" } else { "none" }
}

/// The bytes that may be written to the file system of a folder.
pub fn free_disk(folder: &Path) -> Option<f64> {
    #[cfg(unix)]
    {
        let system = rustix::fs::statvfs(folder).ok()?;
        Some(system.f_bavail as f64 * system.f_frsize as f64)
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

/// What can be done in a folder, who holds locks there, and what is left over: in words, each with what
/// it is about.
///
/// # Errors
/// If the folder cannot be read.
pub fn check_folder(folder: &Path) -> Result<Vec<(String, String)>> {
    let probe = format!("snode-doctor-{}", std::process::id());
    let write = match try_writing(&folder.join(&probe), Existing::Keep, 0) {
        Ok(()) => "can be written".into(),
        Err(error) => format!("cannot be written: {error}"),
    };
    let disk = free_disk(folder).map_or_else(|| "not known".into(), show_bytes);
    let mut rows = vec![
        ("files".to_owned(), write),
        ("locks".into(), locks(&folder.join(probe + ".lock"))),
        ("free disk".into(), disk),
    ];
    let cannot = |error| Error::file(folder, "cannot read the folder", error);
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.extension().is_some_and(|ending| ending == "lock")
            && let Ok(Some(holder)) = Lock::look(&path)
        {
            rows.push((path.display().to_string(), format!("held by {holder}")));
        }
    }
    let left = unfinished(folder).map_err(cannot)?;
    for Unfinished { path, bytes, abandoned } in &left {
        let state = if *abandoned {
            "left by a process that is gone; can be removed, as `snode run` does"
        } else {
            "being written, or left by a process of another computer"
        };
        rows.push((path.display().to_string(), format!("{}, {state}", show_bytes(*bytes as f64))));
    }
    if left.is_empty() {
        rows.push(("left over".into(), "nothing".into()));
    }
    Ok(rows)
}

/// Whether a second lock is kept out as long as a first is held, and from how far.
fn locks(path: &Path) -> String {
    match Lock::try_acquire(path, None) {
        Ok(first) if !first.is_enforced() => {
            "the file system has none: a lock counts as held for 10 minutes after its holder's last \
             sign of life, so two processes that begin at once can train one run"
                .into()
        }
        Ok(_first) => match (Lock::try_acquire(path, None), lock_scope(path)) {
            (Err(FileError::Held { .. }), LockScope::ThisComputer(why)) => format!(
                "work between processes of this computer alone ({why}): a lock of another computer \
                 counts as held for 10 minutes after its holder's last sign of life"
            ),
            (Err(FileError::Held { .. }), LockScope::Everywhere) => "work".into(),
            _ => "do not work: two processes can train one run".into(),
        },
        Err(error) => format!("cannot be made: {error}"),
    }
}
