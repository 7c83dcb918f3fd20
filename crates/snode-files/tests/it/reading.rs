//! Only what was asked for is read, and no more of it than was allowed.

use std::fs;

use snode_files::{FileError, FileKind, Links, Reading, open, read_bytes, read_text};

#[test]
fn a_file_is_read_up_to_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "12345").unwrap();
    assert_eq!(read_text(&path, 5).unwrap(), "12345");
    let error = read_text(&path, 4).unwrap_err();
    assert!(matches!(error, FileError::TooLarge { found: Some(5), limit: 4, .. }));
    let message = format!("{}: found 5 bytes; expected at most 4 bytes", path.display());
    assert_eq!(error.to_string(), message);
    fs::write(&path, b"ab\xffc").unwrap();
    assert!(matches!(read_text(&path, 9), Err(FileError::NotText { at: 2, .. })));
    assert_eq!(read_bytes(&path, 9).unwrap(), b"ab\xffc");
}

#[test]
fn what_is_no_file_is_named_for_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let error = read_text(folder.path(), 9).unwrap_err();
    assert!(matches!(error, FileError::NotAFile { found: FileKind::Folder, .. }));
    let missing = folder.path().join("missing");
    assert!(matches!(read_text(&missing, 9), Err(FileError::NotFound { .. })));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use snode_files::Pipes;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::symlink;
    use std::path::{Path, PathBuf};

    #[test]
    fn devices_and_pipes_with_a_name_are_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reading = Reading { pipes: Pipes::Given, ..Reading::new(9) };
        for (path, kind) in
            [(pipe.as_path(), FileKind::Pipe), (Path::new("/dev/zero"), FileKind::Device)]
        {
            let error = reading.text(path).unwrap_err();
            assert!(matches!(error, FileError::NotAFile { found, .. } if found == kind), "{error}");
        }
    }

    #[test]
    fn a_pipe_that_the_process_has_open_is_read_if_wanted() {
        use std::io::Write;
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"through the pipe").unwrap();
        drop(writer);
        let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
        assert!(matches!(read_text(&path, 99), Err(FileError::NotAFile { .. })));
        let reading = Reading { pipes: Pipes::Given, ..Reading::new(99) };
        assert_eq!(reading.text(&path).unwrap(), "through the pipe");

        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"through the pipe").unwrap();
        let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
        // Without an end, and all the same.
        let reading = Reading { pipes: Pipes::Given, ..Reading::new(9) };
        let error = reading.text(&path).unwrap_err();
        assert!(matches!(error, FileError::TooLarge { found: None, limit: 9, .. }), "{error}");
    }

    #[test]
    fn links_are_followed_unless_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&path, "text").unwrap();
        symlink("a", &link).unwrap();
        assert_eq!(read_text(&link, 9).unwrap(), "text");
        open(&link, Links::Follow).unwrap();
        let refused = open(&link, Links::Refuse).unwrap_err();
        assert!(matches!(refused, FileError::NotAFile { found: FileKind::Link, .. }));
    }
}
