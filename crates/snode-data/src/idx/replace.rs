//! Folders that are there as a whole, the old one or the new one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use snode_files::TemporaryFolder;

use crate::{Error, Result};

/// Makes a folder with what `write` puts into it, in place of one that is there.
///
/// What is there may hold only files that `is_ours` knows by name. The new folder is written beside
/// it under a temporary name, synced to disk, and exchanged with it.
///
/// # Errors
///
/// If the old folder holds something else, or the new one cannot be written.
pub(super) fn folder(
    folder: &Path,
    is_ours: impl Fn(&str) -> bool,
    write: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let failed = |source| Error::Io { path: folder.to_owned(), action: "writing", source };
    // A link to a folder is written through.
    let target = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let entries = check(&target, is_ours)?;
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let temporary = TemporaryFolder::make(&parent).map_err(failed)?;
    if entries.is_some() {
        let permissions = fs::metadata(&target).map_err(failed)?.permissions();
        fs::set_permissions(temporary.path(), permissions).map_err(failed)?;
    }
    write(temporary.path())?;
    sync(temporary.path());
    match entries {
        None | Some(0) => fs::rename(temporary.path(), &target).map_err(failed)?,
        // What the temporary name stands for afterwards, the old folder, is removed with it.
        Some(_) => exchange(temporary.path(), &target).map_err(failed)?,
    }
    sync(&parent);
    Ok(())
}

/// How many entries a folder has, if it is there; refuses those that are not ours.
fn check(folder: &Path, is_ours: impl Fn(&str) -> bool) -> Result<Option<usize>> {
    let failed = |source| Error::Io { path: folder.to_owned(), action: "reading", source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut count = 0;
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        if !name.to_str().is_some_and(&is_ours) {
            let found = name.to_string_lossy().into_owned();
            return Err(Error::OtherFiles { folder: folder.to_owned(), found });
        }
        count += 1;
    }
    Ok(Some(count))
}

/// Exchanges two folders, in one step where the system can.
fn exchange(new: &Path, old: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    let aside = new.with_extension("old");
    fs::rename(old, &aside)?;
    if let Err(error) = fs::rename(new, old) {
        fs::rename(&aside, old)?;
        return Err(error);
    }
    fs::rename(&aside, new)
}

/// Syncs a folder to disk. Not every system can.
fn sync(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
