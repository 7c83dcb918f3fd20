//! Files that appear complete or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::{Error, Result};

/// Writes a file under a temporary name beside `path`, syncs it to disk and renames it.
///
/// The contents are gzipped if the name of `path` ends in `.gz`.
pub(crate) fn write(
    path: &Path,
    contents: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    write_io(path, contents).map_err(|source| Error::Io {
        path: path.to_owned(),
        action: "writing",
        source,
    })
}

fn write_io(
    path: &Path,
    contents: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".snode-").suffix(".tmp");
    // As any new file; temporary files are private otherwise. The umask still applies.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let temporary = builder.tempfile_in(folder)?;

    let mut file = BufWriter::new(temporary.as_file());
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz")) {
        let mut encoder = GzEncoder::new(&mut file, Compression::best());
        contents(&mut encoder)?;
        encoder.finish()?;
    } else {
        contents(&mut file)?;
    }
    file.flush()?;
    drop(file);
    temporary.as_file().sync_all()?;
    temporary.persist(path)?;
    // The new name is on disk once the folder is. Not every system can sync folders.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}
