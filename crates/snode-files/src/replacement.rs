//! Files that appear complete or not at all.

use std::fs::{File, Metadata, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::FileError;
use crate::temporary::TemporaryName;

/// What becomes of a file that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is kept: [`FileError::Exists`].
    Keep,
    /// It is replaced.
    Replace,
}

/// A file that is being written, and takes its place when it is complete.
///
/// It is written under [`path`](Self::path) or through [`file`](Self::file), and becomes its target
/// by [`commit`](Self::commit). Dropped before, it leaves nothing behind.
#[derive(Debug)]
pub struct Replacement {
    /// Where it goes: no link.
    target: PathBuf,
    existing: Existing,
    /// Those of the file that is replaced.
    permissions: Option<Permissions>,
    // Before the name: an open file cannot be removed everywhere.
    file: File,
    written: Written,
}

/// Under which name a file is written.
#[derive(Debug)]
enum Written {
    /// None: it is reached by the number under which this process has it open.
    #[cfg(target_os = "linux")]
    Unnamed(PathBuf),
    /// A temporary one in the folder of the target.
    Named(TemporaryName),
}

impl Replacement {
    /// Begins a file that is to be at `path`, or where the link leads that is there.
    ///
    /// # Errors
    /// If something is there that is no regular file, a file is there that is to be kept, or the
    /// folder cannot be written to.
    pub fn begin(path: &Path, existing: Existing) -> Result<Self, FileError> {
        #[cfg(target_os = "linux")]
        return Self::begin_with(path, existing, create_unnamed);
        #[cfg(not(target_os = "linux"))]
        Self::begin_with(path, existing, |_| None)
    }

    /// As [`Self::begin`], for libraries that want the real name of what they write: some of HDF5
    /// refuse a file that has none.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub fn begin_named(path: &Path, existing: Existing) -> Result<Self, FileError> {
        Self::begin_with(path, existing, |_| None)
    }

    fn begin_with(
        path: &Path,
        existing: Existing,
        create_unnamed: impl FnOnce(&Path) -> Option<(File, Written)>,
    ) -> Result<Self, FileError> {
        let target = resolve_links(path)?;
        let present = present(&target)?;
        if present.is_some() && existing == Existing::Keep {
            return Err(FileError::Exists { path: path.to_owned() });
        }
        let folder = folder_of(&target);
        let (file, written) = if let Some(made) = create_unnamed(&folder) {
            made
        } else {
            let (name, file) =
                TemporaryName::create(&folder).map_err(FileError::io(&target, "cannot write"))?;
            (file, Written::Named(name))
        };
        let permissions = present.map(|metadata| metadata.permissions());
        Ok(Self { target, existing, permissions, file, written })
    }

    /// Where the file can be written until it is complete, by a library that takes paths. It is there
    /// and empty.
    pub fn path(&self) -> &Path {
        match &self.written {
            #[cfg(target_os = "linux")]
            Written::Unnamed(path) => path,
            Written::Named(name) => name.path(),
        }
    }

    /// The file, open for reading and writing.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Makes sure that there is room for a number of bytes, where the file system can tell.
    ///
    /// # Errors
    /// If there is not.
    pub fn reserve(&self, bytes: u64) -> Result<(), FileError> {
        #[cfg(target_os = "linux")]
        if bytes > 0 {
            use rustix::fs::{FallocateFlags, fallocate};
            use rustix::io::Errno;
            use rustix::process::{Resource, getrlimit};
            let no_room = |errno: Errno| FileError::io(&self.target, "cannot write")(errno.into());
            if getrlimit(Resource::Fsize).current.is_some_and(|limit| bytes > limit) {
                return Err(no_room(Errno::FBIG));
            }
            let reserved = fallocate(&self.file, FallocateFlags::KEEP_SIZE, 0, bytes);
            // Other errors say that it cannot be done here, not that there is no room.
            if let Err(errno @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) = reserved {
                return Err(no_room(errno));
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = bytes;
        Ok(())
    }

    /// Syncs the file to disk and puts it in place.
    ///
    /// # Errors
    /// If that fails, or a file is there by now that is to be kept. What was there is then untouched.
    pub fn commit(self) -> Result<(), FileError> {
        let Self { target, existing, permissions, file, written } = self;
        let failed = |error: io::Error| {
            if existing == Existing::Keep && error.kind() == io::ErrorKind::AlreadyExists {
                FileError::Exists { path: target.clone() }
            } else {
                FileError::io(&target, "cannot write")(error)
            }
        };
        if let Some(permissions) = permissions {
            // Who could read the file before can do so afterwards, and nobody else. Some file systems
            // have no permissions.
            let _ = file.set_permissions(permissions);
        }
        file.sync_all().map_err(failed)?;
        let folder = folder_of(&target);
        match written {
            #[cfg(target_os = "linux")]
            Written::Unnamed(path) => match existing {
                Existing::Keep => link(&path, &target).map_err(failed)?,
                Existing::Replace => {
                    let (name, ()) =
                        TemporaryName::make(&folder, |name| link(&path, name)).map_err(failed)?;
                    std::fs::rename(name.path(), &target).map_err(failed)?;
                }
            },
            Written::Named(name) => match existing {
                Existing::Keep => rename_to_free(name.path(), &target).map_err(failed)?,
                Existing::Replace => std::fs::rename(name.path(), &target).map_err(failed)?,
            },
        }
        drop(file);
        // The new name is on disk once the folder is. Not every system can sync folders.
        if let Ok(folder) = File::open(folder) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

/// Writes a file through a function that is given where to write.
///
/// # Errors
/// As [`Replacement::begin`] and [`Replacement::commit`], and those of `fill`.
pub fn replace<E: From<FileError>>(
    path: &Path,
    existing: Existing,
    fill: impl FnOnce(&mut Replacement) -> Result<(), E>,
) -> Result<(), E> {
    let mut replacement = Replacement::begin(path, existing)?;
    fill(&mut replacement)?;
    Ok(replacement.commit()?)
}

/// Writes a file of these bytes.
///
/// # Errors
/// As [`Replacement::begin`] and [`Replacement::commit`], and if there is no room.
pub fn write(path: &Path, existing: Existing, bytes: &[u8]) -> Result<(), FileError> {
    replace(path, existing, |replacement| {
        replacement.file().write_all(bytes).map_err(FileError::io(path, "cannot write"))
    })
}

/// Whether a file of so many bytes can be written at `path` at this moment; to be asked before the
/// work whose result it is to hold. Nothing is left there, and what is there is untouched.
///
/// # Errors
/// As [`Replacement::begin`] and [`Replacement::reserve`].
pub fn try_writing(path: &Path, existing: Existing, bytes: u64) -> Result<(), FileError> {
    Replacement::begin(path, existing)?.reserve(bytes)
}

/// Whether two paths lead to one file, be it by links.
pub fn same_file(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(a), Ok(b)) = (std::fs::metadata(a), std::fs::metadata(b)) {
        use std::os::unix::fs::MetadataExt;
        return (a.dev(), a.ino()) == (b.dev(), b.ino());
    }
    match (std::fs::canonicalize(a), std::fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

/// What is at the target; an error if it is no regular file.
fn present(target: &Path) -> Result<Option<Metadata>, FileError> {
    match std::fs::symlink_metadata(target) {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
        Ok(metadata) => Err(FileError::kind(target, &metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // A name such as `folder/..` is none for a file.
            match target.file_name() {
                Some(_) => Ok(None),
                None => Err(FileError::NotFound { path: target.to_owned() }),
            }
        }
        Err(error) => Err(FileError::io(target, "cannot write")(error)),
    }
}

/// How many links may lead from one to the next.
const LINKS: usize = 40;

/// Where symbolic links lead to, one after the other; the path itself if it is none. The file at the
/// end need not be there.
///
/// # Errors
/// If the links go round in a circle.
pub fn resolve_links(path: &Path) -> Result<PathBuf, FileError> {
    let mut target = path.to_owned();
    for _ in 0..LINKS {
        match std::fs::read_link(&target) {
            // An absolute one replaces the folder.
            Ok(next) => target = folder_of(&target).join(next),
            Err(_) => return Ok(target),
        }
    }
    let circle = io::Error::other("too many symbolic links, one leading to the other");
    Err(FileError::io(path, "cannot be followed")(circle))
}

/// The folder that a file is in: `.` for a name alone.
pub fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// A file without a name, and the path by which this process reaches it; `None` where the file system
/// has no such files.
#[cfg(target_os = "linux")]
fn create_unnamed(folder: &Path) -> Option<(File, Written)> {
    use rustix::fs::{Mode, OFlags};
    use std::os::fd::AsRawFd;
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(folder, flags, Mode::from_raw_mode(0o666)).ok()?);
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    // Without /proc there is no way to give it a name.
    // A library that resolves links must find it.
    path.canonicalize().is_ok().then_some((file, Written::Unnamed(path)))
}

/// Gives a file without a name its name.
#[cfg(target_os = "linux")]
fn link(unnamed: &Path, name: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    Ok(linkat(CWD, unnamed, CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

/// Renames a file if nothing has the new name.
fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // File systems that do not know of the wish.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            other => return Ok(other?),
        }
    }
    match std::fs::hard_link(from, to) {
        Ok(()) => std::fs::remove_file(from),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // File systems without a second name for a file.
        Err(_) if to.symlink_metadata().is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => std::fs::rename(from, to),
    }
}
