//! Files that appear complete or not at all.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::{StoreError, seal};

/// Lets `fill` write a file under a temporary name beside `path`, seals it, syncs it to disk and
/// renames it. Whatever fails, `path` is as it was and the temporary file is gone.
///
/// A process killed meanwhile leaves `NAME.tmpXXXXXX` behind, which can be deleted.
pub(crate) fn replace(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let failed =
        |action| move |source: io::Error| StoreError::Io { path: path.to_owned(), action, source };
    // A rename replaces anything but a folder; a pipe or a device is not what is meant either.
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(StoreError::NotAFile { path: path.to_owned() });
    }
    let Some(name) = path.file_name() else {
        return Err(StoreError::NotAFile { path: path.to_owned() });
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };

    let mut prefix = name.to_owned();
    prefix.push(".tmp");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    // As any new file; temporary files are private otherwise. The umask still applies.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let temporary = builder.tempfile_in(folder).map_err(failed("creating"))?.into_temp_path();

    fill(&temporary)?;

    let mut file =
        File::options().read(true).write(true).open(&temporary).map_err(failed("sealing"))?;
    seal::apply(&mut file).map_err(failed("sealing"))?;
    file.sync_all().map_err(failed("writing"))?;
    drop(file);
    temporary.persist(path).map_err(|error| failed("renaming")(error.error))?;
    // The new name is on disk once the folder is. Not every system can sync folders.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}
