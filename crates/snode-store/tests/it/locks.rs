//! The HDF5 library takes no lock of a file: a child process would inherit it.

#![cfg(unix)]

use crate::support;

use std::path::Path;

use snode_ode::Endpoint;
use snode_store::{Compression, RunRecord, open_hdf5, update, write_run};

fn record() -> RunRecord<f64> {
    support::record(3, 4, Endpoint::Excluded)
}

/// Whether somebody has locked a file as the HDF5 library does, by `flock`. Locks belong to the opened
/// file and not to the process, so those of this process count.
fn is_locked(path: &Path) -> bool {
    let file = std::fs::File::open(path).unwrap();
    file.try_lock().is_err()
}

#[test]
fn an_open_file_has_no_lock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    write_run(&path, &record(), Compression::CHECKPOINT).unwrap();
    // The measurement sees the library's own lock.
    let locked = snode_store::hdf5::File::open(&path).unwrap();
    assert!(is_locked(&path));
    drop(locked);

    let file = open_hdf5(&path).unwrap();
    assert!(!is_locked(&path));
    drop(file);
    update(&path, |root| {
        // The copy that is changed.
        let copy = root.filename();
        assert_ne!(Path::new(&copy), path);
        assert!(!is_locked(Path::new(&copy)));
        Ok(())
    })
    .unwrap();
}

/// What is inherited by a process that is started while a file is open keeps nobody from it.
#[test]
fn a_child_keeps_nobody_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.h5");
    write_run(&path, &record(), Compression::CHECKPOINT).unwrap();
    let file = open_hdf5(&path).unwrap();
    let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    drop(file);
    let is_held = is_locked(&path);
    let opened = update(&path, |_| Ok(()));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!is_held);
    opened.unwrap();
}
