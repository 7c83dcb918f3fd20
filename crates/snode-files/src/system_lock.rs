//! The operating system's locks of open files.
//!
//! Where there are locks of *open file descriptions* (Linux, macOS) it is one of those, on the first
//! byte: it goes with the open file, works over NFS, and can be asked about without being taken.
//! Elsewhere it is the lock of the standard library, and a look takes what the file says for true.

use std::fs::File;
use std::io;

/// What came of the wish for a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// It is ours.
    Yes,
    /// Somebody else has it.
    Busy,
    /// The file system has no locks.
    Unsupported,
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
mod system {
    use super::{Attempt, File, io};
    use std::os::fd::AsRawFd;

    /// The lock that is asked for, or about: for writing, on the first byte.
    fn first_byte() -> libc::flock {
        // SAFETY: a structure of integers, for which zeros are a value.
        let mut lock: libc::flock = unsafe { std::mem::zeroed() };
        lock.l_type = libc::F_WRLCK as libc::c_short;
        lock.l_whence = libc::SEEK_SET as libc::c_short;
        lock.l_len = 1;
        lock
    }

    fn control(file: &File, command: libc::c_int, lock: &mut libc::flock) -> io::Result<()> {
        // SAFETY: the descriptor is open, and the structure lives and is of the type that these
        // commands take.
        let code = unsafe { libc::fcntl(file.as_raw_fd(), command, std::ptr::from_mut(lock)) };
        if code == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    pub(crate) fn take(file: &File) -> io::Result<Attempt> {
        loop {
            let error = match control(file, libc::F_OFD_SETLK, &mut first_byte()) {
                Ok(()) => return Ok(Attempt::Yes),
                Err(error) => error,
            };
            return match error.raw_os_error() {
                Some(libc::EAGAIN | libc::EACCES) => Ok(Attempt::Busy),
                Some(libc::EINTR) => continue,
                Some(libc::ENOLCK | libc::ENOTSUP | libc::ENOSYS | libc::EINVAL) => {
                    Ok(Attempt::Unsupported)
                }
                _ => Err(error),
            };
        }
    }

    /// Whether somebody has the lock; `None` where that cannot be asked.
    pub(crate) fn is_taken(file: &File) -> Option<bool> {
        let mut lock = first_byte();
        control(file, libc::F_OFD_GETLK, &mut lock).ok()?;
        Some(lock.l_type != libc::F_UNLCK as libc::c_short)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
mod system {
    use super::{Attempt, File, io};
    use std::fs::TryLockError;

    pub(crate) fn take(file: &File) -> io::Result<Attempt> {
        match file.try_lock() {
            Ok(()) => Ok(Attempt::Yes),
            Err(TryLockError::WouldBlock) => Ok(Attempt::Busy),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(Attempt::Unsupported)
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// A question would have to take the lock.
    pub(crate) fn is_taken(_: &File) -> Option<bool> {
        None
    }
}

pub(crate) use system::{is_taken, take};
