//! Temporary files and folders: their names, and their removal at the end of a process.
//!
//! A name says which process on which computer writes, so that what is certainly left over can be
//! told from what is being written:
//!
//! ```text
//! .snode-unfinished-COMPUTER-PROCESS-NUMBER     8 hexadecimal digits, a number, 16 hexadecimal digits
//! ```

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

const PREFIX: &str = ".snode-unfinished-";

/// The temporary files and folders of this process that have a name.
struct Registry {
    paths: BTreeSet<PathBuf>,
    /// The process is about to end: nothing temporary is made any more.
    closed: bool,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry { paths: BTreeSet::new(), closed: false });

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the temporary files and folders of this process, which must end then: from now on none can
/// be made.
///
/// For a thread that waits for signals; not for a signal handler itself, where no lock may be taken.
pub fn remove_temporaries() {
    let mut registry = registry();
    registry.closed = true;
    for path in std::mem::take(&mut registry.paths) {
        remove(&path);
    }
}

/// Removes a file, or a folder with what is in it. There is nobody who could be told if that fails.
fn remove(path: &Path) {
    let is_folder = path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
    let _ = if is_folder { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
}

/// The name of a temporary file or folder, which goes with its owner.
#[derive(Debug)]
pub(crate) struct TemporaryName(PathBuf);

impl TemporaryName {
    /// Has `make` make something under a name that nothing has in `folder`.
    pub(crate) fn make<T>(
        folder: &Path,
        mut make: impl FnMut(&Path) -> io::Result<T>,
    ) -> io::Result<(Self, T)> {
        for _ in 0..1000 {
            let path = folder.join(next_name());
            let mut registry = registry();
            if registry.closed {
                return Err(io::Error::new(io::ErrorKind::Interrupted, "the process is ending"));
            }
            match make(&path) {
                Ok(made) => {
                    registry.paths.insert(path.clone());
                    return Ok((Self(path), made));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "no name is free for a temporary file"))
    }

    /// Makes an empty file.
    pub(crate) fn create(folder: &Path) -> io::Result<(Self, File)> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        Self::make(folder, |path| options.open(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryName {
    fn drop(&mut self) {
        registry().paths.remove(&self.0);
        // After a rename there is nothing under this name any more.
        remove(&self.0);
    }
}

/// A folder under a temporary name. It is removed with its owner, and with the process by
/// [`remove_temporaries`]; what it was renamed to stays.
#[derive(Debug)]
pub struct TemporaryFolder(TemporaryName);

impl TemporaryFolder {
    /// Makes an empty folder in the folder `parent`.
    ///
    /// # Errors
    /// If nothing can be made there, or the process is ending.
    pub fn make(parent: &Path) -> io::Result<Self> {
        Ok(Self(TemporaryName::make(parent, |path| std::fs::create_dir(path))?.0))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

fn next_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let number = hash(format!("{} {count}", time.as_nanos()).as_bytes());
    format!("{PREFIX}{:08x}-{}-{number:016x}", computer(), std::process::id())
}

/// A number for this computer, and on Linux for the processes that can be asked for here: those in
/// another container are not.
fn computer() -> u32 {
    let mut text = crate::host_name();
    if let Ok(namespace) = std::fs::read_link("/proc/self/ns/pid") {
        text.push_str(&namespace.to_string_lossy());
    }
    hash(text.as_bytes()) as u32
}

/// FNV-1a, with the bits mixed once more.
fn hash(bytes: &[u8]) -> u64 {
    let mut hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ (hash >> 32)
}

/// Computer and process of a temporary file, if `name` is that of one.
fn parse(name: &str) -> Option<(u32, u32)> {
    let mut parts = name.strip_prefix(PREFIX)?.split('-');
    let (computer, process, number) = (parts.next()?, parts.next()?, parts.next()?);
    let hexadecimal = |text: &str, digits| {
        text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let whole = parts.next().is_none() && hexadecimal(computer, 8) && hexadecimal(number, 16);
    let process = process.parse().ok().filter(|&number: &u32| number.to_string() == process)?;
    whole.then_some((u32::from_str_radix(computer, 16).ok()?, process))
}

/// A temporary file or folder in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Where it is.
    pub path: PathBuf,
    /// Its length in bytes, of a folder that of the files in it.
    pub bytes: u64,
    /// Whether its process is certainly gone, so that it can be removed. Of a process on another
    /// computer that cannot be known.
    pub abandoned: bool,
}

/// The temporary files and folders in a folder, by name: those of processes that write at this moment, and those
/// of processes that were killed.
///
/// # Errors
/// If the folder cannot be read.
pub fn unfinished(folder: &Path) -> io::Result<Vec<Unfinished>> {
    let here = computer();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Some((computer, process)) = entry.file_name().to_str().and_then(parse) else {
            continue;
        };
        let Ok(metadata) = entry.metadata() else { continue };
        let bytes = match metadata.file_type() {
            kind if kind.is_file() => metadata.len(),
            kind if kind.is_dir() => bytes_in(&entry.path()),
            _ => continue,
        };
        let abandoned = computer == here && !is_alive(process);
        found.push(Unfinished { path: entry.path(), bytes, abandoned });
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The lengths of the files in a folder, as far as they can be told.
fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files =
        entries.filter_map(|entry| entry.metadata().ok()).filter(std::fs::Metadata::is_file);
    files.map(|metadata| metadata.len()).sum()
}

/// Removes the temporary files and folders in a folder whose processes are certainly gone. What cannot be
/// removed does no harm.
pub fn remove_unfinished(folder: &Path) {
    for file in unfinished(folder).unwrap_or_default() {
        if file.abandoned {
            remove(&file.path);
        }
    }
}

/// Whether there is a process of this number; where that cannot be known, yes.
#[cfg(unix)]
pub(crate) fn is_alive(process: u32) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

#[cfg(not(unix))]
pub(crate) fn is_alive(_: u32) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_whose_it_is_and_nothing_else_is_taken_for_one() {
        let name = next_name();
        assert_eq!(parse(&name), Some((computer(), std::process::id())));
        assert_ne!(next_name(), name);
        for other in [
            "x.h5.tmp1",
            ".snode-unfinished-",
            ".snode-unfinished-0123abcd-12",
            ".snode-unfinished-0123abcd-012-0123456789abcdef",
            ".snode-unfinished-0123abcd-12-0123456789abcdeg",
            ".snode-unfinished-0123ABCD-12-0123456789abcdef",
            ".snode-unfinished-0123abcd-12-0123456789abcdef-copy",
            ".snode-unfinished-0123abcd-12-0123456789abcdef.h5",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
        assert!(parse(".snode-unfinished-0123abcd-12-0123456789abcdef").is_some());
    }

    #[test]
    fn only_what_is_certainly_left_over_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| std::fs::write(folder.path().join(name), "12345").unwrap();
        let gone = format!("{PREFIX}{:08x}-4194999-0123456789abcdef", computer());
        let elsewhere = format!("{PREFIX}{:08x}-4194999-0123456789abcdef", computer() ^ 1);
        let (mine, _file) = TemporaryName::create(folder.path()).unwrap();
        for name in [&gone, &elsewhere, "x.h5.tmp1", ".snode-unfinished-notes"] {
            write(name);
        }
        let gone_folder = format!("{PREFIX}{:08x}-4194999-1123456789abcdef", computer());
        std::fs::create_dir(folder.path().join(&gone_folder)).unwrap();
        write(&format!("{gone_folder}/a"));
        write(&format!("{gone_folder}/b"));
        let found = unfinished(folder.path()).unwrap();
        assert_eq!(found.len(), 4);
        for file in &found {
            let is_gone = file.path.ends_with(&gone) || file.path.ends_with(&gone_folder);
            assert_eq!(file.abandoned, is_gone, "{file:?}");
        }
        let lengths: Vec<u64> = found.iter().filter(|f| f.abandoned).map(|f| f.bytes).collect();
        assert_eq!(lengths, [5, 10]);
        remove_unfinished(folder.path());
        let mut left: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let mine = mine.path().file_name().unwrap().to_str().unwrap();
        let mut kept = vec![mine, &elsewhere, "x.h5.tmp1", ".snode-unfinished-notes"];
        kept.sort_unstable();
        assert_eq!(left, kept);
    }

    #[test]
    fn a_temporary_folder_goes_with_its_owner_and_stays_once_renamed() {
        let parent = tempfile::tempdir().unwrap();
        let fill = |folder: &TemporaryFolder| std::fs::write(folder.path().join("a"), "1").unwrap();
        let dropped = TemporaryFolder::make(parent.path()).unwrap();
        fill(&dropped);
        let path = dropped.path().to_owned();
        assert_eq!(unfinished(parent.path()).unwrap()[0].path, path);
        drop(dropped);
        assert!(!path.exists());
        let renamed = TemporaryFolder::make(parent.path()).unwrap();
        fill(&renamed);
        let name = parent.path().join("images");
        std::fs::rename(renamed.path(), &name).unwrap();
        drop(renamed);
        assert!(name.join("a").exists());
    }
}
