//! Many runs in one file.

use std::path::{Path, PathBuf};

use hdf5::Group;
use snode_files::Existing;

use crate::appendix::write_attribute;
use crate::file::{create, failed, open};
use crate::write_group::WriteGroup;
use crate::{Attribute, Compression, LAYOUT_VERSION, StoreError, info, read_info, seal};

/// The root attribute `format` of a file of many runs.
const FORMAT: &str = "snode-cells";

/// A run that is to be in a file of many.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The name of its group in `/cells`.
    pub name: String,
    /// The run file.
    pub path: PathBuf,
    /// What tells it from the others, by name.
    pub label: Vec<(String, Attribute)>,
}

/// Writes what run files hold into one file at `path`: a group `/cells/NAME` for each, with everything
/// but the checkpoint, and the network only if `networks` are asked for.
///
/// # Errors
/// If a run file is not complete and undamaged, two members have one name, a file is there that is to be
/// kept, or the file cannot be written. Under `path` there is never half a file.
pub fn write_collection(
    path: impl AsRef<Path>,
    members: &[Member],
    networks: bool,
    existing: Existing,
) -> Result<(), StoreError> {
    let path = path.as_ref();
    hdf5::silence_errors(true);
    // The library does not survive a disk that is full while it copies objects: there is room for
    // everything, or nothing begins.
    let mut bytes = OVERHEAD;
    for member in members {
        bytes += OVERHEAD + open(&member.path, |root| bytes_of(&root.group, networks))?;
    }
    let written = seal::sealed(path, existing, |replacement| {
        replacement.reserve(bytes)?;
        let file = create(path, replacement)?;
        replacement.reserve(bytes)?;
        let group = file.as_group().map_err(failed(path, "writing"))?;
        let compression = Compression::RESULT;
        let root = WriteGroup { path, name: "/".into(), group, compression };
        root.text("format", FORMAT)?;
        root.attribute("layout_version", &LAYOUT_VERSION)?;
        root.text("snode_version", env!("CARGO_PKG_VERSION"))?;
        let cells = root.child("cells")?;
        for member in members {
            add(&cells, member, networks)?;
        }
        drop((cells, root));
        file.close().map_err(failed(path, "writing"))?;
        // What was reserved and not needed is given back.
        let length = replacement.file().metadata().map(|metadata| metadata.len());
        let trimmed = length.and_then(|length| replacement.file().set_len(length));
        trimmed.map_err(|source| StoreError::Io {
            path: path.to_owned(),
            action: "writing",
            source,
        })
    })?;
    let _lock = seal::lock(path)?;
    Ok(written.commit()?)
}

/// What a group with its attributes and texts takes at most beside its arrays.
const OVERHEAD: u64 = 1 << 16;

/// The bytes that the arrays of a run take in a collection, and something for each object.
fn bytes_of(group: &Group, networks: bool) -> Result<u64, StoreError> {
    let mut bytes = 0;
    let count = |error: hdf5::Error| StoreError::Hdf5 {
        path: PathBuf::from(group.filename()),
        object: group.name(),
        action: "reading",
        source: error,
    };
    for name in group.member_names().map_err(count)? {
        if is_left_out(&name, networks) && group.name() == "/" {
            continue;
        }
        bytes += 1 << 12;
        if let Ok(child) = group.group(&name) {
            bytes += bytes_of(&child, networks)?;
        } else if let Ok(dataset) = group.dataset(&name) {
            // Texts of any length lie elsewhere in the file.
            bytes += dataset.storage_size().max(1 << 14);
        }
    }
    Ok(bytes)
}

/// Whether a group of a run does not get into a collection, or is not copied but written anew.
fn is_left_out(name: &str, networks: bool) -> bool {
    ["configuration", "provenance", "checkpoint", "label"].contains(&name)
        || (name == "network" && !networks)
}

fn add(cells: &WriteGroup<'_>, member: &Member, networks: bool) -> Result<(), StoreError> {
    let summary = read_info(&member.path)?;
    let cell = cells.child(&member.name)?;
    info::write(&cell, summary.precision, &summary.info, &summary.configuration)?;
    let label = cell.child("label")?;
    for (name, value) in &member.label {
        write_attribute(&label.group, name, value).map_err(failed(cells.path, "writing"))?;
    }
    open(&member.path, |root| {
        let names = root.group.member_names().map_err(failed(&member.path, "reading"))?;
        for name in names {
            if is_left_out(&name, networks) {
                continue;
            }
            let copy = || root.group.group(&name)?.copy_to(&cell.group, &name);
            copy().map_err(failed(cells.path, "copying into"))?;
        }
        Ok(())
    })
}
