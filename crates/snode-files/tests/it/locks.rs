//! One holder at a time, whose name can be read without taking part.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use snode_files::{FileError, Lock, host_name};

#[test]
fn one_holds_it_and_the_others_learn_who() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.lock");
    assert_eq!(Lock::look(&path).unwrap(), None);
    let lock = Lock::try_acquire(&path, Some("job\n4711")).unwrap();
    let Err(FileError::Held { holder, .. }) = Lock::try_acquire(&path, None) else { panic!() };
    assert_eq!(holder.host, Some(host_name()));
    assert_eq!(holder.process, Some(std::process::id()));
    assert_eq!(holder.job.as_deref(), Some("job 4711"));
    assert_eq!(Lock::look(&path).unwrap().as_ref(), Some(&*holder));
    let text = holder.to_string();
    assert!(text.starts_with(&format!("process {} on ", std::process::id())), "{text}");
    drop(lock);
    assert!(!path.exists());
    assert_eq!(Lock::look(&path).unwrap(), None);
    drop(Lock::try_acquire(&path, None).unwrap());
}

#[test]
fn a_look_keeps_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.lock");
    fs::write(&path, "").unwrap();
    std::thread::scope(|scope| {
        let looking: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| (0..2000).for_each(|_| drop(Lock::look(&path).unwrap()))))
            .collect();
        while looking.iter().any(|thread| !thread.is_finished()) {
            drop(Lock::try_acquire(&path, None).unwrap());
        }
    });
}

#[test]
fn who_waits_has_it_afterwards_and_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.lock");
    let inside = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let lock = Lock::acquire(&path, None, Duration::from_secs(60)).unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(lock);
                }
            });
        }
    });
    let _held = Lock::try_acquire(&path, None).unwrap();
    let waited = Lock::acquire(&path, None, Duration::from_millis(20));
    assert!(matches!(waited, Err(FileError::Held { .. })));
}

#[test]
fn a_file_that_a_killed_process_left_locks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.lock");
    fs::write(&path, "snode lock\nhost elsewhere\nprocess 12\n").unwrap();
    if cfg!(target_os = "linux") {
        assert_eq!(Lock::look(&path).unwrap(), None);
    }
    let _lock = Lock::try_acquire(&path, None).unwrap();
    assert_eq!(Lock::look(&path).unwrap().unwrap().process, Some(std::process::id()));
}

#[test]
fn a_sign_of_life_can_be_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.lock");
    let lock = Lock::try_acquire(&path, None).unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    let last = || Lock::look(&path).unwrap().unwrap().last_sign.unwrap();
    assert!(last().elapsed().unwrap() > Duration::from_secs(1800));
    lock.beat().unwrap();
    assert!(last().elapsed().unwrap() < Duration::from_secs(1800));
}

#[test]
fn what_is_no_lock_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poetry.lock");
    for text in [
        "# This file is generated",
        "snode locks",
        "sn\n",
        "ß\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}",
    ] {
        fs::write(&path, text).unwrap();
        assert!(matches!(Lock::try_acquire(&path, None), Err(FileError::NotALock { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(Lock::try_acquire(&path, None), Err(FileError::NotAFile { .. })));
    assert!(matches!(Lock::look(&path), Err(FileError::NotAFile { .. })));
}

#[cfg(unix)]
#[test]
fn neither_links_nor_pipes_are_followed_or_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("precious"), "").unwrap();
    std::os::unix::fs::symlink("precious", at("link.lock")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(at("pipe.lock")).status().unwrap().success());
    for name in ["link.lock", "pipe.lock"] {
        let refused = Lock::try_acquire(&at(name), None);
        assert!(matches!(refused, Err(FileError::NotAFile { .. })), "{name}");
        assert!(matches!(Lock::look(&at(name)), Err(FileError::NotAFile { .. })), "{name}");
    }
    assert_eq!(fs::read_to_string(at("precious")).unwrap(), "");
}
