//! Whole files: writing, reading, updating.

use std::path::Path;

use hdf5::{File, Group};
use snode_files::{Existing, Replacement};

use crate::hdf5_file::{create_hdf5, open_hdf5, open_hdf5_for_writing};
use crate::read_group::ReadGroup;
use crate::write_group::WriteGroup;
use crate::{
    Compression, Precision, RunRecord, RunSummary, Scalar, StoreError, StoredNetwork, checkpoint,
    history, info, network, seal,
};

/// Writes a run into the file at `path`, replacing what was there.
///
/// The file is written under a temporary name in the same folder, synced to disk and renamed: under
/// `path` there is never half a file, and if anything fails the old one is untouched. The same
/// record gives the same bytes.
///
/// # Errors
/// If the folder cannot be written to, `path` is a folder, or the record holds something that
/// cannot be stored ([`StoreError::Unwritable`]).
pub fn write_run<T: Scalar>(
    path: impl AsRef<Path>,
    record: &RunRecord<T>,
    compression: Compression,
) -> Result<(), StoreError> {
    write_record(path.as_ref(), record, compression, Existing::Replace)
}

/// Writes a run into a new file at `path`; a file that is there already is kept.
///
/// # Errors
/// As [`write_run`], and if there is a file.
pub fn write_new_run<T: Scalar>(
    path: impl AsRef<Path>,
    record: &RunRecord<T>,
    compression: Compression,
) -> Result<(), StoreError> {
    write_record(path.as_ref(), record, compression, Existing::Keep)
}

fn write_record<T: Scalar>(
    path: &Path,
    record: &RunRecord<T>,
    compression: Compression,
    existing: Existing,
) -> Result<(), StoreError> {
    if let Compression::Gzip(level @ (0 | 10..)) = compression {
        return Err(StoreError::Unwritable {
            path: path.to_owned(),
            object: "the level of compression".into(),
            found: level.to_string(),
            allowed: "1 to 9".into(),
        });
    }
    hdf5::silence_errors(true);
    let written = seal::sealed(path, existing, |replacement| {
        let file = create(path, replacement)?;
        write_groups(path, &file, record, compression)?;
        file.close().map_err(failed(path, "writing"))
    })?;
    // Whoever changes the file at this moment would put the old network back.
    let _lock = seal::lock(path)?;
    Ok(written.commit()?)
}

/// Makes the HDF5 file that is to be at `path`.
pub(crate) fn create(path: &Path, replacement: &Replacement) -> Result<File, StoreError> {
    create_hdf5(replacement.path(), seal::LEN as u64).map_err(failed(path, "creating"))
}

fn write_groups<T: Scalar>(
    path: &Path,
    file: &File,
    record: &RunRecord<T>,
    compression: Compression,
) -> Result<(), StoreError> {
    let group = file.as_group().map_err(failed(path, "writing"))?;
    let root = WriteGroup { path, name: "/".into(), group, compression };
    info::write(&root, T::PRECISION, &record.info, &record.configuration)?;
    network::write(&root, &record.model, &record.network)?;
    history::write(&root, &record.history, record.model.targets)?;
    match &record.checkpoint {
        Some(checkpoint) => checkpoint::write(&root, &record.network, checkpoint),
        None => Ok(()),
    }
}

/// Reads everything of a run. Its numbers are the bits that were written.
///
/// # Errors
/// If the file is not a complete, undamaged run file of a known layout, something in it does not
/// fit together, or it holds numbers of another precision: see [`read_info`] to know beforehand,
/// and [`read_run_as_f64`].
pub fn read_run<T: Scalar>(path: impl AsRef<Path>) -> Result<RunRecord<T>, StoreError> {
    let path = path.as_ref();
    open(path, |root| {
        let StoredNetwork { model, network } = read_model(root)?;
        let (info, configuration) = info::read(root)?;
        let history = history::read(root, model.targets)?;
        let checkpoint = checkpoint::read(root, &network)?;
        Ok(RunRecord { info, configuration, model, network, history, checkpoint })
    })
}

/// Reads everything of a run but its large arrays.
///
/// # Errors
/// If the file is not a complete, undamaged run file of a known layout, or something in it does not
/// fit together.
pub fn read_info(path: impl AsRef<Path>) -> Result<RunSummary, StoreError> {
    open(path.as_ref(), |root| {
        let shape = network::read_shape(root, info::read_precision(root)?)?;
        summary(root, shape)
    })
}

/// What a group of a run says beside its network, of this shape.
pub(crate) fn summary(
    root: &ReadGroup<'_>,
    shape: network::Shape,
) -> Result<RunSummary, StoreError> {
    let precision = info::read_precision(root)?;
    let (info, configuration) = info::read(root)?;
    let network::Shape { map, ends, grid, activation, model } = shape;
    let history = history::read(root, model.targets)?;
    let position = checkpoint::read_position(root)?;
    Ok(RunSummary {
        info,
        precision,
        configuration,
        model,
        map,
        inputs: ends.inputs,
        readout: ends.readout,
        grid,
        activation,
        history,
        position,
    })
}

/// Reads the network of a run.
///
/// # Errors
/// As [`read_run`].
pub fn read_network<T: Scalar>(path: impl AsRef<Path>) -> Result<StoredNetwork<T>, StoreError> {
    open(path.as_ref(), read_model)
}

/// Reads a run of either precision as `f64`, which holds every `f32` exactly.
///
/// # Errors
/// As [`read_run`], but for the precision.
pub fn read_run_as_f64(path: impl AsRef<Path>) -> Result<RunRecord<f64>, StoreError> {
    let path = path.as_ref();
    match read_run::<f64>(path) {
        Err(StoreError::Precision { found: Precision::F32, .. }) => {
            Ok(read_run::<f32>(path)?.widen())
        }
        other => other,
    }
}

/// Reads the network of a run of either precision as `f64`, which holds every `f32` exactly.
///
/// # Errors
/// As [`read_run`], but for the precision.
pub fn read_network_as_f64(path: impl AsRef<Path>) -> Result<StoredNetwork<f64>, StoreError> {
    let path = path.as_ref();
    match read_network::<f64>(path) {
        Err(StoreError::Precision { found: Precision::F32, .. }) => {
            Ok(read_network::<f32>(path)?.widen())
        }
        other => other,
    }
}

/// Adds to a run file what this crate does not know of, for example the results of an attack.
///
/// `change` is given the root group of a copy of the file, which then takes its place, sealed and
/// synced as by [`write_run`]. Groups and attributes beside those of the layout do no harm to
/// reading; a later [`write_run`] does not keep them.
///
/// ```no_run
/// snode_store::update("run.h5", |root| {
///     let group = root.create_group("robustness")?;
///     group.new_dataset_builder().with_data(&[0.97, 0.93]).create("accuracy")?;
///     Ok(())
/// })?;
/// # Ok::<(), snode_store::StoreError>(())
/// ```
///
/// # Errors
/// If the file is not a complete, undamaged run file, `change` fails, or the folder cannot be
/// written to. The file is then untouched.
pub fn update(
    path: impl AsRef<Path>,
    change: impl FnOnce(&Group) -> hdf5::Result<()>,
) -> Result<(), StoreError> {
    let path = path.as_ref();
    change_file(path, |root| change(root).map_err(failed(path, "changing")))
}

/// Reads a file, lets `change` change a copy, and puts that in its place, while no other process does
/// the same.
pub(crate) fn change_file(
    path: &Path,
    change: impl FnOnce(&Group) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    // Before a lock is made where there is no file.
    seal::check(path)?;
    let _lock = seal::lock(path)?;
    seal::check(path)?;
    hdf5::silence_errors(true);
    let written = seal::sealed(path, Existing::Replace, |replacement| {
        let copied = std::fs::File::open(path)
            .and_then(|mut file| std::io::copy(&mut file, replacement.file()));
        copied.map_err(|source| StoreError::Io {
            path: path.to_owned(),
            action: "copying",
            source,
        })?;
        let file = open_hdf5_for_writing(replacement.path()).map_err(failed(path, "opening"))?;
        let root = file.as_group().map_err(failed(path, "opening"))?;
        change(&root)?;
        drop(root);
        file.close().map_err(failed(path, "writing"))
    })?;
    Ok(written.commit()?)
}

/// Opens a file whose bytes are those that were written.
pub(crate) fn open<V>(
    path: &Path,
    read: impl FnOnce(&ReadGroup<'_>) -> Result<V, StoreError>,
) -> Result<V, StoreError> {
    seal::check(path)?;
    open_unchecked(path, read)
}

/// Opens a file that may be damaged.
pub(crate) fn open_unchecked<V>(
    path: &Path,
    read: impl FnOnce(&ReadGroup<'_>) -> Result<V, StoreError>,
) -> Result<V, StoreError> {
    hdf5::silence_errors(true);
    let file = open_hdf5(path).map_err(failed(path, "opening"))?;
    let group = file.as_group().map_err(failed(path, "opening"))?;
    read(&ReadGroup { path, name: "/".into(), group })
}

/// The identity of the network of a run, as [`StoredNetwork::digest`] has it.
///
/// # Errors
/// As [`read_run`].
pub fn network_digest(path: impl AsRef<Path>) -> Result<String, StoreError> {
    open(path.as_ref(), digest_in)
}

/// The identity of the network in an open file.
pub(crate) fn digest_in(root: &ReadGroup<'_>) -> Result<String, StoreError> {
    match info::read_precision(root)? {
        Precision::F32 => Ok(read_model::<f32>(root)?.digest()),
        Precision::F64 => Ok(read_model::<f64>(root)?.digest()),
    }
}

pub(crate) fn read_model<T: Scalar>(root: &ReadGroup<'_>) -> Result<StoredNetwork<T>, StoreError> {
    let found = info::read_precision(root)?;
    if found != T::PRECISION {
        let (path, asked) = (root.path.to_owned(), T::PRECISION);
        return Err(StoreError::Precision { path, found, asked });
    }
    let shape = network::read_shape(root, found)?;
    let network = network::read(root, &shape)?;
    Ok(StoredNetwork { model: shape.model, network })
}

pub(crate) fn failed(path: &Path, action: &'static str) -> impl Fn(hdf5::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Hdf5 { path: path.clone(), object: "the file".into(), action, source }
}
