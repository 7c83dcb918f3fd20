//! The end by a signal. Alone in its process, which can write no more afterwards.

use snode_files::{Existing, Replacement, remove_temporaries};

#[test]
fn nothing_is_left_and_nothing_new_begins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let replacement = Replacement::begin(&path, Existing::Keep).unwrap();
    std::fs::write(replacement.path(), "half").unwrap();
    remove_temporaries();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(replacement);
    let refused = Replacement::begin(&path, Existing::Replace).and_then(Replacement::commit);
    assert!(refused.is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
