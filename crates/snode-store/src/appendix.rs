//! What was computed from a run after it: groups of numbers beside those of the run.

use std::collections::BTreeMap;
use std::path::Path;

use hdf5::types::{TypeDescriptor, VarLenUnicode};
use hdf5::{Group, H5Type};
use ndarray::ArrayViewD;

use crate::file::{change_file, digest_in, failed, open};
use crate::read_group::ReadGroup;
use crate::{Compression, StoreError};

/// A group of results that were computed from a run, such as `/analysis/robustness/euler`:
/// attributes, and arrays of numbers.
///
/// They belong to the network in the file, and carry its identity in the attribute
/// [`NETWORK`](Self::NETWORK): [`write_run`](crate::write_run) puts another network there, and does not
/// keep them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Appendix {
    /// What the results are of, by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// The results, by name.
    pub arrays: BTreeMap<String, Array>,
}

/// One value beside the arrays.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A text.
    Text(String),
    /// A count or another non-negative integer.
    Unsigned(u64),
    /// A number.
    Real(f64),
}

impl From<&str> for Attribute {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Attribute {
    fn from(value: u64) -> Self {
        Self::Unsigned(value)
    }
}

impl From<usize> for Attribute {
    fn from(value: usize) -> Self {
        Self::Unsigned(value as u64)
    }
}

impl From<f64> for Attribute {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

/// Numbers in one or several dimensions.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// The dimensions, slowest first.
    pub shape: Vec<usize>,
    /// The numbers, those of the last dimension next to each other.
    pub values: Vec<f64>,
}

impl Appendix {
    /// The attribute with the identity of the network that was measured.
    pub const NETWORK: &str = "network";

    /// The same with this attribute.
    #[must_use]
    pub fn with_attribute(mut self, name: &str, value: impl Into<Attribute>) -> Self {
        self.attributes.insert(name.to_owned(), value.into());
        self
    }

    /// The same with this array.
    #[must_use]
    pub fn with_array(mut self, name: &str, shape: &[usize], values: Vec<f64>) -> Self {
        self.arrays.insert(name.to_owned(), Array { shape: shape.to_vec(), values });
        self
    }

    /// The attribute of this name, if it is a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.attributes.get(name)? {
            Attribute::Real(value) => Some(*value),
            Attribute::Unsigned(value) => Some(*value as f64),
            Attribute::Text(_) => None,
        }
    }

    /// The attribute of this name, if it is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.attributes.get(name)? {
            Attribute::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The numbers of the array of this name.
    pub fn values(&self, name: &str) -> Option<&[f64]> {
        self.arrays.get(name).map(|array| &array.values[..])
    }
}

/// Puts what was measured on the network of a run into the group `group` of the file at `path`, in
/// place of what was there. Groups above it are made where there are none.
///
/// `network` is the [identity](crate::StoredNetwork::digest) of the network that was measured; it is
/// stored with the results. If the file holds another network by now, nothing is written. What stands
/// in the group already is replaced only if `may_replace` says so. Both is asked while no other process
/// changes the file, so that of several that write at the same time none loses anything.
///
/// ```no_run
/// use snode_store::{Appendix, read_network, write_appendix};
/// let stored = read_network::<f64>("run.h5")?;
/// let accuracy = Appendix::default()
///     .with_attribute("seed", 42_u64)
///     .with_array("levels", &[2], vec![0.0, 0.1])
///     .with_array("accuracy", &[2], vec![0.97, 0.93]);
/// let group = "analysis/robustness/euler";
/// write_appendix("run.h5", group, &accuracy, &stored.digest(), |_| true)?;
/// # Ok::<(), snode_store::StoreError>(())
/// ```
///
/// # Errors
/// As [`update`](crate::update); [`StoreError::OtherNetwork`] or [`StoreError::Kept`] as said above; also
/// if a shape does not fit its values, a name is none, the group is one of the run's own or a text holds
/// NUL ([`StoreError::Unwritable`]).
pub fn write_appendix(
    path: impl AsRef<Path>,
    group: &str,
    appendix: &Appendix,
    network: &str,
    may_replace: impl FnOnce(&Appendix) -> bool,
) -> Result<(), StoreError> {
    let path = path.as_ref();
    let appendix = &appendix.clone().with_attribute(Appendix::NETWORK, network);
    check(path, group, appendix)?;
    let name = || format!("/{group}");
    change_file(path, |root| {
        let reader = ReadGroup { path, name: "/".into(), group: root.clone() };
        if digest_in(&reader)? != network {
            return Err(StoreError::OtherNetwork { path: path.to_owned(), object: name() });
        }
        if let Some(found) = read_group(&reader, group)?
            && !may_replace(&found)
        {
            return Err(StoreError::Kept { path: path.to_owned(), object: name() });
        }
        put(root, group, appendix).map_err(failed(path, "changing"))
    })
}

/// Takes the group `group` out of the run file at `path`, if it is there.
///
/// # Errors
/// As [`update`](crate::update).
pub fn remove_appendix(path: impl AsRef<Path>, group: &str) -> Result<(), StoreError> {
    let path = path.as_ref();
    if !has_appendix(path, group)? {
        return Ok(());
    }
    change_file(path, |root| root.unlink(group).map_err(failed(path, "changing")))
}

fn put(root: &Group, group: &str, appendix: &Appendix) -> hdf5::Result<()> {
    if root.link_exists(group) {
        root.unlink(group)?;
    }
    let group = root.create_group(group)?;
    for (name, attribute) in &appendix.attributes {
        write_attribute(&group, name, attribute)?;
    }
    for (name, array) in &appendix.arrays {
        let view = ArrayViewD::from_shape(&array.shape[..], &array.values)?;
        let builder = group.new_dataset_builder();
        let builder = if array.values.is_empty() {
            builder.obj_track_times(false)
        } else {
            let rest: usize = array.shape[1..].iter().product();
            let mut chunk = array.shape.clone();
            chunk[0] = Compression::chunk_rows::<f64>(array.shape[0], rest);
            Compression::RESULT.apply(builder, &chunk)
        };
        builder.with_data(view).create(name.as_str())?;
    }
    Ok(())
}

/// Whether the run file at `path` has a group, or another object, of this name.
///
/// # Errors
/// If the file is not a complete, undamaged run file.
pub fn has_appendix(path: impl AsRef<Path>, group: &str) -> Result<bool, StoreError> {
    open(path.as_ref(), |root| Ok(has(root, group)))
}

/// Reads what [`write_appendix`] wrote into a group, or nothing if there is no such group.
/// Attributes and datasets of other types are left out.
///
/// # Errors
/// If the file is not a complete, undamaged run file, or the group cannot be read.
pub fn read_appendix(path: impl AsRef<Path>, group: &str) -> Result<Option<Appendix>, StoreError> {
    open(path.as_ref(), |root| read_group(root, group))
}

fn read_group(root: &ReadGroup<'_>, group: &str) -> Result<Option<Appendix>, StoreError> {
    if !has(root, group) {
        return Ok(None);
    }
    let group = group.split('/').try_fold(None, |parent: Option<ReadGroup<'_>>, name| {
        parent.as_ref().unwrap_or(root).child(name).map(Some)
    })?;
    group.map(|group| read(&group)).transpose()
}

/// Reads everything that [`write_appendix`] wrote below `group`, by the names of the groups in it:
/// those below `analysis` may be `robustness/euler` and `smoothness`. Nothing if there is no such group.
/// The file is looked through once, however many groups there are.
///
/// # Errors
/// As [`read_appendix`].
pub fn read_appendices(
    path: impl AsRef<Path>,
    group: &str,
) -> Result<BTreeMap<String, Appendix>, StoreError> {
    open(path.as_ref(), |root| below(root, group))
}

/// Reads the results in all groups that are not the run's own.
pub(crate) fn read_all(root: &ReadGroup<'_>) -> Result<(), StoreError> {
    for name in root.group_names()? {
        if !OWN_GROUPS.contains(&name.as_str()) {
            below(root, &name)?;
        }
    }
    Ok(())
}

pub(crate) fn below(
    root: &ReadGroup<'_>,
    group: &str,
) -> Result<BTreeMap<String, Appendix>, StoreError> {
    let mut found = BTreeMap::new();
    if has(root, group) {
        for name in root.child(group)?.group_names()? {
            collect(&root.child(group)?.child(&name)?, &name, &mut found)?;
        }
    }
    Ok(found)
}

/// Groups of groups hold no results of their own.
fn collect(
    group: &ReadGroup<'_>,
    name: &str,
    found: &mut BTreeMap<String, Appendix>,
) -> Result<(), StoreError> {
    let inner = group.group_names()?;
    if inner.is_empty() {
        found.insert(name.to_owned(), read(group)?);
    }
    for child in inner {
        collect(&group.child(&child)?, &format!("{name}/{child}"), found)?;
    }
    Ok(())
}

fn read(group: &ReadGroup<'_>) -> Result<Appendix, StoreError> {
    let mut appendix = Appendix { attributes: read_attributes(group)?, ..Appendix::default() };
    for name in group.dataset_names::<f64>()? {
        let (shape, values) = group.array(&name)?;
        appendix.arrays.insert(name, Array { shape, values });
    }
    Ok(appendix)
}

/// The attributes of a group that are numbers and texts.
pub(crate) fn read_attributes(
    group: &ReadGroup<'_>,
) -> Result<BTreeMap<String, Attribute>, StoreError> {
    let mut attributes = BTreeMap::new();
    for name in group.attribute_names()? {
        let attribute = match group.attribute_type(&name)? {
            TypeDescriptor::Unsigned(_) => Attribute::Unsigned(group.unsigned(&name)?),
            TypeDescriptor::Float(_) => Attribute::Real(group.real(&name)?),
            TypeDescriptor::VarLenUnicode => Attribute::Text(group.text(&name)?),
            _ => continue,
        };
        attributes.insert(name, attribute);
    }
    Ok(attributes)
}

fn has(root: &ReadGroup<'_>, group: &str) -> bool {
    // HDF5 asks for every group on the way by itself.
    group.match_indices('/').map(|(end, _)| &group[..end]).all(|parent| root.has(parent))
        && root.has(group)
}

/// The groups of the run itself.
const OWN_GROUPS: [&str; 5] = ["configuration", "provenance", "network", "training", "checkpoint"];

fn check(path: &Path, group: &str, appendix: &Appendix) -> Result<(), StoreError> {
    let refuse = |object: String, found: String, allowed: &str| {
        Err(StoreError::Unwritable {
            path: path.to_owned(),
            object,
            found,
            allowed: allowed.to_owned(),
        })
    };
    if let Some(own) = OWN_GROUPS.iter().find(|own| group.split('/').next() == Some(own)) {
        let allowed = "a group that is not of the run itself";
        return refuse("a group of results".into(), format!("/{own}"), allowed);
    }
    let parts = group.split('/');
    let names = parts.chain(appendix.attributes.keys().chain(appendix.arrays.keys()).map(|n| &**n));
    for name in names {
        let letters = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if !(1..=64).contains(&name.len()) || !name.bytes().all(letters) {
            let allowed = "1 to 64 letters, digits, `_` and `-`";
            return refuse(format!("a name in /{group}"), format!("{name:?}"), allowed);
        }
    }
    for (name, array) in &appendix.arrays {
        let elements = array.shape.iter().product::<usize>();
        if array.shape.is_empty() || elements != array.values.len() {
            let found = format!("{:?} with {} numbers", array.shape, array.values.len());
            return refuse(format!("/{group}/{name}"), found, "as many numbers as the shape has");
        }
    }
    Ok(())
}

/// Gives a group an attribute.
pub(crate) fn write_attribute(group: &Group, name: &str, value: &Attribute) -> hdf5::Result<()> {
    match value {
        Attribute::Text(text) => {
            let text: VarLenUnicode =
                text.parse().map_err(|_| hdf5::Error::from("a text holds NUL"))?;
            write_scalar(group, name, &text)
        }
        Attribute::Unsigned(value) => write_scalar(group, name, value),
        Attribute::Real(value) => write_scalar(group, name, value),
    }
}

fn write_scalar<T: H5Type>(group: &Group, name: &str, value: &T) -> hdf5::Result<()> {
    group.new_attr::<T>().create(name)?.write_scalar(value)
}
