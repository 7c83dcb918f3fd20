//! Files of numbers and text beside the results: written under a temporary name, then renamed.

use std::path::Path;

use crate::error::{Error, Result};

/// A table in a CSV file.
pub struct Csv {
    text: String,
    columns: usize,
}

impl Csv {
    /// A table with these columns.
    pub fn new<const N: usize>(header: [&str; N]) -> Self {
        let mut csv = Self { text: String::new(), columns: N };
        csv.push(&header.map(str::to_owned));
        csv
    }

    /// Adds a row.
    ///
    /// # Panics
    /// If it has another number of columns.
    pub fn row<const N: usize>(&mut self, cells: &[String; N]) {
        assert_eq!(N, self.columns, "a row has as many cells as the header");
        self.push(cells);
    }

    fn push<const N: usize>(&mut self, cells: &[String; N]) {
        debug_assert!(!cells.iter().any(|cell| cell.contains([',', '"', '\n'])));
        self.text.push_str(&cells.join(","));
        self.text.push('\n');
    }

    /// Writes the file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_text(path, &self.text)
    }
}

/// Writes a text file.
///
/// # Errors
/// If it cannot be written.
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    write_bytes(path, text.as_bytes())
}

/// Writes a file.
///
/// # Errors
/// If it cannot be written.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::io::Write;
    let failed = |source| Error::File { path: path.to_owned(), action: "cannot write", source };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".snode-").suffix(".tmp");
    // As any new file; temporary files are private otherwise. The umask still applies.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
