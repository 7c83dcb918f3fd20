//! Many runs in one file.

use std::path::{Path, PathBuf};

use hdf5::File;

use crate::appendix::write_attribute;
use crate::file::{failed, open};
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

/// Writes what run files hold into one file at `path`, replacing what was there: a group
/// `/cells/NAME` for each, with everything but the checkpoint, and the network only if `networks`
/// are asked for.
///
/// # Errors
/// If a run file is not complete and undamaged, two members have one name, or the file cannot be
/// written. Under `path` there is never half a file.
pub fn write_collection(
    path: impl AsRef<Path>,
    members: &[Member],
    networks: bool,
) -> Result<(), StoreError> {
    let path = path.as_ref();
    hdf5::silence_errors(true);
    seal::replace(path, |temporary| {
        let file = File::with_options()
            .with_fcpl(|properties| properties.userblock(seal::LEN as u64))
            .create(temporary)
            .map_err(failed(path, "creating"))?;
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
        file.close().map_err(failed(path, "writing"))
    })
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
            let own = ["configuration", "provenance", "checkpoint", "label"];
            if own.contains(&name.as_str()) || (name == "network" && !networks) {
                continue;
            }
            let copy = || root.group.group(&name)?.copy_to(&cell.group, &name);
            copy().map_err(failed(cells.path, "copying into"))?;
        }
        Ok(())
    })
}
