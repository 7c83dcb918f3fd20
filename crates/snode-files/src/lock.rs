//! Locks that say who holds them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::error::FileError;
use crate::holder::{FIRST_LINE, Holder};
use crate::reading::{Links, open, without_waiting};
use crate::system_lock::{self, Taken};

/// The most that is read of one.
const LIMIT: u64 = 4096;

/// A lock that this process holds until it is dropped, or the process ends in whatever way.
///
/// The lock file is there as long as the lock is held. One that a killed process left locks nothing.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
    enforced: bool,
}

impl Lock {
    /// Takes the lock if nobody holds it.
    ///
    /// A file system without locks is no reason not to work: the lock is then
    /// [not enforced](Self::is_enforced).
    ///
    /// # Errors
    /// [`FileError::Held`] if another process holds it, or this one by another `Lock`;
    /// [`FileError::NotALock`] or [`FileError::NotAFile`] if something else is there, which is left as
    /// it is; or if the file cannot be written.
    pub fn try_acquire(path: &Path, job: Option<&str>) -> Result<Self, FileError> {
        loop {
            let mut file = open_to_lock(path)?;
            let taken = system_lock::take(&file).map_err(FileError::io(path, "cannot lock"))?;
            if taken == Taken::Busy {
                let holder = Box::new(read_holder(&mut file));
                return Err(FileError::Held { path: path.to_owned(), holder });
            }
            // Whoever held the lock may have removed the file since it was opened.
            if !is_at(&file, path) {
                continue;
            }
            write_holder(&mut file, &Holder::this(job))
                .map_err(FileError::io(path, "cannot write"))?;
            return Ok(Self { path: path.to_owned(), file, enforced: taken == Taken::Yes });
        }
    }

    /// Takes the lock as soon as nobody holds it, and waits for that at most so long.
    ///
    /// # Errors
    /// As [`Lock::try_acquire`].
    pub fn acquire(path: &Path, job: Option<&str>, patience: Duration) -> Result<Self, FileError> {
        let begin = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            match Self::try_acquire(path, job) {
                Err(FileError::Held { .. }) if begin.elapsed() < patience => {}
                other => return other,
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    /// Who holds the lock at this moment, if anybody does. The lock is not taken for that, and nobody
    /// is kept from taking it.
    ///
    /// # Errors
    /// If something else than a regular file is there, or it cannot be read.
    pub fn look(path: &Path) -> Result<Option<Holder>, FileError> {
        let mut file = match open(path, Links::Refuse) {
            Err(FileError::NotFound { .. }) => return Ok(None),
            file => file?,
        };
        match system_lock::is_taken(&file) {
            Some(false) => Ok(None),
            Some(true) => Ok(Some(read_holder(&mut file))),
            None => {
                let text = read_start(&mut file).unwrap_or_default();
                Ok(text.starts_with(FIRST_LINE).then(|| read_holder(&mut file)))
            }
        }
    }

    /// The lock file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether other processes are kept out: not where the file system has no locks.
    pub fn is_enforced(&self) -> bool {
        self.enforced
    }

    /// Gives a sign of life: the time of the lock file becomes the present one, and so
    /// [`Holder::last_sign`].
    ///
    /// # Errors
    /// If the system refuses.
    pub fn beat(&self) -> io::Result<()> {
        self.file.set_modified(SystemTime::now())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is locked still, so that nobody's but ours is removed. One that stays locks nothing.
        if is_at(&self.file, &self.path) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Opens a lock file, or makes it. A file with other contents is not one.
fn open_to_lock(path: &Path) -> Result<File, FileError> {
    if let Ok(metadata) = std::fs::symlink_metadata(path)
        && !metadata.is_file()
    {
        return Err(FileError::kind(path, &metadata));
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    without_waiting(&mut options, Links::Refuse);
    let mut file = options.open(path).map_err(FileError::io(path, "cannot write"))?;
    let metadata = file.metadata().map_err(FileError::io(path, "cannot read"))?;
    if !metadata.is_file() {
        return Err(FileError::kind(path, &metadata));
    }
    let text = read_start(&mut file).map_err(FileError::io(path, "cannot read"))?;
    // Empty, or begun, if its process was killed at the wrong moment.
    let first = text.lines().next().unwrap_or_default();
    if first == FIRST_LINE || (text == first && FIRST_LINE.starts_with(first)) {
        Ok(file)
    } else {
        Err(FileError::NotALock { path: path.to_owned() })
    }
}

fn read_start(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(LIMIT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn read_holder(file: &mut File) -> Holder {
    let text = read_start(file).unwrap_or_default();
    let last_sign = file.metadata().and_then(|metadata| metadata.modified()).ok();
    Holder::parse(&text, last_sign)
}

fn write_holder(file: &mut File, holder: &Holder) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(holder.to_text().as_bytes())
}

/// Whether an open file is the one that has this name now.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let number = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(file), Ok(path)) => number(file) == number(path),
        _ => false,
    }
}

/// Whether an open file is the one that has this name now: elsewhere an open file stays.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}
