//! Files are there whole or not at all, and nothing that is somebody's is lost.

use std::fs;
use std::io::Write;
use std::path::Path;

use snode_files::{
    Existing, FileError, FileKind, Replacement, replace, same_file, try_writing, unfinished, write,
};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_is_kept_unless_it_is_to_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    write(&path, Existing::Keep, b"first").unwrap();
    let refused = write(&path, Existing::Keep, b"second").unwrap_err();
    assert!(matches!(refused, FileError::Exists { path: ref found } if *found == path));
    assert_eq!(fs::read(&path).unwrap(), b"first");
    write(&path, Existing::Replace, b"third").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"third");
    assert_eq!(names(folder.path()), ["a"]);
}

#[test]
fn a_file_that_appears_meanwhile_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let mut replacement = Replacement::begin(&path, Existing::Keep).unwrap();
    replacement.file().write_all(b"ours").unwrap();
    fs::write(&path, "theirs").unwrap();
    assert!(matches!(replacement.commit(), Err(FileError::Exists { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"theirs");
    assert_eq!(names(folder.path()), ["a"]);
}

#[test]
fn what_fails_or_is_dropped_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "before").unwrap();
    let failed = replace(&path, Existing::Replace, |replacement| {
        fs::write(replacement.path(), "half").unwrap();
        Err(FileError::NotFound { path: "elsewhere".into() })
    });
    assert!(matches!(failed, Err(FileError::NotFound { .. })));
    drop(Replacement::begin(&path, Existing::Replace).unwrap());
    try_writing(&path, Existing::Replace, 1000).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"before");
    assert_eq!(names(folder.path()), ["a"]);
    assert!(unfinished(folder.path()).unwrap().is_empty());
}

#[test]
fn a_library_that_takes_paths_can_write_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    replace::<FileError>(&path, Existing::Keep, |replacement| {
        fs::write(replacement.path(), "one").unwrap();
        let mut file = fs::File::options().append(true).open(replacement.path()).unwrap();
        file.write_all(b" and two").unwrap();
        Ok(())
    })
    .unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "one and two");
}

#[test]
fn folders_are_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::create_dir(&path).unwrap();
    for existing in [Existing::Keep, Existing::Replace] {
        let error = write(&path, existing, b"text").unwrap_err();
        assert!(matches!(error, FileError::NotAFile { found: FileKind::Folder, .. }), "{error}");
    }
    assert!(path.is_dir());
    let nowhere = folder.path().join("no/such");
    let error = try_writing(&nowhere, Existing::Keep, 0).unwrap_err();
    assert!(error.to_string().contains("no/such: cannot write"), "{error}");
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_link_stays_and_what_it_leads_to_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("far")).unwrap();
        symlink("far/target", at("second")).unwrap();
        symlink("second", at("first")).unwrap();
        // First into nothing, then over a file.
        write(&at("first"), Existing::Keep, b"one").unwrap();
        assert!(matches!(
            write(&at("first"), Existing::Keep, b"two"),
            Err(FileError::Exists { .. })
        ));
        write(&at("first"), Existing::Replace, b"three").unwrap();
        assert_eq!(fs::read(at("far/target")).unwrap(), b"three");
        for link in ["first", "second"] {
            assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink(), "{link}");
        }
        assert!(same_file(&at("first"), &at("far/target")));
        assert!(!same_file(&at("first"), &at("far")));
        symlink("round", at("round")).unwrap();
        let error = write(&at("round"), Existing::Replace, b"x").unwrap_err();
        assert!(error.to_string().contains("too many symbolic links"), "{error}");
    }

    #[test]
    fn pipes_and_devices_are_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for (path, kind) in
            [(pipe.as_path(), FileKind::Pipe), (Path::new("/dev/null"), FileKind::Device)]
        {
            let error = write(path, Existing::Replace, b"text").unwrap_err();
            assert!(matches!(error, FileError::NotAFile { found, .. } if found == kind), "{error}");
        }
    }

    #[test]
    fn permissions_are_those_of_any_new_file_or_stay_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mode = |name: &str| fs::metadata(at(name)).unwrap().permissions().mode() & 0o777;
        fs::write(at("usual"), "").unwrap();
        write(&at("new"), Existing::Keep, b"").unwrap();
        assert_eq!(mode("new"), mode("usual"));
        fs::set_permissions(at("new"), PermissionsExt::from_mode(0o600)).unwrap();
        write(&at("new"), Existing::Replace, b"secret").unwrap();
        assert_eq!(mode("new"), 0o600);
    }

    #[test]
    fn more_than_there_is_room_for_is_refused_before_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        if cfg!(target_os = "linux") {
            let error = try_writing(&path, Existing::Keep, 1 << 62).unwrap_err();
            assert!(error.to_string().contains("a: cannot write"), "{error}");
        }
        assert!(names(folder.path()).is_empty());
    }
}
