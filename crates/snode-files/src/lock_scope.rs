//! How far the locks of a file system reach.

use std::path::{Path, PathBuf};

/// How far the locks of a file system reach, as far as its mount says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockScope {
    /// As far as its files.
    Everywhere,
    /// Processes of this computer alone, for this reason: another computer takes the same lock.
    ThisComputer(String),
}

/// How far locks reach of files at `path`. Only Linux says it; elsewhere everything is taken for the
/// best.
pub fn lock_scope(path: &Path) -> LockScope {
    let folder = crate::folder_of(path);
    let folder = folder.canonicalize().unwrap_or(folder);
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    scope_of(&mounts, &folder)
}

/// The same by a table of mounts: device, mount point, type and options in a line.
fn scope_of(mounts: &str, folder: &Path) -> LockScope {
    let mounted = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((unescaped(fields.next()?), fields.next()?, fields.next()?))
    });
    // Of mounts at one point the last one is seen.
    let over = mounted.filter(|(point, ..)| folder.starts_with(point));
    let Some((_, kind, options)) = over.max_by_key(|(point, ..)| point.components().count()) else {
        return LockScope::Everywhere;
    };
    let given = |options_of_it: &[&'static str]| {
        options_of_it
            .iter()
            .find(|option| options.split(',').any(|given| given == **option))
            .copied()
    };
    let why = match kind {
        "nfs" | "nfs4" => given(&["nolock", "local_lock=all", "local_lock=posix"]),
        "lustre" => given(&["localflock"]),
        "fuse.sshfs" => Some("sshfs"),
        _ => None,
    };
    why.map_or(LockScope::Everywhere, |why| {
        LockScope::ThisComputer(format!("{kind} mounted with {why}"))
    })
}

/// A path as the table writes it, with spaces and the like as octal numbers.
fn unescaped(text: &str) -> PathBuf {
    let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    escapes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_of_a_folder_says_how_far_its_locks_reach() {
        let mounts = "/dev/sda / ext4 rw 0 0\n\
                      s:/a /home nfs4 rw,hard,local_lock=none 0 0\n\
                      s:/b /home/my\\040data nfs rw,nolock,local_lock=all 0 0\n\
                      m:/c /scratch lustre rw,localflock 0 0\n\
                      m:/d /data lustre rw,flock 0 0\n";
        let of = |folder: &str| scope_of(mounts, Path::new(folder));
        for folder in ["/tmp", "/home/a", "/data/a", "/homestead"] {
            assert_eq!(of(folder), LockScope::Everywhere, "{folder}");
        }
        let this = |why: &str| LockScope::ThisComputer(why.into());
        assert_eq!(of("/home/my data/a"), this("nfs mounted with nolock"));
        assert_eq!(of("/scratch/a"), this("lustre mounted with localflock"));
        assert_eq!(scope_of("", Path::new("/a")), LockScope::Everywhere);
    }
}
