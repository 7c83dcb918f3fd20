//! The attributes of the file itself, `/configuration` and `/provenance`.

use crate::read_group::ReadGroup;
use crate::write_group::{WriteGroup, attribute};
use crate::{Configuration, FORMAT, LAYOUT_VERSION, Precision, RunInfo, Status, StoreError};

pub(crate) fn write(
    root: &WriteGroup<'_>,
    precision: Precision,
    info: &RunInfo,
    configuration: &Configuration,
) -> Result<(), StoreError> {
    root.text("format", FORMAT)?;
    root.attribute("layout_version", &LAYOUT_VERSION)?;
    root.text("snode_version", &info.snode_version)?;
    root.text("name", &info.name)?;
    root.text("status", info.status.name())?;
    root.text("stop_reason", &info.stop_reason)?;
    root.attribute("seed", &info.seed)?;
    root.text("precision", precision.name())?;
    root.text("created", &info.created)?;
    root.text("host", &info.host)?;

    let group = root.child("configuration")?;
    group.text_dataset("resolved", &configuration.resolved)?;
    group.text_dataset("source", &configuration.source)?;

    if info.provenance.is_empty() {
        return Ok(());
    }
    let group = root.child("provenance")?;
    for (key, value) in &info.provenance {
        if key.is_empty() || key.contains('\0') {
            let what = format!("a key of {}", group.name);
            let found = format!("{key:?}");
            return Err(group.unwritable(what, found, "a text with no NUL characters, not empty"));
        }
        group.text(key, value)?;
    }
    Ok(())
}

/// Looks whether the file is one of a run in a known layout, and which precision it has.
pub(crate) fn read_precision(root: &ReadGroup<'_>) -> Result<Precision, StoreError> {
    let path = root.path.to_owned();
    match root.text("format") {
        Ok(format) if format == FORMAT => {}
        Ok(other) => {
            let found = format!("{} is {other:?}, not {FORMAT:?}", attribute("/", "format"));
            return Err(StoreError::NotSnode { path, found });
        }
        Err(StoreError::Missing { object, .. }) => {
            return Err(StoreError::NotSnode { path, found: format!("{object} is missing") });
        }
        Err(other) => return Err(other),
    }
    let found = root.unsigned("layout_version")?;
    if found > LAYOUT_VERSION {
        return Err(StoreError::FutureLayout { path, found, newest: LAYOUT_VERSION });
    }
    if found < LAYOUT_VERSION {
        let allowed = LAYOUT_VERSION.to_string();
        return Err(root.value_error(attribute("/", "layout_version"), found, &allowed));
    }
    root.parsed("precision", "f32 or f64")
}

pub(crate) fn read(root: &ReadGroup<'_>) -> Result<(RunInfo, Configuration), StoreError> {
    let mut info = RunInfo {
        name: root.text("name")?,
        status: root.parsed("status", &Status::ALL.map(Status::name).join(", "))?,
        stop_reason: root.text("stop_reason")?,
        seed: root.unsigned("seed")?,
        created: root.text("created")?,
        host: root.text("host")?,
        snode_version: root.text("snode_version")?,
        provenance: std::collections::BTreeMap::new(),
    };
    if root.has("provenance") {
        let group = root.child("provenance")?;
        for key in group.attribute_names()? {
            let value = group.text(&key)?;
            info.provenance.insert(key, value);
        }
    }
    let group = root.child("configuration")?;
    let configuration = Configuration {
        resolved: group.text_dataset("resolved")?,
        source: group.text_dataset("source")?,
    };
    Ok((info, configuration))
}
