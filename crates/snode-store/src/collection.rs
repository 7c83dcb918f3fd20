//! Many runs in one file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hdf5::Group;
use snode_files::Existing;

use crate::appendix::{below, read_attributes, write_attribute};
use crate::file::{self, create, failed, open};
use crate::read_group::ReadGroup;
use crate::write_group::WriteGroup;
use crate::{
    Appendix, Attribute, Compression, LAYOUT_VERSION, RunSummary, StoreError, info, network,
    read_info, seal,
};

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
/// but the checkpoint, and the parameters of the network only if `networks` are asked for.
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

/// A run in a file of many.
#[derive(Clone, Debug)]
pub struct Collected {
    /// The name of its group in `/cells`.
    pub name: String,
    /// What tells it from the others, by name.
    pub label: BTreeMap<String, Attribute>,
    /// What its run file said.
    pub summary: RunSummary,
    /// What was measured on its network, by the groups below `/analysis`.
    pub analyses: BTreeMap<String, Appendix>,
}

/// Whether the file at `path` is one of many runs.
///
/// # Errors
/// If it is not a complete, undamaged file.
pub fn is_collection(path: impl AsRef<Path>) -> Result<bool, StoreError> {
    open(path.as_ref(), has_format)
}

fn has_format(root: &ReadGroup<'_>) -> Result<bool, StoreError> {
    let there = root.attribute_names()?.iter().any(|name| name == "format");
    Ok(there && root.text("format")? == FORMAT)
}

/// Reads the runs in a file of many, in the order of their names; their networks are not read.
///
/// # Errors
/// If the file is not a complete, undamaged one of many runs, or was collected without networks by a
/// version that did not keep what they are like.
pub fn read_collection(path: impl AsRef<Path>) -> Result<Vec<Collected>, StoreError> {
    open(path.as_ref(), |root| {
        let cells = root.child("cells")?;
        let names = cells.group_names()?;
        names.into_iter().map(|name| collected(&cells.child(&name)?, name)).collect()
    })
}

fn collected(cell: &ReadGroup<'_>, name: String) -> Result<Collected, StoreError> {
    let summary = file::summary(cell, network::read_head(cell)?)?;
    let label = read_attributes(&cell.child("label")?)?;
    Ok(Collected { name, label, summary, analyses: below(cell, "analysis")? })
}

/// Whether a group of a run does not get into a collection, or is not copied but written anew.
fn is_left_out(name: &str, networks: bool) -> bool {
    ["configuration", "provenance", "checkpoint", "label"].contains(&name)
        || (name == "network" && !networks)
}

/// Writes what a network is like, without its parameters.
fn add_head(cell: &WriteGroup<'_>, network: &ReadGroup<'_>) -> Result<(), StoreError> {
    let head = cell.child("network")?;
    for (name, value) in read_attributes(network)? {
        write_attribute(&head.group, &name, &value).map_err(failed(cell.path, "writing"))?;
    }
    head.column("grid", &network.column::<f64>("grid", None)?)
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
            if name == "network" && !networks {
                add_head(&cell, &root.child("network")?)?;
            }
            if is_left_out(&name, networks) {
                continue;
            }
            let copy = || root.group.group(&name)?.copy_to(&cell.group, &name);
            copy().map_err(failed(cells.path, "copying into"))?;
        }
        Ok(())
    })
}
