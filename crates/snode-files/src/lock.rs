//! Locks that say who holds them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::error::FileError;
use crate::heartbeat::Heartbeat;
use crate::holder::{FIRST_LINE, Holder};
use crate::lock_scope::{LockScope, lock_scope};
use crate::origin::host_name;
use crate::reading::{Links, open, without_waiting};
use crate::system_lock::{self, Attempt};
use crate::temporary::is_alive;

/// The most that is read of one.
const LIMIT: u64 = 4096;
/// How long after its last sign of life a holder counts as alive that cannot be asked.
const SILENCE: Duration = Duration::from_secs(600);
/// How often a holder gives a sign of life.
const BEAT: Duration = Duration::from_secs(60);

/// A lock that this process holds until it is dropped, or the process ends in whatever way.
///
/// The lock file is there as long as the lock is held. One that a killed process left locks nothing.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
    enforced: bool,
    heartbeat: Option<Heartbeat>,
}

impl Lock {
    /// Takes the lock if nobody holds it.
    ///
    /// A file system without locks is no reason not to work: the lock is then
    /// [not enforced](Self::is_enforced). Where locks cannot be asked, or those of another computer
    /// cannot, the holder that the file names counts as alive for 10 minutes after its last sign of life.
    ///
    /// # Errors
    /// [`FileError::Held`] if another process holds it, or this one by another `Lock`;
    /// [`FileError::NotALock`] or [`FileError::NotAFile`] if something else is there, which is left as
    /// it is; or if the file cannot be written.
    pub fn try_acquire(path: &Path, job: Option<&str>) -> Result<Self, FileError> {
        loop {
            let mut file = open_to_lock(path)?;
            let taken = system_lock::take(&file).map_err(FileError::io(path, "cannot lock"))?;
            if taken == Attempt::Busy {
                let holder = Box::new(read_holder(&mut file));
                return Err(FileError::Held { path: path.to_owned(), holder });
            }
            // Whoever held the lock may have removed the file since it was opened.
            if !is_at(&file, path) {
                continue;
            }
            if let Some(holder) = out_of_reach(&mut file, path, taken == Attempt::Yes) {
                return Err(FileError::Held { path: path.to_owned(), holder: Box::new(holder) });
            }
            let enforced = taken == Attempt::Yes;
            // Held from here on, so that the file goes where the disk is too full to name the holder.
            let mut lock = Self { path: path.to_owned(), file, enforced, heartbeat: None };
            write_holder(&mut lock.file, &Holder::this(job))
                .map_err(FileError::io(path, "cannot write"))?;
            return Ok(lock);
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
            Some(true) => Ok(Some(read_holder(&mut file))),
            can_be_asked => Ok(out_of_reach(&mut file, path, can_be_asked.is_some())),
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

    /// The same with a thread that gives a [sign of life](Self::beat) every minute as long as the lock is
    /// held. Without such a thread, if none can be had, the lock is as good where locks work.
    #[must_use]
    pub fn with_heartbeat(self) -> Self {
        self.with_heartbeat_every(BEAT)
    }

    fn with_heartbeat_every(mut self, every: Duration) -> Self {
        let start = |file| Heartbeat::start(file, every);
        self.heartbeat = self.file.try_clone().and_then(start).ok();
        self
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

/// The holder that a lock file names, if that is alive and the system's lock does not tell of it: because
/// there are no locks, or because `has_locks` of this computer alone and the holder is of another one. It is judged
/// by its last sign of life.
fn out_of_reach(file: &mut File, path: &Path, has_locks: bool) -> Option<Holder> {
    if !read_start(file).is_ok_and(|text| text.starts_with(FIRST_LINE)) {
        return None;
    }
    let holder = read_holder(file);
    let is_here = holder.host.as_deref() == Some(&host_name());
    if has_locks && (is_here || lock_scope(path) == LockScope::Everywhere) {
        return None;
    }
    if is_here && holder.process.is_some_and(|process| !is_alive(process)) {
        return None;
    }
    let is_silent = |sign: SystemTime| sign.elapsed().is_ok_and(|silence| silence > SILENCE);
    (!holder.last_sign.is_none_or(is_silent)).then_some(holder)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// As a file system without locks has it: what the file says is all there is.
    #[test]
    fn a_holder_that_cannot_be_asked_is_judged_by_its_last_sign_of_life() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let write = |text: &str, age: u64| {
            std::fs::write(&path, text).unwrap();
            let mut file = File::options().read(true).write(true).open(&path).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
            let of = |file: &mut File, has_locks| out_of_reach(file, &path, has_locks).is_some();
            (of(&mut file, false), of(&mut file, true))
        };
        assert_eq!(write("snode lock\nhost elsewhere\n", 30), (true, false));
        assert_eq!(write("snode lock\nhost elsewhere\n", 900), (false, false));
        assert_eq!(write("", 30), (false, false));
    }

    #[test]
    fn a_lock_with_a_heartbeat_gives_signs_of_life_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let lock = Lock::try_acquire(&path, None).unwrap();
        let lock = lock.with_heartbeat_every(Duration::from_millis(5));
        let long_ago = SystemTime::now() - Duration::from_secs(3600);
        lock.file.set_modified(long_ago).unwrap();
        let begin = Instant::now();
        let age =
            || lock.file.metadata().unwrap().modified().unwrap().elapsed().unwrap_or_default();
        while age() > SILENCE {
            assert!(begin.elapsed() < Duration::from_secs(10));
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(lock);
        drop(Lock::try_acquire(&path, None).unwrap());
    }
}
